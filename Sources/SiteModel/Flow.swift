public import NetTypes

/// Who sends what to whom, as people write it: from `laptop` to `192.168.1.10:443/tcp`.
///
/// A flow is a question about the first packet and its answer. What its words stand for, a site says.
public struct Flow: Hashable, Sendable {
    /// One of the two who talk.
    public enum Party: Hashable, Sendable {
        /// A peer's name; `gateway` or `dns` where no peer is called that; else the name of a host.
        case name(String)
        /// One address, as a host prefix, or any of a network.
        case network(IPPrefix)
    }

    /// What is asked for at the other end.
    public struct Service: Hashable, Sendable {
        /// Its protocol.
        public var transport: AccessRule.Transport
        /// nil is any; ICMP has none.
        public var port: UInt16?

        /// Makes a service.
        public init(_ transport: AccessRule.Transport, port: UInt16? = nil) {
            self.transport = transport
            self.port = port
        }
    }

    /// Who sends first.
    public var from: Party
    /// Who is to answer.
    public var to: Party
    /// nil is whatever may pass.
    public var service: Service?

    /// Makes a flow.
    public init(from: Party, to: Party, service: Service? = nil) {
        self.from = from
        self.to = to
        self.service = service
    }

    /// Reads both ends; `to` is `HOST[:PORT][/PROTOCOL]`, where a port without a protocol is TCP's, and IPv6 with a port stands in
    /// brackets. Throws `ParseError`.
    public init(from: some StringProtocol, to: some StringProtocol) throws(ParseError) {
        self.from = try Party(parsing: from)
        var rest = Substring(to)
        var transport: AccessRule.Transport?
        if let slash = rest.lastIndex(of: "/"), rest[slash...].dropFirst().first?.isLetter == true {
            let name = rest[slash...].dropFirst()
            transport = AccessRule.Transport(rawValue: String(name))
            if transport == nil { throw ParseError(to, .noProtocol(String(name))) }
            rest = rest[..<slash]
        }
        let (host, port) = try Self.split(rest, of: to)
        if port != nil && transport == .icmp { throw ParseError(to, .portOfICMP(write: "\(host)/icmp")) }
        self.to = try Party(parsing: host)
        service = port.map { Service(transport ?? .tcp, port: $0) } ?? transport.map { Service($0) }
    }

    private static func split(
        _ rest: Substring, of text: some StringProtocol
    ) throws(ParseError) -> (host: Substring, port: UInt16?) {
        var host = rest
        var port: Substring?
        if rest.hasPrefix("[") {
            guard let close = rest.firstIndex(of: "]") else {
                throw ParseError(text, .openBracket(like: "[fd00::1]:443/tcp"))
            }
            host = rest[..<close].dropFirst()
            let tail = rest[close...].dropFirst()
            guard tail.isEmpty || tail.hasPrefix(":") else {
                throw ParseError(text, .behindBracket(like: "[fd00::1]:443/tcp", takesProtocol: true))
            }
            if !tail.isEmpty { port = tail.dropFirst() }
        } else if rest.utf8.count(where: { $0 == UInt8(ascii: ":") }) == 1, let colon = rest.firstIndex(of: ":") {
            (host, port) = (rest[..<colon], rest[colon...].dropFirst())
        }
        guard let port else { return (host, nil) }
        guard port.utf8.allSatisfy({ (48...57).contains($0) }), let number = UInt16(port), number > 0 else {
            throw ParseError(text, .port)
        }
        return (host, number)
    }
}

extension Flow.Party: CustomStringConvertible {
    /// An address, a network, or a name of letters, digits, dots, hyphens and underscores. Throws `ParseError`.
    init(parsing text: some StringProtocol) throws(ParseError) {
        // What looks like an address is meant to be one.
        if text.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ":") })
            || text.utf8.allSatisfy({ (48...57).contains($0) || $0 == UInt8(ascii: ".") })
        {
            self = .network(try IPPrefix(parsing: text))
        } else if text.utf8.count > 253 || !text.utf8.allSatisfy({ $0.isLetterOrDigit || ".-_".utf8.contains($0) }) {
            throw ParseError(text, .noParty)
        } else {
            self = .name(String(text))
        }
    }

    /// As it is written.
    public var description: String {
        switch self {
        case .name(let name): name
        case .network(let network): network.isHost ? network.address.description : network.description
        }
    }
}

extension Flow.Service: CustomStringConvertible {
    /// `443/tcp`, `icmp`
    public var description: String { (port.map { "\($0)/" } ?? "") + transport.rawValue }
}

extension Flow: CustomStringConvertible {
    /// What stands behind the arrow, as it is read.
    public var target: String {
        guard let service else { return to.description }
        guard let port = service.port else { return "\(to)/\(service.transport.rawValue)" }
        let host = if case .network(let network) = to, network.isV6 { "[\(to)]" } else { to.description }
        return "\(host):\(port)/\(service.transport.rawValue)"
    }

    /// `laptop → 192.168.1.10:443/tcp`
    public var description: String { "\(from) → \(target)" }
}
