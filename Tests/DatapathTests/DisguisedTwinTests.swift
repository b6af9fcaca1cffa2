import CLinux
import Glibc
import NetTypes
import Synchronization
import Testing
import UAPI
import WireGuardProtocol

@testable import Datapath

private let key = "header_protection_key=d8814438fc6a2d1cd2bcb8e483835dfe91f48708e59bfddb93195f12aec53928"

/// Whole datapaths with AmneziaWG's parameters, set by the configuration protocol's words.
@Suite struct DisguisedTwinTests {
    static let sets = [
        "jc=3 jmin=10 jmax=30 s1=15 s2=20 h1=1234567 h2=2345678 h3=3456789 h4=4567890",
        "s1=42 s2=108 s3=13 s4=21 h1=100000-800000 h2=1000000-8000000 h3=10000000-80000000 h4=100000000-800000000",
        "s1=12 s2=13 s3=14 s4=30 h1=100-200 h2=300-400 h3=500-600 h4=700-4000000000 \(key)",
        "s1=40 s2=41 s3=42 s4=12 \(key) content_padding_addition=1-40 random_trailers=1 disable_cookies=1",
    ]

    private static let peerKey = String(repeating: "17", count: 32)

    private func request(_ lines: String) throws -> SetRequest {
        let text = Array("set=1\n\(lines.split(separator: " ").joined(separator: "\n"))\n".utf8)
        let request = try text.withUnsafeBytes { bytes throws(UAPIError) in try UAPIRequest(bytes, names: .ofThisBox) }
        guard case .set(let change) = request else { fatalError("no set") }
        return change
    }

    private func set(_ node: TwinNode, _ lines: String) throws -> Int32 {
        var code: Int32 = -1
        node.set(try request(lines)) { code = $0 }
        while node.turn() {}
        return code
    }

