/// A moment in the life of a network namespace's rulesets: the kernel counts every change of any table by anybody.
///
/// As long as it is the same, no table is another one, and there is no need to read 10,000 elements again.
public struct RulesetGeneration: Hashable, Sendable, LosslessStringConvertible {
    /// Which boot and which namespace; no space in it.
    public let namespace: String
    /// `NFTA_GEN_ID`.
    public let number: UInt32

    /// Makes a generation.
    public init(namespace: String, number: UInt32) {
        self.namespace = namespace
        self.number = number
    }

    /// What `description` gives; nil for anything else.
    public init?(_ description: String) {
        let parts = description.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, let number = UInt32(parts[1]) else { return nil }
        self.init(namespace: String(parts[0]), number: number)
    }

    /// `NAMESPACE NUMBER`
    public var description: String { "\(namespace) \(number)" }
}

/// Table `inet wggw` as it was put there, and the generation since which it is so.
public struct KnownFirewall: Equatable, Sendable {
    /// Without counters.
    public var firewall: FirewallTable
    /// When it was so.
    public var generation: RulesetGeneration

    /// Makes the knowledge; nil if the generation is not known.
    public init?(_ firewall: FirewallTable, since generation: RulesetGeneration?) {
        guard let generation else { return nil }
        self.firewall = firewall
        self.generation = generation
    }
}
