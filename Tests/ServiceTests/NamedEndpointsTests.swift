import NetTypes
import Testing

@testable import Gateway

@testable import Service

@Suite struct NamedEndpointsTests {
    private let first = IPAddress("203.0.113.7")!
    private let second = IPAddress("2001:db8::7")!

    private func branch(
        at address: IPAddress?, sent: UInt64 = 0, keepsTrying: Bool = true, key: UInt8 = 1
    ) -> UnreachedPeer {
        UnreachedPeer(
            name: "branch\(key)", publicKey: PublicKey(bytes: Array(repeating: key, count: 32))!,
            host: "branch.example",
            port: 51820, known: address.map { SocketAddress($0, port: 51820) }, sent: sent, keepsTrying: keepsTrying)
    }

    @Test func anAddressThatIsNoneAnyMoreGivesWayAtOnce() {
        var endpoints = NamedEndpoints()
        #expect(endpoints.note([branch(at: first)], at: .seconds(1)) == ["branch.example"])
        #expect(endpoints.moves(["branch.example": [second]], at: .seconds(1)).map(\.address) == [second])
        // Nobody answers, or the name is gone: it stays.
        #expect(endpoints.moves([:], at: .seconds(99)).isEmpty)
        #expect(endpoints.moves(["branch.example": []], at: .seconds(99)).isEmpty)
        #expect(endpoints.moves(["branch.example": [first]], at: .seconds(99)).isEmpty)
        // One that nobody knew.
        #expect(endpoints.note([branch(at: nil, keepsTrying: false)], at: .seconds(12)) == ["branch.example"])
        #expect(endpoints.moves(["branch.example": [second]], at: .seconds(12)).map(\.address) == [second])
    }

    /// Each of its addresses has its time, round and round.
    @Test func theOtherFamilyIsTried() {
        var endpoints = NamedEndpoints()
        var (at, moment) = (first, Duration.zero)
        var tried: [IPAddress] = []
        for _ in 0..<40 {
            moment += .seconds(5)
            _ = endpoints.note([branch(at: at)], at: moment)
            if let move = endpoints.moves(["branch.example": [first, second]], at: moment).first {
                at = move.address
                tried.append(at)
            }
        }
        #expect(tried.prefix(4) == [second, first, second, first] && tried.count >= 8 && tried.count <= 12)
    }

    /// Whom nobody tries to reach nobody asks for; each look tells by what was sent.
    @Test func whomNobodyWantsIsLeftInPeace() {
        var endpoints = NamedEndpoints()
        #expect(endpoints.note([branch(at: first, sent: 5, keepsTrying: false)], at: .seconds(1)).isEmpty)
        #expect(endpoints.note([branch(at: first, sent: 5, keepsTrying: false)], at: .seconds(61)).isEmpty)
        #expect(!endpoints.note([branch(at: first, sent: 153, keepsTrying: false)], at: .seconds(121)).isEmpty)
        #expect(endpoints.note([branch(at: first, sent: 153, keepsTrying: false)], at: .seconds(181)).isEmpty)
        // Who is reached is looked for no more.
        #expect(endpoints.note([], at: .seconds(182)).isEmpty)
        #expect(endpoints.moves(["branch.example": [second]], at: .seconds(182)).isEmpty)
    }

    /// However often the box changes.
    @Test func nameServersAreLeftInPeace() {
        var endpoints = NamedEndpoints()
        let asked = (0..<100).filter { !endpoints.note([branch(at: first)], at: .milliseconds(200 * $0)).isEmpty }
        #expect(asked == [0, 25, 50, 75])
    }

    @Test func oneNameOfManyPeersIsAskedOnce() {
        var endpoints = NamedEndpoints()
        let peers = (1...3).map { branch(at: first, key: UInt8($0)) }
        #expect(endpoints.note(peers, at: .zero).count == 1)
        #expect(
            endpoints.moves(["branch.example": [second]], at: .zero).map(\.peer.name) == [
                "branch1", "branch2", "branch3",
            ])
    }
}