    private func pair(_ lines: String, without: Fallbacks = []) throws -> TwinPair {
        let pair = try TwinPair(without: without)
        for node in [pair.a, pair.b] { #expect(try set(node, lines) == 0) }
        return pair
    }

    /// Times that end before they begin, or begin at 0; sets that nobody could tell apart. All before the port is touched.
    @Test(arguments: [
        "public_key=\(peerKey) persistent_keepalive_interval=30-10",
        "public_key=\(peerKey) persistent_keepalive_interval=0-25", "public_key=\(peerKey) dialect=4",
        "h1=5-9 h4=70-80 awg_set=2 h1=7 h2=20 h3=30 h4=40",
    ]) func whatMakesNoSenseIsRefusedWhole(_ lines: String) throws {
        let pair = try TwinPair()
        var isAsked = false
        var code: Int32 = 0
        pair.a.engine.set(
            try request(lines),
            sockets: { _ in
                isAsked = true
                return 0
            }, answer: { code = $0 })
        while pair.a.turn() {}
        #expect(code == EINVAL && !isAsked && pair.a.device.dialects.isEmpty)
    }

    private func expect(_ delivered: [[UInt8]], _ sent: [[UInt8]], sourceLocation: SourceLocation = #_sourceLocation) {
        let isSame = delivered == sent.map(withoutIdentification)
        #expect(isSame, "\(delivered.count) of \(sent.count) packets", sourceLocation: sourceLocation)
    }

    private func packet(_ byte: UInt8 = 1, count: Int = 100) -> [UInt8] {
        var p = NaivePacket()
        p.isTCP = false
        p.payload = Array(repeating: byte, count: count)
        return p.bytes()
    }

    private func answer(_ byte: UInt8 = 2) -> [UInt8] {
        var p = packet(byte)
        p.replaceSubrange(12..<20, with: [10, 0, 0, 9, 10, 0, 0, 1])
        return p
    }

    /// What waits for the handshake, both ways, and every byte as random as it should be: no two messages begin alike.
    @Test(arguments: sets) func bothWays(_ lines: String) throws {
        let pair = try pair(lines)
        for byte in 1...30 as ClosedRange<UInt8> {
            pair.a.write(packet(byte, count: Int(byte) * 40))
            pair.settle()
            expect(pair.b.takeDelivered(), [packet(byte, count: Int(byte) * 40)])
            pair.b.write(answer(byte))
            pair.settle()
            expect(pair.a.takeDelivered(), [answer(byte)])
        }
        // No mark of WireGuard's handshakes, and none of its messages.
        #expect(pair.log.allSatisfy { $0.trafficClass & 0xfc == 0 })
        #expect(!pair.log.flatMap(\.messages).contains { [1, 2, 3, 4].contains($0[0]) && $0[1...3] == [0, 0, 0] })
        let beginnings = pair.log.flatMap(\.messages).map { Array($0.prefix(12)) }
        guard lines.contains("s4") else { return }
        #expect(Set(beginnings).count == beginnings.count)
    }

    /// One send for all segments, with GRO on the other side; full packets get no zeros behind.
    @Test(arguments: sets, [[], .noSegmentation, .noTunOffload, .noAVX512, [.noAVX512, .noAVX2]] as [Fallbacks])
    func superPacketsArriveWhole(_ lines: String, _ without: Fallbacks) throws {
        let pair = try pair(lines, without: without)
        for node in [pair.a, pair.b] { node.link.pointee.mtu.store(1380, ordering: .relaxed) }
        pair.a.write(packet())
        pair.settle()
        _ = pair.b.takeDelivered()
        pair.log.removeAll()
        let (p, header) = NaivePacket.superPacket(45 * 1328, 1328)
        pair.a.write(p.bytes(partial: true), header)
        pair.settle()
        #expect(pair.log.count == (without.contains(.noSegmentation) ? 45 : 1))
        expect(pair.b.takeDelivered(), p.cut(1328))
        #expect(pair.log.flatMap(\.messages).allSatisfy { $0.count == pair.log[0].messages[0].count })
        // Smaller segments get zeros once for all of them, and the last one no more than leaves it no longer.
        pair.log.removeAll()
        let (small, smallHeader) = NaivePacket.superPacket(20 * 900 + 7, 900)
        pair.a.write(small.bytes(partial: true), smallHeader)
        pair.settle()
        #expect(pair.log.count == (without.contains(.noSegmentation) ? 21 : 1))
        expect(pair.b.takeDelivered(), small.cut(900))
    }

    /// As long as a device takes, and no longer, whatever prefix there is.
    @Test func noSuperPacketIsLongerThanADeviceTakes() throws {
        let pair = try pair(Self.sets[1])
        pair.a.write(packet())
        pair.settle()
        _ = pair.b.takeDelivered()
        for mtu in 1280...1420 {
            for node in [pair.a, pair.b] { node.link.pointee.mtu.store(mtu, ordering: .relaxed) }
            var (p, header) = NaivePacket.superPacket(65_000, 1328)
            header.gsoSize = mtu - p.headerLength
            pair.log.removeAll()
            pair.a.write(p.bytes(partial: true), header)
            pair.settle()
            #expect(pair.log.map(\.bytes.count).max()! <= 65_400, "MTU \(mtu)")
            expect(pair.b.takeDelivered(), p.cut(header.gsoSize))
        }
    }

    /// GRO makes one message of what a peer sends, whatever it is: handshakes, data, keepalives, junk.
    @Test(arguments: sets) func mixedReceivesAreSorted(_ lines: String) throws {
        let pair = try pair(lines)
        pair.a.write(packet(1))
        pair.settle()
        _ = pair.b.takeDelivered()
        var kept: [TwinDatagram] = []
        pair.wire = {
            if $0.from == pair.a.port.address { kept.append($0) }
            return $0.from == pair.a.port.address ? nil : $0
        }
        for byte in 2...9 as ClosedRange<UInt8> {
            pair.a.write(packet(byte, count: 700))
            pair.settle()
        }
        #expect(kept.count == 8)
        pair.wire = { $0 }
        // All of one size but for the last, as the kernel joins them; between them what nobody knows.
        let size = kept.map(\.bytes.count).max()!
        var random = TestRandom(state: 4)
        for run in [kept.filter { $0.bytes.count == size }] where !run.isEmpty {
            var joined = run[0]
            joined.bytes = run.flatMap { random.bytes(size) + $0.bytes } + random.bytes(20)
            joined.segment = size
            pair.b.port.incoming.append(joined)
            pair.settle()
            #expect(pair.b.takeDelivered().count == run.count)
        }
    }

    /// Plain and disguised peers of one gateway, at the same time.
    @Test(arguments: sets) func plainBesideDisguised(_ lines: String) throws {
        let pair = try TwinPair()
        #expect(try set(pair.b, lines) == 0)
        let phone = TwinNode("192.0.2.3", seed: 3, time: pair.time)
        #expect(try set(phone, lines) == 0)
        pair.others = [phone]
        try phone.add(pair.b, allowed: ["10.0.0.9/32"], endpoint: true)
        try pair.b.add(phone, allowed: ["10.0.0.3/32"], endpoint: false)
        var fromPhone = NaivePacket()
        fromPhone.isTCP = false
        fromPhone.source = 3
        fromPhone.payload = Array(repeating: 7, count: 300)
        for round in 1...3 {
            pair.a.write(packet(1))
            phone.write(fromPhone.bytes())
            pair.settle()
            #expect(pair.b.takeDelivered().count == 2, "round \(round)")
            pair.pass(seconds: 130)
            pair.b.queue.delivered.removeAll()
        }
        let plain = pair.log.filter { $0.from == pair.a.port.address || $0.to.remote == pair.a.port.address }
        #expect(plain.flatMap(\.messages).allSatisfy { Message.kind($0, count: $0.count) != nil })
        #expect(pair.b.record(pair.a).pointee.receivedBytes.load(ordering: .relaxed) > 0)
    }

    /// Every datagram is as long as an initiation is, and a quarter of them have one of its types where it would be.
    @Test func whatLooksLikeAHandshakeIsData() throws {
        let pair = try pair(
            "s1=49 s2=108 s3=13 s4=21 h1=0-1073741823 h2=1073741824-2147483647 h3=2147483648-3221225471 h4=3221225472-4294967295"
        )
        pair.a.write(packet())
        pair.settle()
        _ = pair.b.takeDelivered()
        for byte in 1...200 as ClosedRange<UInt8> {
            pair.a.write(packet(byte, count: 112))
            pair.settle()
            expect(pair.b.takeDelivered(), [packet(byte, count: 112)])
        }
        let looks = pair.log.flatMap(\.messages).filter { $0.count == 49 + 148 && $0[52] < 0x40 }
        #expect(looks.count > 30, "\(looks.count)")
    }

    /// A keepalive with padding or prefix is no data: an idle tunnel starts no handshake for it.
    @Test(arguments: sets) func keepalivesKeepQuiet(_ lines: String) throws {
        let pair = try pair(lines)
        pair.a.write(packet())
        pair.settle()
        pair.pass(seconds: 16)
        let before = pair.log.count
        #expect(before >= 4, "initiation, response, data, keepalive")
        pair.pass(seconds: 60)
        #expect(pair.log.count == before)
    }

    /// A set that does not go together changes nothing, port and peers included.
    @Test func badParametersChangeNothing() throws {
        let pair = try pair(Self.sets[1])
        let before = pair.a.device.dialects
        for lines in [
            "jmin=50 jmax=40", "s4=65535", "h1=1000000", "h2=9-8", "s3=11 \(key)", "h1=1 h2=1", "rekey_after_time=500",
        ] {
            var change = try request(lines)
            change.peers = [PeerSection(PublicKey(bytes: [UInt8](repeating: 9, count: 32))!)]
            change.interface.replacePeers = true
            var code: Int32 = -1
            pair.a.engine.set(change, sockets: { _ in fatalError("a socket was changed") }, answer: { code = $0 })
            while pair.a.turn() {}
            #expect(code == EINVAL && pair.a.device.dialects == before && pair.a.device.peers.count == 1, "\(lines)")
        }
        // A peer's dialect is one of those that there may be.
        var change = SetRequest()
        change.peers = [PeerSection(pair.b.device.publicKey!)]
        for (dialect, expected) in [(0, 0), (1, 0), (4, EINVAL)] as [(UInt8, Int32)] {
            change.peers[0].dialect = dialect
            var code: Int32 = -1
            pair.a.set(change) { code = $0 }
            while pair.a.turn() {}
            #expect(code == expected)
        }
    }
}
