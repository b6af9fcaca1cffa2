import NetTypes
import Repeats
import Synchronization
import Testing
import UAPI

@testable import WireGuardProtocol

private let ping = Array("0123456789abcdef".utf8)
private let pong = Array("fedcba9876543210".utf8)

/// Parameters of lines as they stand in a file.
func awg(_ lines: String...) throws -> AWGParameters {
    var settings = AWGSettings()
    for line in lines.flatMap({ $0.split(separator: " ") }) {
        let parts = line.split(separator: "=", maxSplits: 1)
        try settings.set(try #require(AWGName(rawValue: String(parts[0]))), String(parts[1].replacing("_", with: " ")))
    }
    return try AWGParameters(settings)
}

let headerKey = "HeaderProtectionKey=2IFEOPxqLRzSvLjkg4Nd/pH0hwjlm/3blDGV8SrsU5I="

/// What AmneziaWG 3.1's app sets up.
let appsOwn =
    "\(headerKey) S1=60 S2=44 S3=20 S4=12 ContentPaddingAddition=10-100 RandomTrailers=on DisableCookies=on "
    + "RekeyAfterTime=100-120 RekeyTimeout=3-7 RejectAfterTime=150-180 KeepaliveTimeout=5-15 MaxHandshakeAttempts=15-20 "
    + "Jc=5 Jmin=10 Jmax=50 I1=<b_0x85800001><r_20>"

extension Pair {
    /// Both sides have the sets.
    init(_ sets: [AWGParameters], seed: UInt64 = 1) throws {
        try self.init(seed: seed)
        try a.device.setDialects(sets)
        try b.device.setDialects(sets)
    }
}

@Suite struct DialectTests {
    static let sets = [
        "Jc=3 Jmin=10 Jmax=30 S1=15 S2=20 H1=1234567 H2=2345678 H3=3456789 H4=4567890",
        "Jc=1 Jmin=40 Jmax=41 S1=33 S2=77 H1=1000001 H2=4000000002 H3=1000003 H4=2147483651 I1=<b_0xf6ab><r_7><t> I2=<b_0xff00>",
        "S1=42 S2=108 S3=13 S4=21 H1=100000-800000 H2=1000000-8000000 H3=10000000-80000000 H4=100000000-800000000",
        "S4=3 H1=5-5 H2=6 H3=4294967294 H4=4294967295", "Jc=4 Jmin=10 Jmax=50 I1=<r_9>",
        "S1=12 S2=13 S3=14 S4=30 H1=100-200 H2=300-400 H3=500-600 H4=700-4000000000 \(headerKey)",
        "S1=40 S2=41 S3=42 S4=12 \(headerKey) ContentPaddingAddition=1-40 RandomTrailers=on", "RandomTrailers=on S4=12",
        appsOwn,
    ]

    /// A whole life of a session: data both ways, a rekey, a keepalive, idle; then the other side begins.
    @Test(arguments: sets) func sessions(_ lines: String) throws {
        let set = try awg(lines)
        let pair = try Pair([set])
        pair.a.send(ping, to: pair.toB)
        pair.b.send(pong, to: pair.toA)
        pair.wire.advance(130)
        pair.a.send(ping, to: pair.toB)
        pair.wire.advance(20)
        pair.b.send(pong, to: pair.toA)
        expect(pair.b.delivered, begins: [ping, ping])
        expect(pair.a.delivered, begins: [pong, pong])
        #expect(pair.a.count(.sendingInitiation) == 2 && pair.b.count(.sendingInitiation) == 0)
        #expect([pair.a, pair.b].allSatisfy { $0.count(.invalidMAC) == 0 && $0.count(.invalidInitiation) == 0 })
        pair.wire.advance(600)
        pair.b.send(pong, to: pair.toA)
        #expect(pair.b.count(.sendingInitiation) == 1 && pair.a.delivered.count == 3)
        // Nothing on the wire is WireGuard's own where the disguise is more than what goes before.
        guard !set.claimsPlainInitiations || set.excludesPlain else { return }
        #expect(!pair.wire.sent.contains { [.initiation, .response].contains($0.kind) })
        // Every byte was counted, as whoever carries it sees it.
        let sent = pair.wire.sent.filter { $0.source == pair.a.address }.reduce(0) { $0 + $1.bytes.count }
        let counted = pair.a.device.tables.peer(pair.toB).pointee.sentBytes.load(ordering: .relaxed)
        #expect(sent == Int(counted))
        let received = pair.b.device.tables.peer(pair.toA).pointee.receivedBytes.load(ordering: .relaxed)
        let junk = pair.junk(of: pair.a).reduce(0) { $0 + $1.bytes.count }
        #expect(Int(received) + junk == sent)
    }

    private func expect(_ delivered: [[UInt8]], begins expected: [[UInt8]]) {
        #expect(delivered.count == expected.count && zip(delivered, expected).allSatisfy { $0.starts(with: $1) })
    }

    @Test(arguments: sets) func cookiesUnderLoad(_ lines: String) throws {
        let set = try awg(lines)
        let pair = try Pair([set])
        pair.b.underLoad = true
        pair.a.send(ping, to: pair.toB)
        #expect(pair.b.delivered.isEmpty == !set.disableCookies)
        #expect(pair.b.count(.sendingCookieReply) == (set.disableCookies ? 0 : 1))
        pair.wire.advance(8)
        #expect(pair.b.delivered.count == 1)
        #expect(pair.a.count(.invalidCookieReply) == 0)
    }

    /// Without cookies, how often a source may send is limited still.
    @Test func withoutCookiesTheRateIsLimited() throws {
        let pair = try Pair([awg("S1=9 H1=77 DisableCookies=on")])
        pair.b.underLoad = true
        pair.wire.holds = true
        pair.a.send(ping, to: pair.toB)
        let initiation = try #require(pair.wire.held.last)
        for _ in 0..<20 { pair.b.receive(initiation) }
        #expect(pair.b.count(.invalidMAC) == 15 && pair.b.count(.sendingCookieReply) == 0)
    }

    @Test func roaming() throws {
        let pair = try Pair([awg(appsOwn)])
        pair.a.send(ping, to: pair.toB)
        pair.a.address = socketAddress("198.51.100.9:4500")
        pair.a.send(ping, to: pair.toB)
        #expect(pair.b.endpoints[pair.toA] == pair.a.address)
        pair.b.send(pong, to: pair.toA)
        #expect(pair.a.delivered.count == 1)
    }

    /// Signature packets in order, then junk, then the initiation; retries too; nothing before any other message.
    @Test func whatGoesBeforeAnInitiation() throws {
        let pair = try Pair([
            awg("Jc=3 Jmin=20 Jmax=30 I1=<b_0x0102><rc_4><rd_3><t><dz_2> I3=<r_7> S1=9 H1=77 H2=88 H4=99")
        ])
        pair.wire.passes = { $0.source != pair.b.address }
        pair.a.send(ping, to: pair.toB)
        pair.wire.advance(6)
        let sent = pair.wire.sent.filter { $0.source == pair.a.address }.map(\.bytes)
        #expect(sent.count == 12)
        for try_ in [sent[..<6], sent[6...]] {
            let datagrams = Array(try_)
            #expect(datagrams[0].count == 15 && datagrams[1].count == 7 && datagrams[5].count == 9 + 148)
            #expect(datagrams[2..<5].allSatisfy { (20..<30).contains($0.count) })
            #expect(datagrams[0].starts(with: [1, 2]) && datagrams[0].suffix(2) == [0, 0])
            #expect(datagrams[0][2..<6].allSatisfy { Character(Unicode.Scalar($0)).isLetter })
            #expect(datagrams[0][6..<9].allSatisfy { Character(Unicode.Scalar($0)).isNumber })
            let time = datagrams[0][9..<13].reduce(0) { $0 << 8 | Int64($1) }
            #expect((0...6).contains(time - 1_700_001_000))
        }
        #expect(Set(sent.filter { $0.count < 100 }).count == 10, "some were drawn twice alike")
        #expect(!pair.wire.sent.contains { $0.source == pair.b.address && $0.bytes.count != 92 })
    }

    /// One side that is silent is not asked in plain.
    @Test func silenceBringsNobodyToPlain() throws {
        let pair = try Pair([awg("S1=9 H1=77")])
        pair.wire.passes = { _ in false }
        pair.a.send(ping, to: pair.toB)
        pair.wire.advance(400)
        #expect(pair.wire.sent.count >= 19 && pair.wire.sent.allSatisfy { $0.bytes.count == 148 + 9 })
    }

    /// A gateway with two sets, a peer in each and one in plain, all at once; each answered as it asks.
    @Test func everybodyOnOnePort() throws {
        let wire = Wire()
        let (old, new) = (try awg(Self.sets[2]), try awg(appsOwn))
        let gateway = Node("gateway", "192.0.2.1:51820", on: wire, seed: 1)
        try gateway.device.setDialects([old, new])
        let plain = Node("plain", "192.0.2.2:1", on: wire, seed: 2)
        let phones = [old, new].enumerated().map { number, set in
            let node = Node("phone", "192.0.2.\(3 + number):1", on: wire, seed: UInt64(3 + number))
            #expect(throws: Never.self) { try node.device.setDialects([set]) }
            return node
        }
        for (number, node) in ([plain] + phones).enumerated() {
            let toIt = try gateway.add(node)
            gateway.endpoints[toIt] = nil
            let toGateway = try node.add(gateway)
            for round in 1...3 {
                node.send(ping, to: toGateway)
                gateway.send(pong, to: toIt)
                #expect(node.delivered.count == round && gateway.delivered.count == 3 * number + round)
            }
            #expect(gateway.device.dialect(of: toIt) == Dialect(rawValue: UInt8(number)))
            // And so it begins itself, when it comes to that.
            wire.advance(600)
            gateway.send(pong, to: toIt)
            #expect(node.delivered.count == 4)
        }
        let toPlain = wire.sent.filter { $0.destination == plain.address || $0.source == plain.address }
        #expect(toPlain.allSatisfy { $0.kind != nil })
    }

    /// The same key with another app: its next initiation says so.
    @Test func aPeerThatChangesItsDialectIsFollowed() throws {
        let pair = try Pair([awg(Self.sets[2])])
        pair.a.send(ping, to: pair.toB)
        #expect(pair.b.device.dialect(of: pair.toA) == .first)
        try pair.a.device.setDialects([])
        pair.wire.advance(10)
        pair.a.perform {
            $0.setDialect(.plain, of: pair.toB); _ = $1
        }
        pair.a.perform { $0.down(into: &$1) }
        pair.a.perform { $0.up(now: pair.wire.now, into: &$1) }
        pair.a.send(ping, to: pair.toB)
        #expect(pair.b.delivered.count == 2 && pair.b.device.dialect(of: pair.toA) == .plain)
        pair.b.send(pong, to: pair.toA)
        #expect(pair.a.delivered.count == 1 && pair.wire.sent.last?.kind == .data)
    }

    /// New parameters on both sides while there is a session: it goes on in the new form.
    @Test func aSessionOutlivesNewParameters() throws {
        let pair = try Pair([awg(Self.sets[2])])
        pair.a.send(ping, to: pair.toB)
        for set in [try awg(appsOwn), try awg(Self.sets[0])] {
            try pair.a.device.setDialects([set])
            try pair.b.device.setDialects([set])
            pair.a.send(ping, to: pair.toB)
            pair.b.send(pong, to: pair.toA)
        }
        #expect(pair.b.delivered.count == 3 && pair.a.delivered.count == 2 && pair.a.count(.sendingInitiation) == 1)
        // And ends in plain, where that is asked for.
        try pair.a.device.setDialects([])
        try pair.b.device.setDialects([])
        pair.a.send(ping, to: pair.toB)
        #expect(pair.b.delivered.count == 4 && pair.wire.sent.last?.kind == .data)
    }

    @Test func setsThatNobodyCouldTellApart() throws {
        let pair = try Pair([awg("S1=9 H1=70-80")])
        #expect(throws: ConfigurationError.indistinctDialects) {
            try pair.a.device.setDialects([awg("S1=9 H1=70-80"), awg("S1=9 S4=4 H1=80-90")])
        }
        #expect(throws: ConfigurationError.tooManyDialects) {
            try pair.a.device.setDialects((1...4).map { try awg("S1=\($0)") })
        }
        #expect(try pair.a.device.dialects == [awg("S1=9 H1=70-80")])
    }

    /// A session of a peer whose endpoint is known begins as it is configured, whatever the interface does.
    @Test func aPeerMayBeginInPlain() throws {
        let pair = try Pair()
        try pair.a.device.setDialects([awg("S1=9 H1=77")])
        pair.a.send(ping, to: pair.toB)
        #expect(pair.b.delivered.isEmpty)
        pair.a.device.setDialect(.plain, of: pair.toB)
        pair.wire.advance(6)
        #expect(pair.b.delivered == [ping] && pair.a.device.section(of: pair.toB).dialect == 0)
    }

    /// Random sets that go together, both ways.
    @Test(arguments: repeats(40)) func randomSets(_ seed: Int) throws {
        var random = SeededRandom(state: UInt64(seed))
        let sets = (0..<Int.random(in: 1...3, using: &random)).map { _ in randomSet(&random) }
        let pair = try Pair(seed: UInt64(seed) + 50)
        do {
            try pair.a.device.setDialects([sets[0]])
            try pair.b.device.setDialects(sets.reversed())
        } catch ConfigurationError.indistinctDialects {
            try pair.b.device.setDialects([sets[0]])
        }
        pair.a.send(ping, to: pair.toB)
        for round in 1...5 {
            pair.b.send(pong, to: pair.toA)
            pair.a.send(ping, to: pair.toB)
            pair.wire.advance(Double.random(in: 0...150, using: &random))
            #expect(pair.a.delivered.count == round && pair.b.delivered.count == round + 1)
        }
    }
}

