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

    /// Makes an access.
    package init(lan: [IPPrefix], groups: [String: Policy], peers: [PeerAccess]) {
        self.lan = lan
        self.groups = groups
        self.peers = peers
    }

    /// The rules of a peer's policy; nil is the whole LAN and the gateway.
    package func rules(of peer: PeerAccess) -> Policy? {
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
    package init(_ peer: Peer, goesOut: Bool) {
        policy = peer.group.map { .group($0) } ?? peer.policy.map { .own($0) } ?? .lan
        internet = goesOut
    }
}
