import Repeats
import Testing

@testable import Datapath

/// Streams of which a peer has changed single fields, to have the joiner put together what does not belong together. What a
/// network card makes of the super-packets is what came in, packet by packet and bit by bit.
extension SuperPacketTests {
    @Test(arguments: repeats(12)) func whatDiffersInAnyFieldStaysApart(seed: Int) {
        var random = TestRandom(state: UInt64(1000 + seed))
        var packets: [[UInt8]] = []
        while packets.count < 600 { packets += confusedBurst(&random) }
        let written = join(packets, &random)
        let apart = written.flatMap { joined in
            let header = joined.withUnsafeBytes { VirtioNetHeader($0.baseAddress!) }
            return segments(header, Array(joined[VirtioNetHeader.size...]))
        }
        expectSame(apart.map(withoutIdentification), packets.map(withoutIdentification))
        #expect(written.count < packets.count * 9 / 10, "there was something to join")
    }

    /// What the sender's stack would have cut one super-packet into, with one packet in three changed; some come twice, in
    /// another order, or from two flows by turns.
    private func confusedBurst(_ random: inout TestRandom) -> [[UInt8]] {
        var p = NaivePacket()
        p.isV6 = Bool.random(using: &random)
        p.isTCP = !random.oneIn(3)
        p.sequence = random.oneIn(4) ? 0xffff_fa00 : UInt32.random(in: 0...UInt32.max, using: &random)
        p.identification = random.oneIn(4) ? 0xfffc : UInt16.random(in: 0...UInt16.max, using: &random)
        p.options = p.isTCP ? random.bytes(4 * Int.random(in: 0...3, using: &random)) : []
        p.dontFragment = !random.oneIn(3)
        p.payload = random.bytes(Int.random(in: 1...4000, using: &random))
        let mss = Int.random(in: 100...600, using: &random)
        var packets = p.cut(mss)
        for i in packets.indices where random.oneIn(3) { packets[i] = changed(packets[i], p, &random) }
        if random.oneIn(4) { packets.insert(packets.randomElement(using: &random)!, at: 0) }
        if random.oneIn(6) { packets.swapAt(0, packets.count - 1) }
        if random.oneIn(4) {
            p.source = 2
            packets = zip(packets, p.cut(mss)).flatMap { [$0, $1] }
        }
        return packets
    }

    /// One field changed; mostly with the checksums that then are right.
    private func changed(_ packet: [UInt8], _ shape: NaivePacket, _ random: inout TestRandom) -> [UInt8] {
        var packet = packet
        switch Int.random(in: 0..<8, using: &random) {
        case 0...3:
            // A bit of the headers, whatever it means.
            packet[Int.random(in: 1..<shape.headerLength, using: &random)] ^=
                1 << UInt8.random(in: 0...7, using: &random)
        case 4: packet = Array(packet.prefix(Int.random(in: shape.headerLength...packet.count, using: &random)))
        case 5: packet += random.bytes(Int.random(in: 1...40, using: &random))
        case 6:
            // An IPv4 option, or an extension header, before the transport.
            let more: [UInt8] = shape.isV6 ? [shape.isTCP ? 6 : 17, 0, 1, 4, 0, 0, 0, 0] : [1, 1, 1, 1]
            packet.insert(contentsOf: more, at: shape.layer4)
            if shape.isV6 { packet[6] = 60 } else { packet[0] = 0x46 }
        default: packet[packet.count - 1] ^= 0x10
        }
        let isLong = packet[0] == 0x46 || packet[0] >> 4 == 6 && packet[6] == 60
        setLength(&packet)
        if !random.oneIn(4) { sumUp(&packet, shape.layer4 + (isLong ? shape.isV6 ? 8 : 4 : 0), isTCP: shape.isTCP) }
        return packet
    }

    /// The length in the IP header, which the datapath has gone by before it comes to joining.
    private func setLength(_ packet: inout [UInt8]) {
        if packet[0] >> 4 == 6 {
            packet.replaceSubrange(4..<6, with: be(UInt16(packet.count - 40)))
        } else {
            packet[0] = 0x40 | packet[0] & 15
            packet.replaceSubrange(2..<4, with: be(UInt16(packet.count)))
        }
    }

    private func sumUp(_ packet: inout [UInt8], _ layer4: Int, isTCP: Bool) {
        let isV6 = packet[0] >> 4 == 6
        if !isV6 {
            packet.replaceSubrange(10..<12, with: [0, 0])
            packet.replaceSubrange(
                10..<12, with: be(~naiveSum(Array(packet[..<min(Int(packet[0] & 15) * 4, packet.count)]))))
        }
        let at = layer4 + (isTCP ? 16 : 6)
        packet.replaceSubrange(at..<at + 2, with: [0, 0])
        let addresses = isV6 ? packet[8..<40] : packet[12..<20]
        let body = packet[layer4...]
        let sum = ~naiveSum(Array(addresses) + [0, isTCP ? 6 : 17] + be(UInt16(body.count)) + Array(body))
        packet.replaceSubrange(at..<at + 2, with: be(sum == 0 && !isTCP ? 0xffff : sum))
    }

    /// What a network card makes of a super-packet, whatever is in its headers.
    private func segments(_ header: VirtioNetHeader, _ packet: [UInt8]) -> [[UInt8]] {
        guard header.gsoType != 0 else { return [packet] }
        let (isV6, isTCP) = (packet[0] >> 4 == 6, header.gsoType != VirtioNetHeader.gsoUDP)
        let layer4 = isV6 ? 40 : 20
        let headers = layer4 + (isTCP ? Int(packet[layer4 + 12] >> 4) * 4 : 8)
        let starts = Array(stride(from: headers, to: packet.count, by: header.gsoSize))
        return starts.enumerated().map { index, start in
            var part = Array(packet[..<headers] + packet[start..<min(start + header.gsoSize, packet.count)])
            func word(_ at: Int) -> UInt16 { UInt16(packet[at]) << 8 | UInt16(packet[at + 1]) }
            if !isV6 { part.replaceSubrange(4..<6, with: be(word(4) &+ UInt16(index))) }
            setLength(&part)
            if isTCP {
                let sequence = UInt32(word(layer4 + 4)) << 16 | UInt32(word(layer4 + 6))
                part.replaceSubrange(layer4 + 4..<layer4 + 8, with: be(sequence &+ UInt32(start - headers)))
                if index + 1 < starts.count { part[layer4 + 13] &= ~0x09 }
                if index > 0 { part[layer4 + 13] &= ~0x80 }
            } else {
                part.replaceSubrange(layer4 + 4..<layer4 + 6, with: be(UInt16(part.count - layer4)))
            }
            sumUp(&part, layer4, isTCP: isTCP)
            return part
        }
    }
}
