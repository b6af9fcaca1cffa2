import NetTypes
import Testing

@testable import UAPI

/// What `wg` asks for.
@Suite struct RequestTests {
    private static let key = String(repeating: "0123456789abcdef", count: 4)

    private func parse(_ text: String) throws(UAPIError) -> UAPIRequest {
        try text.inBytes { bytes throws(UAPIError) in try UAPIRequest(bytes, names: .ofTests) }
    }

    private func change(_ lines: String...) throws -> SetRequest {
        guard case .set(let change) = try parse("set=1\n" + lines.joined(separator: "\n")) else {
            throw UAPIError(line: 0, .beginning)
        }
        return change
    }

    @Test func get() throws { #expect(try parse("get=1") == .get) }

    @Test func interfaceLines() throws {
        let c = try change("private_key=\(Self.key)", "listen_port=51820", "fwmark=4294967295", "replace_peers=true")
        #expect(c.interface.listenPort == 51820)
        #expect(c.interface.mark == .max)
        #expect(c.interface.replacePeers)
        // Clamped, as every private key.
        let key = try #require(c.interface.privateKey ?? nil)
        #expect(key.withBytes { $0[0] } == 0x00)
        #expect(key.withBytes { $0[31] } == 0xef & 127 | 64)
        let cleared = try change("private_key=\(String(repeating: "0", count: 64))")
        #expect(cleared.interface.privateKey != nil && cleared.interface.privateKey! == nil)
        #expect(try change().interface == InterfaceSection())
    }

    @Test func peerLines() throws {
        let c = try change(
            "public_key=\(Self.key)", "remove=true", "update_only=true", "preshared_key=\(Self.key.uppercased())",
            "endpoint=192.0.2.1:51820", "persistent_keepalive_interval=00025", "replace_allowed_ips=true",
            "allowed_ip=10.1.2.3/8", "allowed_ip=-fd00::1/64", "protocol_version=1", "public_key=\(Self.key)")
        try #require(c.peers.count == 2)
        let p = c.peers[0]
        #expect(p.remove && p.updateOnly && p.replaceAllowedIPs)
        #expect(p.publicKey.bytes[0...1] == [0x01, 0x23])
        #expect((p.presharedKey ?? nil)?.withBytes { Array($0[6...7]) } == [0xcd, 0xef])
        #expect(p.endpoint == SocketAddress("192.0.2.1:51820"))
        #expect(p.persistentKeepalive == 25)
        #expect(
            p.allowedIPs == [
                .init(IPPrefix("10.0.0.0/8")!), .init(IPPrefix("fd00::/64")!, isRemoval: true),
            ])
        #expect(c.peers[1] == PeerSection(p.publicKey))
    }

    @Test(
        arguments: [
            ("[2001:db8::1]:1", "2001:db8::1", 1, 0), ("[fe80::1%eth7]:65535", "fe80::1", 65535, 7),
            ("[fe80::1%3]:5", "fe80::1", 5, 3), ("0.0.0.0:0", "0.0.0.0", 0, 0),
        ] as [(String, String, UInt16, UInt32)])
    func endpoint(_ text: String, _ address: String, _ port: UInt16, _ scope: UInt32) throws {
        let c = try change("public_key=\(Self.key)", "endpoint=\(text)")
        #expect(c.peers[0].endpoint == SocketAddress(IPAddress(address)!, port: port, scope: scope))
    }

