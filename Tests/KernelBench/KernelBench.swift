import BoxModel
import Compiler
import Glibc
import LinuxNet
import NetTypes
import SiteModel
import SiteSamples

/// Times of generic netlink and of `wg` on the kernel's WireGuard, in milliseconds; for `scripts/bench kernel`.
///
///     KernelBench INTERFACE PEERS ALLOWED-IPS ROUNDS DIRECTORY
///
/// A line per round and operation: its name, wggw's time, that of `wg`. Who goes first changes with every round, and one
/// round more comes before all others and is not told. wggw reads, compares and sets as an apply does. At the end both
/// interfaces must be the same, as `wg` shows them and as wggw does.
@main struct KernelBench {
    let directory: String
    let box = LinuxBox()
    let desired: DesiredState
    let changed: DesiredState
    private var round = 0

    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 6, let peers = Int(arguments[2]), let allowedIPs = Int(arguments[3]),
            let rounds = Int(arguments[4])
        else { fatalError("usage: KernelBench INTERFACE PEERS ALLOWED-IPS ROUNDS DIRECTORY") }
        var bench = try KernelBench(
            interface: arguments[1], peers: peers, allowedIPs: allowedIPs, directory: arguments[5])
        for round in 0...rounds {
            bench.round = round
            try bench.run()
        }
        print("same", try bench.isEqual())
    }

    init(interface: String, peers: Int, allowedIPs: Int, directory: String) throws {
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
        desired = try compile(site, secrets: Lab.secrets, surroundings: Surroundings())
        var other = site
        other.peers[peers / 2].routes.removeLast()
        other.peers.removeLast()
        changed = try compile(other, secrets: Lab.secrets, surroundings: Surroundings())
        try write(configuration(of: desired), to: "\(directory)/all.conf")
        try write(configuration(of: changed), to: "\(directory)/changed.conf")
    }

    /// New interfaces every round; those before stay, since the kernel takes a grace period to delete each of their peers.
    private var ours: String { "\(desired.interface)-\(round)" }
    private var theirs: String { "\(desired.interface)-wg\(round)" }

    private func run() throws {
        for name in [ours, theirs] { try box.perform(.createInterface(name: name, backend: .kernel)) }
        try compare("set", { try sync(desired) }, { try wg("setconf", theirs, "\(directory)/all.conf") })
        try compare("dump", { _ = try observe(ours) }, { try wg("show", theirs, "dump") })
        try compare("sync, nothing", { try sync(desired) }, { try syncconf("all") })
        try compare("sync, two peers", { try sync(changed) }, { try syncconf("changed") })
        try compare("and back", { try sync(desired) }, { try syncconf("all") })
        let alone = try time { try wg("--version") }
        report("wg alone", 0, alone)
    }

    /// Whether wggw reads from both what it wants. Throws if `wg` shows a difference between them.
    private func isEqual() throws -> Bool {
        for name in [ours, theirs] { try wg("show", name, "dump", output: "\(directory)/\(name)") }
        try start(["cmp", "\(directory)/\(ours)", "\(directory)/\(theirs)"])
        let seen = try observe(ours)
        return try seen == observe(theirs) && seen?.privateKey == desired.wireGuard.privateKey
            && seen?.peers.map(\.publicKey) == desired.wireGuard.peers.map(\.publicKey)
            && seen?.peers.map(\.allowedIPs) == desired.wireGuard.peers.map(\.allowedIPs)
    }

    private func observe(_ interface: String) throws -> ObservedWireGuard? {
        try box.observe(Scope(interface: interface)).wireGuard
    }

    /// The WireGuard side of what an apply does.
    private func sync(_ state: DesiredState) throws {
        let plan = try diff(state, box.observe(Scope(interface: ours)), previous: state)
        for case .setWireGuard(_, let setting) in plan.changes {
            try box.perform(.setWireGuard(interface: ours, setting))
        }
    }

    private func syncconf(_ name: String) throws { try wg("syncconf", theirs, "\(directory)/\(name).conf") }

    private func compare(_ what: String, _ ours: () throws -> Void, _ theirs: () throws -> Void) throws {
        let first = try time(round % 2 == 0 ? ours : theirs)
        let second = try time(round % 2 == 0 ? theirs : ours)
        let (wggw, wg) = round % 2 == 0 ? (first, second) : (second, first)
        report(what, wggw, wg)
    }

    private func report(_ what: String, _ wggw: Double, _ wg: Double) {
        guard round > 0 else { return }
        print("\(what)\t\(wggw)\t\(wg)")
        fflush(nil)
    }
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

/// Runs `wg`.
private func wg(_ arguments: String..., output: String = "/dev/null") throws {
    try start(["wg"] + arguments, output: output)
}

/// Runs a command that must end well.
private func start(_ command: [String], output: String = "/dev/null") throws {
    var files = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&files)
    defer { posix_spawn_file_actions_destroy(&files) }
    posix_spawn_file_actions_addopen(&files, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    var words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var pid: pid_t = 0
    let code = posix_spawnp(&pid, command[0], &files, nil, &words, environ)
    var status: Int32 = 0
    guard code == 0, waitpid(pid, &status, 0) == pid, status == 0 else { throw Failure(what: command[0], code: status) }
}

private struct Failure: Error {
    let what: String
    let code: Int32
}
