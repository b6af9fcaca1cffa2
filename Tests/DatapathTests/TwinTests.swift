import CLinux
import Glibc
import NetTypes
import Synchronization
import Testing
import WireGuardProtocol

@testable import Datapath

@Suite struct TwinTests {
    private func expect(
        _ delivered: [[UInt8]], _ sent: [[UInt8]], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let isSame = delivered == sent.map(withoutIdentification)
        #expect(isSame, "\(delivered.count) of \(sent.count) packets", sourceLocation: sourceLocation)
    }

    private func packet(_ byte: UInt8 = 1, from source: UInt8 = 1, v6: Bool = false, count: Int = 100) -> [UInt8] {
        var p = NaivePacket()
        p.isTCP = false
        p.isV6 = v6
        p.source = source
        p.payload = Array(repeating: byte, count: count)
        return p.bytes()
    }

    /// The answer: B's inner address is 10.0.0.9.
    private func answer(_ byte: UInt8 = 2) -> [UInt8] {
        var p = packet(byte)
        p.replaceSubrange(12..<20, with: [10, 0, 0, 9, 10, 0, 0, 1])
        return p
    }

    @Test(arguments: [("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2")])
    func firstPacketWaitsForTheHandshake(_ a: String, _ b: String) throws {
        let pair = try TwinPair(a, b)
        pair.a.write(packet(1))
        pair.a.write(packet(2, v6: true))
        pair.settle()
        expect(pair.b.takeDelivered(), [packet(1), packet(2, v6: true)])
        #expect(pair.log.prefix(2).map(\.bytes.count) == [148, 92])
        #expect(pair.log.prefix(2).map(\.trafficClass) == [0x88, 0x88])
        #expect(pair.log.dropFirst(2).flatMap(\.messages).map(\.count) == [128 + 32, 160 + 32])
        pair.b.write(answer())
        pair.settle()
        expect(pair.a.takeDelivered(), [answer()])
        #expect(pair.a.record(pair.b).pointee.receivedBytes.load(ordering: .relaxed) == 92 + 160)
        #expect(pair.b.record(pair.a).pointee.sentBytes.load(ordering: .relaxed) == 92 + 160)
    }

    /// Whoever lost its session starts a new one and has no keys but those: an answer under the old ones would be lost.
    @Test(arguments: [false, true]) func firstAnswerGoesUnderTheNewKeys(_ isRestarted: Bool) throws {
        let pair = try TwinPair()
        let header = [UInt8](repeating: 0, count: VirtioNetHeader.size)
        pair.b.queue.answer = { _ in header + self.answer() }
        pair.a.write(packet(1))
        pair.settle()
        expect(pair.a.takeDelivered(), [answer()])
        for byte in 2...5 as ClosedRange<UInt8> {
            if isRestarted {
                pair.time.nanoseconds += 1_000_000_000
                pair.a.engine.perform { $0.down(into: &pair.a.engine.effects) }
                pair.a.engine.perform { $0.up(now: pair.time.now, into: &pair.a.engine.effects) }
            } else {
                // Both have keys; A wants new ones.
                pair.pass(seconds: 121)
            }
            let handshakes = pair.log.count { $0.bytes[0] == 2 }
            pair.a.write(packet(byte))
            pair.settle()
            #expect(pair.log.count { $0.bytes[0] == 2 } == handshakes + 1)
            expect(pair.a.takeDelivered(), [answer()])
        }
    }

    @Test(arguments: [[], .noTunOffload, .noSegmentation, [.noTunOffload, .noSegmentation]] as [Fallbacks])
    func superPacketsArriveWhole(_ without: Fallbacks) throws {
        let pair = try TwinPair(without: without)
        let (p, header) = NaivePacket.superPacket(60000)
        pair.a.write(p.bytes(partial: true), header)
        pair.settle()
        pair.log.removeAll()
        let before = pair.b.queue.delivered.count
        pair.a.write(p.bytes(partial: true), header)
        pair.settle()
        let written = pair.b.queue.delivered.count - before
        #expect(without.contains(.noTunOffload) ? written == 44 : written <= (44 + 7) / 8)
        #expect(without.contains(.noSegmentation) ? pair.log.count == 44 : pair.log.count == 1)
        let delivered = pair.b.takeDelivered()
        #expect(delivered.count == 88)
        expect(Array(delivered.suffix(44)), p.cut(1368))
        // 1420 stays 1420.
        #expect(pair.log.flatMap(\.messages).first?.count == 1420 + 32)
    }

