import NetTypes
import Repeats
import Synchronization
import Testing

@testable import WireGuardProtocol

private let ping = Array("0123456789abcdef".utf8)
private let pong = Array("fedcba9876543210".utf8)

/// A third of a second, the most that is added to a retry.
private let jitter = 1.0 / 3

@Suite struct TimerTests {
    @Test func retriesForNinetySecondsWithJitter() throws {
        let pair = try Pair()
        pair.wire.passes = { _ in false }
        pair.a.send(ping, to: pair.toB)
        pair.wire.advance(700)
        let times = pair.wire.times(from: pair.a) { $0.kind == .initiation }
        #expect(times.count == 20)
        let gaps = zip(times.dropFirst(), times).map { $0 - $1 }
        #expect(gaps.allSatisfy { $0 >= 5 && $0 < 5 + jitter })
        #expect(Set(gaps).count > 10, "the jitter is random")
        #expect(pair.a.staged[pair.toB] == nil, "what waited is dropped")
        #expect(pair.a.count(.gaveUpHandshake, pair.toB, attempts: 20) == 1)
        #expect(pair.a.count(.zeroingKeys, pair.toB) == 1, "the residue of the exchange is erased")
        #expect(pair.a.device.nextDeadline == nil)
    }

    /// As in the kernel, new packets start the count anew.
    @Test func packetsKeepTheRetriesGoing() throws {
        let pair = try Pair()
        pair.wire.passes = { _ in false }
        for _ in 0..<300 {
            pair.a.send(ping, to: pair.toB)
            pair.wire.advance(1)
        }
        #expect(pair.a.count(.gaveUpHandshake, pair.toB, attempts: 20) == 0)
        #expect(pair.wire.times(from: pair.a) { $0.kind == .initiation }.count >= 300 / 6)
    }

    @Test func rekeyByTheInitiatorAfter120Seconds() throws {
        let pair = try Pair()
        var received = 0
        for second in 0..<1200 {
            pair.a.send(ping + [UInt8(second & 255)], to: pair.toB)
            pair.b.send(pong, to: pair.toA)
            received += 1
            pair.wire.advance(1)
        }
        #expect(pair.b.delivered.count == received)
        #expect(pair.a.delivered.count == received)
        let initiations = pair.wire.times(from: pair.a) { $0.kind == .initiation }
        #expect(initiations == (0..<10).map { Double($0) * 120 })
        #expect(pair.wire.times(from: pair.b) { $0.kind == .initiation }.isEmpty)
    }

    /// An initiator that only receives renews in the last minute; the responder does not renew by time.
    @Test func lastMinuteHandshakeOfAReceivingInitiator() throws {
        let pair = try Pair()
        pair.a.send(ping, to: pair.toB)
        let initiations = { pair.wire.times(from: pair.a) { $0.kind == .initiation } }
        pair.wire.advance(164.9)
        pair.b.send(pong, to: pair.toA)
        #expect(initiations() == [0])
        pair.wire.advance(0.1)
        pair.wire.passes = { $0.kind == .data }
        pair.b.send(pong, to: pair.toA)
        #expect(initiations() == [0, 165])
        pair.wire.advance(5)
        pair.b.send(pong, to: pair.toA)
        #expect(pair.a.count(.retryingHandshake, pair.toB, attempts: 2) == 0)
        #expect(initiations() == [0, 165], "it asks once; the retries do the rest")
        pair.wire.advance(0.4)
        #expect(initiations().count == 3)
        #expect(pair.wire.times(from: pair.b) { $0.kind == .initiation }.isEmpty)
    }

    @Test func nothingAfter180Seconds() throws {
        let pair = try Pair()
        pair.a.send(ping, to: pair.toB)
        pair.wire.advance(5)
        pair.wire.holds = true
        pair.a.send(ping, to: pair.toB)
        let late = pair.wire.held.filter { $0.kind == .data }
        #expect(late.count == 1)
        pair.wire.holds = false
        pair.wire.passes = { $0.kind == .data }
        pair.wire.advance(174.9)
        pair.a.send(ping, to: pair.toB)
        #expect(pair.b.delivered.count == 2, "at 179.9 s it is used")
        pair.wire.advance(0.1)
        pair.wire.deliver(late)
        #expect(pair.b.delivered.count == 2, "at 180 s it is not received with")
        pair.a.send(ping, to: pair.toB)
        pair.b.send(pong, to: pair.toA)
        #expect(pair.b.delivered.count == 2)
        #expect(pair.a.delivered.isEmpty)
        pair.wire.passes = { _ in true }
        pair.wire.advance(6)
        #expect(pair.b.delivered.count == 3)
        #expect(pair.a.delivered == [pong])
    }

    @Test func keysAreErasedAfter540Seconds() throws {
        let pair = try Pair()
        pair.a.send(ping, to: pair.toB)
        let slot = pair.a.device.tables.peer(pair.toB).pointee.currentKeypair()
        pair.wire.advance(539.9)
        #expect(pair.a.hasSession(with: pair.toB))
        let before = pair.a.device.tables.keypair(slot).pointee.memory
        #expect(before != nil)
        pair.wire.advance(0.2)
        for (node, peer) in [(pair.a, pair.toB), (pair.b, pair.toA)] {
            #expect(!node.hasSession(with: peer))
            #expect(node.count(.zeroingKeys, peer) == 1)
            #expect(node.device.nextDeadline == nil, "an idle peer has no timers")
        }
        let after = pair.a.device.tables.keypair(slot).pointee.memory
        #expect(after == nil)
    }

