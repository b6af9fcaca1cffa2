internal import BoxModel
internal import NetTypes

/// Who the peers are that the kernel's log has numbers for. The number is shown nowhere else, so it is learned: a line
/// that has a number and an endpoint is about the peer that has this endpoint at that moment. Numbers are never reused.
struct PeerNumbers {
    /// How old a reading of the interface may be, nanoseconds, before an endpoint that is in it is looked up again.
    static let staleAfter: UInt64 = 2_000_000_000
    /// How long one that is not in it must wait: reading 10,000 peers takes a while, and a storm names them all.
    static let restBetween: UInt64 = 250_000_000

    private var keys: [UInt64: PublicKey] = [:]
    /// Endpoints of the last reading; nil where several peers have the same one.
    private var endpoints: [SocketAddress: PublicKey?] = [:]
    private var readAt: UInt64?

    /// Says whom the event is about, if that is known or can be learned. `now`: nanoseconds of a steady clock.
    mutating func identify(_ event: inout TunnelEvent, now: UInt64, peers: () -> [ObservedPeer]) {
        guard let number = event.peerNumber else { return }
        if keys[number] == nil, let endpoint = event.endpoint {
            let age = readAt.map { now &- $0 } ?? .max
            if age > Self.staleAfter || endpoints[endpoint] == nil && age > Self.restBetween {
                readAt = now
                endpoints = Dictionary(
                    peers().compactMap { peer in peer.endpoint.map { ($0, peer.publicKey) } },
                    uniquingKeysWith: { _, _ in nil })
            }
            if let known = endpoints[endpoint] { keys[number] = known }
        }
        event.peer = keys[number]
    }
}
