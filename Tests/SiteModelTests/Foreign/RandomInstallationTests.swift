import NetTypes
import Repeats
import Testing

@testable import SiteModel

/// One gateway, made at random, as each format would have it: all of them come to the same site.
@Suite struct RandomInstallationTests {
    struct Gateway {
        struct Peer {
            let key: UInt8
            let name: String
            let hasPreshared: Bool
            let hasRoute: Bool
            let isOff: Bool

            var addresses: [String] { ["10.8.0.\(key)/32", "fd08::\(key)/128"] }
            var networks: [String] { addresses + (hasRoute ? ["10.\(key).0.0/16"] : []) }
            var preshared: String { hasPreshared ? ForeignSample.key(key + 100) : "" }
            var publicKey: String { ForeignSample.key(key) }
        }

        let port: Int
        let peers: [Peer]

        init(_ random: inout SeededRandom) {
            port = Int.random(in: 1...65535, using: &random)
            let names = ["laptop", "Anna's phone", "büro", "a_b", "x\u{1b}[2J", "\"quoted\" & <b>", "7", "back\\slash"]
            peers = (0..<Int.random(in: 0...8, using: &random)).map { i in
                Peer(
                    key: UInt8(20 + i), name: names[i], hasPreshared: Bool.random(using: &random),
                    hasRoute: Bool.random(using: &random), isOff: Int.random(in: 0..<3, using: &random) == 0)
            }
        }

        /// What comes of it; formats that cannot say that somebody is off do not have him.
        var summary: [String] {
            peers.filter { !$0.isOff }.map { peer in
                let route = peer.hasRoute ? " ← 10.\(peer.key).0.0/16" : ""
                return
                    "\(hostLabel(nearest: peer.name)!) 10.8.0.\(peer.key) fd08::\(peer.key)\(route)\(peer.hasPreshared ? " psk" : "")"
            }.sorted()
        }
    }

    struct Format: CustomTestStringConvertible, Sendable {
        let kind: Installation.Kind
        let tellsOff: Bool
        let write: @Sendable (Gateway) -> ForeignSample
        var testDescription: String { kind.rawValue }
    }

    private static func key(_ number: UInt8) -> String { ForeignSample.key(number) }

    /// A string of JSON.
    private static func quoted(_ text: String) -> String {
        "\""
            + text.unicodeScalars.map { c in
                c.value < 32 || c == "\"" || c == "\\"
                    ? "\\u\(String(0x10000 + c.value, radix: 16).dropFirst())" : String(c)
            }.joined() + "\""
    }

