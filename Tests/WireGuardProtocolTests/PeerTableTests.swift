import CCrypto
import NetTypes
import Repeats
import Testing

@testable import WireGuardProtocol

@Suite struct PeerTableTests {
    /// Against a dictionary: thousands of insertions, removals and look-ups, so that probes wrap around and cross.
    @Test func likeADictionary() throws {
        let most = 3000
        let memory = try #require(wgc_reserve((most + 1) * MemoryLayout<Peer>.stride))
        defer { wgc_release(memory, (most + 1) * MemoryLayout<Peer>.stride) }
        let peers = memory.bindMemory(to: Peer.self, capacity: most + 1)
        var random = SeededRandom(state: 5)
        var keys: [PublicKey] = []
        for place in 1...most {
            let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
            keys.append(try #require(PublicKey(bytes: bytes)))
            (peers + place).initialize(to: Peer(keys[place - 1]))
        }
        var table = PeerTable()
        var naive: [PublicKey: UInt32] = [:]
        for round in 0..<40_000 {
            let place = UInt32.random(in: 1...UInt32(most), using: &random)
            let key = keys[Int(place) - 1]
            if naive[key] != nil {
                table.remove(PeerIndex(rawValue: place), in: peers)
                naive[key] = nil
            } else {
                table.insert(PeerIndex(rawValue: place), in: peers)
                naive[key] = place
            }
            guard round % 500 == 0 else { continue }
            #expect(table.count == naive.count)
            let isSame = keys.allSatisfy { table.find($0, in: peers)?.rawValue == naive[$0] }
            #expect(isSame)
        }
    }
}
