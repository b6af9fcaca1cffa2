public import NetTypes
public import SiteModel

/// What the peers may reach, in the site's words and not in the firewall's: of two revisions it tells who may reach less.
public struct Access: Equatable, Sendable {
    /// The LAN's networks.
    public var lan: [IPPrefix]
    /// Policies by name.
    public var groups: [String: Policy]
    /// In the order of `WireGuardConfig.peers`.
    public var peers: [PeerAccess]

    /// The rules of a peer's policy; nil is the whole LAN and the gateway.
    func rules(of peer: PeerAccess) -> Policy? {
        switch peer.policy {
        case .lan: nil
        case .group(let name): groups[name]
        case .own(let policy): policy
        }
    }
}

/// What one peer may reach.
public struct PeerAccess: Hashable, Sendable {
    /// Whose policy it has.
    public enum Choice: Hashable, Sendable {
        /// The whole LAN and the gateway.
        case lan
        /// That of a group.
        case group(String)
        /// Its own.
        case own(Policy)
    }

    /// Inside.
    public var policy: Choice
    /// Full tunnel.
    public var internet: Bool

    /// As the site says of a peer.
    init(_ peer: Peer, in site: Site) {
        policy = peer.group.map { .group($0) } ?? peer.policy.map { .own($0) } ?? .lan
        internet = site.goesOut(peer)
    }
}

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
