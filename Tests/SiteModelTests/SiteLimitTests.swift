import NetTypes
import Testing

@testable import SiteModel

/// As much as a limit allows is fine, one more is refused: in a site from wherever it comes.
@Suite struct SiteLimitTests {
    struct Kind: CustomTestStringConvertible {
        let limit: SiteLimit
        /// In the profile's words.
        let place: String
        let site: @Sendable (Int) -> Site

        var testDescription: String { place }

        init(_ limit: SiteLimit, _ place: String, _ change: @escaping @Sendable (inout Site, Int) -> Void) {
            self.limit = limit
            self.place = place
            site = { count in
                var site = Site(
                    lan: LAN(subnets: [IPPrefix("192.168.1.0/24")!]),
                    tunnel: Tunnel(addresses: [InterfaceAddress("10.0.0.1/8")!]), peers: [Peer(name: "a")])
                change(&site, count)
                return site
            }
        }
    }

    private static func address(_ i: Int) -> IPAddress { .v4(IPv4Address(rawValue: 0x0a00_0002 + UInt32(i))) }
    private static func network(_ i: Int) -> IPPrefix {
        IPPrefix(masking: .v4(IPv4Address(rawValue: 0xac00_0000 + UInt32(i) << 8)), length: 24)
    }
    private static func policy(_ count: Int) -> Policy {
        Policy(
            allow: (0..<count).map { AccessRule(network(0), transport: .tcp, ports: UInt16($0 + 1)...UInt16($0 + 1)) })
    }

    static let kinds = [
        Kind(.interfaces, "site.other-forwarding.ipv6") { site, count in
            site.otherForwarding.ipv6 = .from((0..<count).map { "eth\($0)" })
        },
        Kind(.subnets, "lan.subnets") { site, count in site.lan.subnets = (0..<count).map(network) },
        Kind(.tunnelAddresses, "tunnel.addresses") { site, count in
            site.tunnel.addresses = (0..<count).map { InterfaceAddress(address($0), length: 8) }
        },
        Kind(.ports, "tunnel.listen-ports") { site, count in site.tunnel.ports = (0..<count).map { UInt16($0 + 1) } },
        Kind(.dnsServers, "dns.servers") { site, count in site.dns = (0..<count).map(address) },
        Kind(.groups, "groups") { site, count in
            for i in 0..<count { site.groups["g\(i)"] = policy(1) }
        },
        Kind(.rules, "groups.g.allow") { site, count in site.groups["g"] = policy(count) },
        Kind(.peers, "peers") { site, count in site.peers = (0..<count).map { Peer(name: "p\($0)") } },
        Kind(.peerAddresses, "peers.a.addresses") { site, count in
            site.peers[0].addresses = (0..<count).map(address)
        },
        Kind(.rules, "peers.a.allow") { site, count in site.peers[0].policy = policy(count) },
        Kind(.routes, "peers.a.routes") { site, count in site.peers[0].routes = (0..<count).map(network) },
    ]

    @Test(arguments: kinds) func asMuchAsItSaysAndNoMore(kind: Kind) {
        let most = kind.limit.most
        var checks = SiteChecks(site: kind.site(most), incomplete: [])
        #expect(checks.isWithinLimits() && checks.problems.isEmpty)
        #expect(
            kind.site(most + 1).problems().map(\.description) == [
                "\(kind.place): \(most + 1) \(kind.limit.noun) are too many; \(most) at most; \(kind.limit.remedy)"
            ])
    }
}
