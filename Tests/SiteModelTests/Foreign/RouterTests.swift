import NetTypes
import Testing

@testable import SiteModel

/// What routers print of themselves, and wg-portal's database, as sites.
@Suite struct RouterTests {
    private static func key(_ number: UInt8) -> String { ForeignSample.key(number) }

    // MARK: MikroTik

    private static let mikroTik = """
        # 2026-11-01 10:00:00 by RouterOS 7.16
        /interface bridge
        add name=bridge
        /interface wireguard
        add comment="road warriors" listen-port=13231 mtu=1420 name=wireguard1 private-key=\\
            "\(key(1))"
        add listen-port=13232 name=other private-key="\(key(9))"
        /interface wireguard peers
        add allowed-address=10.4.0.2/32,fd04::2/128 comment="Anna\\27s \\"phone\\"" interface=wireguard1 name=peer1 \\
            preshared-key="\(key(102))" public-key="\(key(2))"
        add allowed-address=10.4.0.3/32,10.40.0.0/24 endpoint-address=2001:db8::5 endpoint-port=5000 interface=wireguard1 name=branch persistent-keepalive=25s public-key="\(key(3))"
        add allowed-address=10.4.0.4/32 client-dns=10.4.0.1 client-endpoint=vpn.example.org disabled=yes interface=wireguard1 name=off private-key="\(key(4))" public-key="\(key(4))"
        add allowed-address=10.4.0.5/32 client-dns=10.4.0.1 client-endpoint=vpn.example.org interface=wireguard1 name=own private-key="\(key(5))" public-key="\(key(5))"
        add allowed-address=10.9.0.2/32 interface=other public-key="\(key(8))"
        /ip address
        add address=10.4.0.1/24 interface=wireguard1 network=10.4.0.0
        add address=192.168.1.1/24 interface=bridge network=192.168.1.0
        /ipv6 address
        add address=fd04::1/64 interface=wireguard1
        /ip/firewall/nat
        add action=masquerade chain=srcnat out-interface-list=WAN
        """

