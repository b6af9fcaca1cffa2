/// A packet on its way through chains.
struct Walker {
    /// How a chain may end.
    struct Ends: OptionSet {
        let rawValue: UInt8
        static let accepts = Ends(rawValue: 1)
        static let drops = Ends(rawValue: 2)
        /// It comes to its end, or returns.
        static let returns = Ends(rawValue: 4)
    }

    /// A rule by its numbers, or a chain's policy; a place has names, and is made where somebody asks for it.
    private struct Spot {
        var table: Int
        var chain: Int
        var rule: Int?
    }

    /// A rule or policy that ends the way through a base chain, or may.
    private struct Event {
        var spot: Spot
        var ends: Ends
        var doubt: Doubt?
        var rejects = false
        /// Whether it is this rule's own verdict, and not that of a chain that it leads to.
        var isOwn = true
        /// How many base chains had been passed before.
        var passed = 0
    }

    let filter: PacketFilter
    private let assume: ((Doubt) -> Bool?)?
    /// Whether what is asked for is more than the fate.
    private let writesDown: Bool
    private var run: RuleRun
    private var steps: [Walk.Step] = []
    private var counts: [Walk.Count] = []
    private var translations: [Walk.Translated] = []
    private var events: [Event] = []
    /// Base chains behind the packet.
    private var passed = 0
    /// Whether the packet is certain to be where the walk is.
    private var isCertain = true
    /// Whether it is certain to be dropped.
    private var isOver = false
    /// A ruleset may jump to and fro as often as it likes; nobody waits for an answer about such a one.
    private var rulesLeft = 100_000

    init(_ filter: PacketFilter, _ packet: KnownPacket, _ assume: ((Doubt) -> Bool?)?, writesDown: Bool) {
        self.filter = filter
        self.assume = assume
        self.writesDown = writesDown
        run = RuleRun(filter, packet)
    }

    /// Takes the packet through base chains; false if it is certain to be dropped there.
    mutating func pass(_ chains: [PacketFilter.BaseChain]) -> Bool {
        for base in chains where !isOver { pass(base) }
        return !isOver
    }

    private mutating func pass(_ base: PacketFilter.BaseChain) {
        // Only the first packet of a connection sees a nat chain.
        let isNew = base.hook.kind == .nat ? run.packet.connection.isNew : true
        if isNew == false { return }
        let wasCertain = isCertain
        isCertain = isCertain && isNew == true
        let policy = Spot(table: base.table, chain: base.chain)
        let start = events.count
        var ends = pass(base, base.chain, depth: 0, named: [])
        if ends.contains(.returns) {
            ends.subtract(.returns)
            ends.insert(base.hook.drops ? .drops : .accepts)
            note(Event(spot: policy, ends: base.hook.drops ? .drops : .accepts))
        }
        if isNew == nil {
            ends.insert(.accepts)
            let causes: Set<Unknown> = [.field(.connection)]
            let doubt = Doubt(
                place: base.place, verdicts: [.accept, .continue], causes: causes, matchesOthers: true, named: [])
            events.insert(Event(spot: policy, ends: .accepts, doubt: doubt, passed: passed), at: start)
        }
        isOver = ends == .drops
        isCertain = wasCertain && ends != [.accepts, .drops]
        passed += 1
    }

    /// The way that it went, and what became of it.
    consuming func finish() -> Walk {
        Walk(fate: fate, steps: steps, counts: counts, translations: translations, packet: run.packet)
    }

    /// What becomes of it.
    var fate: Fate {
        guard let last = events.last(where: { $0.isOwn && $0.ends.contains(.drops) }) else { return .passes }
        return isOver ? .drops(at: place(last.spot), rejecting: last.rejects) : .cannotTell(doubts())
    }

    private func place(_ spot: Spot) -> RulePlace {
        let table = filter.tables[spot.table]
        return RulePlace(table.family, table.name, table.chains[spot.chain].name, rule: spot.rule.map { $0 + 1 })
    }

    private mutating func note(_ event: Event) {
        events.append(event)
        events[events.count - 1].passed = passed
    }

    /// The doubts that what becomes of the packet hangs on, in the order of its way.
    private func doubts() -> [Doubt] {
        var doubts: [Doubt] = []
        // What can become of whoever is accepted here, and of whoever goes on.
        var (accepted, afterwards): (Ends, Ends) = (.accepts, .accepts)
        var chain: Int?
        for event in events.reversed() {
            if event.passed != chain {
                (accepted, afterwards) = (afterwards, [])
                chain = event.passed
            }
            var ends = event.ends.intersection(.drops)
            if event.ends.contains(.accepts) { ends.formUnion(accepted) }
            let matters = !event.ends.isEmpty && ends.union(afterwards) == [.accepts, .drops]
            if let doubt = event.doubt, matters { doubts.append(doubt) }
            afterwards.formUnion(ends)
        }
        return doubts.reversed()
    }

