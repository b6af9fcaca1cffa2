import Compiler
import Glibc
import LinuxNet
import NetTypes
import SiteModel
import SiteSamples

/// Times of generic netlink and of `wg` on the kernel's WireGuard, by turns, in milliseconds; for `scripts/bench kernel`.
///
///     KernelBench INTERFACE PEERS ALLOWED-IPS ROUNDS DIRECTORY
///
/// A line per round and operation: its name, wggw's time, that of `wg`. wggw reads, compares and sets as an apply does.
@main struct KernelBench {
    private var interface: String
    private var interfaces = 0
    let directory: String
    let box = LinuxBox()
    let desired: DesiredState
    let changed: DesiredState

    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 6, let peers = Int(arguments[2]), let allowedIPs = Int(arguments[3]),
            let rounds = Int(arguments[4])
        else { fatalError("usage: KernelBench INTERFACE PEERS ALLOWED-IPS ROUNDS DIRECTORY") }
        var bench = try KernelBench(
            interface: arguments[1], peers: peers, allowedIPs: allowedIPs, directory: arguments[5])
        for _ in 0..<rounds { try bench.round() }
        print("same", try bench.isEqual())
    }

    init(interface: String, peers: Int, allowedIPs: Int, directory: String) throws {
        self.interface = interface
        self.directory = directory
        let site = Lab.site { site in
            site.tunnel.interface = interface
            site.tunnel.addresses = [InterfaceAddress("10.64.0.1/10")!]
            site.peers = (1...peers).map { number in
                var peer = Lab.peer("peer\(number)", number, [])
                peer.addresses = [.v4(IPv4Address(rawValue: 0x0a40_0001 + UInt32(number)))]
                peer.routes = (1..<allowedIPs).map { route in
                    IPPrefix(host: .v4(IPv4Address(rawValue: 0x0b00_0000 + UInt32(number) << 4 + UInt32(route))))
                }
                return peer
            }
        }
        desired = try compile(site, secrets: Lab.secrets)
        var other = site
        other.peers[peers / 2].routes.removeLast()
        other.peers.removeLast()
        changed = try compile(other, secrets: Lab.secrets)
        try write(configuration(of: desired), to: "\(directory)/all.conf")
        try write(configuration(of: changed), to: "\(directory)/changed.conf")
    }

    private mutating func round() throws {
        try fresh()
        let setting = try wireGuardChanges(desired)
        let ours = try time { for change in setting { try box.perform(change) } }
        try fresh()
        report("set", ours, try time { try wg("setconf", interface, "\(directory)/all.conf") })
        report(
            "dump", try time { _ = try box.observe(Scope(interface: interface)) },
            try time { try wg("show", interface, "dump") })
        report("sync, nothing", try time { try sync(desired) }, try time { try syncconf("all") })
        let there = try time { try sync(changed) }
        let back = try time { try sync(desired) }
        report("sync, two peers", (there + back) / 2, try time { try syncconf("changed") })
        try syncconf("all")
        report("wg alone", 0, try time { try wg("--version") })
    }

    /// Whether what `wg` made is what wggw wants, and what wggw makes is what `wg` wants.
    private mutating func isEqual() throws -> Bool {
        try fresh()
        try wg("setconf", interface, "\(directory)/all.conf")
        let theirs = try box.observe(Scope(interface: interface)).wireGuard
        try fresh()
        for change in try wireGuardChanges(desired) { try box.perform(change) }
        let ours = try box.observe(Scope(interface: interface)).wireGuard
        return ours == theirs && ours?.peers.count == desired.wireGuard.peers.count
            && ours?.peers.map(\.allowedIPs) == desired.wireGuard.peers.map(\.allowedIPs)
    }

    /// Another interface; the one before stays, since the kernel takes a grace period to delete each of its peers.
    private mutating func fresh() throws {
        interfaces += 1
        interface = "\(desired.interface)-\(interfaces)"
        try box.perform(.createInterface(name: interface, backend: .kernel))
    }

    /// The WireGuard side of what an apply would do.
    private func wireGuardChanges(_ state: DesiredState) throws -> [Change] {
        let plan = try diff(state, box.observe(Scope(interface: interface)), previous: state)
        return plan.changes.compactMap { change in
            if case .setWireGuard(_, let setting) = change { .setWireGuard(interface: interface, setting) } else { nil }
        }
    }

    private func sync(_ state: DesiredState) throws {
        for change in try wireGuardChanges(state) { try box.perform(change) }
    }

    private func syncconf(_ name: String) throws { try wg("syncconf", interface, "\(directory)/\(name).conf") }

    private func report(_ what: String, _ ours: Double, _ theirs: Double) { print("\(what)\t\(ours)\t\(theirs)") }
}

/// Milliseconds.
private func time(_ body: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    let taken = try clock.measure(body).components
    return Double(taken.seconds) * 1e3 + Double(taken.attoseconds) / 1e15
}

/// What `wg setconf` reads.
private func configuration(of state: DesiredState) -> String {
    func base64(_ bytes: UnsafeRawBufferPointer) -> String { PublicKey(bytes: Array(bytes))!.description }
    let wireGuard = state.wireGuard
    var text = "[Interface]\nPrivateKey = \(wireGuard.privateKey.withBytes(base64))\n"
    text += "ListenPort = \(wireGuard.listenPort)\n"
    for peer in wireGuard.peers {
        text += "[Peer]\nPublicKey = \(peer.publicKey)\n"
        text += "AllowedIPs = \(peer.allowedIPs.map(\.description).joined(separator: ", "))\n"
    }
    return text
}

private func write(_ text: String, to path: String) throws {
    guard let file = fopen(path, "w") else { throw Failure(what: path, code: errno) }
    fputs(text, file)
    fclose(file)
}

/// Runs `wg`, its output thrown away.
private func wg(_ arguments: String...) throws {
    var files = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&files)
    defer { posix_spawn_file_actions_destroy(&files) }
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0)
    var words: [UnsafeMutablePointer<CChar>?] = (["wg"] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var pid: pid_t = 0
    let code = posix_spawnp(&pid, "wg", &files, nil, &words, environ)
    var status: Int32 = 0
    guard code == 0, waitpid(pid, &status, 0) == pid, status == 0 else { throw Failure(what: "wg", code: status) }
}

private struct Failure: Error {
    let what: String
    let code: Int32
}
