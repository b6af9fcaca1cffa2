import NetTypes
import Testing

@testable import SiteModel

/// What programs with a database kept there, as a site.
@Suite struct ForeignDatabaseTests {
    private static func key(_ number: UInt8) -> String { ForeignSample.key(number) }

    // MARK: wg-easy 15

    private static let clientColumns = [
        "id", "interface_id", "name", "ipv4_address", "ipv6_address", "private_key", "public_key", "pre_shared_key",
        "expires_at", "allowed_ips", "server_allowed_ips", "firewall_ips", "persistent_keepalive", "dns", "mtu",
        "server_endpoint", "enabled",
    ]

    private static func client(_ id: UInt8, _ name: String, _ more: [String: String] = [:]) -> [String: String] {
        [
            "id": "\(id)", "interface_id": "wg0", "name": name, "ipv4_address": "10.8.0.\(id)",
            "ipv6_address": "fdcc:ad94:bacf:61a4::cafe:\(id)", "private_key": key(id), "public_key": key(id),
            "pre_shared_key": key(id + 100), "server_allowed_ips": "[]", "persistent_keepalive": "0", "enabled": "1",
        ].merging(more) { $1 }
    }

    private static func wgEasy(_ clients: [[String: String]], isFiltered: Bool = false) -> ForeignSample {
        var sample = ForeignSample()
        let interface = [
            "name": "wg0", "device": "eth0", "port": "51820", "private_key": key(1), "public_key": key(1),
            "ipv4_cidr": "10.8.0.0/24", "ipv6_cidr": "fdcc:ad94:bacf:61a4::cafe:0/112", "mtu": "1420", "enabled": "1",
            "firewall_enabled": isFiltered ? "1" : "0",
        ]
        let hooks = [
            "id": "wg0",
            "post_up":
                "iptables -t nat -A POSTROUTING -s {{ipv4Cidr}} -o {{device}} -j MASQUERADE; iptables -A FORWARD -i wg0 -j ACCEPT; iptables -A FORWARD -o wg0 -j ACCEPT;",
        ]
        let settings = [
            "id": "wg0", "default_dns": "[\"1.1.1.1\"]", "default_allowed_ips": "[\"0.0.0.0/0\",\"::/0\"]",
            "host": "vpn.example.org", "port": "51820",
        ]
        sample.databases = [
            ForeignFiles.Database(
                path: "/e/wg-easy.db",
                tables: [
                    ForeignTable("clients_table", clients, columns: clientColumns),
                    ForeignTable("interfaces_table", [interface], columns: interface.keys.sorted()),
                    ForeignTable("hooks_table", [hooks], columns: hooks.keys.sorted()),
                    ForeignTable("user_configs_table", [settings], columns: settings.keys.sorted()),
                    ForeignTable("one_time_links_table", [["id": "2"]], columns: ["id", "one_time_link"]),
                ])
        ]
        return sample
    }

