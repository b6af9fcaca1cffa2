/// An IPv4 address, 32 bits; `rawValue` is in host order, so that comparison is numeric.
public struct IPv4Address: Hashable, Comparable, Sendable, ParsedText, LosslessStringConvertible {
    /// The address as a number: `192.168.1.1` is `0xc0a80101`.
    public let rawValue: UInt32

    /// Makes an address from its number in host order.
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Makes an address from its four octets, most significant first.
    public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
        rawValue = UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d)
    }

    /// Four decimal octets without leading zeros (`inet_pton`); throws `ParseError`.
    public init(parsing text: some StringProtocol) throws(ParseError) {
        guard let address = String(text).withBytes({ Self(utf8: $0) }) else { throw ParseError(text, .noIPv4) }
        self = address
    }

    /// The four octets, most significant first: network order.
    public var octets: [UInt8] {
        [
            UInt8(rawValue >> 24), UInt8(truncatingIfNeeded: rawValue >> 16), UInt8(truncatingIfNeeded: rawValue >> 8),
            UInt8(truncatingIfNeeded: rawValue),
        ]
    }

    /// `192.168.1.1`
    public var description: String {
        // Not by interpolation, which takes ten times as long: a table of peers is mostly addresses.
        String(unsafeUninitializedCapacity: 15) { text in
            var count = 0
            for shift: UInt32 in [24, 16, 8, 0] {
                let octet = UInt8(truncatingIfNeeded: rawValue >> shift)
                if count > 0 { text[count] = UInt8(ascii: "."); count += 1 }
                if octet >= 100 { text[count] = 48 + octet / 100; count += 1 }
                if octet >= 10 { text[count] = 48 + octet / 10 % 10; count += 1 }
                text[count] = 48 + octet % 10
                count += 1
            }
            return count
        }
    }

    /// Numeric order.
    @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

    /// The same of text in bytes. Not generic: parsing thousands of peers would spend its time in witness tables.
    public init?(utf8 text: UnsafeRawBufferPointer) {
        var value: UInt32 = 0
        var octet: UInt32 = 0
        var digits = 0
        var dots = 0
        for c in text {
            switch c {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if digits > 0 && octet == 0 { return nil }
                octet = octet * 10 + UInt32(c - UInt8(ascii: "0"))
                digits += 1
                if octet > 255 { return nil }
            case UInt8(ascii: "."):
                if digits == 0 || dots == 3 { return nil }
                value = value << 8 | octet
                (octet, digits, dots) = (0, 0, dots + 1)
            default: return nil
            }
        }
        guard dots == 3 && digits > 0 else { return nil }
        rawValue = value << 8 | octet
    }
}
