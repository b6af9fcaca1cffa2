import BoxModel
import Firewall
import NetTypes
import Repeats
import SiteModel
import SiteSamples
import Testing

@testable import Compiler

/// What a site may have much of takes time in proportion.
@Suite(.serialized) struct ScaleTests {
    private func networks(_ count: Int) -> [IPPrefix] {
        (0..<count).map { IPPrefix(masking: .v4(IPv4Address(rawValue: 0x0a00_0000 + UInt32($0) << 8)), length: 24) }
    }

    /// The laptop has so many routes, the branch as many that the laptop may reach.
    private func site(routes: Int) -> Site {
        Lab.site { site in
            let networks = networks(2 * routes)
            site.peers.append(Lab.peer("branch", 2, ["192.168.2.2"]))
            site.peers[0].routes = Array(networks[..<routes])
            site.peers[1].routes = Array(networks[routes...])
            site.peers[0].policy = Policy(allow: [AccessRule(IPPrefix("10.0.0.0/8")!)])
        }
    }

    @Test func routes() {
        let ratio = growth(small: site(routes: 500), large: site(routes: 2000), limit: 9) {
            _ = try? compile($0, secrets: Lab.secrets, surroundings: Surroundings())
        }
        #expect(ratio < 9)
    }

    @Test func routesInAClientsConfiguration() {
        let ratio = growth(small: site(routes: 500), large: site(routes: 2000), limit: 9) {
            _ = try? clientConfig(for: $0.peers[0], in: $0, secrets: Lab.secrets)
        }
        #expect(ratio < 9)
    }

    @Test func rulesForManyNetworks() {
        func policy(_ count: Int) -> Policy { Policy(allow: networks(count).map { AccessRule($0) }) }
        let ratio = growth(small: policy(250), large: policy(1000), limit: 9) { _ = AccessBoxes($0) }
        #expect(ratio < 9)
    }

    /// A policy in which each rule for a host is cut by every port of its network, for a peer with many networks: half a million
    /// pieces and some, refused before they are made.
    @Test func policiesThatComeToTooMuch() throws {
        func site(hosts count: Int, routes: Int) -> Site {
            Lab.site { site in
                let hosts = (1...count).map { AccessRule(IPPrefix("192.168.1.\($0)")!) }
                let ports = (1...10).map { (port: UInt16) in
                    AccessRule(IPPrefix("192.168.1.0/24")!, transport: .tcp, ports: 2 * port...2 * port)
                }
                site.peers[0].policy = Policy(allow: hosts + ports)
                site.peers[0].routes = networks(routes)
            }
        }
        func elements(_ site: Site) throws(CompileError) -> Int? {
            try compile(site, secrets: Lab.secrets, surroundings: Surroundings()).firewall.sets
                .first { $0.name == "own4" }?.elements.count
        }
        // A host has the protocols below and above TCP and the 11 gaps between its ports.
        #expect(try elements(site(hosts: 1, routes: 9)) == 10 * (10 + 13))
        #expect(throws: CompileError.tooManyElements(policy: "peers.laptop.allow", limit: 500_000)) {
            try elements(site(hosts: 40, routes: 999))
        }
    }
}
