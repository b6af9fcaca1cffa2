import NetTypes

extension WgQuickConfig {
    /// Gives the sections to `peers` as an interface would have them that took them one after the other: who stands there twice is
    /// one peer, with what the last section says and with its networks alone; a network is the last one's who names it.
    mutating func take(_ sections: [PeerSection]) {
        var known: [PublicKey: Int] = [:]
        var owners: [IPPrefix: (peer: Int, number: Int)] = [:]
        // Of each peer, with the number of each entry.
        var taken: [[(item: AllowedIP, number: Int)]] = []
        var number = 0
        for section in sections {
            let index = known[section.value.publicKey] ?? peers.count
            if index < peers.count {
                merge(section, into: index)
                for (item, number) in taken[index] where owners[item.network]?.number == number {
                    owners[item.network] = nil
                }
                taken[index] = []
            } else {
                known[section.value.publicKey] = index
                peers.append(section.value)
                taken.append([])
            }
            for item in section.value.allowed {
                number += 1
                if let owner = owners.updateValue((index, number), forKey: item.network) {
                    noteTaken(item, from: owner.peer, by: index)
                }
                taken[index].append((item, number))
            }
        }
        for index in peers.indices {
            peers[index].allowed = taken[index].filter { owners[$0.item.network]?.number == $0.number }.map(\.item)
        }
    }

    private mutating func noteTaken(_ item: AllowedIP, from old: Int, by new: Int) {
        if old == new { return note(item.place, .networkTwice(item.network)) }
        note(item.place, .networkOfOther(item.network, line: peers[old].place.line))
    }

    private mutating func merge(_ section: PeerSection, into index: Int) {
        let (new, place) = (section.value, peers[index].place)
        note(new.place, .samePeer(line: place.line))
        peers[index].unread.formUnion(new.unread)
        if peers[index].name == nil { (peers[index].name, peers[index].title) = (new.name, new.title) }
        if section.seen.contains("presharedkey") {
            (peers[index].presharedKey, peers[index].places.presharedKey) = (new.presharedKey, new.places.presharedKey)
        }
        if section.seen.contains("endpoint") {
            (peers[index].endpoint, peers[index].places.endpoint) = (new.endpoint, new.places.endpoint)
        }
        if section.seen.contains("persistentkeepalive") {
            (peers[index].keepalive, peers[index].places.keepalive) = (new.keepalive, new.places.keepalive)
        }
    }
}
