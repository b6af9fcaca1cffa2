import NetTypes
import Testing

@testable import Firewall

/// Rules on packets that are known in part.
@Suite struct PacketFilterTests {
    static let place = RulePlace(.inet, "t", "c", rule: 1)

    /// A chain at forward with rules, and chains that they lead to.
    static func table(
        drops: Bool = true, _ rules: [[FirewallExpression]], others: [String: [[FirewallExpression]]] = [:]
    ) -> FirewallTable {
        func chain(_ name: String, _ rules: [[FirewallExpression]]) -> FirewallChain {
            FirewallChain(name, rules: rules.map { FirewallRule(expressions: $0) })
        }
        var base = chain("c", rules)
        base.hook = .init(kind: .filter, point: .forward, priority: 0, drops: drops)
        return FirewallTable(.inet, "t", chains: [base] + others.keys.sorted().map { chain($0, others[$0]!) })
    }

    static func from(_ interface: String) -> [FirewallExpression] {
        [
            .meta(key: Nft.Meta.inputName, register: 1),
            .compare(op: Nft.Compare.equal, register: 1, bytes: Array(interface.utf8) + [0]),
        ]
    }

    static let port443: [FirewallExpression] = [
        .payload(base: Nft.Payload.transport, offset: 2, length: 2, register: 1),
        .compare(op: Nft.Compare.equal, register: 1, bytes: [1, 187]),
    ]
    static let (accept, drop, giveBack): (FirewallExpression, FirewallExpression, FirewallExpression) =
        (.verdict(.accept), .verdict(.drop), .verdict(.return))

    /// From eth0, to nobody knows which port.
    static var packet: KnownPacket {
        var packet = KnownPacket(.v4)
        packet.input = .init("eth0")
        packet.connection = .new
        return packet
    }

    static func fate(_ table: FirewallTable) -> Fate { PacketFilter([table]).walk(packet, at: .forward).fate }

    @Test func `what is known decides`() {
        #expect(Self.fate(Self.table([Self.from("eth0") + [Self.accept]])) == .passes)
        let policy = RulePlace(.inet, "t", "c")
        #expect(Self.fate(Self.table([Self.from("eth1") + [Self.accept]])) == .drops(at: policy, rejecting: false))
        let refused = Self.table(drops: false, [Self.from("eth0") + [.reject(type: 0, code: 0)]])
        #expect(Self.fate(refused) == .drops(at: Self.place, rejecting: true))
    }

    @Test func `an unknown counts only if it changes what happens`() {
        #expect(Self.fate(Self.table(drops: false, [Self.port443 + [Self.accept]])) == .passes)
        #expect(Self.fate(Self.table(drops: false, [Self.port443 + [.counter]])) == .passes)
        let either = Self.table([Self.port443 + [.verdict(.jump("a"))], [Self.accept]], others: ["a": [[.counter]]])
        #expect(Self.fate(either) == .passes)
        let both = Self.table([Self.port443 + [Self.drop], [Self.drop]])
        #expect(Self.fate(both) == .drops(at: RulePlace(.inet, "t", "c", rule: 2), rejecting: false))
    }

    @Test func `where it does, the rule is named`() throws {
        let table = Self.table([
            Self.port443 + [.counter], [.condition("match set"), Self.accept], Self.from("eth1") + [.opaque("queue")],
        ])
        guard case .cannotTell(let doubts) = Self.fate(table) else { throw NoDoubt() }
        #expect(doubts.map(\.place.rule) == [2])
        #expect(doubts.first?.causes == [.expression("match set")])
    }

    @Test func `what returns goes on behind the jump`() throws {
        let inner = [Self.port443 + [Self.giveBack], [Self.drop]]
        let table = Self.table(drops: false, [[.verdict(.jump("a"))], [Self.accept]], others: ["a": inner])
        guard case .cannotTell(let doubts) = Self.fate(table) else { throw NoDoubt() }
        #expect(doubts.map(\.place) == [RulePlace(.inet, "t", "a", rule: 1)])
        let goto = Self.table([[.verdict(.goto("a"))], [Self.accept]], others: ["a": [[.counter]]])
        #expect(Self.fate(goto) == .drops(at: RulePlace(.inet, "t", "c"), rejecting: false))
    }

    @Test func `a mark that may have been set is not known`() {
        let set: [FirewallExpression] = [
            .data(register: 2, bytes: Nft.native(7)), .setMeta(key: Nft.Meta.mark, register: 2),
        ]
        let isSeven: [FirewallExpression] = [
            .meta(key: Nft.Meta.mark, register: 1),
            .compare(op: Nft.Compare.equal, register: 1, bytes: Nft.native(7)), Self.accept,
        ]
        #expect(Self.fate(Self.table([set, isSeven])) == .passes)
        #expect(Self.fate(Self.table([Self.port443 + set, isSeven])) != .passes)
        #expect(Self.fate(Self.table([Self.from("eth1") + set, isSeven])) != .passes)
    }

    @Test func `a set that nobody has read may hold anything`() throws {
        let rule: [FirewallExpression] = [
            .meta(key: Nft.Meta.inputName, register: 1),
            .lookup(set: "s", register: 1, inverted: false, verdictMap: false), Self.accept,
        ]
        let (table, name) = (Self.table([rule]), SetName(.inet, "t", "s"))
        guard case .cannotTell(let doubts) = Self.fate(table) else { throw NoDoubt() }
        #expect(doubts.first?.causes == [.elements(of: name)])
        let eth0 = Array("eth0".utf8) + [UInt8](repeating: 0, count: 12)
        for (key, passes) in [(eth0, true), (Array(eth0.reversed()), false)] {
            let contents = SetContents(fieldLengths: [16], [.init(key, key)])
            let walk = PacketFilter([table], sets: [name: contents]).walk(Self.packet, at: .forward)
            #expect((walk.fate == .passes) == passes)
        }
    }

    @Test func `rulesets that never end do not either`() throws {
        let table = Self.table(
            [[.verdict(.jump("a"))]], others: ["a": [[.verdict(.jump("a"))], [.verdict(.jump("a"))]]])
        guard case .cannotTell = Self.fate(table) else { throw NoDoubt() }
    }

    @Test func `the way is written down`() {
        let walk = PacketFilter([
            Self.table([Self.from("eth1") + [Self.drop], [.counter], Self.port443 + [Self.drop], [Self.accept]])
        ]).walk(Self.packet, at: .forward)
        #expect(walk.steps.map(\.place.rule) == [2, 3, 4])
        #expect(walk.steps.map(\.isCertain) == [true, false, false])
        #expect(walk.counts == [Walk.Count(place: RulePlace(.inet, "t", "c", rule: 2), set: nil, isCertain: true)])
    }

    struct NoDoubt: Error {}
}
