import Compiler
import Glibc
import NetTypes
import Testing

@testable import LinuxNet

/// The text of the cross-platform configuration socket.
@Suite struct ConfigurationTextTests {
    static func hex(_ byte: String) -> String { String(repeating: byte, count: 32) }

    static func read(_ text: String) throws -> ObservedWireGuard {
        var reader = ConfigurationReader()
        try take(text, &reader)
        return reader.device
    }

    /// Returns what is left of the text.
    @discardableResult static func take(_ text: String, _ reader: inout ConfigurationReader) throws -> String {
        var buffer = SecretBuffer(capacity: 16)
        buffer.append(text)
        buffer.removeFirst(try reader.take(buffer.mutableBytes))
        return String(decoding: buffer.bytes, as: UTF8.self)
    }

    @Test func `a change is written in the words of the protocol`() {
        var change = KernelWireGuardTests.change
        change.set[1].allowedIPs = []
        let text = ConfigurationText.write(change)
        #expect(
            String(decoding: text.bytes, as: UTF8.self) == """
                set=1
                private_key=\(Self.hex("40"))
                listen_port=51820
                fwmark=7
                public_key=\(Self.hex("01"))
                preshared_key=\(Self.hex("00"))
                endpoint=192.0.2.7:1234
                persistent_keepalive_interval=25
                replace_allowed_ips=true
                allowed_ip=10.0.0.0/24
                allowed_ip=fd00::/64
                public_key=\(Self.hex("02"))
                update_only=true
                preshared_key=\(Self.hex("03"))
                endpoint=[fd00::9]:80
                replace_allowed_ips=true
                public_key=\(Self.hex("04"))
                update_only=true
                remove=true


                """)
    }

    @Test func `an answer is read`() throws {
        let device = try Self.read(
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
            allowed_ip=10.0.0.0/8
            public_key=\(Self.hex("01"))
            preshared_key=\(Self.hex("07"))
            endpoint=192.0.2.7:1234
            errno=0


            """)
        #expect(device.privateKey == LinuxBoxTests.privateKey(0x40) && device.fwmark == 119)
        let first = ObservedPeer(
            publicKey: LinuxBoxTests.key(1), presharedKey: LinuxBoxTests.presharedKey(7),
            endpoint: SocketAddress(IPAddress("192.0.2.7")!, port: 1234))
        let second = ObservedPeer(
            publicKey: LinuxBoxTests.key(0xab),
            endpoint: SocketAddress(IPAddress("fe80::1")!, port: 80, scope: 3), keepalive: 65535,
            allowedIPs: [IPPrefix("10.0.0.0/8")!, IPPrefix("fd00::/64")!], lastHandshake: 1_700_000_000, received: 12,
            sent: .max)
        #expect(device.peers == [first, second])
    }

    @Test func `an answer is read wherever it is cut in two`() throws {
        let text = "listen_port=7\n\(Self.peer)rx_bytes=12\nallowed_ip=10.0.0.0/8\nerrno=-5\n\nmore"
        for count in 0...text.count {
            var reader = ConfigurationReader()
            let rest = try Self.take(String(text.prefix(count)), &reader)
            #expect(try Self.take(rest + text.dropFirst(count), &reader) == "more")
            #expect(reader.isComplete && reader.errorNumber == -5 && reader.device.listenPort == 7)
            #expect(reader.device.peers.map(\.received) == [12])
        }
    }

    @Test func `nothing is set on a new interface`() throws {
        let device = try Self.read("private_key=\(Self.hex("00"))\nlisten_port=0\nerrno=0\n\n")
        #expect(device == ObservedWireGuard(privateKey: nil, listenPort: 0, fwmark: 0, peers: []))
    }

    static let peer = "public_key=\(hex("01"))\n"

    @Test(arguments: [
        ("private_key=00\n", 1, "private_key is not 64 hexadecimal digits"),
        ("private_key=\(hex("0g"))\n", 1, "private_key is not 64 hexadecimal digits"),
        ("listen_port=65536\n", 1, "listen_port is not a port"),
        ("listen_port=\n", 1, "listen_port is not a port"),
        ("listen_port=-1\n", 1, "listen_port is not a port"),
        ("fwmark=4294967296\n", 1, "fwmark is not a number of 32 bits"),
        ("listen_port=1\npublic_key=\(hex("01"))0\n", 2, "public_key is not 64 hexadecimal digits"),
        ("listen_port\n", 1, "no = in the line"),
        ("listen_port=1\n\n", 2, "the answer ends without errno"),
        ("errno=x\n", 1, "errno is no number"),
        (peer + "preshared_key=xyz\n", 2, "preshared_key is not 64 hexadecimal digits"),
        (peer + "endpoint=192.0.2.7\n", 2, "endpoint is not an address and a port"),
        (peer + "endpoint=192.0.2.256:1\n", 2, "endpoint is not an address and a port"),
        (peer + "endpoint=[192.0.2.7]:1\n", 2, "endpoint is not an address and a port"),
        (peer + "endpoint=[fd00::1:1\n", 2, "endpoint is not an address and a port"),
        (peer + "endpoint=fd00::1]:1\n", 2, "endpoint is not an address and a port"),
        (peer + "endpoint=:1\n", 2, "endpoint is not an address and a port"),
        (peer + "endpoint=192.0.2.7:65536\n", 2, "endpoint is not an address and a port"),
        (peer + "allowed_ip=10.0.0.0\n", 2, "allowed_ip is not a network"),
        (peer + "allowed_ip=10.0.0.0/33\n", 2, "allowed_ip is not a network"),
        (peer + "allowed_ip=fd00::/129\n", 2, "allowed_ip is not a network"),
        (peer + "allowed_ip=/8\n", 2, "allowed_ip is not a network"),
        (peer + "persistent_keepalive_interval=65536\n", 2, "the keepalive is not 0 to 65535"),
        (peer + "rx_bytes=18446744073709551616\n", 2, "rx_bytes is no number"),
        (peer + "tx_bytes=1x\n", 2, "tx_bytes is no number"),
        (peer + "last_handshake_time_sec=9223372036854775808\n", 2, "the handshake time is no number"),
    ]) func `a wrong answer is refused by its line`(_ text: String, _ line: Int, _ reason: String) {
        let refusal = #expect(throws: ConfigurationText.Refusal.self) { try Self.read(text) }
        #expect(refusal == ConfigurationText.Refusal(line: line, reason: reason))
    }

    @Test(
        arguments: [
            ("errno=0\n\n", 0), ("errno=-22\n\n", -22), ("public_key=1\nerrno=13\n\n", 13), ("errno=0\n", nil),
            ("errno=0", nil), ("", nil), ("\n\n", nil), ("errno=x\n\n", nil), ("xerrno=0\n\n", nil),
        ] as [(String, Int32?)]) func `the end of an answer is its error number`(_ text: String, _ number: Int32?)
    {
        var buffer = SecretBuffer(capacity: 1)
        buffer.append(text)
        #expect(ConfigurationText.errorNumber(buffer.bytes) == number)
    }
}
