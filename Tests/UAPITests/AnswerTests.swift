import NetTypes
import Testing

@testable import UAPI

/// What a userspace WireGuard answers.
@Suite struct AnswerTests {
    private static func hex(_ byte: String) -> String { String(repeating: byte, count: 32) }
    private static func key(_ byte: UInt8) -> PublicKey { PublicKey(bytes: [UInt8](repeating: byte, count: 32))! }

    /// An answer as far as it was read.
    struct Read {
        var reader = AnswerReader(names: .ofTests)
        var peers: [PeerSection] = []

        /// Returns what is left of the text.
        @discardableResult mutating func take(_ text: String) throws(UAPIError) -> String {
            let taken = try text.inBytes { bytes throws(UAPIError) in try reader.take(bytes) { peers.append($0) } }
            return String(decoding: Array(text.utf8)[taken...], as: UTF8.self)
        }

        init(_ text: String = "") throws(UAPIError) { try take(text) }
    }

    @Test func `an answer is read`() throws {
        let answer = try Read(
            """
            private_key=\(Self.hex("40"))
            listen_port=51820
            fwmark=119
            something_new=1
            public_key=\(Self.hex("Ab"))
            preshared_key=\(Self.hex("00"))
            protocol_version=1
            endpoint=[fe80::1%3]:80
            last_handshake_time_sec=1700000000
            last_handshake_time_nsec=5
            tx_bytes=18446744073709551615
            rx_bytes=12
            persistent_keepalive_interval=65535
            allowed_ip=fd00::/64
            remove=true
            allowed_ip=10.0.0.0/8
            public_key=\(Self.hex("01"))
            preshared_key=\(Self.hex("07"))
            endpoint=192.0.2.7:1234
            errno=0


            """)
        #expect(answer.reader.isComplete && answer.reader.errorNumber == 0)
        var interface = InterfaceSection()
        interface.privateKey = PrivateKey { for i in $0.indices { $0[i] = 0x40 } }
        (interface.listenPort, interface.mark) = (51820, 119)
        #expect(answer.reader.interface == interface)
        var first = PeerSection(Self.key(0xab))
        first.presharedKey = .some(nil)
        first.namesVersion = true
        first.endpoint = SocketAddress("[fe80::1%3]:80")
        (first.lastHandshake, first.lastHandshakeNanoseconds) = (1_700_000_000, 5)
        (first.sentBytes, first.receivedBytes, first.persistentKeepalive) = (.max, 12, 65535)
        first.allowedIPs = [.init(IPPrefix("fd00::/64")!), .init(IPPrefix("10.0.0.0/8")!)]
        var second = PeerSection(Self.key(1))
        second.presharedKey = PresharedKey { for i in $0.indices { $0[i] = 7 } }
        second.endpoint = SocketAddress("192.0.2.7:1234")
        #expect(answer.peers == [first, second])
    }

    @Test func `an answer is read wherever it is cut in two`() throws {
        let text = "listen_port=7\n\(Self.peer)rx_bytes=12\nallowed_ip=10.0.0.0/8\nerrno=-5\n\nmore"
        for count in 0...text.count {
            var answer = try Read()
            let rest = try answer.take(String(text.prefix(count)))
            #expect(try answer.take(rest + text.dropFirst(count)) == "more")
            #expect(answer.reader.isComplete && answer.reader.errorNumber == 5)
            #expect(answer.reader.interface.listenPort == 7 && answer.peers.map(\.receivedBytes) == [12])
        }
    }

    @Test func `a new interface has no key`() throws {
        let answer = try Read("private_key=\(Self.hex("00"))\nlisten_port=0\nerrno=0\n\n")
        #expect(answer.reader.interface.privateKey == .some(nil) && answer.peers.isEmpty)
    }

    static let peer = "public_key=\(hex("01"))\n"

