import Compiler
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
        return try compile(site, secrets: Secrets(privateKeys: [key: LinuxBoxTests.privateKey(0x48)]))
    }

    @Test(arguments: names) func `applied once there is nothing to do, and down leaves nothing`(_ name: String) throws {
        let state = try Self.state(name)
        let box = LinuxBox(datapathCommand: ["wireguard-go"]) { _, _ in .address(IPAddress("203.0.113.9")!) }
        try inNetworkNamespace {
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

    /// What nft makes of the text that people are shown, and what wggw put there, print alike.
    @Test(arguments: names) func `nft lists what nft would have made`(_ name: String) throws {
        let firewall = try Self.state(name).firewall
        var ours = ""
        var theirs = ""
        try inNetworkNamespace {
            try LinuxBox().perform(.replaceFirewall(firewall, carrying: nil))
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
