import NetTypes
import Testing

@testable import SiteModel

@Suite struct ProfileTests {
    @Test func theProfileOfTheDocumentation() throws {
        let site = try Site.parse(
            """
            [site]
            name = "office"
            endpoint = "itzxa.com:51820"          # what peers dial

            [lan]
            interface = "eth0"
            subnets = ["192.168.1.0/24"]
            reply-path = "masquerade"             # masquerade | proxy-arp | routed

            [tunnel]
            interface = "wg0"
            addresses = ["192.168.2.254/24", "fd5e:1::1/64"]
            listen-port = 51820
            mtu = 1420
            datapath = "auto"                     # auto | kernel | userspace

            [egress]
            interface = "eth0"
            full-tunnel = true                    # the default for peers; a peer may say otherwise

            [dns]
            servers = ["192.168.1.1"]

            [groups.guests]
            allow = ["192.168.1.10:443/tcp"]

            [peers.laptop]
            addresses = ["192.168.2.1"]
            public-key = "6boi5zHwfEhbX+XMUKe12f4lQ9v78LjpEcGK0hGU3RQ="
            full-tunnel = false
            group = "guests"                      # or allow = […] of its own
            routes = ["192.168.7.0/24"]           # networks behind it
            endpoint = "203.0.113.7:51820"
            keepalive = 25
            """, file: "site.toml")
        let laptop = Peer(
            name: "laptop", addresses: [IPAddress("192.168.2.1")!],
            publicKey: PublicKey("6boi5zHwfEhbX+XMUKe12f4lQ9v78LjpEcGK0hGU3RQ=")!, fullTunnel: false, group: "guests",
            routes: [IPPrefix("192.168.7.0/24")!], endpoint: Endpoint("203.0.113.7:51820")!, keepalive: 25)
        let expected = Site(
            name: "office", endpoint: Endpoint("itzxa.com:51820")!,
            lan: LAN(interface: "eth0", subnets: [IPPrefix("192.168.1.0/24")!]),
            tunnel: Tunnel(
                addresses: [InterfaceAddress("192.168.2.254/24")!, InterfaceAddress("fd5e:1::1/64")!], mtu: 1420),
            egress: Egress(interface: "eth0", fullTunnel: true), dns: [IPAddress("192.168.1.1")!],
            groups: ["guests": Policy(allow: [AccessRule("192.168.1.10:443/tcp")!])], peers: [laptop])
        #expect(site == expected)
    }

    @Test func everythingWrongAtOnce() {
        let text = """
            [site]
            name = "my office"
            endpiont = "itzxa.com"
            [lan]
            subnets = ["192.168.1.0/24", "192.168.1.128/25"]
            reply-path = "masqerade"
            [tunnel]
            addresses = ["192.168.2.254/24"]
            mtu = "1420"
            [peers.laptop]
            addresses = ["192.168.2.7", "192.168.2.0", "10.0.0.300"]
            [peers."Laptop"]
            addresses = ["192.168.2.7", "10.1.1.1"]
            group = "guest"
            routes = ["10.0.0.0/40", "192.168.0.0/16", "0.0.0.0/0"]
            """
        let places = refusals(text).map { String($0.description.dropFirst("site.toml:".count).prefix { $0 != " " }) }
        #expect(
            places == [
                "2:8:", "3:1:", "5:30:", "6:14:", "9:7:", "10:8:", "11:14:", "11:29:", "11:44:", "13:29:", "14:9:",
                "15:11:", "15:26:", "15:26:", "15:44:",
            ])
    }
}

/// What is wrong with a profile; empty if nothing.
func refusals(_ text: String) -> [ProfileError] {
    do throws(ProfileErrors) {
        _ = try Site.parse(text, file: "site.toml")
        return []
    } catch {
        return error.errors
    }
}
