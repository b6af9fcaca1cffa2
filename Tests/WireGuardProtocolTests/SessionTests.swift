import NetTypes
import Repeats
import Synchronization
import Testing
import UAPI

@testable import WireGuardProtocol

private let ping = Array("0123456789abcdef".utf8)
private let pong = Array("fedcba9876543210".utf8)

@Suite struct SessionTests {
    @Test func firstPacketMakesASession() throws {
        let pair = try Pair()
        pair.a.send(ping, to: pair.toB)
        #expect(pair.wire.sent.map(\.kind) == [.initiation, .response, .data])
        #expect(pair.b.delivered == [ping])
        pair.b.send(pong, to: pair.toA)
        #expect(pair.a.delivered == [pong])
        #expect(pair.wire.sent.count == 4)
        // 148 out, 92 and 48 in; handshake messages count, as in the kernel.
        let record = pair.a.device.tables.peer(pair.toB)
        let (sent, received) = (
            record.pointee.sentBytes.load(ordering: .relaxed), record.pointee.receivedBytes.load(ordering: .relaxed)
        )
        #expect(sent == 148 + 48)
        #expect(received == 92 + 48)
        #expect(pair.a.device.section(of: pair.toB).lastHandshake == pair.wire.now.wall.seconds)
        #expect(pair.b.device.section(of: pair.toA).lastHandshakeNanoseconds == pair.wire.now.wall.nanoseconds)
    }

    @Test func emptyQueueConfirmsByKeepalive() throws {
        let pair = try Pair()
        pair.a.perform { $0.configureKeepalive(pair.toB, 25, pair.wire, &$1) }
        pair.wire.settle()
        #expect(pair.wire.sent.map(\.kind) == [.initiation, .response, .data])
        #expect(pair.wire.sent.last?.isKeepalive == true)
        #expect(pair.b.hasSession(with: pair.toA))
        #expect(pair.b.delivered.isEmpty)
    }

    /// Handshakes tell the time, and none may be older than the last. Forth and back by a year, and once more.
    @Test func aClockThatIsSetStopsNoHandshake() throws {
        let pair = try Pair()
        let year: Int64 = 365 * 86400
        var said = 0
        for shift in [0, -year, -2 * year, year, 0, -year] {
            pair.wire.wallShift = shift
            pair.a.send(ping, to: pair.toB)
            said += 1
            #expect(pair.b.delivered.count == said, "shift \(shift)")
            #expect(pair.wire.sent.count { $0.kind == .initiation } == said)
            // Keys die of age, by the clock that nobody sets.
            pair.wire.advance(200)
        }
    }

    @Test func responderWaitsForTheFirstMessage() throws {
        let pair = try Pair()
        pair.wire.passes = { $0.kind != .data }
        pair.a.send(ping, to: pair.toB)
        pair.b.send(pong, to: pair.toA)
        #expect(!pair.b.hasSession(with: pair.toA))
        #expect(pair.a.delivered.isEmpty)
        #expect(pair.wire.sent.filter { $0.source == pair.b.address }.map(\.kind) == [.response])
        pair.wire.passes = { _ in true }
        pair.a.send(ping, to: pair.toB)
        #expect(pair.b.hasSession(with: pair.toA))
        #expect(pair.a.delivered == [pong])
    }

    @Test func stagedPacketsKeepTheirOrder() throws {
        let pair = try Pair()
        pair.wire.holds = true
        for i in 0..<UInt8(200) { pair.a.send([UInt8](repeating: i, count: 16), to: pair.toB) }
        pair.wire.holds = false
        pair.wire.deliver(pair.wire.held)
        #expect(pair.b.delivered.map(\.first!) == Array(72..<200))
    }

    @Test func simultaneousInitiations() throws {
        let pair = try Pair()
        pair.wire.holds = true
        pair.a.send(ping, to: pair.toB)
        pair.b.send(pong, to: pair.toA)
        #expect(pair.wire.held.map(\.kind) == [.initiation, .initiation])
        pair.wire.holds = false
        pair.wire.deliver(pair.wire.held)
        pair.wire.advance(12)
        #expect(pair.b.delivered == [ping])
        #expect(pair.a.delivered == [pong])
    }

    @Test func reorderedAndDuplicatedDataArrivesOnce() throws {
        let pair = try Pair()
        pair.a.send(ping, to: pair.toB)
        pair.wire.holds = true
        for i in 1...UInt8(50) { pair.a.send([UInt8](repeating: i, count: 16), to: pair.toB) }
        pair.wire.holds = false
        var random = SeededRandom(state: 3)
        pair.wire.deliver((pair.wire.held + pair.wire.held).shuffled(using: &random))
        #expect(Set(pair.b.delivered.dropFirst().map(\.first!)) == Set(1...50))
        #expect(pair.b.delivered.count == 51)
    }

