/// What may be done with a packet: one thing nearly always, else one of several.
struct Verdicts {
    private(set) var first: Verdict
    /// Without the first.
    private(set) var others: Set<Verdict> = []

    init(_ first: Verdict, _ others: Verdict...) {
        self.first = first
        for other in others { insert(other) }
    }

    var isOne: Bool { others.isEmpty }
    var all: Set<Verdict> { others.union([first]) }

    func contains(_ verdict: Verdict) -> Bool { verdict == first || others.contains(verdict) }

    mutating func insert(_ verdict: Verdict) { if verdict != first { others.insert(verdict) } }

    /// One that is the only one stays.
    mutating func remove(_ verdict: Verdict) {
        if verdict == first, let next = others.popFirst() { first = next } else { others.remove(verdict) }
    }
}

/// What a rule may do with a packet.
struct RuleOutcome {
    /// `.continue` is to go on with the next rule.
    var verdicts = Verdicts(.continue)
    /// Whether all of its expressions went on; nil: cannot be told.
    var isMatch: Bool? = true
    /// Why it cannot be told, if it cannot.
    var causes: Set<Unknown> = []
    /// See `Doubt`.
    var matchesOthers = true
    /// What of the packet was named on the way here and found to be so.
    var named: PacketFields
    /// Whether a drop tells the sender.
    var rejects = false

    /// Whether it is not certain what the rule does.
    var isInDoubt: Bool { !causes.isEmpty && isMatch != false && !(verdicts.isOne && isMatch == true) }

    /// nil if it is certain.
    func doubt(at place: RulePlace) -> Doubt? {
        isInDoubt
            ? Doubt(place: place, verdicts: verdicts.all, causes: causes, matchesOthers: matchesOthers, named: named)
            : nil
    }

    /// Takes it to match, or not to.
    mutating func settle(_ matches: Bool) {
        causes = []
        isMatch = matches
        if matches { verdicts.remove(.continue) } else { verdicts = Verdicts(.continue) }
    }
}
