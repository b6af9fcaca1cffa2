import NetTypes
import SiteModel
import SiteSamples
import Testing

@testable import BoxModel
@testable import Compiler

struct ClientConfigTests {
    private func text(_ change: (inout Site) -> Void) throws -> String {
        let site = Lab.site(change)
        return try clientConfig(for: site.peers[0], in: site, secrets: Lab.secrets).wgQuickText
    }

    @Test func splitTunnel() throws {
        let text = try text { site in
            site.dns = [IPAddress("192.168.1.1")!]
            site.peers[0].presharedKey = .sealed(Lab.secretID(1))
        }
        #expect(
            text == """
                [Interface]
                PrivateKey = \(Lab.privateKey(1).exposedBase64)
                Address = 192.168.2.1/32
                DNS = 192.168.1.1
                MTU = 1420

                [Peer]
                PublicKey = \(Lab.gatewayKey)
                PresharedKey = \(Lab.presharedKey(1).exposedBase64)
                AllowedIPs = 192.168.1.0/24, 192.168.2.0/24
                Endpoint = itzxa.com:51820
                PersistentKeepalive = 25

                """)
    }

    @Test func fullTunnelOfAPeerWithItsOwnKey() throws {
        let text = try text { site in
            site.endpoint = Endpoint("[2001:db8::1]:443")
            site.peers[0].publicKey = Lab.publicKey(99)
            site.peers[0].addresses.append(IPAddress("fd02::1")!)
            site.peers[0].fullTunnel = true
            site.peers[0].keepalive = 0
        }
        #expect(
            text == """
                [Interface]
                # PrivateKey = (put your own private key here and take the # away)
                Address = 192.168.2.1/32, fd02::1/128
                MTU = 1420

                [Peer]
                PublicKey = \(Lab.gatewayKey)
                AllowedIPs = 0.0.0.0/0, ::/0
                Endpoint = [2001:db8::1]:443

                """)
    }

    /// Networks behind other peers are sent into the tunnel where the policy names them; the peer's own never are.
    @Test func networksOfOtherSites() throws {
        func allowedIPs(_ rules: [String]) throws -> [String] {
            let site = Lab.site { site in
                site.peers.append(Lab.peer("branch", 2, ["192.168.2.2"]))
                site.peers[1].routes = [IPPrefix("10.20.0.0/16")!]
                site.peers[0].routes = [IPPrefix("10.30.0.0/16")!]
                if !rules.isEmpty { site.peers[0].policy = Policy(allow: rules.map { AccessRule(IPPrefix($0)!) }) }
            }
            return try clientConfig(for: site.peers[0], in: site, secrets: Lab.secrets).allowedIPs.map(\.description)
        }
        #expect(try allowedIPs([]) == ["192.168.1.0/24", "192.168.2.0/24"])
        #expect(try allowedIPs(["10.20.0.7"]) == ["10.20.0.0/16", "192.168.1.0/24", "192.168.2.0/24"])
    }

    @Test func refusals() {
        #expect(throws: ClientConfigError.noEndpoint) { try text { $0.endpoint = nil } }
        #expect(throws: ClientConfigError.noGatewayKey) { try text { $0.tunnel.publicKey = nil } }
        #expect(throws: ClientConfigError.noPresharedKey(peer: "laptop")) {
            try text { $0.peers[0].presharedKey = .sealed(Lab.secretID(255)) }
        }
    }

    @Test func adviceInTheWordsOfRouters() {
        let advice = ["192.168.2.0/24", "fd02::/64"].map { IPPrefix($0)! }
        let told = routerAdvice(advice, gateways: [IPAddress("192.168.1.127")!])
        let lines = Dictionary(uniqueKeysWithValues: told.map { ($0.router, $0.lines) })
        #expect(
            lines["Linux"] == [
                "ip route add 192.168.2.0/24 via 192.168.1.127", "ip -6 route add fd02::/64 via GATEWAY",
            ])
        #expect(
            lines["Cisco IOS"] == [
                "ip route 192.168.2.0 255.255.255.0 192.168.1.127", "ipv6 route fd02::/64 GATEWAY",
            ])
        #expect(lines["MikroTik RouterOS"]?[0] == "/ip route add dst-address=192.168.2.0/24 gateway=192.168.1.127")
        #expect(
            lines["FRITZ!Box"]?[1] == "IPv4 network 192.168.2.0, subnet mask 255.255.255.0, gateway 192.168.1.127")
        #expect(lines["OpenWrt"]?.contains("uci set network.@route6[-1].target='fd02::/64'") == true)
        #expect(routerAdvice([]).isEmpty)
    }
}
