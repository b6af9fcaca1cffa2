internal import CLinux
internal import BoxModel
internal import NetTypes

/// The bytes of a probe, and what of somebody else's packet is an answer to it.
struct ProbePacket {
    let probe: Probe
    /// Of TCP and UDP, and an echo's identifier: by this number an answer is known.
    let number: UInt16

    /// From the IP header on. IPv4's own checksum is the kernel's work.
    var bytes: [UInt8] {
        let body = self.body
        let (source, destination) = (probe.source.octets, probe.destination.octets)
        let next = kind
        if probe.destination.isV6 {
            return [0x60, 0, 0, 0] + Self.big(UInt16(body.count)) + [next, 64] + source + destination + body
        }
        let length = Self.big(UInt16(20 + body.count))
        return [0x45, 0] + length + [0, 0, 0x40, 0, 64, next, 0, 0] + source + destination + body
    }

    /// `IPPROTO_*`
    private var kind: UInt8 {
        switch probe.transport {
        case 6, 17: probe.transport
        default: probe.destination.isV6 ? 58 : 1
        }
    }

    private var body: [UInt8] {
        var body: [UInt8]
        let checksum: Int
        switch kind {
        case 6:
            // SYN, a window, and no options.
            body = Self.big(number) + Self.big(probe.port) + [0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0x40, 0, 0, 0, 0, 0]
            checksum = 16
        case 17:
            body = Self.big(number) + Self.big(probe.port) + [0, 8, 0, 0]
            checksum = 6
        default:
            body = [kind == 1 ? 8 : 128, 0, 0, 0] + Self.big(number) + [0, 1]
            checksum = 2
        }
        let pseudo =
            kind == 1 ? [] : probe.source.octets + probe.destination.octets + [0, kind] + Self.big(UInt16(body.count))
        var sum = Self.sum(pseudo + body)
        // UDP says by zero that it has none.
        if sum == 0 && kind == 17 { sum = 0xffff }
        body.replaceSubrange(checksum..<checksum + 2, with: Self.big(sum))
        return body
    }

    private static func big(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 255)] }

    /// RFC 1071.
    private static func sum(_ bytes: [UInt8]) -> UInt16 {
        var total: UInt32 = 0
        for i in stride(from: 0, to: bytes.count, by: 2) {
            total += UInt32(bytes[i]) << 8 | UInt32(i + 1 < bytes.count ? bytes[i + 1] : 0)
        }
        while total > 0xffff { total = total >> 16 + total & 0xffff }
        return ~UInt16(total)
    }

    // MARK: Answers

    /// What a packet, from its IP header on, says to the probe; nil: it has nothing to do with it.
    func answer(in packet: ArraySlice<UInt8>) -> ProbeAnswer? {
        guard let (source, next, body) = Self.parts(packet), source.isV6 == probe.destination.isV6 else { return nil }
        if source == probe.destination, next == kind, body.count >= 8 {
            let at = body.startIndex
            switch kind {
            case 6 where isReply(body):
                let flags = body.count > 13 ? body[at + 13] : 0
                if flags & 4 != 0 { return .refused }
                return flags & 0x12 == 0x12 ? .answered(milliseconds: 0) : nil
            case 17 where isReply(body): return .answered(milliseconds: 0)
            case 1, 58:
                let isEcho = body[at] == (kind == 1 ? 0 : 129) && Array(body[at + 4..<at + 6]) == Self.big(number)
                if isEcho { return .answered(milliseconds: 0) }
            default: break
            }
        }
        return complaint(source, next, body)
    }

    private func isReply(_ body: ArraySlice<UInt8>) -> Bool {
        Array(body.prefix(4)) == Self.big(probe.port) + Self.big(number)
    }

    /// ICMP's word that a packet did not arrive, with the beginning of that packet in it.
    private func complaint(_ source: IPAddress, _ next: UInt8, _ body: ArraySlice<UInt8>) -> ProbeAnswer? {
        guard next == (source.isV6 ? 58 : 1), body.count > 8, body.first == (source.isV6 ? 1 : 3),
            let (own, ownNext, ownBody) = Self.parts(body.dropFirst(8)), own == probe.source,
            ownNext == kind, ownBody.count >= 6
        else { return nil }
        let at = ownBody.startIndex
        let place = kind == 6 || kind == 17 ? at : at + 4
        guard Array(ownBody[place..<place + 2]) == Self.big(number) else { return nil }
        // Port unreachable, said by the host itself.
        let isPort = body[body.startIndex + 1] == (source.isV6 ? 4 : 3)
        return isPort && source == probe.destination ? .refused : .unreachable(by: source)
    }

    /// Source, next header and body of a packet without extension headers.
    private static func parts(
        _ packet: ArraySlice<UInt8>
    ) -> (source: IPAddress, next: UInt8, body: ArraySlice<UInt8>)? {
        guard let first = packet.first else { return nil }
        let at = packet.startIndex
        if first >> 4 == 4, packet.count >= 20 {
            let length = Int(first & 15) * 4
            guard length >= 20, packet.count >= length, let source = IPAddress(octets: Array(packet[at + 12..<at + 16]))
            else { return nil }
            return (source, packet[at + 9], packet.dropFirst(length))
        }
        guard first >> 4 == 6, packet.count >= 40, let source = IPAddress(octets: Array(packet[at + 8..<at + 24]))
        else { return nil }
        return (source, packet[at + 6], packet.dropFirst(40))
    }
}
