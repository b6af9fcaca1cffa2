import Foundation
import NetTypes
import Testing

@testable import SiteModel

@Suite struct WgQuickTests {
    static let key = "6boi5zHwfEhbX+XMUKe12f4lQ9v78LjpEcGK0hGU3RQ="
    static let otherKey = "NsjvQcy/e+dMP8zM1GSjzxTDnE31z4gwnemvQJTBimk="

    @Test func everything() throws {
        let config = try WgQuickConfig.parse(
            """
            # The gateway.
            [interface]
            ADDRESS = 10.9.0.1/24,fd00:9::1/64   # both
            Address=10.8.0.1/24
            PrivateKey = qMSa7W71pDChtarPTqVqSPdmJEagDMbXD4+OS0sNhVY=
            ListenPort = 51820
            MTU = 1400
            DNS = 1.1.1.1, 2606:4700:4700::1111  lan.example.org
            FwMark = 0xca6c
            Table = off
            PostUp = iptables -A FORWARD -i %i -j ACCEPT; echo a=b

            [Peer]
            # Name = laptop
            PublicKey = \(Self.key)
            PresharedKey = \(Self.otherKey)
            AllowedIPs = 10.9.0.2/32, fd00:9::2
            AllowedIPs = 192.168.7.5/24
            Endpoint = [2001:db8::1]:51820
            PersistentKeepalive = 25

            [PEER]
            publickey=\(Self.otherKey)
            AllowedIPs =
            PersistentKeepalive = off
            """, file: "wg0.conf")
        #expect(config.interface.addresses.map(\.description) == ["10.9.0.1/24", "fd00:9::1/64", "10.8.0.1/24"])
        #expect(config.interface.privateKey?.exposedBase64 == "qMSa7W71pDChtarPTqVqSPdmJEagDMbXD4+OS0sNhVY=")
        #expect(config.interface.listenPort == 51820 && config.interface.mtu == 1400)
        #expect(config.interface.fwmark == 0xca6c)
        #expect(config.interface.dns.map(\.description) == ["1.1.1.1", "2606:4700:4700::1111"])
        #expect(config.interface.searchDomains == ["lan.example.org"])
        #expect(config.peers.count == 2)
        let laptop = config.peers[0]
        #expect(laptop.name == "laptop" && laptop.publicKey.description == Self.key && laptop.keepalive == 25)
        #expect(
            laptop.presharedKey?.exposedBase64 == Self.otherKey && laptop.endpoint == Endpoint("[2001:db8::1]:51820"))
        #expect(laptop.allowedIPs.map(\.description) == ["10.9.0.2/32", "fd00:9::2/128", "192.168.7.0/24"])
        #expect(config.peers[1].allowedIPs.isEmpty && config.peers[1].keepalive == 0 && config.peers[1].name == nil)
        let notes = config.notes.map { String("\($0)".prefix(40)) }
        #expect(
            notes == [
                "wg0.conf:8:38: DNS lan.example.org: is n", "wg0.conf:10:1: Table = off: not taken ov",
                "wg0.conf:18:14: AllowedIPs 192.168.7.5/2",
            ])
        #expect(config.interface.hooks.map(\.command) == ["iptables -A FORWARD -i %i -j ACCEPT; echo a=b"])
    }

    /// A peer with one of these around it is called so.
    @Test(
        arguments: [
            ("# Name = laptop\n[Peer]\n%", "laptop"), ("[Peer]\n# Name = laptop\n%", "laptop"),
            ("### Client laptop\n[Peer]\n%", "laptop"),
            ("### begin laptop ###\n[Peer]\n%\n### end laptop ###", "laptop"),
            ("# BEGIN_PEER laptop\n[Peer]\n%\n# END_PEER laptop", "laptop"),
            ("# Client: laptop (1f0c-22)\n[Peer]\n%", "laptop"),
            ("[Peer]\n# friendly_name=laptop\n%", "laptop"), ("# laptop\n[Peer]\n%", "laptop"),
            ("[Peer] # laptop\n%", "laptop"),
            ("[Peer]\n% # laptop", "laptop"), ("[Peer]\n#laptop\n%", "laptop"),
            ("# Name = Anna's phone\n[Peer]\n%", "Anna-s-phone"),
            ("# Name = under_score.x\n[Peer]\n%", "under-score-x"), ("# other\n# Name = laptop\n[Peer]\n%", "laptop"),
            ("# Name = laptop\n# other\n[Peer]\n%", "laptop"), ("[Peer]\n%\n# laptop", nil), ("[Peer]\n%", nil),
            ("# just a long remark\n[Peer]\n%", nil), ("[Peer]\n%\n#Endpoint = 1.2.3.4:5", nil),
            ("# 50%\n[Peer]\n%", "50"),
            ("### end laptop ###\n[Peer]\n%", nil), ("# laptop\n[Interface]\nMTU = 1420\n[Peer]\n%", nil),
            ("# --- ü ---\n[Peer]\n%", nil), ("# saveconfig\n[Peer]\n%", nil),
            (
                "# ID:  c0ffee\n# Name:  Anna Laptop\n# Email:  a@b.c\n# Created at:  2024-01-02\n[Peer]\n%",
                "Anna-Laptop"
            ),
            ("# -WGP- Peer: abc | def\n# -WGP- Display name: Anna\n[Peer]\n%", "abc-def"),
            ("# anna start\n[Peer]\n%\n# anna end", "anna"), ("# anna end\n[Peer]\n%", nil),
            ("#Name# = Anna Laptop\n[Peer]\n%", "Anna-Laptop"), ("## Client: a (77d2) ##\n[Peer]\n%", "a"),
            ("[Peer]\n%\n# Name = laptop\nAllowedIPs = 10.9.0.2", "laptop"),
            ("[Peer]\n%\n# roaming\nAllowedIPs = 10.9.0.2", nil),
            ("[Peer]\n%\nAllowedIPs = 10.9.0.2 # laptop", "laptop"),
            ("[Peer]\n%\nPersistentKeepalive = 25 # seconds", nil),
            ("[Peer]\n%\nPersistentKeepalive = 25 # Name: laptop", "laptop"),
            ("[Peer]\n# Anna's old laptop\n%", "Anna-s-old-laptop"), ("[Peer] # head office\n%", "head-office"),
            ("# head office\n[Peer]\n%", nil), ("[Peer]\n# do not touch\n%", nil), ("[Peer]\n# generated by x\n%", nil),
            ("[Peer]\n# works, mostly\n%", nil), ("[Peer]\n%\n# head office\nAllowedIPs = 10.9.0.2", nil),
            ("[Peer]\n# head office\n% # laptop", "head-office"), ("# Peers\n[Peer]\n%", nil),
            ("# laptop\n\n[Peer]\n%", nil), ("# Client laptop\n\n[Peer]\n%", "laptop"),
            ("# 10.9.0.2\n[Peer]\n%", nil), ("# 2024-01-02\n[Peer]\n%", nil), ("# a@b.c\n[Peer]\n%", nil),
            ("# old\n#[Peer]\n#PublicKey = x\n# older\n[Peer]\n%", nil),
            ("### begin old ###\n#[Peer]\n#PublicKey = x\n### end old ###\n### begin new ###\n[Peer]\n%", "new"),
            ("# client is broken\n[Peer]\n%", nil), ("# Peer: anna\n# Device: MacBook Air\n[Peer]\n%", "anna"),
            ("[Interface]\n# Name = gateway\nMTU = 1420 # Name = gateway\n[Peer]\n%", nil),
            ("[Interface] # gateway\n[Peer]\n%", nil), ("#\u{301} x\n[Peer] #\u{301}laptop\n%", "laptop"),
            ("# Name = \(key)\n[Peer]\n%", nil), ("[Peer] #\(key.dropLast())\n%", nil),
            ("# psk:\(key)\n[Peer]\n% # \(key)", nil),
        ] as [(String, String?)]) func names(_ text: String, _ name: String?) throws
    {
        let keyLine = "PublicKey = \(Self.key)"
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
            $0.hasPrefix("%") ? keyLine + $0.dropFirst() : String($0)
        }
        let config = try WgQuickConfig.parse(lines.joined(separator: "\n"), file: "wg0.conf")
        #expect(config.peers.map(\.name) == [name])
    }

    @Test func aNameBelongsToTheNextPeer() throws {
        let config = try WgQuickConfig.parse(
            "[Peer] # a\nPublicKey=\(Self.key)\n# b\n[Peer]\nPublicKey=\(Self.otherKey)\n", file: "wg0.conf")
        #expect(config.peers.map(\.name) == ["a", "b"])
    }

    /// `«` stands before each place that is refused.
    @Test(arguments: [
        ("«Address = 10.0.0.1/24", "before any section"), ("«[Server]\nx = 1\ny", "unknown section"),
        ("[Interface]\n«Adress = 10.0.0.1/24", "did you mean Address?"), ("[Interface]\n«nonsense", "no setting"),
        ("[Interface]\nAddress = 10.0.0.1/24, «10.0.0.300,", "four numbers"),
        ("[ Interface ]\n«Address = 10.0.0.1/24", "without blanks in the brackets"),
        ("[Interface]\nAddress = «10.0.0.1/255.0.255.0", "is no netmask"),
        ("[Interface]\nAddress = «10.0.0.1/024", "prefix length is a number"),
        ("[Interface]\n«PrivateKey\u{a0}= x", "did you mean PrivateKey?"),
        ("[Interface]\nAddress = «10.0.0.1/40", "Address: 10.0.0.1/40: an IPv4 prefix is at most /32"),
        ("[Interface]\nPrivateKey = «abc", "PrivateKey: a key is 44 characters"),
        ("[Interface]\nPrivateKey =«", "44 characters"), ("[Interface]\nListenPort = «65536", "0 to 65535"),
        ("[Interface]\nListenPort = «-1", "0 to 65535"),
        ("[Interface]\nListenPort = «nonsense", "a UDP service's name"),
        ("[Interface]\nMTU = «big", "576 to 65456"), ("[Interface]\nMTU = «01420", "576 to 65456"),
        ("[Interface]\nFwMark = «0xfffffffff", "or off"), ("[Interface]\nFwMark = «0X1", "or off"),
        ("[Interface]\nFwMark = «+1", "or off"), ("[Interface]\nSaveConfig = «yes", "true or false"),
        ("[Interface]\nAddress = 10.0.0.1«\u{0}", "a NUL character"),
        ("«[Peer]\nAllowedIPs = 10.0.0.1/32", "without PublicKey"), ("[Peer]\nPublicKey = «\(key.dropLast())", "44"),
        ("[Peer]\nPublicKey = \(key)\nAllowedIPs = «10.0.0.0/33", "at most /32"),
        ("[Peer]\nPublicKey = \(key)\nAllowedIPs = 10.0.0.1/32,«,fd00::1", "take a comma away"),
        ("[Peer]\nPublicKey = \(key)\nAllowedIPs = «+10.0.0.1/32", "without them"),
        ("[Peer]\nPublicKey = \(key)\nAllowedIPs = «10.0.0.1 10.0.0.2", "four numbers"),
        ("[Peer]\nPublicKey = \(key)\nEndpoint = «itzxa.com", "has no port; write HOST:51820"),
        ("[Peer]\nPublicKey = \(key)\nEndpoint = «itzxa.com:", "has no port"),
        ("[Peer]\nPublicKey = \(key)\nEndpoint = «fd00:0:0:0:0:0:0:1", "has no port; write [fd00:0:0:0:0:0:0:1]:51820"),
        ("[Peer]\nPublicKey = \(key)\nEndpoint = «[fd00::1", "not closed"),
        ("[Peer]\nPublicKey = \(key)\nEndpoint = «1.2.3.4:70000", "1 to 65535"),
        ("[Peer]\nPublicKey = \(key)\nPersistentKeepalive = «0x19", "0 to 65535, or off"),
        ("[Peer]\nPublicKey = \(key)\nPersistentKeepalive = «70000", "0 to 65535, or off"),
        ("[Peer]\nPublicKey = \(key)\n\t  «ListenPort = 5", "unknown key"),
        (
            "[Interface]\nAddress = «\((1...65).map { "10.0.0.\($0)/24" }.joined(separator: ", "))",
            "Address: 65 addresses are too many; 64 at most"
        ),
        ("[Peer]\r\nPublicKey = «x\r\nEndpoint = «y\r\n«[Peer]\r\n", "44 characters"),
    ]) func refused(_ marked: String, _ message: String) {
        var found: [ProfileError] = []
        do throws(ProfileErrors) {
            _ = try WgQuickConfig.parse(marked.replacing("«", with: ""), file: "wg0.conf")
        } catch { found = error.errors }
        #expect(found.first?.message.contains(message) == true, "\(found)")
        var places: [[Int]] = []
        for (i, line) in marked.replacing("\r\n", with: "\n").split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            let parts = line.split(separator: "«", omittingEmptySubsequences: false).dropLast()
            var column = 1
            for part in parts {
                column += part.unicodeScalars.count
                places.append([i + 1, column])
            }
        }
        #expect(found.map { [$0.line, $0.column] } == places, "\(found)")
    }

    /// No message repeats what may be a key, wherever it stands.
    @Test func secretsAreNotRepeated() {
        let secret = "qMSa7W71pDChtarPTqVqSPdmJEagDMbXD4+OS0sNhVY="
        for text in [
            "[Interface]\nPrivateKey = x\(secret)", "[Interface]\nPrivateKey \(secret)", "[Interface]\n\(secret)",
            "\(secret)", "[Interface]\n[\(secret)]",
        ] {
            #expect {
                try WgQuickConfig.parse(text, file: "wg0.conf")
            } throws: { error in
                !"\(error)".contains("qMSa7W71pDCh")
            }
        }
    }
}

