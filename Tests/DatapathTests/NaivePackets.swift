// Packets made and cut in the plainest way, to hold the clever one against. Every sum is taken 16 bits at a time.

@testable import Datapath

/// What a test packet consists of.
struct NaivePacket {
    var isV6 = false
    var isTCP = true
    var source: UInt8 = 1
    var sourcePort: UInt16 = 1000
    var flags: UInt8 = 0x10
    var sequence: UInt32 = 1
    var acknowledgement: UInt32 = 7
    var window: UInt16 = 500
    var options: [UInt8] = []
    var tos: UInt8 = 0
    var ttl: UInt8 = 64
    var identification: UInt16 = 5
    var dontFragment = true
    var payload: [UInt8] = []

    var layer4: Int { isV6 ? 40 : 20 }
    var headerLength: Int { layer4 + (isTCP ? 20 + options.count : 8) }

    /// The packet with right lengths and checksums. With `partial`, layer 4's checksum holds only the pseudo header's sum.
    func bytes(partial: Bool = false) -> [UInt8] {
        var l4: [UInt8] = be(sourcePort) + be(UInt16(443))
        if isTCP {
            l4 += be(sequence) + be(acknowledgement) + [UInt8((20 + options.count) * 4), flags] + be(window)
            l4 += [0, 0, 0, 0] + options
        } else {
            l4 += be(UInt16(8 + payload.count)) + [0, 0]
        }
        l4 += payload
        let addresses: [UInt8] =
            isV6
            ? [0xfd] + Array(repeating: 0, count: 14) + [source] + [0xfd] + Array(repeating: 0, count: 14) + [9]
            : [10, 0, 0, source, 10, 0, 0, 9]
        let proto: UInt8 = isTCP ? 6 : 17
        let pseudo = addresses + [0, proto] + be(UInt16(l4.count))
        var sum = partial ? naiveSum(pseudo) : ~naiveSum(pseudo + l4)
        if !partial && !isTCP && sum == 0 { sum = 0xffff }
        let at = isTCP ? 16 : 6
        l4.replaceSubrange(at..<(at + 2), with: be(sum))
        if isV6 {
            return [0x60 | tos >> 4, tos << 4, 0, 0] + be(UInt16(l4.count)) + [proto, ttl] + addresses + l4
        }
        var header: [UInt8] = [0x45, tos] + be(UInt16(20 + l4.count)) + be(identification)
        header += [dontFragment ? 0x40 : 0, 0, ttl, proto, 0, 0] + addresses
        header.replaceSubrange(10..<12, with: be(~naiveSum(header)))
        return header + l4
    }

    /// The packets that a network card would make of this one.
    func cut(_ mss: Int) -> [[UInt8]] {
        var result: [[UInt8]] = []
        for start in stride(from: 0, to: payload.count, by: mss) {
            var part = self
            part.payload = Array(payload[start..<min(start + mss, payload.count)])
            part.sequence = sequence &+ UInt32(start)
            part.identification = identification &+ UInt16(result.count)
            if start + mss < payload.count { part.flags &= ~0x09 }
            if start > 0 { part.flags &= ~0x80 }
            result.append(part.bytes())
        }
        return result
    }
}

func be<T: FixedWidthInteger>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

/// RFC 1071, as it says.
func naiveSum(_ bytes: [UInt8]) -> UInt16 {
    var sum: UInt32 = 0
    for i in stride(from: 0, to: bytes.count, by: 2) {
        sum += UInt32(bytes[i]) << 8 | (i + 1 < bytes.count ? UInt32(bytes[i + 1]) : 0)
        sum = (sum & 0xffff) + (sum >> 16)
    }
    return UInt16(sum)
}

/// Undoes a super-packet that the joiner made, from its bytes alone.
func naiveCut(_ header: VirtioNetHeader, _ bytes: [UInt8]) -> [[UInt8]] {
    guard header.gsoType != 0 else { return [bytes] }
    let isV6 = bytes[0] >> 4 == 6
    var p = NaivePacket()
    p.isV6 = isV6
    p.isTCP = header.gsoType != 5
    let l4 = p.layer4
    p.tos = isV6 ? bytes[0] << 4 | bytes[1] >> 4 : bytes[1]
    p.ttl = isV6 ? bytes[7] : bytes[8]
    p.source = isV6 ? bytes[23] : bytes[15]
    func word(_ at: Int) -> UInt16 { UInt16(bytes[at]) << 8 | UInt16(bytes[at + 1]) }
    if !isV6 {
        p.identification = word(4)
        p.dontFragment = bytes[6] & 0x40 != 0
    }
    p.sourcePort = word(l4)
    if p.isTCP {
        p.sequence = UInt32(word(l4 + 4)) << 16 | UInt32(word(l4 + 6))
        p.acknowledgement = UInt32(word(l4 + 8)) << 16 | UInt32(word(l4 + 10))
        p.flags = bytes[l4 + 13]
        p.window = word(l4 + 14)
        p.options = Array(bytes[(l4 + 20)..<(l4 + Int(bytes[l4 + 12] >> 4) * 4)])
    }
    p.payload = Array(bytes[p.headerLength...])
    return p.cut(header.gsoSize)
}

/// xorshift64*: the same packets every time.
struct TestRandom: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_f491_4f6c_dd1d
    }
}

extension TestRandom {
    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) } }
    mutating func oneIn(_ n: Int) -> Bool { Int.random(in: 0..<n, using: &self) == 0 }
}

/// The identification of a packet that may not be fragmented means nothing, and joining counts it anew (RFC 6864).
func withoutIdentification(_ packet: [UInt8]) -> [UInt8] {
    guard packet[0] == 0x45, packet[6] & 0x40 != 0, naiveSum(Array(packet[..<20])) == 0xffff else { return packet }
    var packet = packet
    packet.replaceSubrange(4..<6, with: [0, 0])
    packet.replaceSubrange(10..<12, with: [0, 0])
    return packet
}

extension NaivePacket {
    /// A TCP super-packet with timestamps, as the kernel hands it over, and its header.
    static func superPacket(_ count: Int, _ mss: Int = 1368, tos: UInt8 = 0) -> (NaivePacket, VirtioNetHeader) {
        var random = TestRandom(state: 8)
        var p = NaivePacket()
        p.tos = tos
        p.options = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2]
        p.payload = random.bytes(count)
        var header = VirtioNetHeader()
        header.flags = VirtioNetHeader.needsChecksum
        header.gsoType = VirtioNetHeader.gsoTCPv4
        header.gsoSize = mss
        header.checksumStart = 20
        header.checksumOffset = 16
        return (p, header)
    }
}
