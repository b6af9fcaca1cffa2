import Foundation
import NetTypes
import Testing

@testable import SiteModel

@Suite struct LintTests {
    /// Files that fit, with changes in them, and what is found.
    struct Case: CustomTestStringConvertible {
        let name: String
        let files: [(name: String, text: String)]
        let found: [String]
        var testDescription: String { name }

        /// A change is the file's letter (g, l, b), what goes and what comes; `files` are those that are given.
        init(_ name: String, of files: String = "glb", _ changes: [(String, String, String)], _ found: [String] = []) {
            self.name = name
            let byLetter = ["g": "wg0.conf", "l": "laptop.conf", "b": "branch.conf"]
            var texts = LintSamples.texts
            for (letter, old, new) in changes {
                let file = byLetter[letter]!
                precondition(texts[file]!.contains(old), "\(name): \(old) is not in \(file)")
                texts[file] = texts[file]!.replacing(old, with: new)
            }
            self.files = files.map { (byLetter[String($0)]!, texts[byLetter[String($0)]!]!) }
            self.found = found.map { line in
                byLetter[String(line.prefix(1))]! + line.dropFirst()
            }
        }
    }

    private typealias S = LintSamples
    private static let k = (g: S.publicKey(1), l: S.publicKey(2), b: S.publicKey(3))
    private static let private_ = (g: S.privateKey(1), l: S.privateKey(2), b: S.privateKey(3))
    private static let zero = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

    /// Keys, and who is whose peer.
    static let keys = [
        Case(
            "one private key on both sides", of: "gl", [("l", private_.l, private_.g)],
            ["g:10:13 wrong-key", "l:3:14 shared-private-key"]),
        Case(
            "two devices with one key", [("b", private_.b, private_.l)],
            ["g:15:13 wrong-key", "b:3:14 shared-private-key"]),
        Case("no private key", [("l", "PrivateKey = \(private_.l)\n", "")], ["l:1:1 no-private-key"]),
        Case(
            "a private key in a comment", [("l", "PrivateKey = \(private_.l)", "# PrivateKey = (put yours here)")],
            ["l:1:1 no-private-key"]),
        Case("a private key of zeros", [("l", private_.l, zero)], ["l:3:14 zero-key"]),
        Case("a private key that is cut off", [("l", private_.l, String(private_.l.dropLast()))], ["l:3:14 refused"]),
        Case(
            "a private key in hexadecimal", [("l", private_.l, String(repeating: "ab", count: 32))], ["l:3:14 refused"]),
        Case("a public key for a private one", [("l", private_.l, k.g)], ["l:3:14 public-as-private"]),
        Case("a key that is not generated", of: "l", [("l", private_.l, S.nobody)], ["l:3:14 not-generated?"]),
        Case(
            "the private key of wg(8)", of: "l", [("l", private_.l, "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=")],
            ["l:3:14 published-key"]),
        Case(
            "the private key of wg-quick(8)", of: "l",
            [("l", private_.l, "oK56DE9Ue9zK76rAc8pBl6opph+1v36lm7cXXsQKrQM=")],
            ["l:3:14 published-key"]),
        Case(
            "a peer's key of wg(8)", [("g", k.l, "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=")],
            ["g:10:13 published-key"]),
        Case(
            "a preshared key of wg-quick(8)",
            [
                ("g", S.psk, "/UwcSPg38hW/D9Y3tcS1FOV0K1wuURMbS0sesJEP5ak="),
                ("l", S.psk, "/UwcSPg38hW/D9Y3tcS1FOV0K1wuURMbS0sesJEP5ak="),
            ], ["g:11:16 published-key", "l:8:16 published-key"]),
        Case("a peer's key of zeros", [("g", k.l, zero)], ["g:10:13 zero-key"]),
        Case(
            "a peer's key of small order", [("g", k.l, "4Ot6fDtBuK4WVuP68Z/EatoJjeucMrH9hmIFFl9JuAA=")],
            ["g:10:13 weak-key"]),
        Case("a preshared key of zeros", [("l", S.psk, zero)], ["l:8:16 zero-key"]),
        Case("a private key for a peer's", [("g", k.l, private_.l)], ["g:10:13 private-as-public"]),
        Case("the own key for a peer's", [("l", k.g, k.l)], ["l:7:13 own-key"]),
        Case("the own key for a peer's, alone", of: "l", [("l", k.g, k.l)], ["l:7:13 own-key"]),
        Case("the gateway's key for nobody's", [("l", k.g, S.nobody)], ["l:7:13 wrong-key"]),
        Case("a peer's key for nobody's", [("g", k.l, S.nobody)], ["g:10:13 wrong-key"]),
        Case(
            "both keys for nobody's", of: "gl",
            [("g", k.l, S.nobody), ("l", k.g, S.nobody.replacing("6b", with: "7b"))],
            ["g:10:13 wrong-key", "l:7:13 wrong-key"]),
        Case("a peer's key that is no key", [("g", k.l, "x\(k.l.dropLast(3))=")], ["g:10:13 refused"]),
        Case(
            "no peer for the laptop", of: "gl",
            [
                (
                    "g",
                    "[Peer] # laptop\nPublicKey = \(k.l)\nPresharedKey = \(S.psk)\nAllowedIPs = 10.8.0.2/32, fd08::2/128\n",
                    ""
                )
            ], ["g:1:1 missing-peer"]),
        Case(
            "a file of another tunnel", of: "glb",
            [
                ("b", k.g, S.nobody), ("b", private_.b, S.privateKey(9)), ("b", "10.8.0.3/24", "10.9.0.3/24"),
                ("b", "10.8.0.0/24", "10.9.0.0/24"),
            ], ["b:7:13 stranger"]),
        Case(
            "two files of two tunnels", of: "lb", [("b", k.g, S.nobody), ("b", "10.8.0", "10.9.0")],
            ["l:7:13 stranger", "b:7:13 stranger"]),
        Case(
            "one peer in two sections",
            [
                (
                    "g", "AllowedIPs = 10.8.0.2/32, fd08::2/128",
                    "\n[Peer]\nPublicKey = \(k.l)\nAllowedIPs = 10.8.0.2/32, fd08::2/128"
                )
            ], ["g:13:1 same-peer"]),
        Case(
            "a preshared key on the laptop alone", [("g", "PresharedKey = \(S.psk)\n", "")],
            ["l:8:16 preshared-key-missing"]),
        Case(
            "a preshared key on the gateway alone", [("l", "PresharedKey = \(S.psk)\n", "")],
            ["g:11:16 preshared-key-missing"]),
        Case("two preshared keys", [("l", S.psk, S.otherPSK)], ["l:8:16 preshared-key-differs"]),
    ]

