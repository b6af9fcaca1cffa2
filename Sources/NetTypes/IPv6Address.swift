/// An IPv6 address, 128 bits, in host order, without a zone.
public struct IPv6Address: Hashable, Comparable, Sendable, LosslessStringConvertible {
    /// The address as a number: `::1` is 1.
    public let rawValue: UInt128

    /// Makes an address from its number in host order.
    @inlinable public init(rawValue: UInt128) { self.rawValue = rawValue }

    /// RFC 4291 2.2 text, `::` and an embedded IPv4 tail included; no zone. Throws `ParseError`.
    public init(parsing text: some StringProtocol) throws(ParseError) {
        guard let value = Self.parse(String(text)) else {
            throw ParseError(text, "an IPv6 address is up to eight groups of hex digits, like fd00::1")
        }
        rawValue = value
    }

    /// The same without a reason.
    public init?(_ description: String) {
        guard let value = Self.parse(description) else { return nil }
        rawValue = value
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

    private static func parse(_ text: String) -> UInt128? {
        var groups: [UInt16] = []
        var gap: Int?
        var rest = Substring(text)
        if rest.hasPrefix("::") {
            gap = 0
            rest = rest.dropFirst(2)
        }
        while !rest.isEmpty {
            let token = rest.prefix { $0 != ":" }
            if token.contains(".") {
                guard token.endIndex == rest.endIndex, let v4 = IPv4Address(String(token)) else { return nil }
                groups += [UInt16(v4.rawValue >> 16), UInt16(truncatingIfNeeded: v4.rawValue)]
                break
            }
            guard (1...4).contains(token.utf8.count), token.allSatisfy(\.isHexDigit),
                token.utf8.allSatisfy({ $0 < 128 }),
                let group = UInt16(token, radix: 16)
            else { return nil }
            groups.append(group)
            rest = rest[token.endIndex...]
            if rest.isEmpty { break }
            if rest.hasPrefix("::") {
                guard gap == nil else { return nil }
                gap = groups.count
                rest = rest.dropFirst(2)
            } else {
                rest = rest.dropFirst()
                if rest.isEmpty { return nil }
            }
        }
        guard gap == nil ? groups.count == 8 : groups.count < 8 else { return nil }
        let at = gap ?? groups.count
        let filled = groups[..<at] + Array(repeating: 0, count: 8 - groups.count) + groups[at...]
        return filled.reduce(0) { $0 << 16 | UInt128($1) }
    }
}
