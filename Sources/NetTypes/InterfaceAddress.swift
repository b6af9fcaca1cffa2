/// An address as an interface holds it: the host's own address and the length of its subnet.
public struct InterfaceAddress: Hashable, Comparable, Sendable, ParsedText, LosslessStringConvertible {
    /// The host's address.
    public let address: IPAddress
    /// 0…32 or 0…128.
    public let length: Int

    /// Makes an interface address; the length must fit the family.
    public init(_ address: IPAddress, length: Int) {
        precondition((0...address.bitWidth).contains(length))
        self.address = address
        self.length = length
    }

    /// `ADDRESS/LENGTH`, or a bare address for /32 and /128. Throws `ParseError`.
    public init(parsing text: some StringProtocol) throws(ParseError) {
        let text = String(text)
        guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) else {
            address = try IPAddress(parsing: text)
            length = address.bitWidth
            return
        }
        let digits = text[text.utf8.index(after: slash)...]
        do { address = try IPAddress(parsing: text[..<slash]) } catch { throw ParseError(text, error.reason) }
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }),
            digits == "0" || !digits.hasPrefix("0")
        else { throw ParseError(text, .prefixLength(isV6: address.isV6)) }
        guard let length = Int(digits), length <= address.bitWidth else {
            throw ParseError(text, .prefixTooLong(isV6: address.isV6))
        }
        self.length = length
    }

    /// The subnet it is in.
    public var network: IPPrefix { IPPrefix(masking: address, length: length) }

    /// `192.168.2.254/24`
    public var description: String { "\(address)/\(length)" }

    /// By address, then length.
    public static func < (a: Self, b: Self) -> Bool { (a.address, a.length) < (b.address, b.length) }
}
