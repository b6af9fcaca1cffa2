import BoxModel
import Firewall
import Foundation
import Testing

@testable import LinuxNet

/// The rulesets that ufw, firewalld and Docker make, as recorded under Rulesets, with and without the rules that wggw asks
/// for.
@Suite struct DistributionRulesetTests {
    struct Recording: CustomTestStringConvertible {
        /// Files, each with the command that takes it.
        var files: [(name: String, command: String)]
        /// What stands in a line that wggw asked for.
        var asked: [String]
        /// Of the chains that are in the way without these lines.
        var owner: String
        var chains: [String]
        var testDescription: String { owner }
    }

    static let recordings: [Recording] = [
        Recording(
            files: [("ufw.iptables", "iptables-nft-restore"), ("ufw.ip6tables", "ip6tables-nft-restore")],
            asked: ["wg0", "51820"], owner: "ufw", chains: ["ip filter INPUT", "ip filter FORWARD"]),
        Recording(
            files: [("ufw.iptables", "iptables-legacy-restore"), ("ufw.ip6tables", "ip6tables-legacy-restore")],
            asked: ["wg0", "51820"], owner: "ufw",
            chains: ["ip filter (legacy) INPUT", "ip filter (legacy) FORWARD"]),
        Recording(
            files: [("docker.iptables", "iptables-nft-restore")], asked: ["wg0"], owner: "Docker",
            chains: ["ip filter FORWARD"]),
        Recording(
            files: [("firewalld.nft", "nft -f")], asked: ["wg0", "51820"], owner: "firewalld",
            chains: ["inet firewalld filter_INPUT", "inet firewalld filter_FORWARD"]),
    ]

    @Test(arguments: recordings) func `no word of it where wggw's rules are there`(_ recording: Recording) throws {
        try inNetworkNamespace {
            let yard = try PacketYard(ForeignRuleset.site)
            try recording.load { _ in true }
            #expect(try LinuxBox().observe(ForeignFirewallTests.scope).obstacles == [])
            #expect(try yard.letsIn())
            #expect(try yard.forwards())
        }
    }

    @Test(arguments: recordings) func `named where they are not`(_ recording: Recording) throws {
        try inNetworkNamespace {
            let yard = try PacketYard(ForeignRuleset.site)
            try recording.load { line in !recording.asked.contains { line.contains($0) } }
            let found = try LinuxBox().observe(ForeignFirewallTests.scope).obstacles
            #expect(found.map(\.chain) == recording.chains)
            #expect(found.allSatisfy { $0.owner == recording.owner })
            for obstacle in found {
                if case .mayDrop(let doubt) = obstacle.certainty { Issue.record("only a doubt about \(doubt)") }
            }
            #expect(try yard.letsIn() == !recording.asked.contains("51820"))
            #expect(try !yard.forwards())
        }
    }
}

extension DistributionRulesetTests.Recording {
    /// Loads what `isWanted` leaves of the files.
    fileprivate func load(_ isWanted: (Substring) -> Bool) throws {
        for (name, command) in files {
            let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Rulesets")
            let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
            let lines = text.split(separator: "\n").filter(isWanted).joined(separator: "\n") + "\n"
            try LinuxNetTests.load(lines, with: command.split(separator: " ").map(String.init))
        }
    }
}
