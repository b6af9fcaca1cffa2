public import NetTypes

/// A table of a firewall, wggw's own or somebody else's: sets and chains, as a value.
///
/// A rule is kept twice over: as nft would print it, for people, and as the kernel's expressions, for the kernel. Both are
/// made by the same `Clause`, so they cannot drift apart.
public struct FirewallTable: Equatable, Sendable {
    /// Whose packets its chains see; raw values are nft's words.
    public enum Family: String, CaseIterable, Hashable, Sendable { case inet, ip, ip6 }

    /// The name of wggw's own table, in the inet family.
    public static let tableName = "wggw"

    /// Where wggw sends on what comes to another of the tunnel's ports: before `dstnat`.
    package static let portsPriority: Int32 = -101

    /// Behind the name of a table of the kernel's older packet filter (iptables-legacy): no table of nf_tables can be called so.
    package static let legacyMark = " (legacy)"

    package static func isLegacy(_ name: String) -> Bool { name.hasSuffix(legacyMark) }

    /// Whether it is one of the older packet filter.
    package var isLegacy: Bool { Self.isLegacy(name) }

    /// Where it stands.
    public var family: Family
    /// Unique in the family.
    public var name: String
    /// Sorted by name. Of somebody else's table none: what they hold is read where a rule asks for it, as `SetContents`.
    public var sets: [FirewallSet]
    /// In wggw's own, chains that others jump to come before them.
    public var chains: [FirewallChain]

    /// Makes a table; without a family and name, wggw's own.
    public init(
        _ family: Family = .inet, _ name: String = Self.tableName, sets: [FirewallSet] = [], chains: [FirewallChain]
    ) {
        self.family = family
        self.name = name
        self.sets = sets
        self.chains = chains
    }
}

/// A chain, with a hook if it is a base chain.
public struct FirewallChain: Equatable, Sendable {
    /// Where a base chain hooks in.
    public struct Hook: Hashable, Sendable {
        /// `type`.
        public enum Kind: String, Hashable, Sendable { case filter, nat, route }
        /// `hook`; raw values are nft's words.
        public enum Point: String, Hashable, Sendable {
            case prerouting, input, forward, output, postrouting, ingress
        }

        /// `filter`, `nat` or `route`; wggw makes no chain of the last.
        public var kind: Kind
        /// Where.
        public var point: Point
        /// 0 is `filter`, 100 `srcnat`.
        public var priority: Int32
        /// Policy: drop, or accept.
        public var drops: Bool

        /// Makes a hook.
        public init(kind: Kind, point: Point, priority: Int32, drops: Bool) {
            self.kind = kind
            self.point = point
            self.priority = priority
            self.drops = drops
        }
    }

    /// Unique in the table.
    public var name: String
    /// nil: a chain to jump to.
    public var hook: Hook?
    /// In order.
    public var rules: [FirewallRule]

    /// Makes a chain.
    public init(_ name: String, hook: Hook? = nil, rules: [FirewallRule]) {
        self.name = name
        self.hook = hook
        self.rules = rules
    }
}

/// A rule. Equal if its expressions are: the text is for people, and the kernel does not keep it.
public struct FirewallRule: Equatable, Sendable {
    /// As `nft list` prints it; empty in an observed rule.
    public var text: String
    /// As the kernel runs it.
    public var expressions: [FirewallExpression]

    /// Makes a rule.
    public init(text: String = "", expressions: [FirewallExpression]) {
        self.text = text
        self.expressions = expressions
    }

    /// By expressions alone.
    public static func == (a: Self, b: Self) -> Bool { a.expressions == b.expressions }
}

/// What a packet's fate is when a rule matches.
public enum Verdict: Hashable, Sendable {
    case accept
    case drop
    case `continue`
    case `return`
    case jump(String)
    case goto(String)
}

/// A set, or a map to verdicts.
public struct FirewallSet: Equatable, Sendable {
    /// What a key consists of; several types are a concatenation.
    public enum KeyType: String, CaseIterable, Hashable, Sendable {
        /// 4 bytes.
        case ipv4 = "ipv4_addr"
        /// 16 bytes.
        case ipv6 = "ipv6_addr"
        /// 1 byte, padded to 4 in a concatenation.
        case transport = "inet_proto"
        /// 2 bytes, padded to 4 in a concatenation.
        case port = "inet_service"

