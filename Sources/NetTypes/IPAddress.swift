/// An address of either family. IPv4 sorts before IPv6.
public enum IPAddress: Hashable, Comparable, Sendable, ParsedText, LosslessStringConvertible {
    /// An IPv4 address.
    case v4(IPv4Address)
    /// An IPv6 address.
    case v6(IPv6Address)

    /// Dotted quad or RFC 4291 text; throws `ParseError`.
    public init(parsing text: some StringProtocol) throws(ParseError) {
        let text = String(text)
        if text.utf8.contains(UInt8(ascii: ":")) {
            self = .v6(try IPv6Address(parsing: text))
        } else {
            self = .v4(try IPv4Address(parsing: text))
        }
    }

    /// The same of text in bytes.
    public init?(utf8 text: UnsafeRawBufferPointer) {
        if let address = IPv4Address(utf8: text) {
            self = .v4(address)
        } else if let address = IPv6Address(utf8: text) {
            self = .v6(address)
        } else {
            return nil
        }
    }

    /// The address from 4 or 16 octets in network order; nil for any other count.
    public init?(octets: UnsafeRawBufferPointer) {
        switch octets.count {
        case 4: self = .v4(IPv4Address(rawValue: octets.loadUnaligned(as: UInt32.self).bigEndian))
        case 16: self = .v6(IPv6Address(rawValue: octets.loadUnaligned(as: UInt128.self).bigEndian))
        default: return nil
        }
    }

    /// The same, of any bytes.
    public init?(octets: some Collection<UInt8>) {
        guard let address = Array(octets).withUnsafeBytes({ IPAddress(octets: $0) }) else { return nil }
        self = address
    }

    /// 4 or 16 octets in network order.
    public var octets: [UInt8] {
        switch self {
        case .v4(let a): a.octets
        case .v6(let a): a.octets
        }
    }

    /// Whether this is an IPv6 address.
    public var isV6: Bool {
        if case .v6 = self { true } else { false }
    }

    /// fe80::/10 or 169.254.0.0/16.
    public var isLinkLocal: Bool {
        switch self {
        case .v4(let a): a.rawValue >> 16 == 0xa9fe
        case .v6(let a): a.rawValue >> 118 == 0xfe80 >> 6
        }
    }

    /// 32 or 128.
    public var bitWidth: Int { isV6 ? 128 : 32 }

    /// The address as text, without brackets.
    public var description: String {
        switch self {
        case .v4(let a): a.description
        case .v6(let a): a.description
        }
    }
}
