internal import BoxModel
internal import Synchronization

/// Where peers were when somebody looked last: for who makes an interface anew that is gone, with all that it had learned.
public final class PeerMemory: Sendable {
    private let seen = Mutex<(interface: String, peers: [ObservedPeer])>(("", []))

    /// Remembers nothing yet.
    public init() {}

    /// Takes down where peers are, in place of what was before.
    func note(_ peers: [ObservedPeer], of interface: String) {
        // Allowed IPs and keys are the site's, which has them.
        let places = peers.lazy.filter { $0.endpoint != nil }.map { peer in
            ObservedPeer(publicKey: peer.publicKey, endpoint: peer.endpoint, lastHandshake: peer.lastHandshake)
        }
        seen.withLock { $0 = (interface, Array(places)) }
    }

    /// As they were taken down; nothing of another interface's.
    func peers(of interface: String) -> [ObservedPeer] {
        seen.withLock { $0.interface == interface ? $0.peers : [] }
    }
}
