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

    /// A rule or policy that ends the way through a base chain, or may.
    private struct Event {
        var place: RulePlace
        var ends: Ends
        var doubt: Doubt?
        var rejects = false
        /// Whether it is this rule's own verdict, and not that of a chain that it leads to.
        var isOwn = true
    }

    let filter: PacketFilter
    private let assume: ((Doubt) -> Bool?)?
    private var walk: Walk
    /// For each base chain.
    private var events: [[Event]] = []
    /// Whether the packet is certain to be where the walk is.
    private var isCertain = true
    /// Whether it is certain to be dropped.
    private(set) var isOver = false
    /// A ruleset may jump to and fro as often as it likes; nobody waits for an answer about such a one.
    private var rulesLeft = 100_000

    init(_ filter: PacketFilter, _ packet: KnownPacket, _ assume: ((Doubt) -> Bool?)?) {
        self.filter = filter
        self.assume = assume
        walk = Walk(packet: packet)
    }

    /// Takes the packet through a base chain.
    mutating func pass(_ base: PacketFilter.BaseChain) {
        // Only the first packet of a connection sees a nat chain.
        let isNew = base.hook.kind == .nat ? walk.packet.connection.isNew : true
        if isNew == false { return }
        let wasCertain = isCertain
        isCertain = isCertain && isNew == true
        events.append([])
        var ends = run(base, base.chain, depth: 0, named: [])
        if ends.contains(.returns) {
            ends.subtract(.returns)
            ends.insert(base.hook.drops ? .drops : .accepts)
            note(Event(place: base.place, ends: base.hook.drops ? .drops : .accepts))
        }
        if isNew == nil {
            ends.insert(.accepts)
            let causes: Set<Unknown> = [.field(.connection)]
            let doubt = Doubt(
                place: base.place, verdicts: [.accept, .continue], causes: causes, matchesOthers: true, named: [])
            events[events.count - 1].insert(Event(place: base.place, ends: .accepts, doubt: doubt), at: 0)
        }
        isOver = ends == .drops
        isCertain = wasCertain && ends != [.accepts, .drops]
    }

    /// The way that it went, and what became of it.
    consuming func finish() -> Walk {
        if let last = events.joined().last(where: { $0.isOwn && $0.ends.contains(.drops) }) {
            walk.fate = isOver ? .drops(at: last.place, rejecting: last.rejects) : .cannotTell(doubts())
        }
        return walk
    }

    private mutating func note(_ event: Event) { events[events.count - 1].append(event) }

    /// The doubts that what becomes of the packet hangs on, in the order of its way.
    private func doubts() -> [Doubt] {
        var doubts: [Doubt] = []
        var afterwards: Ends = .accepts
        for chain in events.reversed() {
            // What can become of whoever is accepted here, and of whoever goes on.
            let accepted = afterwards
            afterwards = []
            for event in chain.reversed() {
                var ends = event.ends.intersection(.drops)
                if event.ends.contains(.accepts) { ends.formUnion(accepted) }
                let matters = !event.ends.isEmpty && ends.union(afterwards) == [.accepts, .drops]
                if let doubt = event.doubt, matters { doubts.append(doubt) }
                afterwards.formUnion(ends)
            }
        }
        return doubts.reversed()
    }

    private mutating func run(
        _ base: PacketFilter.BaseChain, _ number: Int, depth: Int, named: Set<PacketField>
    ) -> Ends {
        let table = filter.tables[base.table]
        let chain = table.chains[number]
        var ends: Ends = []
        for (i, rule) in chain.rules.enumerated() {
            let place = RulePlace(table.family, table.name, chain.name, rule: i + 1)
            rulesLeft -= 1
            // The kernel takes no more than 16 jumps into one another.
            guard depth <= 16, rulesLeft > 0 else {
                rulesLeft = 0
                let causes: Set<Unknown> = [.expression("jumps without end")]
                let doubt = Doubt(
                    place: place, verdicts: [.accept, .drop], causes: causes, matchesOthers: false, named: named)
                note(Event(place: place, ends: [.accepts, .drops], doubt: doubt))
                return [.accepts, .drops, .returns]
            }
            let outcome = run(rule, place, base, named)
            if outcome.verdicts == [.continue] && outcome.isMatch == false { continue }
            let (left, goesOn) = follow(outcome, place, base, depth)
            ends.formUnion(left)
            if !goesOn { return ends }
        }
        return ends.union(.returns)
    }

    /// Where a rule's verdicts lead: how the chain may end by them, and whether its next rule may be reached.
    private mutating func follow(
        _ outcome: RuleOutcome, _ place: RulePlace, _ base: PacketFilter.BaseChain, _ depth: Int
    ) -> (Ends, goesOn: Bool) {
        let wasCertain = isCertain
        isCertain = isCertain && outcome.verdicts.count == 1
        var ends: Ends = []
        var goesOn = false
        for verdict in outcome.verdicts {
            switch verdict {
            case .continue: goesOn = true
            case .accept: ends.insert(.accepts)
            case .drop: ends.insert(.drops)
            case .return: ends.insert(.returns)
            case .jump(let name):
                let inner = run(base, to: name, depth: depth + 1, outcome.named)
                ends.formUnion(inner.subtracting(.returns))
                goesOn = goesOn || inner.contains(.returns)
            case .goto(let name): ends.formUnion(run(base, to: name, depth: depth + 1, outcome.named))
            }
        }
        isCertain = wasCertain && ends.isEmpty
        let doubt = outcome.doubt(at: place)
        if doubt != nil || !ends.isEmpty {
            let isOwn = outcome.verdicts.contains(.drop)
            note(Event(place: place, ends: ends, doubt: doubt, rejects: outcome.rejects, isOwn: isOwn))
        }
        return (ends, goesOn)
    }

    private mutating func run(
        _ base: PacketFilter.BaseChain, to name: String, depth: Int, _ named: Set<PacketField>
    ) -> Ends {
        guard let number = filter.chains[base.table][name] else { return .returns }
        return run(base, number, depth: depth, named: named)
    }

    /// Runs one rule, and writes down what it did.
    private mutating func run(
        _ rule: FirewallRule, _ place: RulePlace, _ base: PacketFilter.BaseChain, _ named: Set<PacketField>
    ) -> RuleOutcome {
        var run = RuleRun(filter, filter.tables[base.table], base.hook, walk.packet, named: named)
        run.run(rule.expressions)
        var outcome = run.outcome
        if let doubt = outcome.doubt(at: place), let isMatch = assume?(doubt) { outcome.settle(isMatch) }
        if isCertain && outcome.isMatch != nil { walk.packet = run.packet } else { walk.packet.join(run.packet) }
        for set in run.counted {
            walk.counts.append(Walk.Count(place: place, set: set, isCertain: isCertain && outcome.isMatch != nil))
        }
        if outcome.isMatch == false { return outcome }
        let isSure = isCertain && outcome.verdicts.count == 1 && outcome.isMatch == true
        for kind in run.translations { walk.translations.append(Walk.Translated(kind: kind, isCertain: isSure)) }
        walk.steps.append(
            Walk.Step(place: place, text: rule.text, verdicts: outcome.verdicts, isCertain: isSure))
        return outcome
    }
}
