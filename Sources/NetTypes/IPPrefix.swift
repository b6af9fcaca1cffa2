/// A network: an address with its host bits zero, and a prefix length. Sorted by address, then length.
public struct IPPrefix: Hashable, Comparable, Sendable, ParsedText, LosslessStringConvertible {
    /// The network address; bits past `length` are zero.
    public let address: IPAddress
    /// 0…32 or 0…128.
    public let length: Int

    /// The network that holds `address`; the length must fit the family.
    public init(masking address: IPAddress, length: Int) {
        precondition((0...address.bitWidth).contains(length))
        self.length = length
        switch address {
        case .v4(let a):
            let mask: UInt32 = length == 0 ? 0 : ~0 << UInt32(32 - length)
            self.address = .v4(IPv4Address(rawValue: a.rawValue & mask))
        case .v6(let a):
            let mask: UInt128 = length == 0 ? 0 : ~0 << UInt128(128 - length)
            self.address = .v6(IPv6Address(rawValue: a.rawValue & mask))
        }
    }

    /// The network of one address: /32 or /128.
    public init(host address: IPAddress) {
        self.address = address
        length = address.bitWidth
    }

    /// `ADDRESS/LENGTH` with no host bits set, or a bare address for a host. Throws `ParseError`.
    public init(parsing text: some StringProtocol) throws(ParseError) {
        let parsed = try InterfaceAddress(parsing: text)
        self.init(masking: parsed.address, length: parsed.length)
        if address != parsed.address {
            throw ParseError(text, .hostBits(self))
        }
    }

    /// `0.0.0.0/0`
    public static let everyV4 = IPPrefix(masking: .v4(IPv4Address(rawValue: 0)), length: 0)
    /// `::/0`
    public static let everyV6 = IPPrefix(masking: .v6(IPv6Address(rawValue: 0)), length: 0)

    /// Whether it holds exactly one address.
    public var isHost: Bool { length == address.bitWidth }

    /// Whether this is an IPv6 network.
    public var isV6: Bool { address.isV6 }

    /// Whether `other` lies in this network; false across families.
    public func contains(_ other: IPAddress) -> Bool {
        switch (address, other) {
        case (.v4(let a), .v4(let b)): (a.rawValue ^ b.rawValue) >> UInt32(32 - length) == 0
        case (.v6(let a), .v6(let b)): (a.rawValue ^ b.rawValue) >> UInt128(128 - length) == 0
        default: false
        }
    }

    /// Whether all of `other` lies in this network.
    public func contains(_ other: IPPrefix) -> Bool { other.length >= length && contains(other.address) }

    /// Whether the two share an address.
    public func overlaps(_ other: IPPrefix) -> Bool { contains(other) || other.contains(self) }

    /// The highest address: the broadcast address of an IPv4 subnet.
    public var last: IPAddress {
        switch address {
        case .v4(let a): .v4(IPv4Address(rawValue: a.rawValue | (length == 0 ? ~0 : (1 << UInt32(32 - length)) &- 1)))
        case .v6(let a):
            .v6(IPv6Address(rawValue: a.rawValue | (length == 0 ? ~0 : (1 << UInt128(128 - length)) &- 1)))
        }
    }

    /// `192.168.1.0/24`
    public var description: String { address.description + "/" + String(length) }

    /// By address, then the wider first.
    public static func < (a: Self, b: Self) -> Bool { (a.address, a.length) < (b.address, b.length) }
}
