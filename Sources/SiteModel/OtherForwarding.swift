public import NetTypes

/// What the gateway does with traffic that it could forward but that neither comes from the tunnel nor goes into it: for each
/// family by itself, since a box may have routed the one and not the other.
public struct OtherForwarding: Hashable, Sendable {
    /// The answer for one family.
    public enum Choice: Hashable, Sendable {
        /// Leave it alone: the box was a router before wggw came.
        case allow
        /// Drop it: the box forwards only because wggw turned forwarding on.
        case drop
        /// Leave alone what comes in by these interfaces, sorted, at least one, and drop all else: the box forwarded from
        /// some of its interfaces before wggw came.
        case from([String])
    }

    /// nil until found out.
    public var ipv4: Choice?
    /// nil until found out.
    public var ipv6: Choice?

    /// Makes the two answers; interfaces are sorted here.
    public init(ipv4: Choice? = nil, ipv6: Choice? = nil) {
        self.ipv4 = ipv4?.sorted
        self.ipv6 = ipv6?.sorted
    }

    /// Both families are left alone.
    public static let allow = OtherForwarding(ipv4: .allow, ipv6: .allow)
    /// Both families are dropped.
    public static let drop = OtherForwarding(ipv4: .drop, ipv6: .drop)

    /// Whether both are known.
    public var isWhole: Bool { ipv4 != nil && ipv6 != nil }

    /// What is not known here, from `other`.
    public func completed(by other: OtherForwarding?) -> OtherForwarding {
        OtherForwarding(ipv4: ipv4 ?? other?.ipv4, ipv6: ipv6 ?? other?.ipv6)
    }
}

extension OtherForwarding.Choice: ParsedText, LosslessStringConvertible {
    fileprivate var sorted: Self {
        if case .from(let interfaces) = self { .from(interfaces.sorted()) } else { self }
    }

    /// `allow`, `drop` or `from` and names, a space between two. Throws `ParseError`.
    public init(parsing text: some StringProtocol) throws(ParseError) {
        let words = String(text).split(separator: " ", omittingEmptySubsequences: false).map { String($0) }
        switch (words[0], words.count) {
        case ("allow", 1): self = .allow
        case ("drop", 1): self = .drop
        case ("from", 2...): self = .from(words.dropFirst().sorted())
        default: throw ParseError(text, .noneOf(["allow", "drop", "from INTERFACE…"]))
        }
    }

    /// `allow`, `drop`, `from eth0 eth1`
    public var description: String {
        switch self {
        case .allow: "allow"
        case .drop: "drop"
        case .from(let interfaces): "from " + interfaces.joined(separator: " ")
        }
    }
}
