import NetTypes
import SiteModel
import SiteSamples
import Testing

@testable import Compiler

/// A peer's side in the form of each place. That the real readers take them is shown by the lab (`Tests/Lab/exported.py`).
struct ClientFormTests {
    private let names = ClientNames(interface: "wg0", site: "office", peer: "laptop")

    private func config(_ change: (inout Site) -> Void = { _ in }) throws -> ClientConfig {
        let site = Lab.site { site in
            site.dns = [IPAddress("192.168.1.1")!, IPAddress("2001:db8:1::1")!]
            site.lan.subnets.append(IPPrefix("2001:db8:1::/64")!)
            site.tunnel.addresses.append(InterfaceAddress("fd02::ff/64")!)
            site.peers[0].addresses.append(IPAddress("fd02::1")!)
            site.peers[0].presharedKey = .sealed(Lab.secretID(1))
            change(&site)
        }
        return try clientConfig(for: site.peers[0], in: site, secrets: Lab.secrets)
    }

    /// Everything goes in, there is no IPv6 here, and the private key is the peer's own.
    private func strange() throws -> ClientConfig {
        try config { site in
            site.dns = []
            site.tunnel.mtu = nil
            site.endpoint = Endpoint("[2001:db8::1]:443")
            site.tunnel.addresses = [InterfaceAddress("192.168.2.254/24")!]
            site.peers[0] = Lab.peer("laptop", 99, ["192.168.2.1"])
            site.peers[0].fullTunnel = true
            site.peers[0].keepalive = 0
        }
    }

    private func text(_ form: ClientForm, _ config: ClientConfig, _ onDemand: OnDemand? = nil) -> String {
        config.files(form, names, onDemand: onDemand).map { "== \($0.name)\n\($0.text)" }.joined()
    }

    private let key = Lab.privateKey(1).exposedBase64
    private let preshared = Lab.presharedKey(1).exposedBase64