    /// Addresses and networks.
    static let addresses = [
        Case(
            "a network that two peers have", [("g", "10.8.0.3/32,", "10.8.0.3/32, 10.8.0.2/32,")],
            ["g:16:27 taken-allowed-ip"]),
        Case(
            "a peer that loses all of its networks", of: "g",
            [("g", "10.8.0.3/32, 10.77.0.0/24", "10.8.0.2/32, fd08::2/128")],
            ["g:16:14 taken-allowed-ip", "g:16:27 taken-allowed-ip"]),
        Case(
            "a network in another peer's", [("g", "10.8.0.3/32, 10.77.0.0/24", "10.8.0.0/25, 10.77.0.0/24")],
            ["g:16:14 overlapping-allowed-ips?"]),
        Case("a peer with the tunnel's mask", [("g", "10.8.0.2/32", "10.8.0.2/24")], ["g:12:14 host-bits"]),
        Case("a network with host bits", [("g", "10.77.0.0/24", "10.77.0.1/24")], ["g:16:27 host-bits?"]),
        Case(
            "a peer without networks", of: "g", [("g", "AllowedIPs = 10.8.0.3/32, 10.77.0.0/24\n", "")],
            ["g:14:1 no-allowed-ips"]),
        Case("an address outside", [("l", "10.8.0.2/32", "10.8.0.7/32")], ["g:12:14 address-outside"]),
        Case("an IPv6 address outside", [("l", "fd08::2/128", "fd08::7/128")], ["g:12:14 address-outside"]),
        Case(
            "the gateway's address outside",
            [("l", "AllowedIPs = 10.8.0.0/24, ", "AllowedIPs = "), ("l", "DNS = 10.8.0.1\n", "")],
            ["l:8:14 address-outside?"]),
        Case("the gateway's address on the laptop", [("l", "10.8.0.2/32", "10.8.0.1/32")], ["l:2:11 same-address"]),
        Case("two clients with one address", of: "lb", [("b", "10.8.0.3/24", "10.8.0.2/24")], ["b:2:11 same-address"]),
        Case(
            "the gateway's address as a peer's", of: "g", [("g", "10.8.0.3/32", "10.8.0.1/32")], ["g:16:14 own-address"]
        ),
        Case("the network's own address", of: "g", [("g", "10.8.0.1/24", "10.8.0.0/24")], ["g:2:11 unusable-address?"]),
        Case("the broadcast address", of: "g", [("g", "10.8.0.1/24", "10.8.0.255/24")], ["g:2:11 unusable-address"]),
        Case("the routers' address", of: "g", [("g", "fd08::1/64", "fd08::/64")], ["g:2:24 unusable-address?"]),
        Case("a loopback address", of: "g", [("g", "10.8.0.1/24", "127.0.0.9/24")], ["g:2:11 unusable-address"]),
        Case(
            "a peer with the broadcast address", of: "g", [("g", "10.8.0.3/32", "10.8.0.255/32")],
            ["g:16:14 unusable-address"]),
        Case("the same LAN on both ends", of: "gb", [("b", "10.20.0.0/16", "10.77.0.0/24")], ["b:8:27 same-lan"]),
        Case("the same LAN, wider on one end", of: "gb", [("b", "10.20.0.0/16", "10.77.0.0/16")], ["g:16:27 same-lan"]),
        Case("a LAN as many have it", [("l", "10.20.0.0/16", "192.168.1.0/24")], ["l:9:38 common-network?"]),
        Case("a FRITZ!Box's LAN", [("l", "10.20.0.0/16", "192.168.178.0/24")], ["l:9:38 common-network?"]),
    ]

