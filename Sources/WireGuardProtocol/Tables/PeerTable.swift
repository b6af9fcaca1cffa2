import NetTypes

/// Peers by public key: places in an open-addressed table, the keys being where the peers are. Four bytes a place, at most
/// two thirds of them taken, where a dictionary would hold each key a second time.
struct PeerTable {
    /// A peer's place in the tables, 0 for none. A power of two of them.
    private var places: [UInt32] = Array(repeating: 0, count: 16)
    private(set) var count = 0

    private var mask: Int { places.count - 1 }

    private func home(_ key: PublicKey) -> Int { key.hashValue & mask }

    /// The peer with that key.
    func find(_ key: PublicKey, in peers: UnsafeMutablePointer<Peer>) -> PeerIndex? {
        var at = home(key)
        while places[at] != 0 {
            if peers[Int(places[at])].publicKey == key { return PeerIndex(rawValue: places[at]) }
            at = (at + 1) & mask
        }
        return nil
    }

    /// Adds a peer whose key nobody has.
    mutating func insert(_ peer: PeerIndex, in peers: UnsafeMutablePointer<Peer>) {
        count += 1
        if count * 3 > places.count * 2 {
            let old = places
            places = Array(repeating: 0, count: 2 * old.count)
            for place in old where place != 0 { put(place, peers) }
        }
        put(peer.rawValue, peers)
    }

    private mutating func put(_ place: UInt32, _ peers: UnsafeMutablePointer<Peer>) {
        var at = home(peers[Int(place)].publicKey)
        while places[at] != 0 { at = (at + 1) & mask }
        places[at] = place
    }

    /// Takes a peer out that is there. Those behind it move up, as far as their own keys allow.
    mutating func remove(_ peer: PeerIndex, in peers: UnsafeMutablePointer<Peer>) {
        var hole = home(peers[Int(peer.rawValue)].publicKey)
        while places[hole] != peer.rawValue { hole = (hole + 1) & mask }
        var at = hole
        while true {
            at = (at + 1) & mask
            guard places[at] != 0 else { break }
            let wanted = home(peers[Int(places[at])].publicKey)
            if (at - wanted) & mask >= (at - hole) & mask {
                places[hole] = places[at]
                hole = at
            }
        }
        places[hole] = 0
        count -= 1
    }
}
