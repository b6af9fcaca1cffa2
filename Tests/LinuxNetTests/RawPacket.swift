import NetTypes
import SiteSamples

/// A whole IP packet, as it stands in memory: right lengths and checksums, and a number by which it is known wherever it
/// goes, IPv4's identification or IPv6's flow label.
struct RawPacket {
    static let (icmp, tcp, udp, icmp6): (UInt8, UInt8, UInt8, UInt8) = (1, 6, 17, 58)

    var source: IPAddress
    var destination: IPAddress
    var transport: UInt8
    var number: Int
    /// What the transport header begins with, checksum and all; then the payload.
    var body: [UInt8]
    /// IPv4 options; a multiple of four bytes.
    var options: [UInt8] = []
    /// Don't fragment; IPv4 only.
    var mayFragment = true
    var hops: UInt8 = 64

    var isV6: Bool { source.isV6 }

    /// A segment, a datagram, an ICMP echo request, or sixteen bytes of another protocol.
    init(
        from source: IPAddress, _ sourcePort: UInt16, to destination: IPAddress, _ port: UInt16, transport: UInt8,
        number: Int, flags: UInt8 = 2, type: UInt8? = nil, payload: [UInt8] = Array("payload!".utf8)
    ) {
        self.source = source
        self.destination = destination
        self.transport = transport
        self.number = number
        switch transport {
        case Self.tcp:
            body = be(sourcePort) + be(port) + be(UInt32(number)) + be(UInt32(flags & 16 == 0 ? 0 : 1))
            body += [0x50, flags] + be(UInt16(1000)) + [0, 0, 0, 0] + payload
        case Self.udp: body = be(sourcePort) + be(port) + be(UInt16(8 + payload.count)) + [0, 0] + payload
        case Self.icmp: body = [type ?? 8, 0, 0, 0] + be(sourcePort) + [0, 1] + payload
        case Self.icmp6: body = [type ?? 128, 0, 0, 0] + be(sourcePort) + [0, 1] + payload
        default: body = [0, 0] + be(port) + Array(repeating: 0, count: 12) + payload
        }
        sumUp()
    }

    /// Writes the right checksum of the transport, if it is one that has one.
    mutating func sumUp() {
        let at: Int
        switch transport {
        case Self.tcp: at = 16
        case Self.udp: at = 6
        case Self.icmp, Self.icmp6: at = 2
        default: return
        }
        guard body.count >= at + 2 else { return }
        body.replaceSubrange(at..<at + 2, with: [0, 0])
        var summed = body
        if transport != Self.icmp {
            summed = source.octets + destination.octets + be(UInt32(body.count)) + [0, 0, 0, transport] + body
        }
        let sum = internetChecksum(summed)
        body.replaceSubrange(at..<at + 2, with: be(sum == 0 && transport == Self.udp ? 0xffff : sum))
    }

    var bytes: [UInt8] { header(transport, body.count) + body }

    /// The IP header before `count` bytes of `next`. `fragment`: IPv4's flags and offset.
    func header(_ next: UInt8, _ count: Int, fragment: UInt16 = 0) -> [UInt8] {
        if isV6 {
            return [0x60, UInt8(number >> 16 & 15)] + be(UInt16(truncatingIfNeeded: number)) + be(UInt16(count))
                + [next, hops] + source.octets + destination.octets
        }
        let length = 20 + options.count
        var header: [UInt8] = [0x40 | UInt8(length / 4), 0] + be(UInt16(truncatingIfNeeded: length + count))
        header += be(UInt16(truncatingIfNeeded: number)) + be(fragment | (mayFragment ? 0 : 0x4000))
        header += [hops, next, 0, 0] + source.octets + destination.octets + options
        header.replaceSubrange(10..<12, with: be(internetChecksum(header)))
        return header
    }
}

func be<T: FixedWidthInteger>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

