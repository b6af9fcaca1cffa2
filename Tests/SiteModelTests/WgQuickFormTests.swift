import NetTypes
import Testing

@testable import SiteModel

/// What wg and wg-quick take in more forms than one, and what they make of what stands twice.
@Suite struct WgQuickFormTests {
    private static let keys = [
        "6boi5zHwfEhbX+XMUKe12f4lQ9v78LjpEcGK0hGU3RQ=", "NsjvQcy/e+dMP8zM1GSjzxTDnE31z4gwnemvQJTBimk=",
        "L+V9o0fNYkMVKNqsX7spBzD/9oSvxM/C7ZCZX1jLO3Q=",
    ]
    private static let head = "[Interface]\nAddress = 10.9.0.1/24\n[Peer] # a\nPublicKey = \(keys[0])\n"

    private func read(_ text: String) throws -> WgQuickConfig {
        try WgQuickConfig.parse(FileText(text), file: "f") { ["https": 443, "domain-s": 853][$0] }
    }

    @Test(
        arguments: [
            ("10.9.0.1/24", "10.9.0.1/24"), ("10.9.0.1", "10.9.0.1/32"), ("fd00::1", "fd00::1/128"),
            ("10.9.0.1/255.255.255.0", "10.9.0.1/24"), ("10.9.0.1/0.0.0.0", "10.9.0.1/0"),
            ("10.9.0.1/255.255.255.255", "10.9.0.1/32"), ("10.9/16", "10.9.0.0/16"), ("10", "10.0.0.0/32"),
            ("::ffff:1.2.3.4/96", "::ffff:1.2.3.4/96"),
        ]) func addresses(_ text: String, _ address: String) throws
    {
        #expect(try ipInterfaceAddress(Substring(text)).description == address)
    }

    /// One list in every way to part it.
    @Test(arguments: [",", " ", ", ", " ,", ",,", "\t", " , ,", ",\nAddress = "]) func lists(_ separator: String) throws
    {
        let text = "[Interface]\nAddress =\(separator == "," ? "" : " ")10.9.0.1/24\(separator)fd00::1/64\(separator)\n"
        #expect(try read(text).interface.addresses.map(\.description) == ["10.9.0.1/24", "fd00::1/64"])
    }

