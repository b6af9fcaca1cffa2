// Inner packets, handled in the plainest way.

@testable import Datapath

/// IPv4 and IPv6 packets as arrays.
enum Packet {
    static func word(_ p: [UInt8], _ at: Int) -> Int { Int(p[at]) << 8 | Int(p[at + 1]) }

    static func set(_ p: inout [UInt8], _ at: Int, _ value: Int) {
        p[at] = UInt8(truncatingIfNeeded: value >> 8)
        p[at + 1] = UInt8(truncatingIfNeeded: value)
    }

    /// By its own header; nil if that does not fit.
    static func length(_ p: [UInt8]) -> Int? {
        guard p.count >= 20 else { return nil }
        switch p[0] >> 4 {
        case 4: return word(p, 2) >= 20 && word(p, 2) <= p.count ? word(p, 2) : nil
        case 6: return p.count >= 40 && 40 + word(p, 4) <= p.count ? 40 + word(p, 4) : nil
        default: return nil
        }
    }

    /// Whether the source is in 10.0.0.0/8 or fd00::/8.
    static func comesFromPeer(_ p: [UInt8]) -> Bool { p[0] >> 4 == 4 ? p[12] == 10 : p[8] == 0xfd }

    /// RFC 1071.
    static func sum(_ bytes: some Sequence<UInt8>) -> Int {
        var sum = 0
        var isHigh = true
        for b in bytes {
            sum += isHigh ? Int(b) << 8 : Int(b)
            isHigh.toggle()
        }
        while sum >> 16 != 0 { sum = (sum & 0xffff) + (sum >> 16) }
        return sum
    }

    /// What layer 4's checksum is over: pseudo header, header and payload.
    static func layer4Sum(_ p: [UInt8], at layer4: Int, proto: UInt8) -> Int {
        let addresses = p[0] >> 4 == 6 ? p[8..<40] : p[12..<20]
        let count = p.count - layer4
        return sum(addresses + [0, proto, UInt8(count >> 8 & 255), UInt8(count & 255)] + p[layer4...])
    }

    /// Where layer 4 begins, if there are neither options nor extension headers and it is TCP or UDP with a whole header.
    static func plainLayer4(_ p: [UInt8]) -> (at: Int, isTCP: Bool)? {
        guard p.count >= 20 else { return nil }
        let isV6 = p[0] >> 4 == 6
        guard isV6 ? p.count >= 40 : p[0] == 0x45 else { return nil }
        let at = isV6 ? 40 : 20
        switch isV6 ? p[6] : p[9] {
        case 6: return p.count >= at + 20 ? (at, true) : nil
        case 17: return p.count >= at + 8 ? (at, false) : nil
        default: return nil
        }
    }

    /// Puts version, addresses, lengths and checksums right, so that the packet gets far.
    static func repair(_ p: inout [UInt8]) {
        guard p.count >= 40 else { return }
        if p[0] >> 4 == 6 {
            set(&p, 4, p.count - 40)
            p[8] = 0xfd
        } else {
            p[0] = 0x45
            set(&p, 2, p.count)
            p[12] = 10
            set(&p, 10, 0)
            set(&p, 10, ~sum(p[..<20]))
        }
        guard let (at, isTCP) = plainLayer4(p) else { return }
        if !isTCP { set(&p, at + 4, p.count - at) }
        let field = at + (isTCP ? 16 : 6)
        set(&p, field, 0)
        let checksum = ~layer4Sum(p, at: at, proto: isTCP ? 6 : 17) & 0xffff
        set(&p, field, checksum == 0 && !isTCP ? 0xffff : checksum)
    }

    /// Makes it the next packet of its flow.
    static func advance(_ p: inout [UInt8]) {
        guard let (at, isTCP) = plainLayer4(p) else { return }
        if p[0] >> 4 == 4 { set(&p, 4, word(p, 4) + 1) }
        if isTCP {
            let payload = p.count - at - Int(p[at + 12] >> 4) * 4
            let next = word(p, at + 4) << 16 + word(p, at + 6) + max(0, payload)
            set(&p, at + 4, next >> 16)
            set(&p, at + 6, next)
        }
        repair(&p)
    }

    /// RFC 6040: the outer packet says that there is congestion, and the inner one can say so too.
    static func markCongested(_ p: inout [UInt8]) {
        if p[0] >> 4 == 6 {
            if p[1] & 0x30 != 0 { p[1] |= 0x30 }
        } else if p[1] & 3 != 0 {
            let header = Int(p[0] & 15) * 4
            guard header >= 20, header <= p.count else { return }
            p[1] |= 3
            set(&p, 10, 0)
            set(&p, 10, ~sum(p[..<header]))
        }
    }

    /// The identification of a packet that may not be fragmented means nothing, and joining counts it anew (RFC 6864).
    static func withoutIdentification(_ p: [UInt8]) -> [UInt8] {
        guard p[0] == 0x45, p[6] & 0x40 != 0, sum(p[..<20]) == 0xffff else { return p }
        var p = p
        set(&p, 4, 0)
        set(&p, 10, 0)
        return p
    }
}