    /// Endpoints, routes, sizes.
    static let routes = [
        Case("the wrong port", [("l", "org:51820", "org:51821")], ["l:10:12 wrong-port"]),
        Case("the wrong port at the branch", [("g", ":51821", ":51820")], ["g:17:12 wrong-port"]),
        Case("no port where peers dial in", of: "g", [("g", "ListenPort = 51820\n", "")], ["g:1:1 no-listen-port"]),
        Case("no port, and the peers are here", [("g", "ListenPort = 51820\n", "")], ["g:1:1 no-listen-port"]),
        Case(
            "no port at a branch that is dialed", of: "gb", [("b", "ListenPort = 51821\n", "")],
            ["b:1:1 no-listen-port"]),
        Case("nobody dials", [("l", "Endpoint = vpn.example.org:51820\n", "")], ["l:6:1 nobody-dials"]),
        Case(
            "neither a port nor an endpoint", of: "l", [("l", "Endpoint = vpn.example.org:51820\n", "")],
            ["l:1:1 no-listen-port"]),
        Case("no keepalive", [("l", "\nPersistentKeepalive = 25", "")], ["l:6:1 no-keepalive?"]),
        Case(
            "a keepalive of 0", [("l", "PersistentKeepalive = 25", "PersistentKeepalive = 0")],
            ["l:11:23 no-keepalive?"]),
        Case("no keepalive, alone", of: "l", [("l", "\nPersistentKeepalive = 25", "")], ["l:6:1 no-keepalive?"]),
        Case("a bare IPv6 endpoint", [("l", "vpn.example.org:51820", "2001:db8::1:51820")], ["l:10:12 bare-ipv6?"]),
        Case(
            "an IPv6 endpoint without a port", [("l", "vpn.example.org:51820", "2001:db8:0:0:0:0:0:1")],
            ["l:10:12 refused"]),
        Case(
            "a network with the endpoint in it", [("l", "vpn.example.org", "10.20.0.1")], ["l:9:38 swallows-endpoint"]),
        Case(
            "a half with the endpoint in it", of: "l",
            [("l", "10.20.0.0/16", "0.0.0.0/1, 128.0.0.0/1"), ("l", "vpn.example.org", "203.0.113.9")],
            ["l:9:49 swallows-endpoint"]),
        Case(
            "two halves", of: "l", [("l", "10.20.0.0/16", "0.0.0.0/1, 128.0.0.0/1")],
            ["l:9:38 swallows-endpoint-in-pieces"]
        ),
        Case(
            "the default route in table main", of: "l",
            [
                ("l", "DNS", "Table = main\nDNS"), ("l", "10.20.0.0/16", "0.0.0.0/0"),
                ("l", "vpn.example.org", "203.0.113.9"),
            ], ["l:10:38 swallows-endpoint"]),
        Case(
            "a default route to a peer that dials in", of: "g", [("g", "10.8.0.2/32", "0.0.0.0/0")],
            ["g:12:14 default-route-to-dialer"]),
        Case("no routes at all", of: "l", [("l", "DNS", "Table = off\nDNS")], ["l:4:9 no-routes?"]),
        Case("a resolver outside", [("l", "DNS = 10.8.0.1", "DNS = 192.168.1.1, 10.8.0.1")], ["l:4:7 no-way-to-dns?"]),
        Case("packets of 1500 bytes", of: "g", [("g", "1420", "1500")], ["g:5:7 mtu-too-large?"]),
        Case("1440 over who knows what", of: "l", [("l", "DNS", "MTU = 1440\nDNS")], ["l:4:7 mtu-too-large?"]),
        Case(
            "1441 over IPv4", of: "l", [("l", "DNS", "MTU = 1441\nDNS"), ("l", "vpn.example.org", "203.0.113.9")],
            ["l:4:7 mtu-too-large?"]),
        Case("packets too small for IPv6", of: "g", [("g", "1420", "1279")], ["g:5:7 mtu-too-small"]),
        Case("two sizes", [("l", "DNS", "MTU = 1380\nDNS")], ["l:4:7 mtu-differs?"]),
    ]

