/// A rule's place, or a base chain's policy.
public struct RulePlace: Hashable, Sendable, CustomStringConvertible {
    /// The table's family.
    public var family: FirewallTable.Family
    /// The table's name.
    public var table: String
    /// The chain's name.
    public var chain: String
    /// Counted from 1; nil is the chain's policy.
    public var rule: Int?

    /// Makes a place.
    public init(_ family: FirewallTable.Family, _ table: String, _ chain: String, rule: Int? = nil) {
        self.family = family
        self.table = table
        self.chain = chain
        self.rule = rule
    }

    /// `inet filter forward`
    public var chainName: String { "\(family.rawValue) \(table) \(chain)" }

    /// `rule 3 of inet filter forward`, `the policy of inet filter forward`
    public var description: String { "\(rule.map { "rule \($0)" } ?? "the policy") of \(chainName)" }
}

/// Why it cannot be told whether a rule matches.
public enum Unknown: Hashable, Sendable {
    /// It asks for what is not known of the packet.
    case field(PacketField)
    /// It matches below a rate, quota or number, or above it.
    case limit(over: Bool)
    /// It looks into a set that has not been read.
    case elements(of: SetName)
    /// It holds an expression that is not understood.
    case expression(String)
}

/// A rule that may match or not, or do one thing or another.
public struct Doubt: Hashable, Sendable {
    /// Where it is.
    public var place: RulePlace
    /// What it may do; `.continue` is nothing.
    public var verdicts: Set<Verdict>
    /// At least one.
    public var causes: Set<Unknown>
    /// Whether it matches what differs, in all that is unknown, from the values that it names: so with `!=`.
    public var matchesOthers: Bool
    /// What of the packet this rule, and those that led to it, named and found to be so.
    public var named: PacketFields
}

/// What becomes of a packet.
public enum Fate: Hashable, Sendable {
    case passes
    /// `rejecting`: its sender is told.
    case drops(at: RulePlace, rejecting: Bool)
    /// The rules that it hangs on; at least one.
    case cannotTell([Doubt])
}

/// A packet's way through chains.
public struct Walk: Sendable {
    /// A rule that the packet went through: it matched, or may have.
    public struct Step: Hashable, Sendable {
        /// Where it is.
        public var place: RulePlace
        /// As nft prints it; empty where nobody made text.
        public var text: String
        /// What it may do; `.continue` is to go on with the next rule.
        public var verdicts: Set<Verdict>
        /// Whether the packet certainly came here, and matched.
        public var isCertain: Bool
    }

    /// A counter that the packet was counted by.
    public struct Count: Hashable, Sendable {
        /// The rule that counted.
        public var place: RulePlace
        /// The set whose element counted; nil is the rule's own counter.
        public var set: String?
        /// Whether it certainly did.
        public var isCertain: Bool
    }

    /// How addresses were translated.
    public struct Translated: Hashable, Sendable {
        /// Which addresses.
        public var kind: Translation.Kind
        /// Whether they certainly were.
        public var isCertain: Bool
    }

    /// What becomes of it at the end.
    public internal(set) var fate: Fate
    /// In the order in which it went through them.
    public internal(set) var steps: [Step]
    /// What counted it, in that order.
    public internal(set) var counts: [Count]
    /// What became of its addresses.
    public internal(set) var translations: [Translated]
    /// As it left: with marks, and translated.
    public internal(set) var packet: KnownPacket
}
