import NetTypes
import Repeats
import Synchronization
import Testing
import UAPI

@testable import WireGuardProtocol

/// What types propose and nothing confirms: no data is lost to it, and nothing is taken for what it is not.
@Suite struct SortingTests {
    /// Parameters with which others lose 25 to 40 % of a flow: sizes of messages that are equal, types of a quarter of all numbers.
    static let unlucky = [
        "S1=42 S2=108 S3=13 S4=21 H1=0-1073741823 H2=1073741824-2147483647 H3=2147483648-3221225471 H4=3221225472-4294967295",
        "S1=20 S2=24 S3=28 S4=12 H1=0-1073741823 H2=1073741824-2147483647 H3=2147483648-3221225471 H4=3221225472-4294967295 "
            + "RandomTrailers=on",
        "S1=20 S2=24 S3=28 S4=12 H1=0-1073741823 H2=1073741824-2147483647 H3=2147483648-3221225471 H4=3221225472-4294967295 "
            + "RandomTrailers=on \(headerKey)",
        "S4=7 H1=0-1073741823 H2=1073741824-2147483647 H3=2147483648-3221225471 H4=3221225472-4294967295",
    ]

    @Test(arguments: unlucky) func aFlowLosesNothing(_ lines: String) throws {
        let set = try awg(lines)
        let pair = try Pair([set])
        pair.a.send([1], to: pair.toB)
        let keypair = try #require(pair.a.device.tables.currentKeypair(of: pair.toB))
        let forms = SomeForms([set])
        var mistaken = 0
        // Sizes as of an initiation, a response, a cookie reply, and the largest.
        let overhead = Int(set.prefixes.data) + Message.keepaliveSize
        let sizes = [
            Int(set.prefixes.initiation) + 148, Int(set.prefixes.response) + 92, Int(set.prefixes.cookieReply) + 64,
        ]
        .map { $0 - overhead }
        for number in 1...repeats(2000).upperBound {
            let payload = [UInt8](repeating: 69, count: max(1, number % 4 == 0 ? 1420 : sizes[number % 4 - 1]))
            let bytes = sealed(payload, keypair, UInt64(number), pair.a)
            mistaken += forms.proposals(bytes).isEmpty ? 0 : 1
            pair.wire.deliver([
                Datagram(source: pair.a.address, destination: pair.b.address, bytes: bytes, time: pair.wire.time)
            ])
        }
        #expect(pair.b.delivered.count == repeats(2000).upperBound + 1)
        #expect(mistaken > 100, "nothing looked like a handshake: \(mistaken)")
    }

    /// Without padding, which would hide that sizes are equal.
    private func sealed(
        _ payload: [UInt8], _ keypair: UnsafeMutablePointer<Keypair>, _ counter: UInt64, _ node: Node
    ) -> [UInt8] {
        let form = node.device.tables.forms.pointee[.first]
        var random = node.device.makeRandomStream()
        var message = [UInt8](repeating: 0, count: payload.count + form.pointee.dataOverhead)
        message.withUnsafeMutableBytes {
            form.pointee.writeData($0.baseAddress!, receiver: keypair.pointee.remoteIndex, counter: counter, &random)
            node.aead.seal(
                $0.baseAddress! + form.pointee.dataPrefix + 16, from: payload, length: payload.count,
                key: keypair.pointee.sendingKey, counter: counter)
            var mask: UInt128 = 0
            if form.pointee.protectsHeaders {
                form.pointee.protectData($0.baseAddress!, count: $0.count, stride: $0.count, masks: &mask)
            }
        }
        return message
    }

    /// A gateway that speaks plain and two sets, with a live session in each.
    private func gateway(seed: UInt64) throws -> (Node, [Node], Wire) {
        let wire = Wire()
        var random = SeededRandom(state: seed)
        let node = Node("gateway", "192.0.2.1:51820", on: wire, seed: seed)
        var sets: [AWGParameters] = []
        repeat {
            sets = [randomSet(&random), try awg(Self.unlucky[Int(seed % 4)])]
        } while sets[0].isConfused(with: sets[1])
        try node.device.setDialects(sets)
        let isPlainServed = !sets.contains(where: \.excludesPlain)
        let others = (isPlainServed ? 0...2 : 1...2).map {
            Node("\($0)", "192.0.2.\($0 + 2):1", on: wire, seed: seed + 10 + UInt64($0))
        }
        for (number, other) in zip(isPlainServed ? 0...2 : 1...2, others) {
            if number > 0 { try other.device.setDialects([sets[number - 1]]) }
            let toIt = try node.add(other)
            node.endpoints[toIt] = nil
            other.send([1], to: try other.add(node))
            // A plain initiation may be one of a set too; then that is how it was answered.
            guard number > 0 || !sets.contains(where: \.claimsPlainInitiations) else { continue }
            #expect(node.device.dialect(of: toIt) == Dialect(rawValue: UInt8(number)))
        }
        return (node, others, wire)
    }