@Suite struct WgQuickSiteTests {
    private let lan = LAN(subnets: [IPPrefix("192.168.1.0/24")!])

    /// The public keys of the private keys in these tests, by `wg pubkey`.
    private func publicKey(_ key: PrivateKey) -> PublicKey {
        let known = [
            "qMSa7W71pDChtarPTqVqSPdmJEagDMbXD4+OS0sNhVY=": "NsjvQcy/e+dMP8zM1GSjzxTDnE31z4gwnemvQJTBimk=",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEA=": "L+V9o0fNYkMVKNqsX7spBzD/9oSvxM/C7ZCZX1jLO3Q=",
        ]
        return PublicKey(known[key.exposedBase64]!)!
    }

    private func deck(_ name: String) throws -> WgQuickConfig {
        let url = try #require(Bundle.module.url(forResource: "WgQuickFiles/wg0-\(name)", withExtension: "conf"))
        return try WgQuickConfig.parse(String(contentsOf: url, encoding: .utf8), file: "wg0-\(name).conf")
    }

    @Test func theDecksGateway() throws {
        let result = try deck("internal").gatewaySite(interface: "wg0", lan: lan, publicKey: publicKey)
        let expected = Site(
            lan: lan,
            tunnel: Tunnel(
                addresses: [InterfaceAddress("192.168.2.254/24")!], listenPort: 51840,
                publicKey: PublicKey(WgQuickTests.otherKey)!),
            peers: [
                Peer(name: "peer1", addresses: [IPAddress("192.168.2.1")!], publicKey: PublicKey(WgQuickTests.key)!)
            ])
        #expect(result.site == expected)
        #expect(result.privateKey?.exposedBase64 == "qMSa7W71pDChtarPTqVqSPdmJEagDMbXD4+OS0sNhVY=")
        #expect(result.presharedKeys.isEmpty)
        #expect(
            result.notes.map(\.description) == [
                "wg0-internal.conf:1:1: the peers may reach the LAN 192.168.1.0/24, which the file does not tell; "
                    + "(peer(nil, SiteModel.Remedy.PeerEdit.policy)) and groups say less",
                "wg0-internal.conf:6:1: nothing names this peer; it becomes peer1",
            ])
    }

    @Test func peersOfEveryKind() throws {
        let text = """
            [Interface]
            Address = 10.9.0.1/24, fd00:9::1/64
            PrivateKey = qMSa7W71pDChtarPTqVqSPdmJEagDMbXD4+OS0sNhVY=
            [Peer] # branch
            PublicKey = \(WgQuickTests.key)
            PresharedKey = \(WgQuickTests.otherKey)
            AllowedIPs = 10.20.0.0/16, 10.9.0.2/32, fd00:9::2/128, 10.30.0.1
            [Peer] # branch
            PublicKey = L+V9o0fNYkMVKNqsX7spBzD/9oSvxM/C7ZCZX1jLO3Q=
            AllowedIPs = 10.9.0.3
            PersistentKeepalive = off
            """
        let result = try WgQuickConfig.parse(text, file: "wg0.conf")
            .gatewaySite(interface: "wg7", lan: lan, publicKey: publicKey)
        #expect(result.site.tunnel.interface == "wg7")
        #expect(result.site.peers.map(\.name) == ["branch", "branch-2"])
        #expect(result.site.peers[0].addresses.map(\.description) == ["10.9.0.2", "fd00:9::2"])
        #expect(result.site.peers[0].routes.map(\.description) == ["10.20.0.0/16", "10.30.0.1/32"])
        #expect(result.site.peers[1].keepalive == nil)
        #expect(result.presharedKeys.mapValues(\.exposedBase64) == ["branch": WgQuickTests.otherKey])
    }

    /// What does not make a site is told with the place in the file.
    @Test func refusedWithPlaces() throws {
        let config = try WgQuickConfig.parse(
            """
            [Interface]
            Address = 10.9.0.0/24
            PrivateKey = qMSa7W71pDChtarPTqVqSPdmJEagDMbXD4+OS0sNhVY=
            [Peer] # a
            PublicKey = \(WgQuickTests.key)
            AllowedIPs = 10.20.0.0/16, 10.9.0.255/32
            [Peer] # b
            PublicKey = \(WgQuickTests.otherKey)
            AllowedIPs = 10.9.0.3/32, 192.168.1.0/25, 0.0.0.0/0
            """, file: "wg0.conf")
        var places: Set<[Int]> = []
        do throws(ProfileErrors) {
            _ = try config.gatewaySite(interface: "wg0", lan: lan, publicKey: publicKey)
        } catch { places = Set(error.errors.map { [$0.line, $0.column] }) }
        #expect(places == [[6, 28], [7, 1], [9, 27], [9, 43]])
    }
}

extension WgQuickConfig {
    /// A text that is one already.
    static func parse(_ text: String, file: String) throws(ProfileErrors) -> WgQuickConfig {
        try parse(FileText(text), file: file)
    }
}