    @Test func mikroTik() throws {
        let taken = try ForeignSample([("r.rsc", Self.mikroTik)], interface: "wireguard1").taken()
        #expect(
            taken.summary == [
                "Anna-s-phone 10.4.0.2 fd04::2 psk", "branch 10.4.0.3 ← 10.40.0.0/24 every 25 at [2001:db8::5]:5000",
                "own 10.4.0.5 ours",
            ])
        #expect(taken.site.tunnel.addresses.map(\.description) == ["10.4.0.1/24", "fd04::1/64"])
        #expect(taken.site.tunnel.listenPort == 13231 && !taken.tellsEgress)
        #expect(taken.site.endpoint == Endpoint("vpn.example.org:13231") && taken.site.dns == [IPAddress("10.4.0.1")!])
        #expect(taken.tells("r.rsc:12:1: off: disabled there"))
        #expect(
            ForeignSample([("r.rsc", Self.mikroTik)]).faults().first?.hasPrefix(
                "there are 2 gateways here: wireguard1 of MikroTik") == true)
        let hidden = Self.mikroTik.replacing("private-key=\\\n    \"\(Self.key(1))\"", with: "")
        #expect(
            try ForeignSample([("r", hidden)], interface: "wireguard1").taken().tells("r:5:1: private-key: is not here")
        )
    }

    // MARK: OPNsense

    private static func client(_ id: String, _ name: String, _ number: UInt8, _ more: String = "", enabled: Int = 1)
        -> String
    {
        """
              <client uuid="\(id)">
                <enabled>\(enabled)</enabled><name>\(name)</name><pubkey>\(key(number))</pubkey><psk>\(key(number + 100))</psk>
                <tunneladdress>10.2.0.\(number)/32\(more)</tunneladdress><serveraddress/><serverport></serverport><keepalive/>
              </client>
        """
    }

    private static let opnSense = """
        <?xml version="1.0"?>
        <!-- a backup -->
        <opnsense>
          <system><hostname>fw</hostname></system>
          <OPNsense>
            <wireguard>
              <general version="0.0.1"><enabled>1</enabled></general>
              <server version="1.0.0"><servers>
                <server uuid="s-1">
                  <enabled>1</enabled><name>Road&amp;Home</name><instance>1</instance>
                  <pubkey>\(key(1))</pubkey><privkey>\(key(1))</privkey><port>51820</port><mtu/>
                  <dns/><tunneladdress>10.2.0.1/24,fd02::1/64</tunneladdress><peers>c-2,c-4</peers>
                </server>
              </servers></server>
              <client version="1.0.0"><clients>
        \(client("c-2", "laptop", 2, ",10.20.0.0/24"))
        \(client("c-3", "elsewhere", 3))
        \(client("c-4", "off", 4, enabled: 0))
              </clients></client>
            </wireguard>
          </OPNsense>
        </opnsense>
        """

    @Test func opnSense() throws {
        let taken = try ForeignSample([("config.xml", Self.opnSense)]).taken()
        #expect(taken.summary == ["laptop 10.2.0.2 ← 10.20.0.0/24 psk"])
        #expect(taken.site.tunnel.addresses.map(\.description) == ["10.2.0.1/24", "fd02::1/64"])
        #expect(taken.tells("taken as wg1 of OPNsense") && taken.tells("config.xml:24:7: off: disabled there"))
        let broken = Self.opnSense.replacing("51820</port>", with: "x</port>").replacing(
            "<pubkey>\(Self.key(2))", with: "<pubkey>oops")
        #expect(
            ForeignSample([("c", broken)]).faults().map { String($0.prefix(30)) } == [
                "c:11:135: port: x: a port is a", "c:17:48: pubkey: a public key ",
            ])
    }

    @Test(
        arguments: [
            ("<opnsense>", "1:11: </opnsense> is missing"), ("<opnsense><a></b></opnsense>", "1:17: </a> is missing"),
            ("<!DOCTYPE x [<!ENTITY a \"b\">]><opnsense>", "1:1: an element is missing; declarations are not taken"),
            ("<opnsense>&b;</opnsense>", "1:14: an entity that XML itself does not have"),
            ("<opnsense> <a b=\"c></opnsense>", "1:31: a value is not closed"),
            ("<opnsense> <a b></opnsense>", "1:16: an attribute without a value"),
        ]) func brokenXML(_ text: String, _ fault: String)
    {
        #expect(
            ForeignSample([("c", text)]).faults().first?.hasPrefix(
                "c:\(fault)") == true)
    }

    @Test func xml() throws {
        let root = try XMLText.parse(
            "<a x='1' y = \"&#x41;&#66;\"><b/><c> t&lt;<!-- no --><![CDATA[<&]]> </c></a>", file: "f")
        #expect(root.attributes == ["x": "1", "y": "AB"] && root.children.map(\.name) == ["b", "c"])
        #expect(root["c"]?.text == "t<<&" && root["c"]?.place.column == 32)
    }

    // MARK: FRITZ!Box

    /// The file that it writes for the other site's router, which is this box now.
    @Test func fritzBox() throws {
        let text = """
            [Interface]
            PrivateKey = \(Self.key(1))
            Address = 10.200.0.1/24
            DNS = 192.168.178.1
            DNS = fritz.box

            [Peer]
            PublicKey = \(Self.key(2))
            PresharedKey = \(Self.key(102))
            AllowedIPs = 192.168.178.0/24
            Endpoint = abc.myfritz.net:58888
            PersistentKeepalive = 25
            """
        let taken = try ForeignSample([("wg_config.conf", text)]).taken()
        #expect(taken.summary == ["peer1 ← 192.168.178.0/24 psk every 25 at abc.myfritz.net:58888"])
    }

    // MARK: wg-portal

    @Test func wgPortal() throws {
        func peer(_ number: UInt8, _ name: String, _ more: [String: String] = [:]) -> [String: String] {
            [
                "identifier": Self.key(number), "interface_identifier": "wg0", "display_name": name,
                "private_key": Self.key(number), "preshared_key": Self.key(number + 100),
                "endpoint_v": "vpn.example.org:51820",
                "allowed_ips_str_v": "0.0.0.0/0,::/0", "persistent_keep_alive_v": "16", "iface_dns_str_v": "1.1.1.1",
            ].merging(more) { $1 }
        }
        let columns = [
            "identifier", "interface_identifier", "display_name", "private_key", "preshared_key", "endpoint_v",
            "allowed_ips_str_v", "persistent_keep_alive_v", "iface_dns_str_v", "extra_allowed_ips_str", "disabled",
            "expires_at", "notes",
        ]
        let interface = [
            "identifier": "wg0", "type": "server", "private_key": Self.key(1), "listen_port": "51820", "mtu": "1420",
            "firewall_mark": "0", "post_up": "iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE",
        ]
        var sample = ForeignSample()
        sample.databases = [
            ForeignFiles.Database(
                path: "p.db",
                tables: [
                    ForeignTable(
                        "interfaces", [interface, ["identifier": "wg1", "type": "client"]],
                        columns: interface.keys.sorted()),
                    ForeignTable(
                        "interface_addresses", [["interface_identifier": "wg0", "cidr_cidr": "10.11.0.1/24"]],
                        columns: ["interface_identifier", "cidr_cidr"]),
                    ForeignTable(
                        "peer_addresses",
                        (UInt8(2)...4).map { ["peer_identifier": Self.key($0), "cidr_cidr": "10.11.0.\($0)/24"] },
                        columns: ["peer_identifier", "cidr_cidr"]),
                    ForeignTable(
                        "peers",
                        [
                            peer(2, "Laptop", ["extra_allowed_ips_str": "10.50.0.0/24", "notes": "kitchen"]),
                            peer(3, "off", ["disabled": "2026-01-01 00:00:00"]),
                            peer(4, "gone", ["expires_at": "2026-02-01"]),
                        ], columns: columns),
                ])
        ]
        let taken = try sample.taken()
        #expect(taken.summary == ["Laptop 10.11.0.2 ← 10.50.0.0/24 psk every 16 ours"])
        #expect(taken.site.egress.fullTunnel && taken.site.endpoint == Endpoint("vpn.example.org:51820"))
        #expect(taken.tells("p.db(peers):1:13: Laptop: its notes are not taken: kitchen"))
        #expect(taken.tells("off: disabled there") && taken.tells("gone: expired 2026-02-01 there"))
    }
}
