import Glibc
import NetTypes
import Testing

@testable import Datapath
@testable import WireGuardProtocol

@Suite struct UAPITests {
    private static let key = String(repeating: "0123456789abcdef", count: 4)

    private func parse(_ text: String) throws(UAPIError) -> UAPIRequest {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
        defer { bytes.deallocate() }
        bytes.copyBytes(from: text.utf8)
        return try UAPIRequest.parse(UnsafeRawBufferPointer(bytes)) { $0 == "eth7" ? 7 : nil }
    }

    private func change(_ lines: String...) throws -> UAPIChange {
        guard case .set(let change) = try parse("set=1\n" + lines.joined(separator: "\n")) else {
            throw UAPIError(code: 0, line: 0, reason: "not a change")
        }
        return change
    }

    @Test func get() throws {
        guard case .get = try parse("get=1") else {
            Issue.record("not a get")
            return
        }
    }

    @Test func interfaceLines() throws {
        let c = try change("private_key=\(Self.key)", "listen_port=51820", "fwmark=4294967295", "replace_peers=true")
        #expect(c.listenPort == 51820)
        #expect(c.mark == .max)
        #expect(c.replacePeers)
        // Clamped, as every private key.
        let key = try #require(c.privateKey ?? nil)
        #expect(key.withBytes { $0[0] } == 0x00)
        #expect(key.withBytes { $0[31] } == 0xef & 127 | 64)
        let cleared = try change("private_key=\(String(repeating: "0", count: 64))")
        #expect(cleared.privateKey != nil && cleared.privateKey! == nil)
        #expect(try change().privateKey == nil)
    }

    @Test func peerLines() throws {
        let c = try change(
            "public_key=\(Self.key)", "remove=true", "update_only=true", "preshared_key=\(Self.key.uppercased())",
            "endpoint=192.0.2.1:51820", "persistent_keepalive_interval=25", "replace_allowed_ips=true",
            "allowed_ip=10.1.2.3/8", "allowed_ip=-fd00::1/64", "protocol_version=1", "public_key=\(Self.key)")
        try #require(c.peers.count == 2)
        let p = c.peers[0]
        #expect(p.remove && p.updateOnly && p.replaceAllowedIPs)
        #expect(p.publicKey.bytes[0...1] == [0x01, 0x23])
        #expect(p.presharedKey?.withBytes { Array($0[6...7]) } == [0xcd, 0xef])
        #expect(p.endpoint == SocketAddress(.v4(IPv4Address("192.0.2.1")!), port: 51820))
        #expect(p.persistentKeepalive == 25)
        #expect(
            p.allowedIPs == [
                .init(IPPrefix("10.0.0.0/8")!), .init(IPPrefix("fd00::/64")!, isRemoval: true),
            ])
        #expect(!c.peers[1].remove && c.peers[1].endpoint == nil && c.peers[1].presharedKey == nil)
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
            ("", EPROTO, 1), ("get", EPROTO, 1), ("get=2", EPROTO, 1), ("put=1", EPROTO, 1), ("get=1\nx=1", EINVAL, 2),
            ("set=1\nlisten_port", EPROTO, 2), ("set=1\nlisten_port=", EINVAL, 2),
            ("set=1\nlisten_port=65536", EINVAL, 2),
            ("set=1\nlisten_port=-1", EINVAL, 2), ("set=1\nlisten_port=0x1", EINVAL, 2),
            ("set=1\nlisten_port=99999999999999999999999", EINVAL, 2), ("set=1\nfwmark=4294967296", EINVAL, 2),
            ("set=1\nprivate_key=12", EINVAL, 2), ("set=1\nreplace_peers=false", EINVAL, 2),
            ("set=1\nendpoint=192.0.2.1:1", EINVAL, 2), ("set=1\nallowed_ip=10.0.0.0/8", EINVAL, 2),
            ("set=1\npublic_key=KEY\nlisten_port=1", EINVAL, 3), ("set=1\npublic_key=KEYz", EINVAL, 2),
            ("set=1\npublic_key=g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", EINVAL, 2),
            ("set=1\npublic_key=KEY\nallowed_ip=10.0.0.0", EINVAL, 3),
            ("set=1\npublic_key=KEY\nallowed_ip=10.0.0.0/33", EINVAL, 3),
            ("set=1\npublic_key=KEY\nallowed_ip=--10.0.0.0/8", EINVAL, 3),
            ("set=1\npublic_key=KEY\nendpoint=example.org:1", EINVAL, 3),
            ("set=1\npublic_key=KEY\nendpoint=fd00::1:1", EINVAL, 3),
            ("set=1\npublic_key=KEY\nendpoint=[fd00::1]", EINVAL, 3),
            ("set=1\npublic_key=KEY\nendpoint=[fe80::1%nosuch]:1", ENODEV, 3),
            ("set=1\npublic_key=KEY\nendpoint=192.0.2.1", EINVAL, 3),
            ("set=1\npublic_key=KEY\nprotocol_version=2", EINVAL, 3),
            ("set=1\npublic_key=KEY\npersistent_keepalive_interval=off", EINVAL, 3),
        ] as [(String, Int32, Int)])
    func refuses(_ text: String, _ code: Int32, _ line: Int) {
        let error = #expect(throws: UAPIError.self) {
            _ = try parse(text.replacing("KEY", with: Self.key))
        }
        #expect(error?.code == code)
        #expect(error?.line == line)
    }

    /// Found by fuzzing: as a string it is longer than its bytes, and a place in the one was taken for one in the other.
    @Test func refusesAnEndpointThatIsNoText() {
        let bytes =
            Array("set=1\npublic_key=\(Self.key)\nendpoint=".utf8) + Array(repeating: 0xff, count: 9) + [0x3a, 0x31]
        let error = #expect(throws: UAPIError.self) {
            _ = try bytes.withUnsafeBytes { bytes throws(UAPIError) in
                try UAPIRequest.parse(bytes, interfaceIndex: { _ in nil })
            }
        }
        #expect(error?.code == EINVAL && error?.line == 3)
    }

    @Test func dump() {
        var writer = UAPIWriter(peers: 1)
        let key = PrivateKey { bytes in for i in bytes.indices { bytes[i] = UInt8(i) } }
        writer.device(privateKey: key, port: 51820, mark: 0)
        let status = PeerStatus(
            publicKey: PublicKey(bytes: Array(0..<32))!, presharedKey: nil, persistentKeepalive: 25,
            lastHandshake: WallTime(seconds: 1_700_000_000, nanoseconds: 12))
        writer.peer(
            UAPIPeer(
                status: status, endpoint: SocketAddress(IPAddress("fe80::1")!, port: 1, scope: 7), receivedBytes: 148,
                sentBytes: 92), interfaceName: { $0 == 7 ? "eth7" : nil })
        writer.allowedIP(IPPrefix("10.0.0.0/8")!)
        writer.end(0)
        let hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e"
        #expect(
            String(decoding: writer.bytes, as: UTF8.self) == """
                private_key=\(hex)5f
                listen_port=51820
                public_key=\(hex)1f
                preshared_key=\(String(repeating: "0", count: 64))
                protocol_version=1
                endpoint=[fe80::1%eth7]:1
                last_handshake_time_sec=1700000000
                last_handshake_time_nsec=12
                tx_bytes=92
                rx_bytes=148
                persistent_keepalive_interval=25
                allowed_ip=10.0.0.0/8
                errno=0


                """)
    }

    @Test func errorsAreNegative() {
        var writer = UAPIWriter(peers: 0)
        writer.end(EINVAL)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "errno=-22\n\n")
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
}
