extension ParseError {
    /// Why a text is refused: a case with what would be right.
    public indirect enum Reason: Hashable, Sendable {
        // Addresses and networks.
        case noIPv4, noIPv6
        case prefixLength(isV6: Bool), prefixTooLong(isV6: Bool)
        /// The network that it is in.
        case hostBits(IPPrefix)
        /// Not of the form of a netmask.
        case noNetmask(String)
        /// With a length, where single addresses stand.
        case noSingleAddress(IPAddress)
        /// A change of what there is, where all of it has to stand.
        case change
        // Hosts and ports.
        case noHost
        case openBracket(like: String)
        case behindBracket(like: String, takesProtocol: Bool)
        /// An IPv6 address before a port; `ofRule`: where only tcp and udp have ports.
        case needsBrackets(ofRule: Bool)
        /// Brackets around what is no IPv6 address.
        case needsNoBrackets
        case noPort(write: String)
        case port, ports, portOrService(least: UInt16)
        case reversedPorts(UInt16, UInt16)
        case portWithoutProtocol(String)
        /// With the text without it.
        case portOfICMP(write: String)
        case noProtocol(String)
        /// A scheme before what could be an endpoint.
        case url(scheme: String, rest: String)
        /// `%` with no interface behind it.
        case noZone
        /// In a rule of access.
        case inRule(Reason)
        /// Neither a name nor an address nor a network.
        case noParty
        // Keys.
        case publicKey
        /// The command that prints one, where there is one.
        case key(command: String?)
        case presharedKeyChoice
        // Numbers, words and moments.
        case noneOf([String], near: String? = nil)
        case notInRange(ClosedRange<Int64>)
        case number(ClosedRange<Int64>, orOff: Bool)
        /// 32 bits.
        case mark
        case noBoolean
        case severalValues
        case moment(MomentFault)
        // Names of fields.
        case noOption, noField
        case noDisguise
    }

    /// What is wrong with a moment.
    public enum MomentFault: Hashable, Sendable {
        case notUTC, noMoment, inNoCalendar
        /// It is this moment now, as it is written.
        case over(now: String)
    }
}

extension ParseError.Reason: CustomStringConvertible {
    /// One clause, no final stop: `an IPv4 prefix is at most /32`.
    public var description: String {
        switch self {
        case .noIPv4: "an IPv4 address is four numbers from 0 to 255, like 192.168.1.10"
        case .noIPv6: "an IPv6 address is up to eight groups of hex digits, like fd00::1"
        case .prefixLength(let isV6): "\(Self.family(isV6)) prefix length is a number from 0 to \(isV6 ? 128 : 32)"
        case .prefixTooLong(let isV6): "\(Self.family(isV6)) prefix is at most /\(isV6 ? 128 : 32)"
        case .hostBits(let network): "has host bits set; the network is \(network)"
        case .noNetmask(let mask): "\(mask) is no netmask; write a length, like /24"
        case .noSingleAddress(let address):
            "a peer has single addresses; write \(address), and networks behind it in routes"
        case .change: "+ and - change what a running interface has; write all of the networks without them"
        case .noHost: "a host is a DNS name or an address, like vpn.example.org:51820"
        case .openBracket(let example): "the bracket is not closed: \(example)"
        case .behindBracket(let example, let takesProtocol):
            "after ] comes :PORT\(takesProtocol ? " or /PROTOCOL" : ""), like \(example)"
        case .needsBrackets(ofRule: false): "an IPv6 address stands in brackets, like [fd00::1]:51820"
        case .needsBrackets(ofRule: true):
            "with tcp or udp an IPv6 destination stands in brackets, like [fd00::1]:443/tcp"
        case .needsNoBrackets: "only an IPv6 destination stands in brackets"
        case .noPort(let text): "has no port; write \(text)"
        case .port: "a port is a number from 1 to 65535"
        case .ports: "a port is a number from 1 to 65535, or two as in 8000-8999"
        case .portOrService(let least):
            "a port is a number from \(least) to 65535, or a UDP service's name in /etc/services"
        case .reversedPorts(let low, let high): "the ports run backwards; write \(high)-\(low)"
        case .portWithoutProtocol(let text): "names a port without a protocol; write \(text)/tcp or \(text)/udp"
        case .portOfICMP(let text): "icmp has no ports; write \(text)"
        case .noProtocol(let name): "a protocol is tcp, udp or icmp, not \(name)"
        case .url(let scheme, let rest): "an endpoint is no URL; leave \(scheme) out: \(rest)"
        case .noZone: "has no interface behind %"
        case .inRule(let reason): "\(reason); a rule is like 192.168.1.10:443/tcp or 192.168.1.0/24"
        case .noParty: "is neither a name nor an address nor a network, like laptop, 192.168.1.10, 10.0.0.0/24"
        case .publicKey: "a public key is 44 characters of base64 that end in =, as `wg pubkey` prints it"
        case .key(let command):
            "a key is 44 characters of base64 that end in =\(command.map { ", as `\($0)` prints it" } ?? "")"
        case .presharedKeyChoice:
            "is none of auto, none, sealed:ID; the key itself does not belong in a profile"
        case .noneOf(let words, let near):
            "is none of \(words.joined(separator: ", "))\(near.map { "; did you mean \($0)?" } ?? "")"
        case .notInRange(let range): "is no whole number from \(range.lowerBound) to \(range.upperBound)"
        case .number(let range, let orOff):
            "write a whole number from \(range.lowerBound) to \(range.upperBound)\(orOff ? ", or off" : "")"
        case .mark: "write a whole number from 0 to 4294967295, in hexadecimal behind 0x, or off"
        case .noBoolean: "is neither true nor false"
        case .severalValues: "is more than one value"
        case .moment(.over(let now)): "is over; it is \(now) now"
        case .moment(let fault): "\(fault.words); write it as 2026-12-31T18:00Z"
        case .noDisguise: "is no name of a disguise: 1 to 63 letters, digits and inner hyphens, or none"
        case .noOption: "is not set by an option"
        case .noField: "is nothing that a peer has"
        }
    }

    private static func family(_ isV6: Bool) -> String { isV6 ? "an IPv6" : "an IPv4" }
}

extension ParseError.MomentFault {
    fileprivate var words: String {
        switch self {
        case .notUTC: "is no moment of UTC"
        case .noMoment: "is no moment"
        case .inNoCalendar: "is in no calendar"
        case .over: "is over"
        }
    }
}