    @Test(
        arguments: [
            ("", .form, 1), ("get", .form, 1), ("get=2", .form, 1), ("put=1", .form, 1), ("get=1\nx=1", .value, 2),
            ("\nget=1", .form, 1), ("set=1\nlisten_port", .form, 2), ("set=1\nlisten_port=", .value, 2),
            ("set=1\nlisten_port=65536", .value, 2), ("set=1\nlisten_por=1", .value, 2),
            ("set=1\nlisten_port=-1", .value, 2), ("set=1\nlisten_port=0x1", .value, 2),
            ("set=1\nlisten_port=99999999999999999999999", .value, 2), ("set=1\nfwmark=4294967296", .value, 2),
            ("set=1\nprivate_key=12", .value, 2), ("set=1\nreplace_peers=false", .value, 2),
            ("set=1\nendpoint=192.0.2.1:1", .value, 2), ("set=1\nallowed_ip=10.0.0.0/8", .value, 2),
            ("set=1\npublic_key=KEY\nlisten_port=1", .value, 3), ("set=1\npublic_key=KEYz", .value, 2),
            ("set=1\npublic_key=g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", .value, 2),
            ("set=1\npublic_key=KEY\nallowed_ip=10.0.0.0", .value, 3),
            ("set=1\npublic_key=KEY\nallowed_ip=10.0.0.0/33", .value, 3),
            ("set=1\npublic_key=KEY\nallowed_ip=10.0.0.0/08", .value, 3),
            ("set=1\npublic_key=KEY\nallowed_ip=--10.0.0.0/8", .value, 3),
            ("set=1\npublic_key=KEY\nendpoint=example.org:1", .value, 3),
            ("set=1\npublic_key=KEY\nendpoint=fd00::1:1", .value, 3),
            ("set=1\npublic_key=KEY\nendpoint=[fd00::1]", .value, 3),
            ("set=1\npublic_key=KEY\nendpoint=[fe80::1%nosuch]:1", .noInterface, 3),
            ("set=1\npublic_key=KEY\nendpoint=192.0.2.1", .value, 3),
            ("set=1\npublic_key=KEY\nprotocol_version=2", .value, 3),
            ("set=1\npublic_key=KEY\nrx_bytes=2", .value, 3), ("set=1\nerrno=0", .value, 2),
            ("set=1\npublic_key=KEY\npersistent_keepalive_interval=off", .value, 3),
        ] as [(String, UAPIError.Kind, Int)])
    func refuses(_ text: String, _ kind: UAPIError.Kind, _ line: Int) {
        let error = #expect(throws: UAPIError.self) { try parse(text.replacing("KEY", with: Self.key)) }
        #expect(error?.kind == kind)
        #expect(error?.line == line)
    }

    /// Found by fuzzing: as a string it is longer than its bytes, and a place in the one was taken for one in the other.
    @Test func refusesAnEndpointThatIsNoText() {
        let bytes =
            Array("set=1\npublic_key=\(Self.key)\nendpoint=".utf8) + Array(repeating: 0xff, count: 9) + [0x3a, 0x31]
        let error = #expect(throws: UAPIError.self) {
            try bytes.withUnsafeBytes { bytes throws(UAPIError) in try UAPIRequest(bytes, names: .ofTests) }
        }
        #expect(error?.kind == .value && error?.line == 3)
    }

    @Test func hexDigits() {
        for c in UInt8.min...UInt8.max {
            var out: [UInt8] = [0]
            let text: [UInt8] = [UInt8(ascii: "0"), c]
            let isGood = text.withUnsafeBytes { text in out.withUnsafeMutableBytes { Hex.decode(text, into: $0) } }
            let expected = c < 128 ? Character(UnicodeScalar(c)).hexDigitValue : nil
            #expect(isGood == (expected != nil))
            if let expected { #expect(Int(out[0]) == expected) }
        }
        #expect((0..<16).map { Hex.digit(of: UInt8($0)) } == Array("0123456789abcdef".utf8))
    }

    @Test func `a byte is found where it first is`() {
        for length in 0...20 {
            for place in 0...length {
                // What differs from the byte by its lowest bit alone, or has all bits, is not it.
                let others: [UInt8] = [0x0b, 0x8a, 0xff]
                var bytes = (0..<length).map { $0 < place ? others[$0 % 3] : 0x0a }
                #expect(bytes.withUnsafeBytes { $0.place(of: 0x0a, from: 0) } == (place < length ? place : nil))
                bytes.insert(0x0a, at: 0)
                #expect(bytes.withUnsafeBytes { $0.place(of: 0x0a, from: 1) } == (place < length ? place + 1 : nil))
            }
        }
    }
}

extension InterfaceNames {
    /// A box with one interface, `eth7`, whose number is 7.
    static let ofTests = InterfaceNames(index: { $0 == "eth7" ? 7 : nil }, name: { $0 == 7 ? "eth7" : nil })
}

extension String {
    /// Calls `body` with the text in memory of exactly its size.
    func inBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: utf8.count, alignment: 1)
        defer { bytes.deallocate() }
        bytes.copyBytes(from: utf8)
        return try body(UnsafeRawBufferPointer(bytes))
    }
}
