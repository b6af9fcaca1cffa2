/// An IPv6 address, 128 bits, in host order, without a zone.
public struct IPv6Address: Hashable, Comparable, Sendable, ParsedText, LosslessStringConvertible {
    /// The address as a number: `::1` is 1.
    public let rawValue: UInt128

    /// Makes an address from its number in host order.
    @inlinable public init(rawValue: UInt128) { self.rawValue = rawValue }

    /// RFC 4291 2.2 text, `::` and an embedded IPv4 tail included; no zone. Throws `ParseError`.
    public init(parsing text: some StringProtocol) throws(ParseError) {
        guard let address = String(text).withBytes({ Self(utf8: $0) }) else { throw ParseError(text, .noIPv6) }
        self = address
    }

    /// The 16 octets, most significant first: network order.
    public var octets: [UInt8] { (0..<16).map { UInt8(truncatingIfNeeded: rawValue >> (120 - 8 * $0)) } }

    /// RFC 5952: lower case, the longest run of two or more zero groups shortened, the first of equals.
    public var description: String {
        let groups = (0..<8).map { UInt16(truncatingIfNeeded: rawValue >> (112 - 16 * $0)) }
        if rawValue >> 32 == 0xffff {
            return "::ffff:\(IPv4Address(rawValue: UInt32(truncatingIfNeeded: rawValue)))"
        }
        var best = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8 && groups[end] == 0 { end += 1 }
            if end - start > max(best.count, 1) { best = start..<end }
            start = max(end, start + 1)
        }
        let hex = { (r: Range<Int>) in r.map { String(groups[$0], radix: 16) }.joined(separator: ":") }
        return best.isEmpty ? hex(0..<8) : hex(0..<best.lowerBound) + "::" + hex(best.upperBound..<8)
    }

    /// Numeric order.
    @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

    /// The same of text in bytes.
    public init?(utf8 text: UnsafeRawBufferPointer) {
        let (colon, dot) = (UInt8(ascii: ":"), UInt8(ascii: "."))
        var value: UInt128 = 0
        var groups = 0
        /// How many groups stand before the `::`.
        var gap: Int?
        var at = 0
        if text.count >= 2 && text[0] == colon && text[1] == colon { (gap, at) = (0, 2) }
        while at < text.count {
            let start = at
            var group: UInt128 = 0
            while at < text.count, at - start < 4, let digit = Self.hexDigit(text[at]) {
                group = group << 4 | UInt128(digit)
                at += 1
            }
            if at < text.count && text[at] == dot {
                guard groups <= 6, let tail = IPv4Address(utf8: UnsafeRawBufferPointer(rebasing: text[start...]))
                else { return nil }
                value = value << 32 | UInt128(tail.rawValue)
                groups += 2
                break
            }
            guard at > start, groups < 8 else { return nil }
            value = value << 16 | group
            groups += 1
            if at == text.count { break }
            guard text[at] == colon, at + 1 < text.count else { return nil }
            at += 1
            guard text[at] == colon else { continue }
            guard gap == nil else { return nil }
            gap = groups
            at += 1
        }
        if let gap {
            guard groups < 8 else { return nil }
            let behind = 16 * (groups - gap)
            value = (value >> behind) << (128 - 16 * gap) | value & ((1 << behind) - 1)
        } else if groups < 8 {
            return nil
        }
        rawValue = value
    }

    private static func hexDigit(_ c: UInt8) -> UInt8? {
        switch c {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): c - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): c - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): c - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