    /// Longer than that, it is cut in software on its way, at half the speed: as 46 messages of 1,424 bytes were, with an MTU of 1392.
    @Test func noSuperPacketIsLongerThanADeviceTakes() throws {
        let pair = try TwinPair()
        pair.a.write(packet())
        pair.settle()
        let (p, header) = NaivePacket.superPacket(65_000)
        let bytes = p.bytes(partial: true)
        for mtu in 1280...1440 {
            var header = header
            header.gsoSize = mtu - p.headerLength
            for node in [pair.a, pair.b] { node.link.pointee.mtu.store(mtu, ordering: .relaxed) }
            pair.log.removeAll()
            pair.b.queue.delivered.removeAll()
            for _ in 1...2 { pair.a.write(bytes, header) }
            pair.settle()
            let sent = pair.log.map(\.bytes.count)
            let delivered = pair.b.queue.delivered.map { $0.count - VirtioNetHeader.size }
            #expect(sent.max()! <= 65_400 && delivered.max()! <= 65_400, "MTU \(mtu)")
            // And none goes with less than it could hold while there is more.
            #expect(sent.max()! > 65_400 - mtu - 32 && delivered.max()! > 65_400 - 2 * mtu, "MTU \(mtu)")
            let payload = delivered.reduce(0) { $0 + $1 - p.headerLength }
            #expect(payload == 2 * p.payload.count)
        }
    }

    @Test func segmentationRefusedOnceIsNotTriedAgain() throws {
        let pair = try TwinPair()
        var refusals = 0
        pair.a.port.refuse = { datagram in
            refusals += datagram.segment == 0 ? 0 : 1
            return datagram.segment == 0 ? 0 : -EIO
        }
        for _ in 1...3 {
            let (p, header) = NaivePacket.superPacket(20000)
            pair.a.write(p.bytes(partial: true), header)
            pair.settle()
            expect(pair.b.takeDelivered(), p.cut(1368))
        }
        #expect(refusals == 1)
    }

    @Test func smallPathIsSentPlainForAWhile() throws {
        let pair = try TwinPair()
        var refusals = 0
        pair.a.port.refuse = { datagram in
            refusals += datagram.segment == 0 ? 0 : 1
            return datagram.segment == 0 ? 0 : -EMSGSIZE
        }
        for seconds in [0, 1, 1, 40] as [Double] {
            pair.pass(seconds: seconds)
            let (p, header) = NaivePacket.superPacket(20000)
            pair.a.write(p.bytes(partial: true), header)
            pair.settle()
            expect(pair.b.takeDelivered(), p.cut(1368))
        }
        #expect(refusals == 2)
    }

    @Test func sourceThatIsGoneIsForgotten() throws {
        let pair = try TwinPair()
        pair.a.write(packet())
        pair.settle()
        #expect(pair.b.path(pair.a).pointee.endpoint.load().source.0 != 0)
        pair.b.port.refuse = { $0.to.source.0 != 0 ? -EINVAL : 0 }
        pair.b.write(answer())
        pair.settle()
        expect(pair.a.takeDelivered(), [answer()])
        #expect(pair.b.path(pair.a).pointee.endpoint.load().source.0 == 0)
    }

    @Test func answersGoWhereTheLastAuthenticMessageCameFrom() throws {
        let pair = try TwinPair()
        pair.a.write(packet())
        pair.settle()
        let home = pair.a.port.address
        // A forgery from elsewhere moves nothing.
        var forged = pair.log.last!
        forged.from = SocketAddress(IPAddress("203.0.113.66")!, port: 6)
        forged.bytes[forged.bytes.count - 1] ^= 1
        pair.b.port.incoming.append(forged)
        pair.settle()
        #expect(pair.b.path(pair.a).pointee.endpoint.load().remote == home)
        pair.a.port.address = SocketAddress(IPAddress("2001:db8::77")!, port: 7)
        pair.a.write(packet())
        pair.settle()
        #expect(pair.b.path(pair.a).pointee.endpoint.load().remote == pair.a.port.address)
    }

    @Test func nothingIsDeliveredTwiceOrForged() throws {
        let pair = try TwinPair()
        for i in 0..<20 { pair.a.write(packet(UInt8(i))) }
        pair.settle()
        #expect(pair.b.takeDelivered().count == 20)
        let count = pair.b.record(pair.a).pointee.receivedBytes.load(ordering: .relaxed)
        var random = TestRandom(state: 3)
        let before = pair.log.count
        for datagram in pair.log where datagram.bytes[0] == 4 {
            pair.b.port.incoming.append(datagram)
            for _ in 0..<20 {
                var bad = datagram
                bad.bytes[Int.random(in: 0..<bad.bytes.count, using: &random)] ^=
                    1 << UInt8.random(in: 0...7, using: &random)
                bad.segment = 0
                bad.bytes = Array(bad.bytes.prefix(Int.random(in: 0...bad.bytes.count, using: &random)))
                pair.b.port.incoming.append(bad)
            }
        }
        pair.settle()
        #expect(pair.b.takeDelivered().isEmpty)
        #expect(pair.b.record(pair.a).pointee.receivedBytes.load(ordering: .relaxed) == count)
        #expect(pair.log.count == before)
    }