    /// Files and commands.
    static let files = [
        Case("SaveConfig", of: "g", [("g", "MTU", "SaveConfig = true\nMTU")], ["g:5:1 save-config?"]),
        Case("a setting twice", of: "g", [("g", "MTU = 1420", "MTU = 1420\nMTU = 1420")], ["g:6:1 repeated?"]),
        Case("a second [Interface]", of: "g", [("g", "MTU", "[Interface]\nMTU")], ["g:5:1 second-interface?"]),
        Case("a key in a comment", of: "g", [("g", "# laptop", "# \(private_.l)")], ["g:9:9 key-in-comment?"]),
        Case("an unknown key", of: "g", [("g", "ListenPort", "ListnPort")], ["g:4:1 refused"]),
        Case(
            "several faults", of: "g", [("g", "51820", "x"), ("g", "10.8.0.3/32,", "10.8.0.300,")],
            ["g:4:14 refused", "g:16:14 refused"]),
        Case(
            "a rule that stays", of: "g", [("g", "iptables -D FORWARD -i wg0 -j ACCEPT; ", "")],
            ["g:6:1 rule-left-behind?"]
        ),
        Case(
            "no way down at all", of: "g",
            [
                (
                    "g",
                    "PostDown = iptables -D FORWARD -i wg0 -j ACCEPT; iptables -t nat -D POSTROUTING -o eth0 -j MASQUERADE\n",
                    ""
                )
            ], ["g:6:1 rule-left-behind?", "g:6:1 rule-left-behind?"]),
        Case(
            "a rule of another interface", of: "g", [("g", "-D POSTROUTING -o eth0", "-D POSTROUTING -o eth1")],
            ["g:6:1 rule-left-behind?", "g:7:1 rule-never-made?"]),
        Case(
            "a rule that was never there", of: "g", [("g", "iptables -A FORWARD -i %i -j ACCEPT; ", "")],
            ["g:7:1 rule-never-made?"]),
    ]