        /// Bytes of a value by itself.
        public var length: Int {
            switch self {
            case .ipv4: 4
            case .ipv6: 16
            case .transport: 1
            case .port: 2
            }
        }
    }

    /// Unique in the table.
    public var name: String
    /// One, or several of a concatenation.
    public var keyTypes: [KeyType]
    /// Whether elements may be ranges.
    public var isInterval: Bool
    /// Whether an element maps to a verdict.
    public var isVerdictMap: Bool
    /// Whether every element counts packets and bytes.
    public var hasCounters: Bool
    /// Seconds that an element lives, in a set whose elements come from what happens; nil in those of the site.
    public var timeout: UInt32?
    /// Sorted by key.
    public var elements: [SetElement]

    /// Makes a set; elements are sorted here.
    public init(
        _ name: String, _ keyTypes: [KeyType], isInterval: Bool = false, isVerdictMap: Bool = false,
        hasCounters: Bool = false, timeout: UInt32? = nil, elements: [SetElement] = []
    ) {
        self.timeout = timeout
        self.name = name
        self.keyTypes = keyTypes
        self.isInterval = isInterval
        self.isVerdictMap = isVerdictMap
        self.hasCounters = hasCounters
        self.elements = elements.ordered()
    }

    /// Makes a set of elements that are sorted already.
    package init(
        _ name: String, _ keyTypes: [KeyType], isInterval: Bool, isVerdictMap: Bool = false, hasCounters: Bool = false,
        sorted elements: [SetElement]
    ) {
        self.init(
            name, keyTypes, isInterval: isInterval, isVerdictMap: isVerdictMap, hasCounters: hasCounters)
        self.elements = elements
    }

    /// Elements that come and go by themselves do not count: they are not desired.
    public static func == (a: Self, b: Self) -> Bool {
        a.hasShape(of: b) && (a.timeout != nil || a.elements == b.elements)
    }

    /// Whether the two differ in nothing but elements.
    public func hasShape(of other: FirewallSet) -> Bool {
        name == other.name && keyTypes == other.keyTypes && isInterval == other.isInterval
            && isVerdictMap == other.isVerdictMap && hasCounters == other.hasCounters && timeout == other.timeout
    }

    /// The same set without elements.
    package var empty: FirewallSet {
        FirewallSet(
            name, keyTypes, isInterval: isInterval, isVerdictMap: isVerdictMap, hasCounters: hasCounters,
            timeout: timeout)
    }
}

/// An element of a set: one value, or a range of values per field.
public struct SetElement: Hashable, Comparable, Sendable {
    /// One field of a key.
    public enum Field: Hashable, Comparable, Sendable {
        /// A network, or one address as a host prefix.
        case network(IPPrefix)
        /// Numbers, inclusive: ports or transport protocols.
        case numbers(ClosedRange<UInt16>)

        /// Networks before numbers; by value.
        public static func < (a: Self, b: Self) -> Bool {
            switch (a, b) {
            case (.network(let a), .network(let b)): a < b
            case (.numbers(let a), .numbers(let b)): (a.lowerBound, a.upperBound) < (b.lowerBound, b.upperBound)
            case (.network, .numbers): true
            case (.numbers, .network): false
            }
        }
    }

    /// As many as the set has key types.
    public var fields: [Field]
    /// In a verdict map.
    public var verdict: Verdict?
    /// In a set with counters, as observed; not part of equality.
    public var counter: Counter?

    /// Makes an element.
    public init(_ fields: [Field], verdict: Verdict? = nil, counter: Counter? = nil) {
        self.fields = fields
        self.verdict = verdict
        self.counter = counter
    }

    /// By fields and verdict: what was counted is not desired.
    public static func == (a: Self, b: Self) -> Bool { a.fields == b.fields && a.verdict == b.verdict }

    /// Fields and verdict.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(fields)
        hasher.combine(verdict)
    }

    /// By fields.
    public static func < (a: Self, b: Self) -> Bool { a.fields.lexicographicallyPrecedes(b.fields) }
}

/// What an element or a rule counted.
public struct Counter: Hashable, Sendable {
    /// Packets.
    public var packets: UInt64
    /// Bytes of whole inner packets.
    public var bytes: UInt64

    /// Makes a counter.
    public init(packets: UInt64, bytes: UInt64) {
        self.packets = packets
        self.bytes = bytes
    }
}
