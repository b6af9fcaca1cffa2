public import Gateway
public import NetTypes

/// When names of endpoints are looked up again, and what follows from the answers. Pure.
///
/// Only of peers that somebody tries to reach in vain: who has a session is where he was heard last, and whom nobody wants to reach is
/// nobody's question. An address that the name does not stand for any more gives way at once; one that it stands for still, when it
/// has been tried for some time, and the name stands for others as well, be they of the other family.
///
/// A moment is the time since any fixed one.
public struct NamedEndpoints {
    /// So long an address is tried: three initiations, one each 5 s (REKEY_TIMEOUT).
    static let patience = Duration.seconds(15)

    /// A name is asked for once in so long, however often somebody changes the box.
    static let pause = Duration.seconds(5)

    private struct Search {
        var peer: UnreachedPeer
        /// Since when it is looked for where it is looked for now.
        var since: Duration
    }

    private var searches: [PublicKey: Search] = [:]
    /// When names were asked for last.
    private var asked: [String: Duration] = [:]

    /// Nobody is looked for yet.
    public init() {}

    /// After a look: those who are not reached. Returns the names to look up.
    public mutating func note(_ unreached: [UnreachedPeer], at moment: Duration) -> Set<String> {
        let before = searches
        searches = [:]
        var names: Set<String> = []
        for peer in unreached {
            let search = before[peer.publicKey]
            let isSame = search.map { $0.peer.known == peer.known && $0.peer.host == peer.host } ?? false
            searches[peer.publicKey] = Search(peer: peer, since: isSame ? search!.since : moment)
            if peer.known == nil || peer.keepsTrying || isSame && search!.peer.sent != peer.sent {
                names.insert(peer.host)
            }
        }
        asked = asked.filter { moment - $0.value < Self.pause }
        names.subtract(asked.keys)
        for name in names { asked[name] = moment }
        return names
    }

    /// What follows from the addresses of names, in the order in which they are to be tried.
    public func moves(_ answers: [String: [IPAddress]], at moment: Duration) -> [PeerMove] {
        searches.values.compactMap { search -> PeerMove? in
            guard let addresses = answers[search.peer.host], let first = addresses.first else { return nil }
            guard let known = search.peer.known, known.port == search.peer.port,
                let place = addresses.firstIndex(of: known.address)
            else { return PeerMove(search.peer, to: first) }
            guard addresses.count > 1, moment - search.since >= Self.patience else { return nil }
            return PeerMove(search.peer, to: addresses[(place + 1) % addresses.count])
        }.sorted { $0.peer.name < $1.peer.name }
    }
}
