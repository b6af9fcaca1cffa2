import NetTypes
import Testing

@testable import SiteModel

/// Formats with sections or JSON of their own, as sites.
@Suite struct OtherFormatTests {
    private static func key(_ number: UInt8) -> String { ForeignSample.key(number) }

    // MARK: wireguard-ui

    private static func client(_ number: UInt8, _ name: String, _ more: String = "", enabled: Bool = true) -> String {
        """
        {
            "id": "c\(number)",
            "private_key": "\(key(number))",
            "public_key": "\(key(number))",
            "preshared_key": "\(key(number + 100))",
            "name": "\(name)",
            "allocated_ips": ["10.252.1.\(number)/32"],
            "allowed_ips": ["0.0.0.0/0"],
            "extra_allowed_ips": [\(more)],
            "additional_notes": "\(number == 2 ? "on the \\u001b[2J desk" : "")",
            "use_server_dns": true,
            "enabled": \(enabled)
        }
        """
    }

    private static let wireguardUI = [
        (
            "db/server/keypair.json",
            "{\"private_key\": \"\(key(1))\", \"public_key\": \"\(key(1))\", \"updated_at\": \"x\"}"
        ),
        (
            "db/server/interfaces.json",
            "{\"addresses\": [\"10.252.1.0/24\"], \"listen_port\": \"51825\", \"post_up\": \"iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE\", \"post_down\": \"\"}"
        ),
        (
            "db/server/global_settings.json",
            "{\"endpoint_address\": \"vpn.example.org\", \"dns_servers\": [\"1.1.1.1\"], \"mtu\": \"1450\", \"persistent_keepalive\": \"15\", \"firewall_mark\": \"0xca6c\", \"config_file_path\": \"/etc/wireguard/wg7.conf\"}"
        ),
        ("db/clients/c2.json", client(2, "laptop")), ("db/clients/c3.json", client(3, "site", "\"10.9.0.0/24\"")),
        ("db/clients/c4.json", client(4, "parked", enabled: false)),
        ("db/users/admin.json", "{\"username\": \"admin\"}"),
        ("wg7.conf", "[Interface]\nPrivateKey = \(key(1))\nListenPort = 51825\n"),
    ]

