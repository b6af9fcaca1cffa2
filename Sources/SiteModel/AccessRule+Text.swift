public import NetTypes

extension AccessRule: ParsedText, LosslessStringConvertible {
    /// `DESTINATION[:PORT[-PORT]][/PROTOCOL]`; ports need `tcp` or `udp`, and then an IPv6 destination stands in brackets.
    /// Throws `ParseError`.
    public init(parsing text: some StringProtocol) throws(ParseError) {
        var rest = Substring(text)
        var transport: Transport?
        if let slash = rest.lastIndex(of: "/"), rest[slash...].dropFirst().contains(where: \.isLetter) {
            let name = rest[slash...].dropFirst()
            // `[fd00::/64]` ends in what is no protocol.
            if !name.contains(where: { $0 == ":" || $0 == "]" }) {
                transport = Transport(rawValue: String(name))
                if transport == nil { throw ParseError(text, .noProtocol(String(name))) }
                rest = rest[..<slash]
            }
        }
        let (destinationText, portText) = try Self.split(rest, of: text, transport)
        let destination: IPPrefix
        do { destination = try IPPrefix(parsing: destinationText) } catch {
            throw ParseError(text, .inRule(error.reason))
        }
        let ports = try portText.map { portText throws(ParseError) in try Self.ports(portText, of: text) }
        switch (ports, transport) {
        case (_?, nil):
            throw ParseError(text, .portWithoutProtocol(String(text)))
        case (_?, .icmp):
            throw ParseError(text, .portOfICMP(write: "\(AccessRule(destination, transport: .icmp))"))
        default: self.init(destination, transport: transport, ports: ports)
        }
    }

    /// `192.168.1.10:443/tcp`, `192.168.1.0/24`, `[fd00::/64]:80/tcp`, `192.168.1.9/icmp`
    public var description: String {
        let bare = destination.isHost ? destination.address.description : destination.description
        guard let transport else { return bare }
        let needsBrackets = destination.isV6 && transport != .icmp
        let place = needsBrackets ? "[\(bare)]" : bare
        guard let ports else { return "\(place)/\(transport.rawValue)" }
        let range = ports.count == 1 ? "\(ports.lowerBound)" : "\(ports.lowerBound)-\(ports.upperBound)"
        return "\(place):\(range)/\(transport.rawValue)"
    }

    /// Splits destination and ports.
    private static func split(
        _ rest: Substring, of text: some StringProtocol, _ transport: Transport?
    ) throws(ParseError) -> (destination: Substring, ports: Substring?) {
        if rest.hasPrefix("[") {
            guard let close = rest.firstIndex(of: "]") else {
                throw ParseError(text, .openBracket(like: "[fd00::1]:53/udp"))
            }
            let inner = rest[..<close].dropFirst()
            guard inner.contains(":") else { throw ParseError(text, .needsNoBrackets) }
            let tail = rest[close...].dropFirst()
            if tail.isEmpty { return (inner, nil) }
            guard tail.hasPrefix(":") else {
                throw ParseError(text, .behindBracket(like: "[fd00::1]:53/udp", takesProtocol: true))
            }
            return (inner, tail.dropFirst())
        }
        let colons = rest.utf8.count { $0 == UInt8(ascii: ":") }
        if colons > 1 {
            // fd00::1:443 would be an address without a port, which is hardly what was meant.
            guard transport != .tcp && transport != .udp else {
                throw ParseError(text, .needsBrackets(ofRule: true))
            }
            return (rest, nil)
        }
        guard colons == 1, let colon = rest.firstIndex(of: ":") else { return (rest, nil) }
        return (rest[..<colon], rest[colon...].dropFirst())
    }

    private static func ports(
        _ ports: Substring, of text: some StringProtocol
    ) throws(ParseError) -> ClosedRange<UInt16> {
        let bounds = ports.split(separator: "-", omittingEmptySubsequences: false).map { bound -> UInt16? in
            bound.utf8.allSatisfy { (48...57).contains($0) } ? UInt16(bound) : nil
        }
        guard (1...2).contains(bounds.count), let low = bounds[0], let high = bounds[bounds.count - 1], low > 0 else {
            throw ParseError(text, .ports)
        }
        guard low <= high else { throw ParseError(text, .reversedPorts(low, high)) }
        return low...high
    }
}
