import BoxModel
import NetTypes
import SiteModel

/// Tells of peer after peer whether it may reach less than before. In doubt it says so: that costs a look at the peer's
/// connections, of which those that are allowed go on.
struct AccessComparison {
    private let before: Access
    private let after: Access
    /// Groups of both that may reach less.
    private let narrowedGroups: Set<String>

    init(from before: Access, to after: Access) {
        self.before = before
        self.after = after
        narrowedGroups = Set(
            before.groups.lazy.filter { name, old in
                after.groups[name].map { $0 != old && !AccessBoxes($0).cover(AccessBoxes(old)) } ?? false
            }.map(\.key))
    }

    /// Whether a peer that had the one has less with the other. What several peers share, as the LAN, is not looked at.
    func narrows(_ old: PeerAccess, _ new: PeerAccess) -> Bool {
        if old.internet && !new.internet { return true }
        if case .group(let name) = old.policy, old.policy == new.policy { return narrowedGroups.contains(name) }
        switch (before.rules(of: old), after.rules(of: new)) {
        case (nil, nil): return false
        case (nil, _?): return true
        case (let rules?, nil): return !rules.allow.allSatisfy { isInLAN($0.destination) }
        case (let rules?, let others?): return rules != others && !AccessBoxes(others).cover(AccessBoxes(rules))
        }
    }

    private func isInLAN(_ destination: IPPrefix) -> Bool { after.lan.contains { $0.contains(destination) } }
}