    @Test func wgEasy15() throws {
        let sample = Self.wgEasy([
            Self.client(2, "laptop"),
            Self.client(3, "split", ["mtu": "1280", "allowed_ips": "[\"192.168.1.0/24\"]", "dns": "[]"]),
            Self.client(
                4, "branch", ["server_allowed_ips": "[\"10.50.0.0/16\"]", "server_endpoint": "b.example.org:5000"]),
            Self.client(5, "parked", ["enabled": "0", "public_key": "oops"]),
            Self.client(6, "late", ["expires_at": "2020-01-01"]),
            Self.client(7, "off", ["enabled": "0"]),
        ])
        let taken = try sample.taken(uplink: "ens18")
        #expect(
            taken.summary == [
                "branch 10.8.0.4 fdcc:ad94:bacf:61a4::cafe:4 ← 10.50.0.0/16 psk at b.example.org:5000 ours",
                "laptop 10.8.0.2 fdcc:ad94:bacf:61a4::cafe:2 psk every 0 ours",
                "split 10.8.0.3 fdcc:ad94:bacf:61a4::cafe:3 psk split every 0 ours",
            ])
        #expect(taken.site.tunnel.addresses.map(\.description) == ["10.8.0.1/24", "fdcc:ad94:bacf:61a4::cafe:1/112"])
        #expect(taken.site.egress == Egress(interface: "ens18", fullTunnel: true))
        #expect(taken.site.endpoint == Endpoint("vpn.example.org:51820") && taken.site.dns == [IPAddress("1.1.1.1")!])
        #expect(taken.site.peers.allSatisfy { $0.policy == nil })
        #expect(taken.tells("/e/wg-easy.db(clients_table):1:1: laptop: its one-time link"))
        #expect(taken.tells("/e/wg-easy.db(clients_table):4:7: public_key: a public key is"))
        #expect(taken.tells("(clients_table):2:1: has MTU 1280; a new export has the tunnel's"))
        #expect(taken.tells("late: expired 2020-01-01 there") && taken.tells("off: disabled there"))
        #expect(taken.tells("/e/wg-easy.db(clients_table):2:1: asks no server of the tunnel's"))
    }

    /// Whom its firewall kept to something, wggw keeps to the same.
    @Test func wgEasy15Filtered() throws {
        let taken = try Self.wgEasy(
            [
                Self.client(2, "all"),
                Self.client(3, "few", ["firewall_ips": "[\"192.168.1.10:443/tcp\",\"192.168.1.9:53\",\"10.0.0.0/8\"]"]),
                Self.client(4, "split", ["allowed_ips": "[\"192.168.1.0/24\"]", "firewall_ips": "[]"]),
                Self.client(6, "none", ["allowed_ips": "[]"]), Self.client(5, "v4", ["allowed_ips": "[\"0.0.0.0/0\"]"]),
            ], isFiltered: true
        ).taken()
        func rules(_ name: String) -> [String]? {
            taken.site.peers.first { $0.name == name }?.policy?.allow.map(\.description)
        }
        #expect(rules("all") == nil && taken.tells("none: allowed to reach nothing there, and not let in"))
        #expect(rules("few") == ["10.0.0.0/8", "192.168.1.9:53/tcp", "192.168.1.9:53/udp", "192.168.1.10:443/tcp"])
        #expect(rules("split") == ["192.168.1.0/24"] && rules("v4") == ["0.0.0.0/0"])
        #expect(taken.site.peers.map(\.fullTunnel) == [nil, false, false, false])
    }

    // MARK: WGDashboard

    private static let peerColumns = [
        "id", "private_key", "DNS", "endpoint_allowed_ip", "name", "allowed_ip", "keepalive", "remote_endpoint",
        "preshared_key",
    ]

    private static func dashboard(_ number: UInt8, _ name: String) -> [String: String] {
        [
            "id": key(number), "private_key": key(number), "DNS": "9.9.9.9", "endpoint_allowed_ip": "0.0.0.0/0",
            "name": name, "allowed_ip": "10.7.0.\(number)/32", "keepalive": "21", "remote_endpoint": "2001:db8::1",
        ]
    }

    private static var wgDashboard: ForeignSample {
        let peers = (UInt8(2)...4).map { "[Peer]\nPublicKey = \(key($0))\nAllowedIPs = 10.7.0.\($0)/32\n" }.joined()
        var sample = ForeignSample([
            (
                "/etc/wireguard/wg0.conf",
                "[Interface]\nPrivateKey = \(key(1))\nAddress = 10.7.0.1/24\nListenPort = 51820\n\(peers)"
            )
        ])
        let jobs = [
            [
                "Configuration": "wg0", "Peer": key(2), "Field": "date", "Operator": "lgt",
                "Value": "2027-01-01 00:00:00", "Action": "restrict",
            ],
            [
                "Configuration": "wg0", "Peer": key(3), "Field": "total_data", "Operator": "lgt", "Value": "5",
                "Action": "restrict",
            ],
            [
                "Configuration": "wg0", "Peer": key(3), "Field": "date", "Value": "2020-01-01 00:00:00",
                "ExpireDate": "2020-01-02",
            ],
        ]
        sample.databases = [
            ForeignFiles.Database(
                path: "/opt/db/wgdashboard.db",
                tables: [
                    ForeignTable("wg0", [dashboard(2, "Anna's"), dashboard(3, "bob")], columns: peerColumns),
                    ForeignTable(
                        "wg0_restrict_access", [dashboard(4, "carol"), dashboard(5, "dave")], columns: peerColumns),
                ]),
            ForeignFiles.Database(
                path: "/opt/db/wgdashboard_job.db",
                tables: [
                    ForeignTable(
                        "PeerJobs", jobs,
                        columns: ["Configuration", "Peer", "Field", "Operator", "Value", "ExpireDate", "Action"])
                ]),
        ]
        return sample
    }

    @Test func wgDashboard() throws {
        let taken = try Self.wgDashboard.taken()
        #expect(taken.summary == ["Anna-s 10.7.0.2 every 21 ours", "bob 10.7.0.3 every 21 ours"])
        #expect(taken.site.endpoint == Endpoint("[2001:db8::1]:51820") && taken.site.dns == [IPAddress("9.9.9.9")!])
        #expect(
            taken.tells("wgdashboard.db(wg0_restrict_access):1:1: carol: restricted there")
                && taken.tells("wgdashboard.db(wg0_restrict_access):2:1: dave: restricted"))
        #expect(taken.tells("Anna-s: was to be let in until 2027-01-01 00:00:00"))
        #expect(taken.tells("wgdashboard_job.db(PeerJobs):2:1: bob: was to be taken off when total_data is beyond 5"))
        #expect(taken.tells("taken as wg0 of WGDashboard"))
        var alone = Self.wgDashboard
        alone.files = []
        #expect(
            alone.faults().first?.hasPrefix(
                "/opt/db/wgdashboard.db:1:1: the gateway's own side is not in it; name its wg0.conf") == true)
    }
}
