public import BoxModel
public import NetTypes
internal import SiteModel

/// What is about to change, for people: first in the words that they wrote, then on the box.
public struct PlanPreview: Equatable, Sendable {
    /// What differs from the revision that is on the box; empty if there is none.
    public let site: [ProfileDiff.Section]
    /// What changes on the box.
    public let plan: Plan
    /// Its peers, as the site has them.
    public let names: [PublicKey: String]

    /// Whether nothing changes on the box.
    public var isEmpty: Bool { plan.isEmpty }

    /// The lines of the plan, peers by name.
    public var lines: [String] { plan.lines(naming: names) }

    /// The way from one site to another; nil is nothing of wggw's on the box.
    init(_ plan: Plan, from old: Site?, to new: Site?) {
        if let old, let new { site = ProfileDiff(from: old, to: new).sections } else { site = [] }
        var names: [PublicKey: String] = [:]
        for change in plan.changes {
            var unnamed = change.peers
            for peer in [old, new].lazy.compactMap({ $0 }).flatMap(\.peers) where !unnamed.isEmpty {
                if let key = peer.publicKey, unnamed.remove(key) != nil { names[key] = peer.name }
            }
        }
        (self.plan, self.names) = (plan, names)
    }
}

extension Change {
    /// The peers that its lines name.
    fileprivate var peers: Set<PublicKey> {
        switch self {
        case .setWireGuard(_, let change): Set(change.set.map(\.publicKey)).union(change.remove)
        case .startHandshakes(_, let peers): Set(peers)
        case .callPeers(_, let peers): Set(peers.map(\.publicKey))
        case .cutConnections(let cut): Set(cut.holders.map(\.key))
        default: []
        }
    }
}