    @Test(arguments: [
        ("private_key=00\n", 1, "private_key is not 64 hexadecimal digits"),
        ("private_key=\(hex("0g"))\n", 1, "private_key is not 64 hexadecimal digits"),
        ("listen_port=65536\n", 1, "listen_port is not a number from 0 to 65535"),
        ("listen_port=\n", 1, "listen_port is not a number from 0 to 65535"),
        ("listen_port=-1\n", 1, "listen_port is not a number from 0 to 65535"),
        ("fwmark=4294967296\n", 1, "fwmark is not a number from 0 to 4294967295"),
        ("listen_port=1\npublic_key=\(hex("01"))0\n", 2, "public_key is not 64 hexadecimal digits"),
        ("listen_port\n", 1, "a line is KEY=VALUE"),
        ("listen_port=1\n\n", 2, "the answer ends without errno"),
        ("errno=x\n", 1, "errno is no number"),
        (peer + "preshared_key=xyz\n", 2, "preshared_key is not 64 hexadecimal digits"),
        (peer + "protocol_version=2\n", 2, "protocol_version is not 1, the only value that there is"),
        (peer + "endpoint=192.0.2.7\n", 2, "endpoint is not ADDRESS:PORT, IPv6 in brackets"),
        (peer + "endpoint=192.0.2.256:1\n", 2, "endpoint is not ADDRESS:PORT, IPv6 in brackets"),
        (peer + "endpoint=[192.0.2.7]:1\n", 2, "endpoint is not ADDRESS:PORT, IPv6 in brackets"),
        (peer + "endpoint=[fd00::1:1\n", 2, "endpoint is not ADDRESS:PORT, IPv6 in brackets"),
        (peer + "endpoint=[:1\n", 2, "endpoint is not ADDRESS:PORT, IPv6 in brackets"),
        (peer + "endpoint=fd00::1]:1\n", 2, "endpoint is not ADDRESS:PORT, IPv6 in brackets"),
        (peer + "endpoint=:1\n", 2, "endpoint is not ADDRESS:PORT, IPv6 in brackets"),
        (peer + "endpoint=192.0.2.7:65536\n", 2, "endpoint is not ADDRESS:PORT, IPv6 in brackets"),
        (peer + "endpoint=[fe80::1%eth8]:1\n", 2, "no such interface"),
        (peer + "allowed_ip=10.0.0.0\n", 2, "allowed_ip is not ADDRESS/LENGTH"),
        (peer + "allowed_ip=10.0.0.0/33\n", 2, "allowed_ip is not ADDRESS/LENGTH"),
        (peer + "allowed_ip=-10.0.0.0/8\n", 2, "allowed_ip is not ADDRESS/LENGTH"),
        (peer + "allowed_ip=fd00::/129\n", 2, "allowed_ip is not ADDRESS/LENGTH"),
        (peer + "allowed_ip=/8\n", 2, "allowed_ip is not ADDRESS/LENGTH"),
        (
            peer + "persistent_keepalive_interval=65536\n", 2,
            "persistent_keepalive_interval is not a number from 0 to 65535, or LOW-HIGH of such numbers"
        ),
        (peer + "rx_bytes=18446744073709551616\n", 2, "rx_bytes is not a number from 0 to 18446744073709551615"),
        (peer + "tx_bytes=1x\n", 2, "tx_bytes is not a number from 0 to 18446744073709551615"),
        (
            peer + "last_handshake_time_sec=9223372036854775808\n", 2,
            "last_handshake_time_sec is not a number from 0 to 9223372036854775807"
        ),
    ]) func `a wrong answer is refused by its line`(_ text: String, _ line: Int, _ reason: String) {
        let refusal = #expect(throws: UAPIError.self) { try Read(text) }
        #expect(refusal?.line == line && refusal?.fault.description == reason)
    }

    @Test(
        arguments: [
            ("errno=0\n\n", 0), ("errno=-22\n\n", 22), ("listen_port=1\nerrno=13\n\n", 13),
            ("errno=-2147483648\n\n", .max), ("errno=0\n", nil), ("errno=0", nil), ("", nil),
        ] as [(String, Int32?)]) func `the end of an answer is its error number`(_ text: String, _ number: Int32?)
        throws
    {
        let reader = try Read(text).reader
        #expect((reader.isComplete ? reader.errorNumber : nil) == number)
    }

    @Test func `an answer is written as wg reads it`() {
        var writer = AnswerWriter(peers: 1, names: .ofTests)
        var interface = InterfaceSection()
        interface.privateKey = PrivateKey { bytes in for i in bytes.indices { bytes[i] = UInt8(i) } }
        interface.listenPort = 51820
        writer.write(interface)
        var peer = PeerSection(PublicKey(bytes: Array(0..<32))!)
        peer.presharedKey = .some(nil)
        peer.namesVersion = true
        peer.endpoint = SocketAddress("[fe80::1%7]:1")
        (peer.lastHandshake, peer.lastHandshakeNanoseconds) = (1_700_000_000, 12)
        (peer.sentBytes, peer.receivedBytes, peer.persistentKeepalive) = (92, 148, 25)
        peer.allowedIPs = [.init(IPPrefix("10.0.0.0/8")!)]
        // What an answer has no key for.
        (peer.remove, peer.updateOnly, peer.replaceAllowedIPs) = (true, true, true)
        writer.write(peer)
        let hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e"
        #expect(
            writer.end(errno: 0).string == """
                private_key=\(hex)5f
                listen_port=51820
                public_key=\(hex)1f
                preshared_key=\(Self.hex("00"))
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

    @Test func errorsAreNegative() { #expect(AnswerWriter(names: .ofTests).end(errno: 22).string == "errno=-22\n\n") }

    @Test func `the sockets bear the interface's name`() {
        let paths = SocketPaths(interface: "wg0")
        #expect(paths.configuration == "/var/run/wireguard/wg0.sock" && paths.events == "/var/run/wireguard/wg0.events")
    }
}

extension SecretBuffer {
    /// The text, for a test to look at.
    var string: String { String(decoding: bytes, as: UTF8.self) }
}
