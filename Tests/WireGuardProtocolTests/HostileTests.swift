import CCrypto
import NetTypes
import Repeats
import Testing
import UAPI

@testable import WireGuardProtocol

private let ping = Array("0123456789abcdef".utf8)

@Suite struct HostileTests {
    /// Type, size, and whether anything looks at it.
    @Test(
        arguments: [
            (1, 148, .initiation), (1, 147, nil), (1, 149, nil), (1, 0, nil), (2, 92, .response), (2, 91, nil),
            (2, 93, nil), (2, 148, nil), (3, 64, .cookieReply), (3, 63, nil), (3, 65, nil), (4, 32, .data),
            (4, 31, nil), (4, 33, .data), (4, 1500, .data), (4, 3, nil), (0, 148, nil), (5, 148, nil),
            (0x0101, 148, nil), (0x0100_0001, 148, nil), (0x8000_0004, 64, nil), (1, 4, nil), (4, 4, nil),
        ] as [(UInt32, Int, Message.Kind?)])
    func sizes(type: UInt32, count: Int, kind: Message.Kind?) {
        var bytes = [UInt8](repeating: 0, count: max(count, 4))
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: type.littleEndian, as: UInt32.self) }
        #expect(Message.kind(bytes, count: count) == kind)
    }

    @Test func layouts() {
        typealias I = Handshake.Initiation
        typealias R = Handshake.Response
        #expect(I.ephemeral + 32 == I.encryptedStatic)
        #expect(I.encryptedStatic + 32 + Message.tagSize == I.encryptedTimestamp)
        #expect(I.encryptedTimestamp + TAI64N.byteCount + Message.tagSize == I.mac1)
        #expect(I.mac1 + MessageMACs.macSize == I.mac2)
        #expect(I.mac2 + MessageMACs.macSize == Message.initiationSize)
        #expect(R.receiver + 4 == R.ephemeral)
        #expect(R.ephemeral + 32 == R.encryptedNothing)
        #expect(R.encryptedNothing + Message.tagSize == R.mac1)
        #expect(R.mac1 + MessageMACs.macSize == R.mac2)
        #expect(R.mac2 + MessageMACs.macSize == Message.responseSize)
        #expect(CookieReply.nonce + CookieReply.nonceSize == CookieReply.encryptedCookie)
        #expect(CookieReply.encryptedCookie + MessageMACs.macSize + Message.tagSize == Message.cookieReplySize)
        // What a configured, idle peer costs, with its entry of the allowed IPs and of the dictionary.
        #expect(MemoryLayout<PeerRecord>.size == 64)
        #expect(MemoryLayout<Keypair>.stride <= 64)
        #expect(MemoryLayout<Peer>.stride <= 304)
        #expect(MemoryLayout<AllowedIPs.Entry>.stride <= 48)
    }

    /// Any bit of an initiation or a response changed: no answer, no trace, and the true one still works after.
    @Test func everyBitCounts() throws {
        let pair = try Pair()
        pair.wire.holds = true
        pair.a.send(ping, to: pair.toB)
        let initiation = try #require(pair.wire.held.first)
        pair.wire.held = []
        for bit in 0..<(132 * 8) {
            var forged = initiation
            forged.bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            pair.wire.deliver([forged])
        }
        #expect(pair.wire.held.isEmpty)
        #expect(pair.b.endpoints[pair.toA] == pair.a.address)
        pair.wire.deliver([initiation])
        let response = try #require(pair.wire.held.first)
        #expect(response.kind == .response)
        pair.wire.held = []
        for bit in 0..<(76 * 8) {
            var forged = response
            forged.bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            pair.wire.deliver([forged])
        }
        #expect(pair.wire.held.isEmpty)
        #expect(!pair.a.hasSession(with: pair.toB))
        pair.wire.holds = false
        pair.wire.deliver([response])
        #expect(pair.b.delivered == [ping])
    }

    /// Valid MACs over broken insides: the MACs stop nobody who knows the public key.
    @Test func brokenInsidesWithGoodMACs() throws {
        let pair = try Pair()
        pair.wire.holds = true
        pair.a.send(ping, to: pair.toB)
        var forged = try #require(pair.wire.held.first)
        pair.wire.held = []
        var key = [UInt8](repeating: 0, count: 32)
        MessageMACs.mac1Key(pair.b.privateKey.publicKey, into: &key)
        for byte in 8..<116 {
            forged.bytes[byte] ^= 0x40
            let count = forged.bytes.count
            MessageMACs.write(&forged.bytes, count: count, mac1Key: key, cookie: nil)
            pair.wire.deliver([forged])
            forged.bytes[byte] ^= 0x40
        }
        for ephemeral in [UInt8(0), 1] {
            for i in 0..<32 { forged.bytes[8 + i] = i == 0 ? ephemeral : 0 }
            let count = forged.bytes.count
            MessageMACs.write(&forged.bytes, count: count, mac1Key: key, cookie: nil)
            pair.wire.deliver([forged])
        }
        #expect(pair.wire.held.isEmpty)
        #expect(pair.b.count(.invalidInitiation) == 110)
    }

    @Test func replaysAndOldTimestampsAndFloods() throws {
        let pair = try Pair()
        var initiations: [Datagram] = []
        for _ in 0..<3 {
            pair.wire.holds = true
            pair.a.send(ping, to: pair.toB)
            initiations.append(try #require(pair.wire.held.last { $0.kind == .initiation }))
            pair.wire.holds = false
            pair.wire.held = []
            pair.wire.time += 5_400_000_000
        }
        let responses = { pair.wire.times(from: pair.b) { $0.kind == .response }.count }
        pair.wire.deliver([initiations[1]])
        #expect(responses() == 1)
        pair.wire.deliver([initiations[2]])
        #expect(responses() == 1, "a newer one within 20 ms is a flood")
        pair.wire.time += 20_000_000
        pair.wire.deliver([initiations[1]])
        #expect(responses() == 1, "a replay")
        pair.wire.deliver([initiations[0]])
        #expect(responses() == 1, "an older timestamp")
        pair.wire.deliver([initiations[2]])
        #expect(responses() == 2)
    }

    @Test func strangersHearNothing() throws {
        let pair = try Pair()
        let stranger = Node("stranger", "198.51.100.1:7", on: pair.wire, seed: 4711)
        let toB = try stranger.add(pair.b)
        stranger.send(ping, to: toB)
        pair.wire.advance(60)
        #expect(pair.wire.sent.allSatisfy { $0.source == stranger.address })
        // One that does not even know the public key.
        let blind = Node("blind", "198.51.100.2:7", on: pair.wire, seed: 4712)
        let nobody = Node("nobody", "198.51.100.3:7", on: pair.wire, seed: 4713)
        var configuration = PeerSection(nobody.privateKey.publicKey)
        configuration.endpoint = pair.b.address
        try blind.perform { _ = try $0.configure(configuration, now: pair.wire.now, into: &$1) }
        blind.send(ping, to: try #require(blind.device.peer(configuration.publicKey)))
        #expect(pair.b.count(.invalidMAC) == 1)
        #expect(pair.wire.sent.allSatisfy { $0.source == stranger.address || $0.source == blind.address })
    }

    @Test func randomBytesOfAllSizes() throws {
        let pair = try Pair()
        pair.a.send(ping, to: pair.toB)
        let before = pair.wire.sent.count
        var random = SeededRandom(state: 11)
        for round in 0..<20_000 {
            let size = [32, 48, 64, 92, 148, Int.random(in: 0..<200, using: &random)][round % 6]
            var bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
            if size >= 4 && round % 3 != 0 { bytes.replaceSubrange(0..<4, with: [UInt8(round % 5), 0, 0, 0]) }
            let datagram = Datagram(
                source: pair.a.address, destination: pair.b.address, bytes: bytes, time: pair.wire.time)
            pair.wire.deliver([datagram])
        }
        #expect(pair.wire.sent.count == before)
        pair.a.send(ping, to: pair.toB)
        #expect(pair.b.delivered.count == 2)
    }

    @Test func indexNamesItsSlotAndHidesIt() {
        var random = SeededRandom(state: 12)
        for _ in 0..<20 {
            let index = KeypairIndex(
                randomA: UInt32.random(in: 0 ... .max, using: &random),
                randomB: UInt32.random(in: 0 ... .max, using: &random))
            for _ in 0..<1000 {
                let slot = UInt32.random(in: 0..<1 << KeypairIndex.slotBits, using: &random)
                let generation = UInt32.random(in: 0 ... .max, using: &random)
                #expect(index.slot(of: index.index(slot: slot, generation: generation)) == slot)
            }
            let neighbours = Set((1...64).map { index.index(slot: $0, generation: 0) >> 16 })
            #expect(neighbours.count > 40, "neighbours do not look alike")
        }
    }
}
