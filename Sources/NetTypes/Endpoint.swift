/// Where to send: an address and a UDP port, and for a link-local IPv6 address the interface's index.
public struct SocketAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The address.
    public let address: IPAddress
    /// The UDP port, host order.
    public let port: UInt16
    /// The interface index of a link-local IPv6 address, else 0.
    public let scope: UInt32

    /// Makes a socket address.
    public init(_ address: IPAddress, port: UInt16, scope: UInt32 = 0) {
        self.address = address
        self.port = port
        self.scope = scope
    }

    /// `203.0.113.7:51820`, `[2001:db8::1]:51820`, `[fe80::1%3]:51820`
    public var description: String {
        if case .v6 = address { return "[\(address)\(scope == 0 ? "" : "%\(scope)")]:\(port)" }
        return "\(address):\(port)"
    }

    /// By address, then port.
    public static func < (a: Self, b: Self) -> Bool { (a.address, a.port, a.scope) < (b.address, b.port, b.scope) }
}

extension SocketAddress: LosslessStringConvertible {
    /// The inverse of `description`: `203.0.113.7:51820`, `[fe80::1%3]:51820`; the scope is a number.
    public init?(_ description: String) {
        let parsed = description.withBytes { text in
            SocketAddress(utf8: text) { zone in UInt32(zone).flatMap { $0 > 0 ? $0 : nil } }
        }
        guard let parsed else { return nil }
        self = parsed
    }

    /// The same of text in bytes. `scope` says which interface a zone is, the text behind the `%`; nil: none.
    public init?(utf8 text: UnsafeRawBufferPointer, scope: (String) -> UInt32?) {
        guard let colon = text.lastIndex(of: UInt8(ascii: ":")),
            let port = UInt16(digits: UnsafeRawBufferPointer(rebasing: text[(colon + 1)...]))
        else { return nil }
        var host = text[..<colon]
        guard host.first == UInt8(ascii: "[") else {
            guard let v4 = IPv4Address(utf8: UnsafeRawBufferPointer(rebasing: host)) else { return nil }
            self.init(.v4(v4), port: port)
            return
        }
        guard host.count > 1, host.last == UInt8(ascii: "]") else { return nil }
        host = host.dropFirst().dropLast()
        var number: UInt32 = 0
        if let percent = host.firstIndex(of: UInt8(ascii: "%")) {
            guard let known = scope(String(decoding: host[(percent + 1)...], as: UTF8.self)) else { return nil }
            number = known
            host = host[..<percent]
        }
        guard let v6 = IPv6Address(utf8: UnsafeRawBufferPointer(rebasing: host)) else { return nil }
        self.init(.v6(v6), port: port, scope: number)
    }
}

/// What peers dial: a DNS name or an address, and a UDP port.
public struct Endpoint: Hashable, Sendable, ParsedText, LosslessStringConvertible {
    /// The part before the port.
    public enum Host: Hashable, Sendable {
        /// A literal address.
        case address(IPAddress)
        /// A DNS name, lower case.
        case name(String)
    }

    /// The host.
    public let host: Host
    /// The UDP port, 1…65535.
    public let port: UInt16

    /// Makes an endpoint.
    public init(_ host: Host, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// `HOST:PORT`; an IPv6 address stands in brackets. Throws `ParseError`.
    public init(parsing text: some StringProtocol) throws(ParseError) { try self.init(parsing: text, defaultPort: nil) }

    /// The same; without a port, `defaultPort` if there is one.
    public init(parsing text: some StringProtocol, defaultPort: UInt16?) throws(ParseError) {
        var hostText = Substring(text)
        var portText: Substring?
        if hostText.hasPrefix("[") {
            guard let close = hostText.firstIndex(of: "]") else {
                throw ParseError(text, .openBracket(like: "[fd00::1]:51820"))
            }
            let tail = hostText[hostText.index(after: close)...]
            hostText = hostText[hostText.index(after: hostText.startIndex)..<close]
            if !tail.isEmpty {
                guard tail.hasPrefix(":") else {
                    throw ParseError(text, .behindBracket(like: "[fd00::1]:51820", takesProtocol: false))
                }
                portText = tail.dropFirst()
            }
            do { host = .address(.v6(try IPv6Address(parsing: hostText))) } catch {
                throw ParseError(text, error.reason)
            }
        } else {
            if hostText.filter({ $0 == ":" }).count > 1 {
                throw ParseError(text, .needsBrackets(ofRule: false))
            }
            if let colon = hostText.firstIndex(of: ":") {
                portText = hostText[hostText.index(after: colon)...]
                hostText = hostText[..<colon]
            }
            if let v4 = IPv4Address(String(hostText)) {
                host = .address(.v4(v4))
            } else {
                guard Self.isName(hostText) else {
                    throw ParseError(text, .noHost)
                }
                host = .name(hostText.lowercased())
            }
        }
        if let portText {
            guard portText.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(portText), port > 0 else {
                throw ParseError(text, .port)
            }
            self.port = port
        } else if let defaultPort {
            port = defaultPort
        } else {
            throw ParseError(text, .noPort(write: "\(text):51820"))
        }
    }

    /// `itzxa.com:51820`, `[fd00::1]:51820`
    public var description: String {
        switch host {
        case .name(let name): "\(name):\(port)"
        case .address(let address): SocketAddress(address, port: port).description
        }
    }

    /// What a resolver looks up: labels of letters, digits, underscores and inner hyphens, 253 characters in all, not all digits
    /// at the end; a point behind it says that no domain is to be tried with it. RFC 1123 has no underscores, DNS does (RFC 2181).
    private static func isName(_ text: Substring) -> Bool {
        let name = text.hasSuffix(".") ? text.dropLast() : text
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        return name.utf8.count <= 253 && !labels.last!.allSatisfy(\.isNumber)
            && labels.allSatisfy { isLabel($0, allowsUnderscore: true) }
    }
}

/// RFC 1123 label: 1…63 letters, digits and hyphens, no hyphen at either end.
public func isHostLabel(_ text: some StringProtocol) -> Bool { isLabel(text, allowsUnderscore: false) }

private func isLabel(_ text: some StringProtocol, allowsUnderscore: Bool) -> Bool {
    let text = String(text).utf8
    let hyphen = UInt8(ascii: "-")
    return (1...63).contains(text.count) && text.first != hyphen && text.last != hyphen
        && text.allSatisfy { $0.isLetterOrDigit || $0 == hyphen || allowsUnderscore && $0 == UInt8(ascii: "_") }
}