    @Test(
        arguments: [
            ("2001:db8::5:51820", "[2001:db8::5]:51820"), ("::1:5", "[::1]:5"), ("[10.0.0.1]:5", "10.0.0.1:5"),
            ("[vpn.example.org]:5", "vpn.example.org:5"), ("vpn.example.org:https", "vpn.example.org:443"),
            ("1.2.3.4:domain-s", "1.2.3.4:853"), ("127.1:51", "127.0.0.1:51"), ("0x7f.1:51", "127.0.0.1:51"),
            ("2130706433:51", "127.0.0.1:51"), ("010.0.0.1:5", "8.0.0.1:5"), ("1.2.3:7", "1.2.0.3:7"),
            ("1.2.3.4:0051820", "1.2.3.4:51820"), ("[fd00::1]:5", "[fd00::1]:5"),
            ("V_P-N.Example.org.:5", "v_p-n.example.org.:5"),
            ("[fe80::5%eth0]:5", nil), ("fe80::5%eth0:5", nil), ("[fe80::5]:5", nil), ("[2001:db8::1%3]:5", nil),
        ] as [(String, String?)]) func endpoints(_ text: String, _ endpoint: String?) throws
    {
        let config = try read(Self.head + "Endpoint = \(text)")
        #expect(config.peers[0].endpoint?.description == endpoint)
        if endpoint?.lowercased() != text.lowercased() { #expect(config.notes.map(\.line) == [5]) }
    }

    @Test(arguments: [
        "http://a.example:5", "https://a.example", "udp://1.2.3.4:5", "a.example:5/x", "1.2.3.256:5", "1.2.3.4%lo:5",
        ":5",
        "[]:5", "[::1]5:3", "1.2.3.4:+5", "1.2.3.4:0", "a b c", "bücher.example:5", "1.2.3.4:5:6", "08.1:5",
        "[fe80::1%]:5",
    ]) func noEndpoints(_ text: String) {
        #expect(throws: ProfileErrors.self) { try read(Self.head + "Endpoint = \(text)") }
    }

    /// wg takes blanks away everywhere.
    @Test func blanks() throws {
        let config = try read(
            "[ Interface ]\r\n Listen Port\t=\u{b}5 1 8\n\u{c}[ peer]\nPublic Key=\(Self.keys[0].prefix(9)) \(Self.keys[0].dropFirst(9))\n"
                + "Allowed IPs = 10.9.0.2 / 024,fd00 ::1\nPersistentKeepalive = 2 5")
        #expect(config.interface.listenPort == 518 && config.peers[0].keepalive == 25)
        #expect(config.peers[0].allowedIPs.map(\.description) == ["10.9.0.0/24", "fd00::1/128"])
    }

    @Test(arguments: ["\n", "\r\n", "\r"]) func lineEnds(_ end: String) throws {
        let text = (Self.head + "AllowedIPs = 10.9.0.2\n# b\n[Peer]\nPublicKey = \(Self.keys[1])\n").replacing(
            "\n", with: end)
        #expect(try read(text).peers.map(\.name) == ["a", "b"])
    }

    /// As an interface would have it after `wg setconf`.
    @Test func whatStandsTwice() throws {
        let config = try read(
            Self.head + """
                AllowedIPs = 10.9.0.2, 10.9.0.3, 10.9.0.2/32
                PresharedKey = \(Self.keys[1])
                Endpoint = 1.2.3.4:5
                [Peer] # b
                PublicKey = \(Self.keys[1])
                AllowedIPs = 10.9.0.3
                PersistentKeepalive = 5
                PersistentKeepalive = off
                [Peer] # c
                PublicKey = \(Self.keys[0])
                AllowedIPs = 10.9.0.4
                PresharedKey = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
                [Interface]
                ListenPort = 1
                ListenPort = 2
                PrivateKey = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
                Address = 10.8.0.1/24
                """)
        #expect(config.peers.map(\.name) == ["a", "b"])
        #expect(config.peers.map { $0.allowedIPs.map(\.description) } == [["10.9.0.4/32"], ["10.9.0.3/32"]])
        #expect(config.peers[0].presharedKey == nil && config.peers[0].endpoint?.port == 5)
        #expect(config.peers[1].keepalive == 0)
        #expect(config.interface.listenPort == 2 && config.interface.privateKey == nil)
        #expect(config.interface.addresses.count == 2)
        #expect(Set(config.notes.map(\.line)) == [5, 10, 12, 13, 17, 19])
    }

    /// All faults are told at once, and a key in none of them.
    @Test func noMessageRepeatsAKey() {
        let key = Self.keys[2]
        let hex = String(repeating: "0f1e2d3c", count: 8)
        for text in [
            "[Interface]\nAddress = \(key)", "[Interface]\nListenPort = \(key)", "[Interface]\nMTU = \(key)",
            "[Interface]\nFwMark = \(key)", "[Interface]\nSaveConfig = \(key)", "[Interface]\nPrivateKey = \(key)x",
            "[Interface]\n\(key.prefix(18)) = 1\nx = 1", "[Interface]\nAddress = \(hex)",
            Self.head + "AllowedIPs = \(key)", Self.head + "Endpoint = \(key):1", Self.head + "Endpoint = \(key)",
            Self.head + "PersistentKeepalive = \(key)", "[Peer]\nPublicKey = \(key)\(key)",
            "[Peer]\nPresharedKey = (\(key))",
        ] {
            let error = #expect(throws: ProfileErrors.self) { try read(text) }
            for secret in [key.dropFirst(20).dropLast(4), hex.dropFirst(8)] {
                #expect(error?.description.contains(secret) == false, "\(error?.description ?? "")")
            }
        }
        let notes = [
            "[Interface]\nDNS = \(key)", "[Interface]\nTable = \(key)",
            "[Interface]\nPostUp = wg set %i private-key <(echo \(key))", "# \(key)", "# x = \(key.dropLast(3))",
        ].flatMap { text -> [ProfileError] in
            guard let config = try? read(text) else { return [] }
            let hooks = HookMeaning(config.interface, tunnel: "wg0", uplink: nil).notes.map {
                ProfileError(file: "f", line: $0.place.line, column: 1, .imported($0.remark))
            }
            return config.notes + hooks
        }
        #expect(notes.count == 5)
        for note in notes { #expect(!note.description.mayHoldKey, "\(note)") }
    }

    @Test func limits() throws {
        let line = "[Interface]\nAddress = 10.0.0.1/8\n[Peer]\nPublicKey = \(Self.keys[0])\nAllowedIPs = "
        let most = String(repeating: " ", count: WgQuickParser.longestLine - "AllowedIPs = ".utf8.count)
        #expect(try read(line + most).peers.count == 1)
        let error = #expect(throws: ProfileErrors.self) { try read(line + most + " ") }
        #expect(error?.errors.map(\.line) == [5])
        #expect(error?.description.contains("is longer than 1048576 bytes") == true)
        let many = String(repeating: "[Peer]\nPublicKey=\(Self.keys[0])\n", count: SiteLimit.peers.most + 1)
        let refusal = #expect(throws: ProfileErrors.self) { try read(many) }
        #expect(refusal?.description.contains("100001 peers are too many; 100000 at most") == true)
    }
}

@Suite struct FileTextTests {
    private let text = "[Interface]\n# büro €\n"

    @Test func utf8() {
        for mark in [[], [0xef, 0xbb, 0xbf]] as [[UInt8]] {
            let read = FileText(decoding: mark + Array(text.utf8))
            #expect(read.text == text && read.encoding == .utf8)
        }
        #expect(FileText(decoding: []).text == "" && FileText(decoding: [0xef, 0xbb, 0xbf]).text == "")
    }

    @Test(arguments: [false, true], [false, true]) func utf16(isBigEndian: Bool, hasMark: Bool) {
        let units = (hasMark ? [0xfeff] : []) + Array(text.utf16)
        let bytes = units.flatMap { unit in
            let pair = [UInt8(unit >> 8), UInt8(unit & 255)]
            return isBigEndian ? pair : pair.reversed()
        }
        let read = FileText(decoding: bytes)
        #expect(read.text == text && read.encoding == .utf16)
    }

    @Test func latin1() {
        let read = FileText(decoding: [0x62, 0xfc, 0x72, 0x6f, 0x0a])
        #expect(read.text == "büro\n" && read.encoding == .latin1)
        // Zeros alone make no UTF-16.
        #expect(FileText(decoding: [0x61, 0, 0x62, 0xfc, 0x63, 0x64, 0x65, 0x66]).encoding == .latin1)
        #expect(FileText(decoding: [0x61, 0, 0x62, 0]).encoding == .utf8)
    }
}
