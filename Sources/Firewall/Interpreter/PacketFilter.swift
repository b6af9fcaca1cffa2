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
public final class PacketFilter: Sendable {
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
    /// What is known of sets, and whether a look-up counts.
    let sets: [(contents: SetContents, counts: Bool)]
    /// Each table's sets of those, and its chains, by name.
    let setNumbers: [[String: Int]]
    let chainNumbers: [[String: Int]]
    /// By hook, of IPv4 and of IPv6; see `baseChains`.
    private let bases: [[[BaseChain]]]

    /// `sets`: of tables that do not hold their own. A lookup in one that is nowhere may find anything.
    public init(_ tables: [FirewallTable], sets: [SetName: SetContents] = [:]) {
        self.tables = tables
        var all: [(contents: SetContents, counts: Bool)] = []
        var numbers = tables.map { _ in [String: Int]() }
        for (t, table) in tables.enumerated() {
            for set in table.sets {
                numbers[t][set.name] = all.count
                all.append((set.contents, set.hasCounters))
            }
            for (name, contents) in sets where name.family == table.family && name.table == table.name {
                if numbers[t][name.set] != nil { continue }
                numbers[t][name.set] = all.count
                all.append((contents, false))
            }
        }
        (self.sets, setNumbers) = (all, numbers)
        chainNumbers = tables.map { table in
            Dictionary(
                table.chains.indices.map { (table.chains[$0].name, $0) }, uniquingKeysWith: { first, _ in first })
        }
        bases = Family.allCases.map { family in
            FirewallChain.Hook.Point.numbered.map { Self.baseChains(of: tables, at: $0, family) }
        }
    }

    /// The base chains that packets of a family pass at a hook, in their order.
    public func baseChains(at point: FirewallChain.Hook.Point, _ family: Family) -> [BaseChain] {
        bases[family == .v4 ? 0 : 1][Int(point.number)]
    }

    private static func baseChains(
        of tables: [FirewallTable], at point: FirewallChain.Hook.Point, _ family: Family
    ) -> [BaseChain] {
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

    /// The same through some base chains.
    public func walk(
        _ packet: KnownPacket, through chains: [BaseChain], assuming assume: ((Doubt) -> Bool?)? = nil
    ) -> Walk {
        var walker = Walker(self, packet, assume, writesDown: true)
        _ = walker.pass(chains)
        return walker.finish()
    }

    /// What becomes of a packet at all the hooks on its way, without the way: that is what takes time.
    public func fate(_ packet: KnownPacket, _ way: PacketWay) -> Fate {
        var walker = Walker(self, packet, nil, writesDown: false)
        for point in way.points where !walker.pass(baseChains(at: point, packet.family)) { break }
        return walker.fate
    }
}
