/// From where to where a packet goes on a box.
public enum PacketWay: Sendable {
    case toThisHost, fromThisHost, through

    /// The hooks that it passes.
    public var points: [FirewallChain.Hook.Point] {
        switch self {
        case .toThisHost: [.prerouting, .input]
        case .fromThisHost: [.output, .postrouting]
        case .through: [.prerouting, .forward, .postrouting]
        }
    }
}

/// What tables do to a packet: the one interpreter of rules.
///
/// It is sound: a packet of which something is unknown passes or is dropped only if that is so whatever the unknown is. An
/// unknown that changes nothing does not count. Where it does, the answer names the rules.
public struct PacketFilter: Sendable {
    /// A base chain, and the table that it belongs to.
    public struct BaseChain: Sendable {
        let table: Int
        let chain: Int
        /// The chain's policy, as a place.
        public let place: RulePlace
        /// Where, and in what order.
        public let hook: FirewallChain.Hook
    }

    let tables: [FirewallTable]
    let sets: [SetName: SetContents]
    /// Chains of each table by name.
    let chains: [[String: Int]]

    /// `sets`: of tables that do not hold their own. A lookup in one that is nowhere may find anything.
    public init(_ tables: [FirewallTable], sets: [SetName: SetContents] = [:]) {
        self.tables = tables
        var all = sets
        for table in tables {
            for set in table.sets { all[SetName(table.family, table.name, set.name)] = set.contents }
        }
        self.sets = all
        chains = tables.map { table in
            Dictionary(
                table.chains.indices.map { (table.chains[$0].name, $0) }, uniquingKeysWith: { first, _ in first })
        }
    }

    /// The base chains that packets of a family pass at a hook, in their order.
    public func baseChains(at point: FirewallChain.Hook.Point, _ family: Family) -> [BaseChain] {
        var result: [BaseChain] = []
        for (t, table) in tables.enumerated() where table.family == .inet || table.family.number == family.number {
            for (c, chain) in table.chains.enumerated() {
                guard let hook = chain.hook, hook.point == point else { continue }
                let place = RulePlace(table.family, table.name, chain.name)
                result.append(BaseChain(table: t, chain: c, place: place, hook: hook))
            }
        }
        // The kernel keeps those of one priority in the order in which they came; `sorted` does not promise to.
        return result.enumerated().sorted {
            ($0.element.hook.priority, $0.offset) < ($1.element.hook.priority, $1.offset)
        }
        .map(\.element)
    }

    /// What becomes of a packet at a hook. `assume` says of a rule in doubt whether it shall be taken to match; nil leaves
    /// it open.
    public func walk(
        _ packet: KnownPacket, at point: FirewallChain.Hook.Point, assuming assume: ((Doubt) -> Bool?)? = nil
    ) -> Walk {
        walk(packet, through: baseChains(at: point, packet.family), assuming: assume)
    }

    /// What becomes of a packet at all the hooks on its way.
    public func walk(_ packet: KnownPacket, _ way: PacketWay) -> Walk {
        walk(packet, through: way.points.flatMap { baseChains(at: $0, packet.family) })
    }

    /// The same, of which nothing is told but what becomes of the packet.
    public func fate(_ packet: KnownPacket, _ way: PacketWay) -> Fate { walk(packet, way).fate }

    /// The same through some base chains.
    public func walk(
        _ packet: KnownPacket, through chains: [BaseChain], assuming assume: ((Doubt) -> Bool?)? = nil
    ) -> Walk {
        var walker = Walker(self, packet, assume)
        for chain in chains {
            walker.pass(chain)
            if walker.isOver { break }
        }
        return walker.finish()
    }
}