    private mutating func pass(
        _ base: PacketFilter.BaseChain, _ chain: Int, depth: Int, named: PacketFields
    ) -> Ends {
        let rules = filter.tables[base.table].chains[chain].rules
        var ends: Ends = []
        for index in rules.indices {
            let spot = Spot(table: base.table, chain: chain, rule: index)
            rulesLeft -= 1
            // The kernel takes no more than 16 jumps into one another.
            guard depth <= 16, rulesLeft > 0 else {
                rulesLeft = 0
                let causes: Set<Unknown> = [.expression("jumps without end")]
                let doubt = Doubt(
                    place: place(spot), verdicts: [.accept, .drop], causes: causes, matchesOthers: false, named: named)
                note(Event(spot: spot, ends: [.accepts, .drops], doubt: doubt))
                return [.accepts, .drops, .returns]
            }
            if run.refuses(rules[index].expressions, base.hook) { continue }
            run.run(rules[index].expressions, base, named: named)
            // Nothing is to be written down, and nothing was done.
            if run.outcome.isMatch == false && !writesDown && run.before == nil { continue }
            let outcome = judge(rules[index], spot)
            if outcome.isMatch == false { continue }
            let (left, goesOn) = follow(outcome, spot, base, depth)
            ends.formUnion(left)
            if !goesOn { return ends }
        }
        return ends.union(.returns)
    }

    /// Where a rule's verdicts lead: how the chain may end by them, and whether its next rule may be reached.
    private mutating func follow(
        _ outcome: RuleOutcome, _ spot: Spot, _ base: PacketFilter.BaseChain, _ depth: Int
    ) -> (Ends, goesOn: Bool) {
        let wasCertain = isCertain
        isCertain = isCertain && outcome.verdicts.isOne
        var (ends, goesOn) = follow(outcome.verdicts.first, base, depth, outcome.named)
        for verdict in outcome.verdicts.others {
            let (others, alsoGoesOn) = follow(verdict, base, depth, outcome.named)
            ends.formUnion(others)
            goesOn = goesOn || alsoGoesOn
        }
        isCertain = wasCertain && ends.isEmpty
        let doubt = outcome.isInDoubt ? outcome.doubt(at: place(spot)) : nil
        if doubt != nil || !ends.isEmpty {
            let isOwn = outcome.verdicts.contains(.drop)
            note(Event(spot: spot, ends: ends, doubt: doubt, rejects: outcome.rejects, isOwn: isOwn))
        }
        return (ends, goesOn)
    }

    private mutating func follow(
        _ verdict: Verdict, _ base: PacketFilter.BaseChain, _ depth: Int, _ named: PacketFields
    ) -> (Ends, goesOn: Bool) {
        switch verdict {
        case .continue: return ([], true)
        case .accept: return (.accepts, false)
        case .drop: return (.drops, false)
        case .return: return (.returns, false)
        case .jump(let name):
            let inner = pass(base, to: name, depth: depth + 1, named)
            return (inner.subtracting(.returns), inner.contains(.returns))
        case .goto(let name): return (pass(base, to: name, depth: depth + 1, named), false)
        }
    }

    private mutating func pass(
        _ base: PacketFilter.BaseChain, to name: String, depth: Int, _ named: PacketFields
    ) -> Ends {
        guard let number = filter.chainNumbers[base.table][name] else { return .returns }
        return pass(base, number, depth: depth, named: named)
    }

    /// What the rule that ran does; writes it down.
    private mutating func judge(_ rule: FirewallRule, _ spot: Spot) -> RuleOutcome {
        var outcome = run.outcome
        if let assume, outcome.isInDoubt, let doubt = outcome.doubt(at: place(spot)), let isMatch = assume(doubt) {
            outcome.settle(isMatch)
        }
        if let before = run.before, !isCertain || outcome.isMatch == nil { run.packet.join(before) }
        if writesDown { writeDown(rule, spot, outcome) }
        return outcome
    }

    private mutating func writeDown(_ rule: FirewallRule, _ spot: Spot, _ outcome: RuleOutcome) {
        let place = place(spot)
        for set in run.counted {
            counts.append(Walk.Count(place: place, set: set, isCertain: isCertain && outcome.isMatch != nil))
        }
        if outcome.isMatch == false { return }
        let isSure = isCertain && outcome.verdicts.isOne && outcome.isMatch == true
        for kind in run.translations { translations.append(Walk.Translated(kind: kind, isCertain: isSure)) }
        steps.append(Walk.Step(place: place, text: rule.text, verdicts: outcome.verdicts.all, isCertain: isSure))
    }
}
