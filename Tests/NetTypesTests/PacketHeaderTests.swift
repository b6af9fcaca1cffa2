import NetTypes
import Testing

@Suite struct PacketHeaderTests {
    private static let ports: [UInt8] = [0xc3, 0x50, 0x01, 0xbb]

    private static func v4(
        _ transport: UInt8, fragment: UInt8 = 0, options: Int = 0, _ body: [UInt8] = ports
    ) -> [UInt8] {
        [0x45 + UInt8(options / 4), 0, 0, 0, 0, 0, 0, fragment, 64, transport, 0, 0, 10, 8, 0, 2, 192, 168, 1, 10]
            + [UInt8](repeating: 1, count: options) + body
    }

    private static func v6(_ next: UInt8, _ body: [UInt8] = ports) -> [UInt8] {
        [0x60, 0, 0, 0, 0, 0, next, 64, 0xfd] + [UInt8](repeating: 0, count: 14) + [2, 0xfd]
            + [UInt8](repeating: 0, count: 14) + [1] + body
    }

    @Test(arguments: [
        (v4(6), "10.8.0.2 → 192.168.1.10 443/tcp"), (v4(17, options: 8), "10.8.0.2 → 192.168.1.10 443/udp"),
        (v4(6, fragment: 9), "10.8.0.2 → 192.168.1.10 tcp"), (v4(1, [8, 0]), "10.8.0.2 → 192.168.1.10 icmp"),
        (v4(6, [0xc3, 0x50]), "10.8.0.2 → 192.168.1.10 tcp"),
        (v4(47), "10.8.0.2 → 192.168.1.10 protocol 47"), (v6(6), "fd00::2 → fd00::1 443/tcp"),
        (v6(58, [128, 0]), "fd00::2 → fd00::1 icmp"),
        // Hop-by-hop options, then routing with one more word, then destination options, then UDP.
        (
            v6(
                0,
                [43, 0] + [UInt8](repeating: 0, count: 6) + [60, 1] + [UInt8](repeating: 0, count: 14)
                    + [17, 0, 0, 0, 0, 0, 0, 0] + ports), "fd00::2 → fd00::1 443/udp"
        ),
        (v6(44, [6, 0, 0, 1, 0, 0, 0, 0] + ports), "fd00::2 → fd00::1 443/tcp"),
        (v6(44, [6, 0, 0, 8, 0, 0, 0, 0] + ports), "fd00::2 → fd00::1 tcp"),
        (v6(51, [6, 1] + [UInt8](repeating: 0, count: 10) + ports), "fd00::2 → fd00::1 443/tcp"),
        // What announces more than there is.
        (v6(0, [6, 255, 0, 0, 0, 0, 0, 0]), "fd00::2 → fd00::1 tcp"),
    ]) func reads(_ bytes: [UInt8], _ text: String) {
        #expect(bytes.withUnsafeBytes { PacketHeader($0) }?.description == text)
    }

    @Test func `whatever is cut short or no packet is none, and nothing is read past its end`() {
        for whole in [Self.v4(6), Self.v6(6)] {
            let header = whole.count - 4
            for count in 0..<header { #expect(Array(whole[..<count]).withUnsafeBytes { PacketHeader($0) } == nil) }
        }
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = (0..<Int.random(in: 0...80)).map { _ in UInt8.random(in: 0...255, using: &random) }
            if !bytes.isEmpty { bytes[0] = [0x45, 0x4f, 0x60].randomElement()! }
            // A block of its own size: the sanitizer sees what is read behind it.
            _ = bytes.withUnsafeBytes { PacketHeader($0) }
        }
    }
}
