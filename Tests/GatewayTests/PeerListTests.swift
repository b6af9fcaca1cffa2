import BoxModel
import NetTypes
import Repeats
import SiteModel
import Testing

@testable import Gateway

/// Peers of the site beside those of the interface, with a dictionary as their twin.
@Suite struct PeerListTests {
    private static func key(_ number: UInt8) -> PublicKey { PublicKey(bytes: [UInt8](repeating: number, count: 32))! }

    @Test func `each peer is beside what the interface says of it`() {
        var random = SeededRandom(state: 11)
        for _ in 0..<200 {
            let own = (0..<UInt8.random(in: 0...20, using: &random)).map { number in
                var peer = Peer(name: "peer\(number)")
                // Some have no key yet, and their order by name is none by key.
                if number % 7 != 3 { peer.publicKey = Self.key(number &* 37) }
                peer.addresses = [IPAddress("10.9.0.\(number)")!]
                return peer
            }
            let strange = (0..<UInt8.random(in: 0...3, using: &random)).map { Self.key(201 + $0) }
            let seen = (own.compactMap(\.publicKey).filter { _ in Bool.random(using: &random) } + strange).sorted()
                .map { ObservedPeer(publicKey: $0, lastHandshake: Int64.random(in: 0...1, using: &random)) }

            var list = GatewayStatus.PeerList(own)
            #expect(list.map(\.publicKey) == own.compactMap(\.publicKey) && list.allSatisfy { $0.observed == nil })
            list.observe(seen)

            let byKey = Dictionary(uniqueKeysWithValues: seen.map { ($0.publicKey, $0) })
            let known = Set(own.compactMap(\.publicKey))
            let expected: [(Peer?, PublicKey, ObservedPeer?)] =
                own.compactMap { peer in peer.publicKey.map { (peer, $0, byKey[$0]) } }
                + seen.filter { !known.contains($0.publicKey) }.map { (nil, $0.publicKey, $0) }
            #expect(list.count == expected.count)
            for (entry, (peer, key, observed)) in zip(list, expected) {
                #expect(
                    entry.name == peer?.name && entry.addresses == peer?.addresses ?? [] && entry.publicKey == key
                        && entry.observed == observed)
            }
            #expect(
                list.areUnheard == (!expected.isEmpty && expected.allSatisfy { $0.2?.lastHandshake == 0 }))
        }
    }
}
