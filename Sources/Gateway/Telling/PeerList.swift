public import BoxModel
public import NetTypes
internal import SiteModel

extension GatewayStatus {
    /// One peer: what the site says of it and what the interface says.
    public struct PeerStatus {
        /// From the site; nil for a key that no peer of the site has.
        public let name: String?
        /// Its identity.
        public let publicKey: PublicKey
        /// From the site.
        public let addresses: [IPAddress]
        /// From the interface; nil if it does not know the peer.
        public let observed: ObservedPeer?
    }

    /// The peers of a site beside those of its interface: the site's by name, then those that only the interface knows. A peer is put
    /// together when it is asked for; copies of 10,000 took as long as the diff.
    public struct PeerList: RandomAccessCollection {
        private let peers: [Peer]
        /// Those of the peers that have a key, by key.
        private let order: [(key: PublicKey, index: Int)]
        private var seen: [ObservedPeer] = []
        /// By place in the list, the indices in both.
        private var places: [(peer: Int?, seen: Int?)]

        /// None of them on the interface.
        init(_ peers: [Peer] = []) {
            self.peers = peers
            var keyed: [(key: PublicKey, index: Int)] = []
            keyed.reserveCapacity(peers.count)
            for index in peers.indices { if let key = peers[index].publicKey { keyed.append((key, index)) } }
            places = keyed.map { ($0.index, nil) }
            order = PublicKey.order(of: keyed) { $0.key }.map { keyed[$0] }
        }

        /// Puts what the interface says beside, sorted by key: one pass over both lists.
        mutating func observe(_ seen: [ObservedPeer]) {
            self.seen = seen
            var found = [Int?](repeating: nil, count: peers.count)
            var strangers: [(peer: Int?, seen: Int?)] = []
            var at = 0
            for index in seen.indices {
                let key = seen[index].publicKey
                while at < order.count, order[at].key < key { at += 1 }
                if at < order.count, order[at].key == key {
                    found[order[at].index] = index
                    at += 1
                } else {
                    strangers.append((nil, index))
                }
            }
            for place in places.indices { places[place].seen = places[place].peer.flatMap { found[$0] } }
            places += strangers
        }

        /// Whether there are some, all on the interface, and nobody has ever come through.
        var areUnheard: Bool {
            !isEmpty && places.allSatisfy { $0.seen != nil } && seen.allSatisfy { $0.lastHandshake == 0 }
        }

        /// Of a collection.
        public var startIndex: Int { 0 }
        /// Of a collection.
        public var endIndex: Int { places.count }

        /// The peer at a place.
        public subscript(place: Int) -> PeerStatus {
            let observed = places[place].seen.map { seen[$0] }
            guard let index = places[place].peer else {
                return PeerStatus(name: nil, publicKey: observed!.publicKey, addresses: [], observed: observed)
            }
            return PeerStatus(
                name: peers[index].name, publicKey: peers[index].publicKey!, addresses: peers[index].addresses,
                observed: observed)
        }
    }
}