    @Test func keepaliveAnswersUnansweredDataAfterTenSeconds() throws {
        let pair = try Pair()
        pair.a.send(ping, to: pair.toB)
        pair.wire.advance(100)
        #expect(pair.wire.times(from: pair.b) { $0.isKeepalive } == [10])
        #expect(pair.wire.times(from: pair.a) { $0.isKeepalive }.isEmpty, "keepalives are not answered")
        #expect(pair.wire.times(from: pair.a) { $0.kind == .initiation } == [0])
    }

    @Test func answeredDataNeedsNoKeepalive() throws {
        let pair = try Pair()
        for _ in 0..<50 {
            pair.a.send(ping, to: pair.toB)
            pair.b.send(pong, to: pair.toA)
            pair.wire.advance(1)
        }
        #expect(pair.wire.sent.filter(\.isKeepalive).isEmpty)
    }

    @Test func handshakeWhenNothingIsHeardFor15Seconds() throws {
        let pair = try Pair()
        pair.a.send(ping, to: pair.toB)
        pair.wire.advance(30)
        pair.b.send(pong, to: pair.toA)
        let start = 30.0
        pair.wire.passes = { $0.source == pair.a.address && $0.kind == .data }
        pair.wire.advance(1)
        for _ in 0..<20 {
            pair.a.send(ping, to: pair.toB)
            pair.wire.advance(1)
        }
        let again = try #require(pair.wire.times(from: pair.a) { $0.kind == .initiation }.dropFirst().first)
        #expect(again >= start + 16 && again < start + 16 + jitter)
        #expect(pair.a.count(.stoppedHearing, pair.toB) == 1)
    }

    @Test func persistentKeepaliveEvery25Seconds() throws {
        let pair = try Pair()
        pair.a.perform { $0.configureKeepalive(pair.toB, 25, pair.wire, &$1) }
        pair.wire.advance(1000)
        let keepalives = pair.wire.times(from: pair.a) { $0.isKeepalive }
        // The first confirms; after each handshake the next confirms again and counts from there.
        #expect(keepalives.count >= 40 && keepalives.count <= 50)
        let gaps = zip(keepalives.dropFirst(), keepalives).map { $0 - $1 }
        #expect(gaps.allSatisfy { $0 <= 25.001 }, "\(keepalives)")
        #expect(pair.a.hasSession(with: pair.toB))
        pair.a.perform { $0.configureKeepalive(pair.toB, 0, pair.wire, &$1) }
        let before = pair.wire.sent.count
        pair.wire.advance(100)
        #expect(pair.wire.sent.count == before)
    }

    @Test func persistentKeepaliveFindsAPeerThatComesBack() throws {
        let pair = try Pair()
        pair.wire.passes = { _ in false }
        pair.a.perform { $0.configureKeepalive(pair.toB, 25, pair.wire, &$1) }
        pair.wire.advance(3600)
        #expect(!pair.a.hasSession(with: pair.toB))
        pair.wire.passes = { _ in true }
        pair.wire.advance(31)
        #expect(pair.b.hasSession(with: pair.toA))
    }

    /// Days of a bad network: each packet arrives at most once, and when the network is good again, so is the tunnel.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func survivesDaysOfLossAndReordering(seed: UInt64) throws {
        let pair = try Pair(seed: seed)
        var random = SeededRandom(state: seed &* 99)
        var number: UInt32 = 0
        pair.wire.passes = { _ in Int.random(in: 0..<10, using: &random) < 7 }
        var traffic = SeededRandom(state: seed &* 7)
        for _ in 0..<3000 {
            let from = Bool.random(using: &traffic)
            for _ in 0..<Int.random(in: 1..<6, using: &traffic) {
                number += 1
                let payload = withUnsafeBytes(of: number) { Array($0) } + [UInt8](repeating: 7, count: 12)
                if from { pair.a.send(payload, to: pair.toB) } else { pair.b.send(payload, to: pair.toA) }
            }
            pair.wire.advance(Double.random(in: 0..<130, using: &traffic))
        }
        for node in [pair.a, pair.b] {
            #expect(node.delivered.count > 1000)
            #expect(Set(node.delivered).count == node.delivered.count)
            #expect(node.device.unusedSlot < 12, "slots are reused")
        }
        pair.wire.passes = { _ in true }
        pair.wire.advance(200)
        pair.a.delivered = []
        pair.b.delivered = []
        pair.a.send(ping, to: pair.toB)
        pair.b.send(pong, to: pair.toA)
        pair.wire.advance(16)
        #expect(pair.b.delivered.contains(ping))
        #expect(pair.a.delivered.contains(pong))
        pair.wire.passes = { _ in false }
        pair.wire.advance(2000)
        #expect(pair.a.device.nextDeadline == nil)
        #expect(pair.b.device.nextDeadline == nil)
    }

    @Test func heapAgreesWithSorting() {
        var random = SeededRandom(state: 5)
        var heap = DeadlineHeap()
        var naive: [PeerIndex: UInt64] = [:]
        for _ in 0..<20_000 {
            let peer = PeerIndex(rawValue: UInt32.random(in: 1...300, using: &random))
            if Int.random(in: 0..<4, using: &random) == 0 {
                heap.remove(peer)
                naive[peer] = nil
            } else {
                let deadline = UInt64.random(in: 1...10_000, using: &random)
                heap.set(peer, deadline)
                naive[peer] = deadline
            }
            #expect(heap.first?.deadline == naive.values.min())
            #expect(heap.deadline(of: peer) == naive[peer])
        }
    }
}
