import NetTypes

/// An endpoint as wg takes it: what stands before the last colon, or in brackets, is asked of the resolver (getaddrinfo(3)), what
/// stands behind it as a port or a service.
enum WgQuickEndpoint {
    case dialled(Endpoint)
    /// No place to dial for a box that is not that one; whether its interface is named, as a zone.
    case neighbour(IPAddress, namesInterface: Bool)

    var endpoint: Endpoint? { if case .dialled(let endpoint) = self { endpoint } else { nil } }

    /// `text` is without blanks. Throws `ParseError`.
    init(parsing text: String, services: ServicePorts) throws(ParseError) {
        if let scheme = text.range(ofScheme: "://") {
            throw ParseError(text, .url(scheme: String(text[..<scheme]), rest: String(text[scheme...])))
        }
        let (host, service) = try Self.split(text)
        let port: UInt16
        do { port = try wgPort(service, least: 1, services: services) } catch { throw ParseError(text, error.reason) }
        if let zone = host.firstIndex(of: "%"), let address = IPv6Address(String(host[..<zone])) {
            guard host.index(after: zone) < host.endIndex else { throw ParseError(text, .noZone) }
            self = .neighbour(.v6(address), namesInterface: true)
        } else if let address = Self.address(host) {
            self =
                IPPrefix.linkLocal.contains(address)
                ? .neighbour(address, namesInterface: false) : .dialled(Endpoint(.address(address), port: port))
        } else {
            do { self = .dialled(try Endpoint(parsing: "\(host):\(port)")) } catch {
                throw ParseError(text, error.reason)
            }
        }
    }

    private static func split(_ text: String) throws(ParseError) -> (host: Substring, service: Substring) {
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else {
                throw ParseError(text, .openBracket(like: "[fd00::1]:51820"))
            }
            let tail = text[text.index(after: close)...]
            guard tail.hasPrefix(":"), tail.utf8.count > 1 else {
                throw ParseError(text, .behindBracket(like: "[fd00::1]:51820", takesProtocol: false))
            }
            return (text[text.index(after: text.startIndex)..<close], tail.dropFirst())
        }
        guard let colon = text.lastIndex(of: ":"), text.index(after: colon) < text.endIndex else {
            throw ParseError(text, .noPort(write: "HOST:51820"))
        }
        if IPv6Address(text) != nil, IPv6Address(String(text[..<colon])) == nil {
            throw ParseError(text, .noPort(write: "[\(text)]:51820"))
        }
        return (text[..<colon], text[text.index(after: colon)...])
    }

    private static func address(_ host: Substring) -> IPAddress? {
        if let v6 = IPv6Address(String(host)) { return .v6(v6) }
        return numeric(host).map { .v4($0) }
    }

    /// inet_aton(3): one to four numbers, the last of which has all octets that are left; with 0x in hexadecimal, with 0 in octal.
    private static func numeric(_ host: Substring) -> IPv4Address? {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...4).contains(parts.count) else { return nil }
        var value: UInt64 = 0
        for (i, part) in parts.enumerated() {
            let isLast = i == parts.count - 1
            let octets = UInt64(isLast ? 4 - i : 1)
            guard let number = cNumber(part), number < 1 << (8 * octets) else { return nil }
            value = value << (8 * octets) | number
        }
        return IPv4Address(rawValue: UInt32(value))
    }

    private static func cNumber(_ text: Substring) -> UInt64? {
        guard text.utf8.allSatisfy({ $0 < 128 }), text.first?.isHexDigit == true, text.utf8.count <= 16 else {
            return nil
        }
        if text.hasPrefix("0x") || text.hasPrefix("0X") {
            let digits = text.dropFirst(2)
            return digits.first?.isHexDigit == true ? UInt64(digits, radix: 16) : nil
        }
        return UInt64(text, radix: text.hasPrefix("0") && text.utf8.count > 1 ? 8 : 10)
    }
}

extension String {
    /// Where the text begins behind `scheme://`; nil without a scheme (RFC 3986 3.1).
    fileprivate func range(ofScheme separator: String) -> Index? {
        let scheme = prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "+" || $0 == ".") }
        let rest = self[scheme.endIndex...]
        guard !scheme.isEmpty, rest.hasPrefix(separator) else { return nil }
        return index(scheme.endIndex, offsetBy: separator.count)
    }
}
