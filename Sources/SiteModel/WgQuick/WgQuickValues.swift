import NetTypes

// The values of settings, as `wg` (its config.c) and `ip` take them. Blanks are gone from what is wg's.

/// Finds the UDP port of a service, as /etc/services has it: wg takes `https` for 443.
public typealias ServicePorts = (_ name: String) -> UInt16?

/// A number of decimal digits, leading zeros and all; nil for anything else, or beyond `most`.
func decimal(_ text: some StringProtocol, most: UInt64) -> UInt64? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    guard let number = UInt64(text), number <= most else { return nil }
    return number
}

/// A UDP port by its number or its service's name. Throws `ParseError`.
func wgPort(
    _ text: some StringProtocol, least: UInt16, services: ServicePorts
) throws(ParseError) -> UInt16 {
    if let number = decimal(text, most: 65535), number >= least { return UInt16(number) }
    let isName = text.utf8.contains { !(48...57).contains($0) }
    // As a resolver does it: no service's name begins with a sign.
    if isName, !text.hasPrefix("-"), !text.hasPrefix("+"), let port = services(String(text)), port >= least {
        return port
    }
    throw ParseError(text, .portOrService(least: least))
}

/// `0xca6c`, `51820`, `off`. Throws `ParseError`.
func wgMark(_ text: some StringProtocol) throws(ParseError) -> UInt32 {
    if text.lowercased() == "off" { return 0 }
    if let number = decimal(text, most: UInt64(UInt32.max)) { return UInt32(number) }
    let digits = text.dropFirst(2)
    if text.hasPrefix("0x"), digits.utf8.count <= 64, digits.first?.isHexDigit == true {
        let significant = digits.drop { $0 == "0" }
        if let number = UInt32(significant.isEmpty ? "0" : significant, radix: 16) { return number }
    }
    throw ParseError(text, .mark)
}

/// Seconds, or `off`. Throws `ParseError`.
func wgKeepalive(_ text: some StringProtocol) throws(ParseError) -> UInt16 {
    if text.lowercased() == "off" { return 0 }
    if let number = decimal(text, most: 65535) { return UInt16(number) }
    throw ParseError(text, .number(0...65535, orOff: true))
}

/// A network of `AllowedIPs`; wg takes leading zeros in its length. Throws `ParseError`.
func wgAllowedIP(_ text: String) throws(ParseError) -> InterfaceAddress {
    if text.hasPrefix("+") || text.hasPrefix("-") {
        throw ParseError(text, .change)
    }
    guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) else { return try InterfaceAddress(parsing: text) }
    let digits = text[text.utf8.index(after: slash)...]
    guard let length = decimal(digits, most: 255) else { return try InterfaceAddress(parsing: text) }
    do { return try InterfaceAddress(parsing: "\(text[..<slash])/\(length)") } catch {
        throw ParseError(text, error.reason)
    }
}

/// An address as `ip address add` takes it: also with a netmask in place of a length, or without the IPv4 octets at its end that
/// are zero. Throws `ParseError`.
func ipInterfaceAddress(_ text: Substring) throws(ParseError) -> InterfaceAddress {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    var address = parts[0]
    if !address.contains(":"), case let octets = address.split(separator: ".", omittingEmptySubsequences: false),
        octets.count < 4, octets.allSatisfy({ decimal($0, most: 255) != nil && ($0 == "0" || !$0.hasPrefix("0")) })
    {
        address += String(repeating: ".0", count: 4 - octets.count)
    }
    guard parts.count == 2 else { return try parsed(String(address), of: text) }
    var length = String(parts[1])
    if let mask = IPv4Address(length) {
        let ones = (~mask.rawValue).leadingZeroBitCount
        guard mask.rawValue == (ones == 0 ? 0 : ~0 << UInt32(32 - ones)) else {
            throw ParseError(text, .noNetmask(length))
        }
        length = "\(ones)"
    }
    return try parsed("\(address)/\(length)", of: text)
}

private func parsed(_ text: String, of written: Substring) throws(ParseError) -> InterfaceAddress {
    do { return try InterfaceAddress(parsing: text) } catch { throw ParseError(written, error.reason) }
}

/// Whether a private key has the bits that every one has (RFC 7748 5): told by the text, so that there is no copy of the key.
func isClamped(_ base64: String) -> Bool {
    let text = Array(base64.utf8)
    guard text.count == 44 else { return false }
    // Of the first byte the last three bits are 0, of the last byte the first two are 01.
    return "ACEGIKMOQSUWYacegikmoqsuwy02468+".utf8.contains(text[0]) && "ABCDEFGHIJKLMNOP".utf8.contains(text[1])
        && "EFGHUVWXklmn0123".utf8.contains(text[41])
}

/// Whether a key is wg's way to have none: all of its bytes are zero.
func isNoKey(_ base64: String) -> Bool { base64.utf8.dropLast().allSatisfy { $0 == UInt8(ascii: "A") } }