    @Test func spoofedInnerSourceIsDropped() throws {
        let pair = try TwinPair()
        pair.a.write(packet(1))
        pair.a.write(packet(2, from: 3))
        pair.a.write(packet(3))
        pair.settle()
        expect(pair.b.takeDelivered(), [packet(1), packet(3)])
    }

    @Test func stagesOnlyTheNewest() throws {
        let pair = try TwinPair()
        var isCut = true
        pair.wire = { isCut ? nil : $0 }
        for i in 0..<200 { pair.a.write(packet(UInt8(i))) }
        pair.settle()
        isCut = false
        pair.pass(seconds: 6)
        expect(pair.b.takeDelivered(), (72..<200).map { packet(UInt8($0)) })
        #expect(pair.a.path(pair.b).pointee.staged.load(ordering: .relaxed) == 0)
    }

    @Test func anHourOfTrafficLosesNothingAndRekeys() throws {
        let pair = try TwinPair()
        for second in 0..<3600 where second % 7 == 0 {
            pair.a.write(packet(UInt8(truncatingIfNeeded: second)))
            if second > 0 { pair.b.write(answer(UInt8(truncatingIfNeeded: second))) }
            pair.pass(seconds: 7)
            expect(pair.b.takeDelivered(), [packet(UInt8(truncatingIfNeeded: second))])
            // Before the first handshake B does not know where A is.
            if second > 0 { expect(pair.a.takeDelivered(), [answer(UInt8(truncatingIfNeeded: second))]) }
            _ = pair.a.takeDelivered()
        }
        let initiations = pair.log.filter { $0.bytes[0] == 1 }.count
        #expect((28...31).contains(initiations))
        #expect(pair.log.filter { $0.bytes[0] == 2 }.count == initiations)
    }

    /// Some pad what is empty, with zeros; to take that for data would mean to answer it after ten seconds, for nothing.
    @Test(arguments: [0, 1, 16, 57, 1420]) func paddedKeepaliveIsAKeepalive(_ padding: Int) throws {
        let pair = try TwinPair()
        pair.a.write(packet())
        pair.settle()
        pair.b.write(answer())
        pair.settle()
        _ = (pair.a.takeDelivered(), pair.b.takeDelivered())
        pair.pass(seconds: 30)
        pair.log.removeAll()
        let before = pair.b.record(pair.a).pointee.receivedBytes.load(ordering: .relaxed)
        pair.a.sendKeepalive(to: pair.b, padding: padding)
        pair.pass(seconds: 30)
        #expect(pair.log.map(\.bytes.count) == [32 + padding])
        #expect(pair.b.takeDelivered().isEmpty)
        let received = pair.b.record(pair.a).pointee.receivedBytes.load(ordering: .relaxed)
        #expect(received == before + UInt64(32 + padding))
    }

    @Test func congestionOutsideIsMarkedInside() throws {
        let pair = try TwinPair()
        let (p, header) = NaivePacket.superPacket(5000, tos: 0x2a)
        pair.wire = { datagram in
            var datagram = datagram
            if datagram.bytes[0] == 4 && datagram.trafficClass == 2 { datagram.trafficClass = 3 }
            return datagram
        }
        pair.a.write(p.bytes(partial: true), header)
        pair.a.write(packet())
        pair.settle()
        var marked = p
        marked.tos = 0x2b
        expect(pair.b.takeDelivered(), marked.cut(1368) + [packet()])
    }

    @Test func unreachableIsToldAndOwnMessagesAreDropped() throws {
        let pair = try TwinPair()
        pair.a.write(packet())
        pair.settle()
        var stray = packet()
        stray.replaceSubrange(16..<20, with: [10, 9, 9, 9])
        pair.a.write(stray)
        pair.settle()
        let told = try #require(pair.a.takeDelivered().first)
        #expect(Array(told[12..<20]) == [10, 9, 9, 9, 10, 0, 0, 1])
        #expect(Array(told[20..<22]) == [3, 1])
        #expect(naiveSum(Array(told[..<20])) == 0xffff && naiveSum(Array(told[20...])) == 0xffff)
        #expect(Array(told[28...]) == stray)

        // A message to the peer's endpoint that was routed into the tunnel.
        try pair.a.add(pair.b, allowed: ["192.0.2.2/32"], endpoint: true)
        pair.log.removeAll()
        var own = NaivePacket()
        own.isTCP = false
        own.sourcePort = 51820
        own.payload = [4, 0, 0, 0]
        var bytes = own.bytes()
        bytes.replaceSubrange(16..<20, with: [192, 0, 2, 2])
        bytes.replaceSubrange(22..<24, with: be(UInt16(51820)))
        pair.a.write(bytes)
        pair.settle()
        #expect(pair.log.isEmpty)
    }
}