    /// Changes with which it is as right as before.
    static let right = [
        Case("as they are", []), Case("the gateway alone", of: "g", []), Case("the laptop alone", of: "l", []),
        Case("the branch alone", of: "b", []), Case("both clients", of: "lb", []),
        Case("the gateway last", of: "blg", []),
        Case("a full tunnel", [("l", "10.20.0.0/16", "0.0.0.0/0, ::/0")]),
        Case(
            "a full tunnel to an address",
            [("l", "10.20.0.0/16", "0.0.0.0/0, ::/0"), ("l", "vpn.example.org", "203.0.113.9")]),
        Case(
            "halves in a table of their own", of: "l",
            [("l", "10.20.0.0/16", "0.0.0.0/1, 128.0.0.0/1"), ("l", "DNS", "Table = 1234\nDNS")]),
        Case("most of the Internet, by name", of: "l", [("l", "10.20.0.0/16", "0.0.0.0/1, 128.0.0.0/2")]),
        Case("an exit that is dialed", of: "g", [("g", "10.77.0.0/24", "0.0.0.0/0")]),
        Case(
            "routes by a command", of: "l",
            [("l", "DNS", "Table = off\nPostUp = ip route add 10.20.0.0/16 dev %i\nDNS")]),
        Case(
            "only what is connected", of: "b",
            [("b", ", 10.20.0.0/16", ""), ("b", "ListenPort", "Table = off\nListenPort")]),
        Case(
            "a script on the way down", of: "g",
            [("g", "iptables -D FORWARD -i wg0 -j ACCEPT; ", "/etc/wireguard/down.sh; ")]),
        Case(
            "a script on the way up", of: "g",
            [("g", "iptables -A FORWARD -i %i -j ACCEPT; ", "/etc/wireguard/up.sh; ")]),
        Case(
            "forwarding that stays on", of: "g",
            [("g", "PostDown", "PostUp = sysctl -w net.ipv4.ip_forward=1\nPostDown")]),
        Case("-I in place of -A", of: "g", [("g", "-A FORWARD", "-I FORWARD")]),
        Case("1440 over IPv4", of: "l", [("l", "DNS", "MTU = 1440\nDNS"), ("l", "vpn.example.org", "203.0.113.9")]),
        Case("1279 without IPv6", of: "b", [("b", "ListenPort", "MTU = 1279\nListenPort")]),
        Case("a public resolver", [("l", "DNS = 10.8.0.1", "DNS = 9.9.9.9")]),
        Case("the own resolver", of: "l", [("l", "DNS = 10.8.0.1", "DNS = 10.8.0.2")]),
        Case("a resolver of the gateway's LAN", of: "g", [("g", "MTU", "DNS = 192.168.1.1\nMTU")]),
        Case("brackets", [("l", "vpn.example.org:51820", "[2001:db8::1]:51820")]),
        Case("one host of a LAN as many have it", of: "l", [("l", "10.20.0.0/16", "192.168.1.10/32")]),
        Case("a LAN as many have it, at a branch that is dialed", of: "g", [("g", "10.77.0.0/24", "192.168.1.0/24")]),
        Case("SaveConfig = false", of: "g", [("g", "MTU", "SaveConfig = false\nMTU")]),
        Case("Table = auto", of: "g", [("g", "MTU", "Table = auto\nMTU")]),
        Case("the same twice in one peer", of: "g", [("g", "10.77.0.0/24", "10.77.0.0/24, 10.77.0.0/24")]),
        Case("a branch without IPv6", of: "gb", []),
        Case(
            "a link-local address",
            [("g", "fd08::1/64", "fd08::1/64, fe80::1/64"), ("l", "fd08::2/128", "fd08::2/128, fe80::1/64")]),
        Case("a /31", of: "g", [("g", "10.8.0.1/24", "10.8.0.4/31"), ("g", "10.8.0.2/32", "10.8.0.5/32")]),
        Case("a public key in a comment", of: "l", [("l", "DNS", "# PublicKey = \(k.l)\nDNS")]),
    ]

    @Test(arguments: keys + addresses + routes + files + right) func finds(_ form: Case) {
        let lint = LintSamples.lint(form.files)
        #expect(Set(LintSamples.words(lint.findings)) == Set(form.found), "\(lint.findings.map(\.description))")
        #expect(lint.findings.count == form.found.count)
        for finding in lint.findings {
            for secret in [Self.private_.g, Self.private_.l, Self.private_.b, LintSamples.psk, LintSamples.otherPSK] {
                #expect(!finding.description.contains(secret))
            }
        }
    }