    @Test func networkManager() throws {
        #expect(
            text(.networkManager, try config()) == """
                == laptop.nmconnection
                [connection]
                id=office
                uuid=\(try config().uuid(of: names, "networkmanager"))
                type=wireguard
                interface-name=wg0

                [wireguard]
                private-key=\(key)
                private-key-flags=0
                mtu=1420

                [wireguard-peer.\(Lab.gatewayKey)]
                endpoint=itzxa.com:51820
                preshared-key=\(preshared)
                preshared-key-flags=0
                persistent-keepalive=25
                allowed-ips=192.168.1.0/24;192.168.2.0/24;2001:db8:1::/64;fd02::/64;

                [ipv4]
                method=manual
                address1=192.168.2.1/32
                dns=192.168.1.1;
                dns-search=~;
                dns-priority=-50

                [ipv6]
                method=manual
                address1=fd02::1/128
                dns=2001:db8:1::1;
                dns-search=~;
                dns-priority=-50

                """)
        let strange = text(.networkManager, try strange())
        #expect(strange.contains("# private-key=(put your own"))
        #expect(strange.hasSuffix("[ipv6]\nmethod=link-local\n"), "off, IPv6 would go past the tunnel")
    }

    @Test func networkd() throws {
        #expect(
            text(.networkd, try config()) == """
                == 50-wg0.netdev
                [NetDev]
                Name=wg0
                Kind=wireguard
                MTUBytes=1420

                [WireGuard]
                PrivateKey=\(key)
                RouteTable=main

                [WireGuardPeer]
                PublicKey=\(Lab.gatewayKey)
                PresharedKey=\(preshared)
                AllowedIPs=192.168.1.0/24,192.168.2.0/24,2001:db8:1::/64,fd02::/64
                Endpoint=itzxa.com:51820
                PersistentKeepalive=25
                == 50-wg0.network
                [Match]
                Name=wg0

                [Network]
                Address=192.168.2.1/32
                Address=fd02::1/128
                DNS=192.168.1.1
                DNS=2001:db8:1::1
                Domains=~.

                """)
        let strange = text(.networkd, try strange())
        for line in [
            "FirewallMark=51820", "RouteTable=51820", "InvertRule=yes", "SuppressPrefixLength=0",
            "Endpoint=[2001:db8::1]:443",
        ] {
            #expect(strange.contains("\n\(line)\n"))
        }
        #expect(!strange.contains("DNS=") && !strange.contains("Keepalive") && !strange.contains("\nPrivateKey"))
    }

    @Test func openWrt() throws {
        var names = names
        names = ClientNames(interface: "wg-home.1", site: names.site, peer: names.peer)
        #expect(
            try config().files(.openWrt, names)[0].text == """
                # On the router: uci -m import network < FILE && uci commit network && service network reload

                config interface 'wg_home_1'
                \toption proto 'wireguard'
                \toption private_key '\(key)'
                \tlist addresses '192.168.2.1/32'
                \tlist addresses 'fd02::1/128'
                \toption mtu '1420'
                \tlist dns '192.168.1.1'
                \tlist dns '2001:db8:1::1'

                config wireguard_wg_home_1
                \toption description 'office'
                \toption public_key '\(Lab.gatewayKey)'
                \toption preshared_key '\(preshared)'
                \tlist allowed_ips '192.168.1.0/24'
                \tlist allowed_ips '192.168.2.0/24'
                \tlist allowed_ips '2001:db8:1::/64'
                \tlist allowed_ips 'fd02::/64'
                \toption route_allowed_ips '1'
                \toption endpoint_host 'itzxa.com'
                \toption endpoint_port '51820'
                \toption persistent_keepalive '25'

                """)
        #expect(text(.openWrt, try strange()).contains("option endpoint_host '2001:db8::1'\n"), "without brackets")
    }

    @Test func mikroTik() throws {
        let lines = text(.mikroTik, try config()).split(separator: "\n").dropFirst(2)
        #expect(
            lines.map(String.init) == [
                "/interface wireguard add name=\"wg0\" comment=\"office\" private-key=\"\(key)\" mtu=1420",
                "/interface wireguard peers add interface=\"wg0\" comment=\"office\" public-key=\"\(Lab.gatewayKey)\" "
                    + "preshared-key=\"\(preshared)\" endpoint-address=\"itzxa.com\" endpoint-port=51820 "
                    + "allowed-address=192.168.1.0/24,192.168.2.0/24,2001:db8:1::/64,fd02::/64 persistent-keepalive=25s",
                "/ip address add address=192.168.2.1/32 interface=\"wg0\"",
                "/ipv6 address add address=fd02::1/128 interface=\"wg0\" advertise=no",
                "/ip route add dst-address=192.168.1.0/24 gateway=\"wg0\"",
                "/ip route add dst-address=192.168.2.0/24 gateway=\"wg0\"",
                "/ipv6 route add dst-address=2001:db8:1::/64 gateway=\"wg0\"",
                "/ipv6 route add dst-address=fd02::/64 gateway=\"wg0\"",
            ])
        // A default route that stands there would take the tunnel's own packets.
        let strange = text(.mikroTik, try strange()).split(separator: "\n")
        #expect(strange.filter { $0.contains("dst-address") }.allSatisfy { $0.hasPrefix("# ") })
    }

    @Test func forms() throws {
        let opnSense = text(.opnSense, try config())
        let fields = ["Public key          \(Lab.gatewayKey)", "Tunnel address  192.168.2.1/32, fd02::1/128"]
        for field in fields { #expect(opnSense.contains("  \(field)\n")) }
        let uniFi = text(.uniFi, try config())
        #expect(uniFi.contains("  Tunnel IP           192.168.2.1/32\n") && !uniFi.contains("fd02"))
        #expect(!text(.uniFi, try strange()).contains("DNS"), "what has no value is left out")
    }

    @Test func apple() throws {
        let plain = text(.ios, try config())
        #expect(plain.contains("<string>com.wireguard.ios</string>") && !plain.contains("OnDemand"))
        #expect(text(.macos, try config()).contains("<string>com.wireguard.macos</string>"))
        let rules = text(.ios, try config(), OnDemand(exceptWiFi: ["Home & <Garden>"]))
        #expect(rules.contains("<string>Home &amp; &lt;Garden&gt;</string>"))
        #expect(
            try #require(rules.firstRange(of: "Disconnect")).lowerBound
                < #require(rules.firstRange(of: ">Connect<")).lowerBound, "the first that fits counts")
        #expect(!text(.ios, try config(), OnDemand()).contains("Disconnect"))
    }

    /// A second file of the same peer replaces the first one on a device, and that of another peer does not.
    @Test func identities() throws {
        let config = try config()
        let one = config.uuid(of: names, "a")
        #expect(one == config.uuid(of: names, "a"))
        let others = [
            config.uuid(of: names, "b"),
            config.uuid(of: ClientNames(interface: "wg0", site: "office", peer: "phone"), "a"),
        ]
        #expect(Set(others + [one]).count == 3)
        let parts = one.split(separator: "-")
        #expect(parts.map(\.count) == [8, 4, 4, 4, 12] && parts[2].hasPrefix("8") && "89ab".contains(parts[3].first!))
    }

    /// Nothing of a configuration is missing in any form that a machine reads.
    @Test func nothingIsMissing() throws {
        var seen = 0
        for seed in 0..<100 {
            var world = RandomWorld(seed: seed)
            var site = world.site()
            site.endpoint = Endpoint("[2001:db8::7]:51821")
            for peer in site.peers where !peer.isUnnumbered {
                let config = try clientConfig(for: peer, in: site, secrets: Lab.secrets)
                seen += 1
                for form in ClientForm.allCases where ![.uniFi, .opnSense].contains(form) {
                    let all = text(form, config)
                    let secrets = [config.privateKey?.exposedBase64, config.presharedKey?.exposedBase64].compactMap(
                        \.self)
                    let values = [config.publicKey.description, config.endpoint.hostText, "51821"] + secrets
                    for value in values + config.addresses.map(\.description) + config.allowedIPs.map(\.description) {
                        #expect(all.contains(value), "\(form): \(value)")
                    }
                }
            }
        }
        #expect(seen > 200)
    }

    // MARK: The other gateway

    private func branch(_ change: (inout Site) -> Void = { _ in }) -> Site {
        Lab.site { site in
            site.peers[0] = Lab.peer("branch", 1, ["192.168.2.9"])
            site.peers[0].routes = [IPPrefix("10.20.0.0/16")!]
            site.peers[0].endpoint = Endpoint("branch.example.org:4500")
            site.peers[0].presharedKey = .sealed(Lab.secretID(1))
            change(&site)
        }
    }

    @Test func theOtherGatewaysFileIsTheOtherGatewaysSite() throws {
        let site = branch()
        let other = try site.otherGateway(site.peers[0])
        #expect(other.lan.subnets == [IPPrefix("10.20.0.0/16")!] && other.tunnel.listenPort == 4500)
        #expect(other.problems().isEmpty)
        let text = try site.otherGatewayText(site.peers[0], secrets: Lab.secrets)
        let taken = try WgQuickConfig.parse(FileText(text), file: "wg0.conf").gatewaySite(
            interface: "wg0", lan: other.lan
        ) { $0 == Lab.privateKey(1) ? Lab.publicKey(1) : Lab.publicKey(63) }
        #expect(taken.site.tunnel == other.tunnel && taken.site.peers == other.peers)
        #expect(taken.privateKey == Lab.privateKey(1) && taken.presharedKeys == ["office": Lab.presharedKey(1)])
    }

    @Test func theOtherGatewaysProfileIsOne() throws {
        let site = branch { $0.endpoint = nil }
        let other = try site.otherGateway(site.peers[0])
        #expect(try Site.parse(other.profileText(), file: "branch.toml") == other)
        #expect(other.peers[0].endpoint == nil && other.endpoint == Endpoint("branch.example.org:4500"))
    }

    @Test func aDeviceIsNoGateway() {
        let site = branch { $0.peers[0].routes = [] }
        #expect(throws: OtherGatewayError.noNetworks(peer: "branch")) { try site.otherGateway(site.peers[0]) }
        let unnumbered = branch { site in
            site.peers[0].addresses = []
            site.peers[0].isUnnumbered = true
        }
        #expect(throws: OtherGatewayError.unnumbered(peer: "branch")) {
            try unnumbered.otherGateway(unnumbered.peers[0])
        }
    }
}