/// Parameters that go together.
func randomSet(_ random: inout SeededRandom) -> AWGParameters {
    while true {
        var lines = AWGSettings()
        func maybe<Value>(_ value: @autoclosure () -> Value) -> Value? { Bool.random(using: &random) ? value() : nil }
        let least: UInt16 = Bool.random(using: &random) ? 12 : 0
        if least > 0 {
            lines.headerProtectionKey = .some(HeaderProtectionKey { $0.copyBytes(from: random.bytes(32)) })
        }
        func prefix() -> UInt16 {
            UInt16.random(in: least...(Bool.random(using: &random) ? least + 3 : 90), using: &random)
        }
        lines.prefixes = PerMessage(initiation: prefix(), response: prefix(), cookieReply: prefix(), data: prefix())
        func range() -> AWGRange<UInt32> {
            let low = UInt32.random(in: 0...UInt32.max, using: &random)
            let width = UInt32(1) << UInt32.random(in: 0...30, using: &random)
            return AWGRange(low, low.addingReportingOverflow(width).overflow ? .max : low + width)
        }
        lines.types = PerMessage(
            initiation: maybe(range()), response: maybe(range()), cookieReply: range(), data: maybe(range()))
        (lines.junkCount, lines.junkMaximum) = (UInt16.random(in: 0...4, using: &random), 90)
        lines.contentPadding = maybe(AWGRange(0, UInt16.random(in: 1...300, using: &random)))
        lines.randomTrailers = Bool.random(using: &random)
        lines.rekeyAfterTime = maybe(AWGRange(60, 120))
        lines.keepaliveTimeout = maybe(AWGRange(5, 15))
        lines.rekeyTimeout = maybe(AWGRange(3, 7))
        if let set = try? AWGParameters(lines), !set.isPlain { return set }
    }
}

extension Pair {
    /// What `node` sent that neither a handshake nor a session took.
    func junk(of node: Node) -> [Datagram] {
        let forms = SomeForms(node.device.dialects)
        return wire.sent.filter { datagram in
            datagram.source == node.address && forms.proposals(datagram.bytes).isEmpty
                && !forms.mayBeData(datagram.bytes)
        }
    }
}
