/// What a rule may do with a packet.
struct RuleOutcome {
    /// At least one; `.continue` is to go on with the next rule.
    var verdicts: Set<Verdict> = [.continue]
    /// Whether all of its expressions went on; nil: cannot be told.
    var isMatch: Bool? = true
    /// Why it cannot be told, if it cannot.
    var causes: Set<Unknown> = []
    /// See `Doubt`.
    var matchesOthers = true
    /// What of the packet was named on the way here and found to be so.
    var named: Set<PacketField>
    /// Whether a drop tells the sender.
    var rejects = false

    /// nil if it is certain what the rule does.
    func doubt(at place: RulePlace) -> Doubt? {
        causes.isEmpty || isMatch == false || (verdicts.count == 1 && isMatch == true)
            ? nil
            : Doubt(
                place: place, verdicts: verdicts, causes: causes, matchesOthers: matchesOthers, named: named)
    }

    /// Takes it to match, or not to.
    mutating func settle(_ matches: Bool) {
        causes = []
        isMatch = matches
        if !matches {
            verdicts = [.continue]
        } else if verdicts.count > 1 {
            verdicts.remove(.continue)
        }
    }
}
