import BoxModel
import Compiler
import Firewall
import Foundation
import NetTypes
import SiteModel
import Testing

@testable import LinuxNet

/// Every profile that people start from, applied to the kernel of this machine as a plan: with its WireGuard if it has one,
/// else with wireguard-go.
@Suite(.serialized) struct ProfileTests {
    static let profiles = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "profiles")
    static let names = try! FileManager.default.contentsOfDirectory(atPath: profiles.path)
        .filter { $0.hasSuffix(".toml") }.map { String($0.dropLast(5)) }.sorted()

    /// The profile compiled, but for the tunnel's name: configuration sockets of all namespaces lie in one directory.
    static func state(_ name: String) throws -> DesiredState {
        let text = try String(contentsOf: profiles.appending(path: "\(name).toml"), encoding: .utf8)
        var site = try Site.parse(text, file: "\(name).toml")
        site.tunnel.interface = "lnet-p"
        site.tunnel.datapath = .auto
        let key = try #require(site.tunnel.publicKey)
        return try compile(
            site, secrets: Secrets(privateKeys: [key: LinuxBoxTests.privateKey(0x48)]), surroundings: Surroundings())
    }

    @Test(arguments: names) func `applied once there is nothing to do, and down leaves nothing`(_ name: String) throws {
        let state = try Self.state(name)
        let box = LinuxBox.asking { _, _ in .address(IPAddress("203.0.113.9")!) }
        try inNetworkNamespace {
            try run("sh", "-c", Self.freshSettings)
            for interface in ["eth0", "eth1"] {
                try run("ip", "link", "add", interface, "type", "veth", "peer", "name", interface + "x")
                try run("ip", "link", "set", interface, "up")
            }
            let before = try box.observe(state.scope())
            let plan = try diff(state, before)
            for change in plan.changes { try box.perform(change) }
            let after = try box.observe(state.scope())
            #expect(after.firewall == state.firewall)
            #expect(try diff(state, after, previous: state) == Plan())
            #expect(after.obstacles == [])
            try Golden(name).check(try Self.whatOthersSee(state, after))
            for change in plan.changes { try box.perform(change) }
            #expect(try diff(state, box.observe(state.scope())) == Plan(), "each change may happen twice")

            let saved = before.sysctls
            let down = teardown(
                after, scope: state.scope(), savedSysctls: saved, proxyNeighbours: state.proxyNeighbours)
            for _ in 1...2 { for change in down.changes { try box.perform(change) } }
            let gone = try box.observe(state.scope())
            #expect(gone.link == nil && gone.firewall == nil && gone.sysctls == saved && gone.proxyNeighbours == [])
        }
    }

    /// A new namespace may begin with the host's settings; the goldens begin with the kernel's.
    private static let freshSettings = """
        cd /proc/sys/net && echo 0 >ipv4/ip_forward && echo 0 >ipv6/conf/all/forwarding
        for i in all default; do echo 0 >ipv4/conf/$i/rp_filter; echo 1 >ipv4/conf/$i/accept_redirects; echo 1 >ipv6/conf/$i/accept_ra; done
        """

    /// What Debian's own tools say of the box. Their JSON is cut to what wggw set: no index, no lifetime, no link-local.
    private static func whatOthersSee(_ state: DesiredState, _ observed: ObservedState) throws -> String {
        let name = state.interface
        let secret = /(PrivateKey|PresharedKey) = .*/
        let sections = [
            ("wg showconf", try peersInOrder(run("wg", "showconf", name)).replacing(secret) { "\($0.1) = (hidden)" }),
            ("ip -j addr", try fields(["addr", "show", "dev", name, "scope", "global"], ["local", "prefixlen"])),
            ("ip -j -4 route", try fields(["-4", "route", "show", "dev", name], ["dst", "protocol"])),
            ("ip -j -6 route", try fields(["-6", "route", "show", "dev", name], ["dst", "protocol"])),
            ("ip -j neigh proxy", try fields(["-6", "neigh", "show", "proxy"], ["dst", "dev"])),
            ("sysctl", observed.sysctls.map { "\($0) = \($1)" }.sorted().joined(separator: "\n")),
            ("nft list ruleset", try run("nft", "--stateless", "list", "ruleset")),
        ]
        return sections.map { "# \($0)\n\($1)\n" }.joined(separator: "\n")
    }

    /// wireguard-go tells its peers in any order.
    private static func peersInOrder(_ text: String) -> String {
        let sections = text.split(separator: "\n\n").map { $0.trimmingCharacters(in: .newlines) }
        return (sections.prefix(1) + sections.dropFirst().sorted()).joined(separator: "\n\n")
    }

    /// A line an object, sorted; objects of `addr` are one level down.
    private static func fields(_ arguments: [String], _ keys: [String]) throws -> String {
        let text = try run(["ip", "-j"] + arguments)
        let json = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]] ?? []
        let objects = json.flatMap { $0["addr_info"] as? [[String: Any]] ?? [$0] }
        let lines = objects.map { object in
            keys.compactMap { key in object[key].map { "\(key) \($0)" } }.joined(separator: " ")
        }
        return lines.filter { !$0.isEmpty && !$0.contains("fe80:") && !$0.contains("ff00::") }.sorted()
            .joined(separator: "\n")
    }

    /// What nft makes of the text that people are shown, and what wggw put there, print alike.
    @Test(arguments: names) func `nft lists what nft would have made`(_ name: String) throws {
        let firewall = try Self.state(name).firewall
        var ours = ""
        var theirs = ""
        try inNetworkNamespace {
            try LinuxBox().perform(.firewall(.replace(firewall, carrying: nil)))
            ours = try run("nft", "--stateless", "list", "table", "inet", "wggw")
        }
        try inNetworkNamespace {
            let file = FileManager.default.temporaryDirectory.appending(path: "wggw-\(UUID().uuidString).nft")
            try firewall.nftText.write(to: file, atomically: true, encoding: .utf8)
            defer { try? FileManager.default.removeItem(at: file) }
            try run("nft", "-f", file.path)
            theirs = try run("nft", "--stateless", "list", "table", "inet", "wggw")
            #expect(try LinuxBox().observe(Scope(interface: "wg0")).firewall == firewall)
        }
        #expect(ours.contains("chain forward") && ours == theirs)
    }
}