/// RFC 1071.
func internetChecksum(_ bytes: [UInt8]) -> UInt16 {
    var sum: UInt32 = 0
    for i in stride(from: 0, to: bytes.count, by: 2) {
        sum += UInt32(bytes[i]) << 8 | (i + 1 < bytes.count ? UInt32(bytes[i + 1]) : 0)
        sum = sum & 0xffff + sum >> 16
    }
    return ~UInt16(sum)
}

/// A packet as the host that it arrives at reads it (RFC 791, RFC 8200), in the plainest way.
struct ReadPacket {
    let source: IPAddress
    let destination: IPAddress
    let number: Int
    /// The transport, behind all extension headers that a host steps over.
    let transport: UInt8
    /// What follows the last header that was read.
    let body: [UInt8]
    /// Of a fragment, where its part begins, in bytes; and whether more follow.
    var offset = 0
    var hasMore = false

    /// nil for what is no IP packet.
    init?(_ bytes: [UInt8]) {
        func word(_ at: Int) -> Int { Int(bytes[at]) << 8 | Int(bytes[at + 1]) }
        guard bytes.count >= 20 else { return nil }
        switch bytes[0] >> 4 {
        case 4:
            let length = Int(bytes[0] & 15) * 4
            guard length >= 20, word(2) >= length, word(2) <= bytes.count else { return nil }
            (source, destination) = (IPAddress(octets: bytes[12..<16])!, IPAddress(octets: bytes[16..<20])!)
            (number, transport, body) = (word(4), bytes[9], Array(bytes[length..<word(2)]))
            (offset, hasMore) = (word(6) % 0x2000 * 8, word(6) & 0x2000 != 0)
        case 6:
            guard bytes.count >= 40, 40 + word(4) <= bytes.count else { return nil }
            (source, destination) = (IPAddress(octets: bytes[8..<24])!, IPAddress(octets: bytes[24..<40])!)
            number = Int(bytes[1] & 15) << 16 | word(2)
            var (next, rest) = (bytes[6], bytes[40..<40 + word(4)])
            while offset == 0, let length = Self.lengthOfExtension(next, rest) {
                let at = rest.startIndex
                if next == 44 { (offset, hasMore) = (word(at + 2) & 0xfff8, word(at + 2) & 1 != 0) }
                next = rest[at]
                rest = rest.dropFirst(length)
            }
            (transport, body) = (next, Array(rest))
        default: return nil
        }
    }

    /// Of hop-by-hop, routing, fragment, authentication and destination options, and nil for anything else. One that says it is
    /// longer than the packet is followed by nothing, as the kernel reads it.
    private static func lengthOfExtension(_ type: UInt8, _ bytes: ArraySlice<UInt8>) -> Int? {
        guard [0, 43, 44, 51, 60].contains(type), bytes.count >= (type == 44 ? 4 : 2) else { return nil }
        let units = Int(bytes[bytes.startIndex + 1])
        return type == 44 ? 8 : type == 51 ? (units + 2) * 4 : (units + 1) * 8
    }

    /// 0 where the transport has none, or the packet is too short for it.
    var port: UInt16 { word(2) }
    var sourcePort: UInt16 { word(0) }

    private func word(_ at: Int) -> UInt16 { body.count >= at + 2 ? UInt16(body[at]) << 8 | UInt16(body[at + 1]) : 0 }

    /// Of an ICMP error, the packet that it is about.
    var quoted: ReadPacket? {
        let isError =
            transport == RawPacket.icmp && [3, 4, 5, 11, 12].contains(body.first ?? 0)
            || transport == RawPacket.icmp6 && (body.first ?? 255) < 128
        return isError ? ReadPacket(Array(body.dropFirst(8))) : nil
    }

    /// What a host that was asked this would say.
    func answer(number: Int) -> RawPacket {
        let isEcho = transport == RawPacket.icmp || transport == RawPacket.icmp6
        return RawPacket(
            from: destination, isEcho ? word(4) : port, to: source, sourcePort, transport: transport, number: number,
            flags: 0x12, type: transport == RawPacket.icmp ? 0 : 129)
    }
}
