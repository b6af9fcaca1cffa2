import NetTypes
import Repeats
import Testing

@testable import WireGuardProtocol

/// What the trie must do, written so that it cannot be wrong.
private struct NaiveAllowedIPs {
    var list: [(prefix: IPPrefix, peer: PeerIndex)] = []

    mutating func insert(_ prefix: IPPrefix, peer: PeerIndex) {
        list.removeAll { $0.prefix == prefix }
        list.append((prefix, peer))
    }

    mutating func remove(_ prefix: IPPrefix, peer: PeerIndex) -> Bool {
        let before = list.count
        list.removeAll { $0 == (prefix, peer) }
        return list.count < before
    }

    func lookup(_ address: IPAddress) -> PeerIndex {
        list.filter { $0.prefix.contains(address) }.max { $0.prefix.length < $1.prefix.length }?.peer ?? .none
    }
}

private func lookup(_ reader: AllowedIPsReader, _ address: IPAddress) -> PeerIndex {
    switch address {
    case .v4(let a): reader.lookup(v4: a.rawValue)
    case .v6(let a): reader.lookup(v6: a.rawValue)
    }
}

private func insert(_ prefix: IPPrefix, _ peer: PeerIndex, into trie: inout AllowedIPs) {
    let inserted = trie.insert(prefix, peer: peer)
    #expect(inserted)
}

/// Few distinct bits, so that prefixes nest and addresses hit.
private func randomPrefix(_ random: inout SeededRandom, dense: Bool) -> IPPrefix {
    if Bool.random(using: &random) {
        let raw = UInt32.random(in: 0 ... .max, using: &random)
        let address = IPv4Address(rawValue: dense ? raw & 0xc3 | raw & 0x8000_0000 | 0x0a00_0000 : raw)
        return IPPrefix(masking: .v4(address), length: Int.random(in: 0...32, using: &random))
    }
    let raw = UInt128.random(in: 0 ... .max, using: &random)
    let address = IPv6Address(rawValue: dense ? raw & 0xc000_0000_0003_0001 | 0xfd00 << 112 : raw)
    return IPPrefix(masking: .v6(address), length: Int.random(in: 0...128, using: &random))
}

private func near(_ prefix: IPPrefix, _ random: inout SeededRandom) -> IPAddress {
    switch prefix.address {
    case .v4(let a):
        let noise = UInt32.random(in: 0 ... .max, using: &random)
        let shift = UInt32.random(in: 0...32, using: &random)
        return .v4(IPv4Address(rawValue: a.rawValue ^ (noise >> shift)))
    case .v6(let a):
        let noise = UInt128.random(in: 0 ... .max, using: &random)
        let shift = UInt128.random(in: 0...128, using: &random)
        return .v6(IPv6Address(rawValue: a.rawValue ^ (noise >> shift)))
    }
}

@Suite struct AllowedIPsTests {
    /// Inserts, moves and removes at random, and asks both after each change.
    @Test(arguments: [(1, true), (2, true), (3, false), (4, false)] as [(UInt64, Bool)])
    func agreesWithNaiveTwin(seed: UInt64, dense: Bool) {
        var random = SeededRandom(state: seed)
        var trie = AllowedIPs(byteCount: 64 << 20)!
        var naive = NaiveAllowedIPs()
        let reader = trie.reader
        for step in 0..<4000 {
            let peer = PeerIndex(rawValue: UInt32.random(in: 1...9, using: &random))
            let action = Int.random(in: 0..<100, using: &random)
            if action < (step < 2000 ? 70 : 35) {
                let prefix = randomPrefix(&random, dense: dense)
                insert(prefix, peer, into: &trie)
                naive.insert(prefix, peer: peer)
            } else if action < 99, let victim = naive.list.randomElement(using: &random) {
                // Now and then the wrong peer asks, and nothing may happen.
                let owner = action % 10 == 0 ? peer : victim.peer
                let removed = trie.remove(victim.prefix, peer: owner)
                #expect(removed == naive.remove(victim.prefix, peer: owner))
            } else if action == 99 && step % 3 == 0 {
                trie.removeAll(of: peer)
                naive.list.removeAll { $0.peer == peer }
            }
            for _ in 0..<6 {
                let prefix = naive.list.randomElement(using: &random)?.prefix ?? randomPrefix(&random, dense: dense)
                let address = near(prefix, &random)
                #expect(lookup(reader, address) == naive.lookup(address), "\(address) in step \(step)")
            }
            let count = trie.count
            #expect(count == naive.list.count)
            if step % 50 == 0 {
                trie.arena.release(trie.arena.takeRetired())
                for number in 1...9 {
                    let peer = PeerIndex(rawValue: UInt32(number))
                    var prefixes: [IPPrefix] = []
                    trie.forEach(of: peer) { prefixes.append($0) }
                    #expect(prefixes == naive.list.filter { $0.peer == peer }.map(\.prefix))
                }
            }
        }
    }

    @Test func emptiesToNothing() {
        var random = SeededRandom(state: 7)
        var trie = AllowedIPs(byteCount: 64 << 20)!
        let prefixes = (0..<500).map { _ in randomPrefix(&random, dense: true) }
        let peer = PeerIndex(rawValue: 1)
        for prefix in prefixes { insert(prefix, peer, into: &trie) }
        trie.removeAll(of: peer)
        let (count, base) = (trie.count, trie.arena.base)
        #expect(count == 0)
        #expect(AllowedIPsLayout.rootV4(base).pointee == 0)
        #expect(AllowedIPsLayout.rootV6(base).pointee == 0)
    }

    @Test func movesBetweenPeersAndChangesGeneration() throws {
        var trie = AllowedIPs(byteCount: 1 << 20)!
        let reader = trie.reader
        let (a, b) = (PeerIndex(rawValue: 1), PeerIndex(rawValue: 2))
        let prefix = try IPPrefix(parsing: "10.1.0.0/16")
        insert(prefix, a, into: &trie)
        let before = reader.generation
        insert(prefix, b, into: &trie)
        #expect(reader.generation != before)
        #expect(reader.lookup(v4: 0x0a01_0203) == b)
        let removed = trie.remove(prefix, peer: a)
        #expect(!removed)
        #expect(reader.lookup(v4: 0x0a01_0203) == b)
        var ofA = 0
        trie.forEach(of: a) { _ in ofA += 1 }
        #expect(ofA == 0)
    }

    @Test func refusesWhenFull() {
        var trie = AllowedIPs(byteCount: 64 << 10)!
        var refused = false
        for i in 0..<20_000 where !refused {
            let prefix = IPPrefix(host: .v4(IPv4Address(rawValue: UInt32(i) &* 2_654_435_761)))
            refused = !trie.insert(prefix, peer: PeerIndex(rawValue: 1))
        }
        #expect(refused)
    }
}
