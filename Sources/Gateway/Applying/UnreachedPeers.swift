internal import BoxModel
public import NetTypes
internal import SiteModel
internal import Storage

/// A peer whose endpoint has a name, and with which there is no session: the name may stand for another address by now.
public struct UnreachedPeer: Equatable, Sendable {
    /// Its name in the profile.
    public let name: String
    /// Its identity.
    public let publicKey: PublicKey
    /// Its endpoint's.
    public let host: String
    /// UDP.
    public let port: UInt16
    /// Where it is looked for now; nil is nowhere.
    public let known: SocketAddress?
    /// Bytes sent to it: with each try they are more.
    public internal(set) var sent: UInt64 = 0
    /// Whether the gateway tries again and again by itself.
    public internal(set) var keepsTrying = true
}

/// Where a peer is to be looked for from now on.
public struct PeerMove: Equatable, Sendable {
    /// Who.
    public let peer: UnreachedPeer
    /// Where.
    public let address: IPAddress

    /// Makes one.
    public init(_ peer: UnreachedPeer, to address: IPAddress) {
        self.peer = peer
        self.address = address
    }
}

extension ControlPlane {
    /// Of an applied site, those who have a name for an endpoint and no session at the time of an observation.
    func unreached(_ site: Site, _ observed: ObservedState) -> [UnreachedPeer] {
        let named = site.peers.filter { if case .name? = $0.endpoint?.host { true } else { false } }
        guard !named.isEmpty, let wireGuard = observed.wireGuard else { return [] }
        let now = clock.now()
        let seen = Dictionary(wireGuard.peers.map { ($0.publicKey, $0) }) { first, _ in first }
        return named.compactMap { peer in
            guard let key = peer.publicKey, let endpoint = peer.endpoint, case .name(let host) = endpoint.host,
                let state = seen[key], !state.hasSession(at: now)
            else { return nil }
            return UnreachedPeer(
                name: peer.name, publicKey: key, host: host, port: endpoint.port, known: state.endpoint,
                sent: state.sent, keepsTrying: state.keepalive != 0)
        }
    }

    /// Looks for peers elsewhere, as far as the applied site still has them by that name. Returns those.
    public func move(_ moves: [PeerMove]) throws(GatewayError) -> [PeerMove] {
        try locked {
            let record = try records.current()
            guard record.isUp, record.journal == nil, let applied = record.applied else { return [] }
            let site = try revisions.revision(applied).site
            let named = Dictionary(site.peers.map { ($0.publicKey, $0.endpoint?.host) }) { first, _ in first }
            let moves = moves.filter { named[$0.peer.publicKey] == .name($0.peer.host) }
            guard !moves.isEmpty else { return [] }
            let changes = moves.map {
                WireGuardPeerChange(
                    publicKey: $0.peer.publicKey, isNew: false,
                    endpoint: Endpoint(.address($0.address), port: $0.peer.port))
            }
            try box.perform(.setWireGuard(interface: site.tunnel.interface, WireGuardChange(set: changes)))
            return moves
        }
    }
}