    static let formats = [
        Format(kind: .wgEasy15, tellsOff: true) { gateway in
            var sample = ForeignSample()
            let rows = gateway.peers.map { peer in
                [
                    "name": peer.name, "ipv4_address": "10.8.0.\(peer.key)", "ipv6_address": "fd08::\(peer.key)",
                    "public_key": peer.publicKey, "pre_shared_key": peer.preshared, "interface_id": "wg0",
                    "server_allowed_ips": peer.hasRoute ? "[\"10.\(peer.key).0.0/16\"]" : "[]",
                    "enabled": peer.isOff ? "0" : "1",
                ]
            }
            let columns = [
                "name", "interface_id", "ipv4_address", "ipv6_address", "public_key", "pre_shared_key",
                "server_allowed_ips", "enabled",
            ]
            let interface = [
                "name": "wg0", "port": "\(gateway.port)", "private_key": key(1), "ipv4_cidr": "10.8.0.0/24",
                "ipv6_cidr": "fd08::/64",
            ]
            sample.databases = [
                ForeignFiles.Database(
                    path: "d",
                    tables: [
                        ForeignTable("clients_table", rows, columns: columns),
                        ForeignTable("interfaces_table", [interface], columns: interface.keys.sorted()),
                    ])
            ]
            return sample
        },
        Format(kind: .wireguardUI, tellsOff: true) { gateway in
            let clients = gateway.peers.map { peer in
                (
                    "c/\(peer.key).json",
                    """
                    {"name": \(quoted(peer.name)), "public_key": "\(peer.publicKey)", "preshared_key": "\(peer.preshared)",
                     "allocated_ips": [\(peer.addresses.map(quoted).joined(separator: ","))],
                     "extra_allowed_ips": [\(peer.hasRoute ? "\"10.\(peer.key).0.0/16\"" : "")], "enabled": \(!peer.isOff)}
                    """
                )
            }
            return ForeignSample(
                clients + [
                    ("s/keypair.json", "{\"private_key\": \"\(key(1))\"}"),
                    (
                        "s/interfaces.json",
                        "{\"addresses\": [\"10.8.0.1/24\", \"fd08::1/64\"], \"listen_port\": \"\(gateway.port)\"}"
                    ),
                ])
        },
        Format(kind: .piVPN, tellsOff: true) { gateway in
            let peers = gateway.peers.map { peer in
                // Its names are letters, digits and a few signs.
                let block =
                    "### begin \(hostLabel(nearest: peer.name)!) ###\n[Peer]\nPublicKey = \(peer.publicKey)\n"
                    + (peer.hasPreshared ? "PresharedKey = \(peer.preshared)\n" : "")
                    + "AllowedIPs = \(peer.networks.joined(separator: ","))\n### end x ###"
                return block.split(separator: "\n").map { (peer.isOff ? "#[disabled] " : "") + $0 + "\n" }.joined()
            }
            return ForeignSample([
                (
                    "wg0.conf",
                    "[Interface]\nPrivateKey = \(key(1))\nAddress = 10.8.0.1/24,fd08::1/64\nListenPort = \(gateway.port)\n"
                        + peers.joined()
                ), ("setupVars.conf", "pivpnHOST=vpn.example.org\npivpnPORT=\(gateway.port)\n"),
            ])
        },
        Format(kind: .networkd, tellsOff: false) { gateway in
            let peers = gateway.peers.filter { !$0.isOff }.map { peer in
                "# Name = \(peer.name)\n[WireGuardPeer]\nPublicKey=\(peer.publicKey)\nPresharedKey=\(peer.preshared)\n"
                    + peer.networks.map { "AllowedIPs=\($0)\n" }.joined()
            }
            return ForeignSample([
                (
                    "w.netdev",
                    "[NetDev]\nName=w\nKind=wireguard\n[WireGuard]\nPrivateKey=\(key(1))\nListenPort=\(gateway.port)\n"
                        + peers.joined()
                ), ("w.network", "[Match]\nName=w\n[Network]\nAddress=10.8.0.1/24\nAddress=fd08::1/64\n"),
            ])
        },
        Format(kind: .networkManager, tellsOff: false) { gateway in
            let peers = gateway.peers.filter { !$0.isOff }.map { peer in
                "# Name = \(peer.name)\n[wireguard-peer.\(peer.publicKey)]\npreshared-key=\(peer.preshared)\n"
                    + "allowed-ips=\(peer.networks.joined(separator: ";"));\n"
            }
            return ForeignSample([
                (
                    "w.nmconnection",
                    "[connection]\ntype=wireguard\ninterface-name=w\n[wireguard]\nprivate-key=\(key(1))\nlisten-port=\(gateway.port)\n"
                        + "[ipv4]\naddress1=10.8.0.1/24\n[ipv6]\naddress1=fd08::1/64\n" + peers.joined()
                )
            ])
        },
        Format(kind: .mikroTik, tellsOff: true) { gateway in
            func text(_ name: String) -> String {
                name.utf8.map { c in
                    c < 32 || c > 126 || c == 0x22 || c == 0x5c
                        ? "\\\(String(0x100 + Int(c), radix: 16, uppercase: true).dropFirst())"
                        : String(UnicodeScalar(c))
                }.joined()
            }
            let peers = gateway.peers.map { peer in
                "add allowed-address=\(peer.networks.joined(separator: ",")) \(peer.isOff ? "disabled=yes " : "")comment=\"\(text(peer.name))\" \\\n"
                    + "    interface=w \(peer.hasPreshared ? "preshared-key=\"\(peer.preshared)\" " : "")public-key=\"\(peer.publicKey)\"\n"
            }
            return ForeignSample([
                (
                    "e.rsc",
                    "/interface wireguard\nadd listen-port=\(gateway.port) name=w private-key=\"\(key(1))\"\n/interface wireguard peers\n"
                        + peers.joined()
                        + "/ip address\nadd address=10.8.0.1/24 interface=w\n/ipv6 address\nadd address=fd08::1/64 interface=w\n"
                )
            ])
        },
        Format(kind: .opnSense, tellsOff: true) { gateway in
            func text(_ name: String) -> String {
                name.unicodeScalars.map { c in
                    "<>&\"".unicodeScalars.contains(c) || c.value < 32 ? "&#\(c.value);" : String(c)
                }.joined()
            }
            let clients = gateway.peers.map { peer in
                "<client uuid=\"u\(peer.key)\"><enabled>\(peer.isOff ? 0 : 1)</enabled><name>\(text(peer.name))</name><pubkey>\(peer.publicKey)</pubkey>"
                    + "<psk>\(peer.preshared)</psk><tunneladdress>\(peer.networks.joined(separator: ","))</tunneladdress></client>"
            }
            return ForeignSample([
                (
                    "c.xml",
                    "<opnsense><OPNsense><wireguard><server><servers><server uuid=\"s\"><instance>0</instance><privkey>\(key(1))</privkey>"
                        + "<port>\(gateway.port)</port><tunneladdress>10.8.0.1/24,fd08::1/64</tunneladdress>"
                        + "<peers>\(gateway.peers.map { "u\($0.key)" }.joined(separator: ","))</peers></server></servers></server>"
                        + "<client><clients>\(clients.joined())</clients></client></wireguard></OPNsense></opnsense>"
                )
            ])
        },
    ]

    @Test(arguments: formats) func comeToTheSame(format: Format) throws {
        var random = SeededRandom(state: 31)
        for _ in repeats(60) {
            let gateway = Gateway(&random)
            let sample = format.write(gateway)
            let taken = try sample.taken()
            #expect(try sample.installation().kind == format.kind)
            #expect(taken.summary == gateway.summary, "\(sample.files)")
            #expect(taken.site.tunnel.addresses.map(\.description) == ["10.8.0.1/24", "fd08::1/64"])
            #expect(Int(taken.site.tunnel.listenPort) == gateway.port)
            #expect(taken.privateKey.map(ForeignSample.publicKey) == PublicKey(Self.key(1)))
            let off = format.tellsOff ? gateway.peers.filter(\.isOff) : []
            for peer in off { #expect(taken.tells("disabled there, and not let in", peer.publicKey)) }
        }
    }
}