    @Test func roamsOnAuthenticatedMessagesOnly() throws {
        let pair = try Pair()
        pair.a.send(ping, to: pair.toB)
        let elsewhere = socketAddress("198.51.100.9:4500")
        pair.wire.holds = true
        pair.a.send(ping, to: pair.toB)
        var forged = pair.wire.held[0]
        forged.bytes[20] ^= 1
        forged.source = socketAddress("203.0.113.66:1")
        pair.wire.holds = false
        pair.wire.deliver([forged])
        #expect(pair.b.endpoints[pair.toA] == socketAddress("192.0.2.1:51820"))
        pair.a.address = elsewhere
        pair.a.send(ping, to: pair.toB)
        #expect(pair.b.endpoints[pair.toA] == elsewhere)
        pair.b.send(pong, to: pair.toA)
        #expect(pair.a.delivered == [pong])
    }

    @Test func wrongPresharedKey() throws {
        let one = PresharedKey { for i in $0.indices { $0[i] = 1 } }
        let two = PresharedKey { for i in $0.indices { $0[i] = 2 } }
        let pair = try Pair(presharedKeys: (one, two))
        pair.a.send(ping, to: pair.toB)
        #expect(pair.wire.sent.map(\.kind) == [.initiation, .response])
        #expect(pair.a.count(.invalidResponse) == 1)
        #expect(!pair.a.hasSession(with: pair.toB))
        let same = try Pair(presharedKeys: (one, one))
        same.a.send(ping, to: same.toB)
        #expect(same.b.delivered == [ping])
        // One that is taken away.
        let none = try Pair(presharedKeys: (one, nil))
        var removal = PeerSection(none.b.device.publicKey!)
        removal.presharedKey = .some(nil)
        try none.a.perform { _ = try $0.configure(removal, now: none.wire.now, into: &$1) }
        none.a.send(ping, to: none.toB)
        #expect(none.b.delivered == [ping])
        #expect(none.a.device.section(of: none.toB).presharedKey == .some(nil))
    }

    @Test func newPrivateKeyKeepsPeersAndForcesHandshakes() throws {
        let pair = try Pair()
        pair.a.send(ping, to: pair.toB)
        let other = Node("c", "192.0.2.3:1", on: pair.wire, seed: 77)
        let key = other.privateKey
        pair.a.perform { $0.setPrivateKey(key, now: pair.wire.now, into: &$1) }
        #expect(pair.a.device.peers == [pair.toB])
        // What is under way still arrives, but nothing is sent with the old keys.
        pair.b.send(pong, to: pair.toA)
        #expect(pair.a.delivered == [pong])
        let before = pair.wire.sent.count
        pair.a.send(ping, to: pair.toB)
        #expect(pair.wire.sent[before...].map(\.kind) == [.initiation])
        #expect(pair.b.count(.invalidInitiation) == 1)
        try pair.b.perform {
            _ = try $0.configure(PeerSection(key.publicKey), now: pair.wire.now, into: &$1)
        }
        pair.wire.advance(6)
        #expect(pair.b.delivered == [ping, ping])
    }

    @Test func downEndsEverything() throws {
        let pair = try Pair()
        pair.a.send(ping, to: pair.toB)
        pair.a.perform { $0.down(into: &$1) }
        #expect(!pair.a.hasSession(with: pair.toB))
        #expect(pair.a.device.nextDeadline == nil)
        pair.wire.advance(1)
        let before = pair.wire.sent.count
        pair.b.send(pong, to: pair.toA)
        #expect(pair.a.delivered.isEmpty)
        #expect(pair.wire.sent.count == before + 1)
        pair.a.perform { $0.up(now: pair.wire.now, into: &$1) }
        pair.a.send(ping, to: pair.toB)
        #expect(pair.b.delivered == [ping, ping])
    }

    @Test func messageLimits() throws {
        let pair = try Pair()
        pair.a.send(ping, to: pair.toB)
        let keypair = try #require(pair.a.device.tables.currentKeypair(of: pair.toB))
        let early = keypair.pointee.wantsRekeyAfterSending(now: pair.wire.time)
        keypair.pointee.sendingCounter.store(Limits.rekeyAfterMessages + 1, ordering: .relaxed)
        let late = keypair.pointee.wantsRekeyAfterSending(now: pair.wire.time)
        #expect((early, late) == (false, true))
        keypair.pointee.sendingCounter.store(Limits.rejectAfterMessages - 3, ordering: .relaxed)
        let last = keypair.pointee.reserveCounters(3, now: pair.wire.time)
        let none = keypair.pointee.reserveCounters(1, now: pair.wire.time)
        #expect(last == Limits.rejectAfterMessages - 3)
        #expect(none == nil)
        pair.wire.advance(6)
        pair.a.send(ping, to: pair.toB)
        #expect(pair.b.delivered.count == 2)
        #expect(pair.a.count(.sendingInitiation) == 2)
    }
}

extension Device {
    func configureKeepalive(_ peer: PeerIndex, _ seconds: UInt16, _ wire: Wire, _ effects: inout Effects) {
        var configuration = PeerSection(section(of: peer).publicKey)
        configuration.persistentKeepalive = AWGRange(seconds)
        #expect(throws: Never.self) { try configure(configuration, now: wire.now, into: &effects) }
    }
}