    /// The two files of the slides that this project began with.
    @Test func theDecksSlips() throws {
        let known = [
            "qMSa7W71pDChtarPTqVqSPdmJEagDMbXD4+OS0sNhVY=": "NsjvQcy/e+dMP8zM1GSjzxTDnE31z4gwnemvQJTBimk="
        ]
        let files = try ["internal", "external"].map { name in
            let url = try #require(Bundle.module.url(forResource: "WgQuickFiles/wg0-\(name)", withExtension: "conf"))
            return LintFile("\(name).conf", FileText(decoding: [UInt8](try Data(contentsOf: url))))
        }
        let lint = Lint(files) { PublicKey(known[$0.exposedBase64]!)! }
        #expect(
            lint.findings.map(\.description) == [
                "internal.conf:7:13: PublicKey 6boi5zHw…: belongs to nobody here; by its addresses this peer is external.conf; write what `wg pubkey` makes of the PrivateKey there",
                "external.conf:3:14: PrivateKey: is the same as in internal.conf; each side makes its own with `wg genkey` and keeps it; tell the other what `wg pubkey` makes of it",
                "external.conf:8:12: Endpoint itzxa.com:51820: internal.conf listens on 51840; write itzxa.com:51840, unless a router forwards the one to the other",
                "external.conf:6:1: no PersistentKeepalive: this side dials itzxa.com:51820, and behind NAT it is not reached once it has been silent for a while; write PersistentKeepalive = 25 here, on the side that dials",
                "external.conf:9:30: AllowedIPs 192.168.1.0/24: many homes have this network, too, and from one of them nothing in it is reached through the tunnel; give the LAN behind the tunnel a rarer one, like 10.83.27.0/24",
            ])
    }

    @Test func peersWithoutAFileAreCounted() {
        let both = LintSamples.lint([("g", LintSamples.gateway), ("l", LintSamples.laptop)])
        #expect(both.unmatched.map(\.file) == ["g"] && both.unmatched.map(\.peers) == [1])
        #expect(LintSamples.lint([("g", LintSamples.gateway)]).unmatched.isEmpty)
    }

    /// Of what `profile import --client` says.
    @Test func onlyBetweenFiles() throws {
        func lint(_ gateway: String, _ laptop: String) throws -> [String] {
            let files = try [("g", gateway), ("l", laptop)].map { try WgQuickConfig.parse($1, file: $0) }
            return LintSamples.words(Lint(between: files, publicKey: LintSamples.publicKey).findings)
        }
        #expect(try lint(LintSamples.gateway, LintSamples.laptop) == [])
        #expect(
            try lint(
                LintSamples.gateway.replacing("MTU", with: "SaveConfig = true\nMTU"),
                LintSamples.laptop.replacing(":51820", with: ":51821")) == ["l:10:12 wrong-port"])
    }

    @Test func whatIsNoText() {
        let wide = LintSamples.laptop.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
        let latin = Array("# b\u{fc}ro\n".unicodeScalars.map { UInt8($0.value) }) + Array(LintSamples.laptop.utf8)
        func words(_ bytes: [UInt8]) -> [String] {
            LintSamples.words(
                Lint([LintFile("l", FileText(decoding: bytes))], publicKey: LintSamples.publicKey).findings)
        }
        #expect(words(wide) == ["l:1:1 utf-16"] && words(latin) == [])
        #expect(words([]) == ["l:1:1 no-private-key"])
    }

    /// docs/lint.md has every kind, with its severity, and there is a case for every kind in it.
    @Test func everyKindIsToldOf() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/lint.md")
        let rows = try String(contentsOf: page, encoding: .utf8).split(separator: "\n").filter { $0.hasPrefix("| `") }
        let told = Set(rows.map { String($0.dropFirst(3).prefix { $0 != "`" }) })
        let cases = Self.keys + Self.addresses + Self.routes + Self.files
        var found = Set(cases.flatMap(\.found).map { String($0.split(separator: " ")[1]).replacing("?", with: "") })
        // Not of what is in the files.
        found.formUnion(["utf-16", "readable", "writable", "replaceable"])
        #expect(told == found)
        #expect(cases.count >= 60)
    }

    /// Without any one of the rules something is not found.
    @Test func everyRuleIsNeeded() {
        let cases = Self.keys + Self.addresses + Self.routes + Self.files
        // Looks at what is not in the files.
        let others: Set = ["who may read or change the file"]
        for (i, rule) in LintRule.all.enumerated() where !others.contains(rule.name) {
            var rules = LintRule.all
            rules.remove(at: i)
            let isNeeded = cases.contains { form in
                let files = form.files.map { LintFile($0.name, FileText($0.text)) }
                return Lint(files, rules: rules, publicKey: LintSamples.publicKey).findings.count < form.found.count
            }
            #expect(isNeeded, "\(rule.name)")
        }
    }
}