    /// Random bytes, of every size.
    @Test(arguments: repeats(4)) func randomDatagrams(_ seed: Int) throws {
        let (node, _, wire) = try gateway(seed: UInt64(seed))
        var random = SeededRandom(state: UInt64(seed))
        let (delivered, sent) = (node.delivered.count, wire.sent.count)
        var proposals = 0
        let forms = SomeForms(node.device.dialects)
        for _ in 0..<1000 {
            let bytes = random.bytes(Int.random(in: 0...400, using: &random))
            proposals += forms.proposals(bytes).count
            node.receive(
                Datagram(source: socketAddress("198.51.100.1:1"), destination: node.address, bytes: bytes, time: 0))
        }
        wire.settle()
        #expect(node.delivered.count == delivered && wire.sent.count == sent)
        #expect(proposals > 0)
    }

    /// Whole datagrams with a byte changed, cut or grown, or in the form of another dialect.
    @Test(arguments: repeats(4)) func nearMisses(_ seed: Int) throws {
        let (node, others, wire) = try gateway(seed: UInt64(seed))
        var random = SeededRandom(state: UInt64(seed) + 99)
        let known = wire.sent.filter { $0.destination == node.address }
        wire.advance(1)
        let delivered = node.delivered.count
        for _ in 0..<1000 {
            var datagram = known.randomElement(using: &random)!
            switch Int.random(in: 0...3, using: &random) {
            case 0:
                datagram.bytes[Int.random(in: datagram.bytes.indices, using: &random)] ^= UInt8.random(
                    in: 1...255, using: &random)
            case 1: datagram.bytes.removeLast(Int.random(in: 1...min(60, datagram.bytes.count), using: &random))
            case 2: datagram.bytes += random.bytes(Int.random(in: 1...60, using: &random))
            default: datagram.bytes.removeFirst(Int.random(in: 1...min(60, datagram.bytes.count), using: &random))
            }
            node.receive(datagram)
        }
        wire.settle()
        // All were replays or forged: whoever answers now has kept the form that he was spoken to in.
        #expect(node.delivered.count == delivered)
        for other in others { #expect(other.delivered.isEmpty) }
        for (number, other) in others.enumerated() {
            let toIt = try #require(node.device.peer(other.privateKey.publicKey))
            let before = other.delivered.count
            node.send([1, UInt8(number)], to: toIt)
            #expect(other.delivered.count == before + 1)
        }
    }

    /// amneziawg-go v0.2.13 to v0.2.17 leave the prefix of a keepalive out, and nobody else takes it.
    @Test func aKeepaliveWithoutItsPrefix() throws {
        let pair = try Pair([awg("S1=9 S4=21 H1=77 H4=1000-2000")])
        pair.wire.passes = { $0.bytes.count != 21 + 32 }
        pair.a.perform { $0.configureKeepalive(pair.toB, 25, pair.wire, &$1) }
        pair.wire.settle()
        #expect(!pair.b.hasSession(with: pair.toA))
        let keypair = try #require(pair.a.device.tables.currentKeypair(of: pair.toB))
        let whole = pair.a.seal([], keypair, 7)
        pair.b.receive(
            Datagram(source: pair.a.address, destination: pair.b.address, bytes: Array(whole[21...]), time: 0))
        pair.wire.settle()
        #expect(pair.b.hasSession(with: pair.toA) && pair.b.delivered.isEmpty)
    }

    /// Peers with their keepalives padded: the idle tunnel says nothing more because of it.
    @Test func paddedKeepalivesAreAnsweredByNobody() throws {
        let pair = try Pair([awg("S1=12 S2=12 S3=12 S4=12 ContentPaddingAddition=30-60 \(headerKey)")])
        pair.a.send([1], to: pair.toB)
        pair.wire.advance(11)
        let keepalives = pair.wire.sent.filter { $0.source == pair.b.address && $0.time > Wire.start }
        #expect(keepalives.count == 1 && (12 + 32 + 30...12 + 32 + 60).contains(keepalives[0].bytes.count))
        let before = pair.wire.sent.count
        pair.wire.advance(100)
        #expect(pair.wire.sent.count == before)
    }

    /// Where no other is set, what a plain initiation begins is plain, be it of a set's form too.
    @Test func aPlainInitiationThatIsASetsOwn() throws {
        let wire = Wire()
        let gateway = Node("gateway", "192.0.2.1:51820", on: wire, seed: 1)
        try gateway.device.setDialects([awg("Jc=4 Jmax=50 I1=<r_20>")])
        let plain = Node("plain", "192.0.2.2:1", on: wire, seed: 2)
        let toIt = try gateway.add(plain)
        plain.send([1], to: try plain.add(gateway))
        gateway.send([2], to: toIt)
        #expect(gateway.delivered.count == 1 && plain.delivered.count == 1)
        #expect(gateway.count(.receivingInitiation) == 1 && gateway.count(.invalidInitiation) == 0)
    }
}