    @Test func wireguardUIs() throws {
        let taken = try ForeignSample(Self.wireguardUI).taken()
        #expect(
            taken.summary == ["laptop 10.252.1.2 psk every 15 ours", "site 10.252.1.3 ← 10.9.0.0/24 psk every 15 ours"])
        #expect(taken.site.tunnel.listenPort == 51825 && taken.site.tunnel.mtu == 1450)
        #expect(taken.site.tunnel.fwmark == 0xca6c && taken.site.endpoint == Endpoint("vpn.example.org:51825"))
        #expect(taken.site.egress.fullTunnel && taken.site.dns == [IPAddress("1.1.1.1")!])
        #expect(taken.tells("taken as wg7 of wireguard-ui (db/server/keypair.json), with 3 peers"))
        #expect(taken.tells("db/clients/c4.json:1:1: parked: disabled there"))
        #expect(taken.tells("db/clients/c2.json:10:25: laptop: its notes are not taken: on the "))
        let broken = Self.wireguardUI.map { ($0.0, $0.0.hasSuffix("c3.json") ? "{\"id\": " : $0.1) }
        #expect(ForeignSample(broken).faults().map { String($0.prefix(24)) } == ["db/clients/c3.json:1:8: "])
    }

    // MARK: systemd-networkd

    private static let netdev = """
        [NetDev]
        Name=wg5
        Kind=wireguard
        MTUBytes=1400

        [WireGuard]
        PrivateKeyFile=/etc/systemd/network/wg5.key
        ListenPort=51999
        FirewallMark=34952

        # laptop
        [WireGuardPeer]
        PublicKey=\(key(2))
        PresharedKey=\(key(102))
        AllowedIPs=10.5.0.2/32, fd05::2/128
        AllowedIPs=10.99.0.0/24

        [WireGuardPeer]
        ; a branch
        PublicKey=\(key(3))
        PresharedKeyFile=/etc/systemd/network/branch.psk
        AllowedIPs=10.5.0.3/32
        Endpoint=branch.example.org:51820
        PersistentKeepalive=25
        """
    private static let network = """
        [Match]
        Name=wg4 wg5

        [Network]
        Address=10.5.0.1/24
        IPMasquerade=ipv4

        [Address]
        Address=fd05::1/64
        """

    private static var networkd: ForeignSample {
        var sample = ForeignSample([("n/wg5.netdev", netdev), ("n/wg5.network", network)])
        sample.elsewhere = [
            "/etc/systemd/network/wg5.key": key(1) + "\n", "/etc/systemd/network/branch.psk": " \(key(103))\n",
        ]
        return sample
    }

    @Test func networkdFiles() throws {
        let taken = try Self.networkd.taken()
        #expect(
            taken.summary == [
                "a-branch 10.5.0.3 psk every 25 at branch.example.org:51820",
                "laptop 10.5.0.2 fd05::2 ← 10.99.0.0/24 psk",
            ])
        #expect(taken.privateKey.map(ForeignSample.publicKey) == PublicKey(Self.key(1)))
        #expect(taken.site.tunnel.addresses.map(\.description) == ["10.5.0.1/24", "fd05::1/64"])
        #expect(
            taken.site.tunnel.mtu == 1400 && taken.site.tunnel.fwmark == 0x8888 && taken.site.tunnel.listenPort == 51999
        )
        #expect(taken.site.egress.fullTunnel && taken.tells("as IPMasquerade=ipv4 lets them"))
        var sample = Self.networkd
        sample.elsewhere = [:]
        sample.files.removeLast()
        #expect(
            sample.faults().map { String($0.prefix(70)) } == [
                "n/wg5.netdev:6:1: no .network here matches wg5, in which its addresses",
                "n/wg5.netdev:7:16: PrivateKeyFile: /etc/systemd/network/wg5.key: canno",
                "n/wg5.netdev:21:18: PresharedKeyFile: /etc/systemd/network/branch.psk:",
            ])
    }

    @Test func networkdDropIn() throws {
        var sample = Self.networkd
        sample.files.append(
            ("n/wg5.netdev.d/more.conf", "[WireGuardPeer]\nPublicKey=\(Self.key(7))\nAllowedIPs=10.5.0.7/32\n"))
        #expect(try sample.taken().site.peers.count == 3)
    }

    // MARK: NetworkManager

    @Test func networkManager() throws {
        let text = """
            [connection]
            id=office
            type=wireguard
            interface-name=wg3

            [wireguard]
            listen-port=51888
            private-key=\(Self.key(1))

            # phone
            [wireguard-peer.\(Self.key(2))]
            preshared-key=\(Self.key(102))
            preshared-key-flags=0
            allowed-ips=10.3.0.2/32;10.33.0.0/16;

            [ipv4]
            address1=10.3.0.1/24,10.3.0.254
            method=manual

            [ipv6]
            addr-gen-mode=default
            address1=fd03::1/64
            method=manual
            """
        let taken = try ForeignSample([("office.nmconnection", text)]).taken()
        #expect(taken.summary == ["phone 10.3.0.2 ← 10.33.0.0/16 psk"])
        #expect(taken.site.tunnel.addresses.map(\.description) == ["10.3.0.1/24", "fd03::1/64"])
        #expect(taken.tells("taken as wg3 of NetworkManager") && !taken.tellsEgress)
        let shared = text.replacing("method=manual", with: "method=shared")
        #expect(try ForeignSample([("o", shared)]).taken().tellsEgress)
        #expect(
            ForeignSample([("o", text.replacing("51888", with: "x"))]).faults() == [
                "o:7:13: listen-port: x: a port is a number from 1 to 65535, or a UDP service's name in /etc/services"
            ])
    }
}
