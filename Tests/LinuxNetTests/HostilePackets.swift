import NetTypes
import Repeats
import SiteSamples

/// What somebody who knows the rules makes of a packet that is, or is not, let through: the same in pieces, behind extension
/// headers and options, cut short, with lies about its lengths, or quoted in an ICMP error.
struct HostilePackets {
    enum Kind: String, CaseIterable {
        case plain, fragments, overlaps, extensions, options, lengths, flags, quoted
    }

    var random: SeededRandom

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
    mutating func pick<T>(_ items: [T]) -> T { items.randomElement(using: &random)! }
    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) } }

    /// In the order in which they are sent.
    mutating func sequence(_ kind: Kind, of packet: RawPacket) -> [[UInt8]] {
        switch kind {
        case .plain, .quoted: [packet.bytes]
        case .fragments: fragments(packet, overlapping: false)
        case .overlaps: fragments(packet, overlapping: true)
        case .extensions: [packet.isV6 ? extended(packet) : optioned(packet)]
        case .options: [packet.isV6 ? extended(packet) : optioned(packet)]
        case .lengths: [lied(packet)]
        case .flags: [flagged(packet)]
        }
    }

    /// Any cut at multiples of eight, any order, some twice; overlapping ones tell another port.
    private mutating func fragments(_ packet: RawPacket, overlapping: Bool) -> [[UInt8]] {
        var packet = packet
        if !overlapping, packet.body.count < 64 { packet.body += bytes(8 * Int.random(in: 4...12, using: &random)) }
        packet.sumUp()
        var parts: [(at: Int, bytes: ArraySlice<UInt8>)] = []
        var at = 0
        while at < packet.body.count {
            let end = min(at + 8 * Int.random(in: 1...4, using: &random), packet.body.count)
            parts.append((at, packet.body[at..<end]))
            at = end
        }
        if overlapping {
            var other = packet.body.prefix(8 * Int.random(in: 1...2, using: &random))
            if other.count >= 4 { other.replaceSubrange(2..<4, with: be(pick([22, 443] as [UInt16]))) }
            parts.append((pick([0, 0, 8]), other[...]))
        }
        if chance(40) { parts.append(pick(parts)) }
        if chance(60) { parts.shuffle(using: &random) }
        let last = packet.body.count
        return parts.map { fragment(packet, $0.at, Array($0.bytes), hasMore: $0.at + $0.bytes.count < last) }
    }

    private func fragment(_ packet: RawPacket, _ at: Int, _ bytes: [UInt8], hasMore: Bool) -> [UInt8] {
        if packet.isV6 {
            let header = [packet.transport, 0] + be(UInt16(at | (hasMore ? 1 : 0))) + be(UInt32(packet.number))
            return packet.header(44, 8 + bytes.count) + header + bytes
        }
        return packet.header(packet.transport, bytes.count, fragment: UInt16(at / 8 | (hasMore ? 0x2000 : 0))) + bytes
    }

    /// Up to five extension headers in any order, right or wrong; the last may name what is not there.
    private mutating func extended(_ packet: RawPacket) -> [UInt8] {
        let count = Int.random(in: 1...5, using: &random)
        let types = (0..<count).map { _ in pick([0, 43, 44, 51, 60, 60, 135] as [UInt8]) }
        var chain: [UInt8] = []
        for (index, type) in types.enumerated() {
            let next = index + 1 < count ? types[index + 1] : chance(90) ? packet.transport : pick([6, 17, 50, 59, 58])
            switch type {
            case 44: chain += [next, 0, 0, chance(90) ? 0 : 1] + be(UInt32(packet.number))
            case 51: chain += [next, 2] + bytes(14)
            case 43: chain += [next, 0, pick([0, 2, 3, 4, 253]), pick([0, 0, 1])] + bytes(4)
            default: chain += [next, chance(90) ? 0 : UInt8.random(in: 0...255, using: &random), 1, 4, 0, 0, 0, 0]
            }
        }
        return packet.header(types[0], chain.count + packet.body.count) + chain + packet.body
    }

    /// Source routes, time stamps, router alerts and nonsense.
    private mutating func optioned(_ packet: RawPacket) -> [UInt8] {
        var packet = packet
        let address = pick([packet.source, packet.destination]).octets.prefix(4)
        packet.options = pick([
            [131, 7, 4] + address + [1], [137, 7, 4] + address + [1], [7, 7, 4, 0, 0, 0, 0, 1], [148, 4, 0, 0],
            [68, 8, 5, 0, 0, 0, 0, 0], [1, 1, 1, 1], bytes(4 * Int.random(in: 1...10, using: &random)),
        ])
        return packet.bytes
    }

    /// Lengths that are not so, and headers that are cut off.
    private mutating func lied(_ packet: RawPacket) -> [UInt8] {
        var whole = packet.bytes
        switch Int.random(in: 0..<5, using: &random) {
        case 0: return Array(whole.prefix(Int.random(in: 1..<whole.count, using: &random)))
        case 1: whole.replaceSubrange(packet.isV6 ? 4..<6 : 2..<4, with: be(UInt16.random(in: 0...200, using: &random)))
        case 2: whole[0] = whole[0] & 0xf0 | UInt8.random(in: 0...15, using: &random)
        case 3: whole[0] = UInt8.random(in: 0...255, using: &random)
        default:
            let header = packet.isV6 ? 40 : 20
            let short = packet.body.prefix(Int.random(in: 0...12, using: &random))
            whole = packet.header(packet.transport, short.count) + short
            if packet.transport == RawPacket.tcp, short.count > 12 { whole[header + 12] = pick([0, 0xf0]) }
        }
        if !packet.isV6, whole.count >= 20 {
            whole.replaceSubrange(10..<12, with: [0, 0])
            whole.replaceSubrange(10..<12, with: be(internetChecksum(Array(whole[..<20]))))
        }
        return whole
    }

    /// Any flags of TCP; of ICMP any type.
    private mutating func flagged(_ packet: RawPacket) -> [UInt8] {
        var packet = packet
        switch packet.transport {
        case RawPacket.tcp: packet.body[13] = UInt8.random(in: 0...255, using: &random)
        case RawPacket.icmp, RawPacket.icmp6: packet.body[0] = UInt8.random(in: 0...255, using: &random)
        default: break
        }
        packet.sumUp()
        return packet.bytes
    }

    /// An ICMP error about `quoted`, from and to these.
    mutating func error(about quoted: RawPacket, from source: IPAddress, to destination: IPAddress, number: Int)
        -> RawPacket
    {
        let isV6 = source.isV6
        let type = isV6 ? pick([1, 2, 3, 4] as [UInt8]) : pick([3, 3, 4, 5, 11, 12] as [UInt8])
        var error = RawPacket(
            from: source, 0, to: destination, 0, transport: isV6 ? RawPacket.icmp6 : RawPacket.icmp, number: number,
            type: type)
        error.body = [type, pick([0, 1, 4]), 0, 0, 0, 0, 5, 0] + quoted.bytes
        error.sumUp()
        return error
    }
}
