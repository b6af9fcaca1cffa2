import CLinux
import Testing

@testable import Datapath

/// Says which packet differs and where, instead of printing all of them.
func expectSame(_ a: [[UInt8]], _ b: [[UInt8]]) {
    #expect(a.count == b.count)
    for (i, (x, y)) in zip(a, b).enumerated() where x != y {
        let at = zip(x, y).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? min(x.count, y.count)
        let head = x.prefix(60).elementsEqual(y.prefix(60)) ? "" : " \(x.prefix(60)) \(y.prefix(60))"
        Issue.record("packet \(i) of \(a.count): \(x.count) and \(y.count) bytes differ at \(at)\(head)")
        return
    }
}

@Suite struct SuperPacketTests {
    /// Cuts in place, as a worker does.
    private func cut(_ header: VirtioNetHeader, _ packet: [UInt8]) -> [[UInt8]]? {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: packet.count + 64, alignment: 16)
        let template = UnsafeMutableRawPointer.allocate(byteCount: SuperPacketSegments.maximumHeader, alignment: 16)
        defer {
            memory.deallocate()
            template.deallocate()
        }
        memory.copyMemory(from: packet, byteCount: packet.count)
        guard var segments = SuperPacketSegments(memory, packet.count, header, template: template) else { return nil }
        var result: [[UInt8]] = []
        while let (start, count) = segments.next() {
            result.append(Array(UnsafeRawBufferPointer(start: start, count: count)))
        }
        #expect(result.count == segments.segmentCount)
        #expect(result.map(\.count).max() == segments.segmentLength)
        return result
    }

    @Test func cutsAsANetworkCardDoes() throws {
        var random = TestRandom(state: 11)
        for _ in 0..<60 {
            var p = NaivePacket()
            p.isV6 = Bool.random(using: &random)
            p.isTCP = Bool.random(using: &random)
            p.flags = [0x10, 0x18, 0x11, 0x90, 0x99].randomElement(using: &random)!
            p.sequence = UInt32.random(in: 0...UInt32.max, using: &random)
            p.identification = UInt16.random(in: 0...60000, using: &random)
            p.options = random.bytes(4 * Int.random(in: 0...10, using: &random))
            p.tos = UInt8.random(in: 0...255, using: &random)
            let mss = Int.random(in: 1...1400, using: &random)
            p.payload = random.bytes(Int.random(in: 1...min(30000, mss * 20), using: &random))
            var header = VirtioNetHeader()
            header.flags = VirtioNetHeader.needsChecksum
            header.gsoType = p.isTCP ? p.isV6 ? 4 : 1 : 5
            if p.flags & 0x80 != 0 && p.isTCP { header.gsoType |= VirtioNetHeader.gsoECN }
            header.gsoSize = mss
            header.checksumStart = p.layer4
            header.checksumOffset = p.isTCP ? 16 : 6
            expectSame(try #require(cut(header, p.bytes(partial: true))), p.cut(mss))
        }
    }

    @Test func completesOnePacketsChecksum() throws {
        var random = TestRandom(state: 5)
        for _ in 0..<200 {
            var p = NaivePacket()
            p.isV6 = Bool.random(using: &random)
            p.isTCP = Bool.random(using: &random)
            p.payload = random.bytes(Int.random(in: 0...1400, using: &random))
            var header = VirtioNetHeader()
            header.flags = VirtioNetHeader.needsChecksum
            header.checksumStart = p.layer4
            header.checksumOffset = p.isTCP ? 16 : 6
            #expect(cut(header, p.bytes(partial: true)) == [p.bytes()])
        }
    }

    @Test(
        arguments: [
            ("gso size 0", 0, 20, UInt8(1), 100), ("checksum inside the IP header", 100, 8, 1, 100),
            ("checksum past the end", 100, 900, 1, 100), ("IPv6 type on IPv4", 100, 20, 4, 100),
            ("unknown type", 100, 20, 3, 100), ("headers only", 100, 20, 1, 0), ("options in between", 100, 24, 1, 100),
        ] as [(String, Int, Int, UInt8, Int)])
    func refuses(_ name: String, _ mss: Int, _ start: Int, _ type: UInt8, _ payload: Int) {
        var p = NaivePacket()
        p.payload = Array(repeating: 1, count: payload)
        var header = VirtioNetHeader()
        header.gsoType = type
        header.gsoSize = mss
        header.checksumStart = start
        header.checksumOffset = 16
        #expect(cut(header, p.bytes()) == nil)
    }

    @Test func survivesAnyHeader() {
        var random = TestRandom(state: 77)
        for _ in 0..<20000 {
            var p = random.bytes(Int.random(in: 0...300, using: &random))
            if p.count > 4 { p[0] = Bool.random(using: &random) ? 0x45 : 0x60 }
            if p.count > 4 && random.oneIn(2) { p.replaceSubrange(2..<4, with: be(UInt16(p.count))) }
            var header = VirtioNetHeader()
            header.flags = UInt8.random(in: 0...3, using: &random)
            header.gsoType = UInt8([0, 1, 4, 5, 0x81, 9].randomElement(using: &random)!)
            header.gsoSize = Int.random(in: 0...100, using: &random)
            header.checksumStart = Int.random(in: 0...400, using: &random)
            header.checksumOffset = Int.random(in: 0...40, using: &random)
            for segment in cut(header, p) ?? [] { #expect(segment.count <= p.count) }
        }
    }

    /// Feeds packets as a worker does: padded, some of them forged, and returns what TUN would get.
    func join(_ packets: [[UInt8]], tcp: Bool = true, udp: Bool = true, _ random: inout TestRandom) -> [[UInt8]] {
        var joiner = SuperPacketJoiner(joinsTCP: tcp, joinsUDP: udp)
        var written: [[UInt8]] = []
        func write(_ joiner: inout SuperPacketJoiner) {
            let (start, count) = joiner.finish()
            written.append(Array(UnsafeRawBufferPointer(start: start, count: count)))
        }
        for packet in packets {
            let padded = (packet.count + 15) & ~15
            if random.oneIn(5) {
                if !joiner.fits(padded) { write(&joiner) }
                joiner.place(padded).initializeMemory(as: UInt8.self, repeating: 0xee, count: padded)
                joiner.discard()
            }
            if !joiner.fits(padded) { write(&joiner) }
            let place = joiner.place(padded)
            place.initializeMemory(as: UInt8.self, repeating: 0, count: padded)
            place.copyMemory(from: packet, byteCount: packet.count)
            if joiner.accept(packet.count) == .aside {
                write(&joiner)
                joiner.openAside()
            }
            if random.oneIn(60) && joiner.isOpen { write(&joiner) }
        }
        if joiner.isOpen { write(&joiner) }
        return written
    }

    private func expand(_ written: [[UInt8]]) -> [[UInt8]] {
        written.flatMap { super_ in
            let header = super_.withUnsafeBytes { VirtioNetHeader($0.baseAddress!) }
            return naiveCut(header, Array(super_[VirtioNetHeader.size...]))
        }
    }

    /// Bursts of packets, with everything in them that forbids joining.
    private func stream(_ random: inout TestRandom) -> [[UInt8]] {
        var packets: [[UInt8]] = []
        while packets.count < 500 {
            var p = NaivePacket()
            p.isV6 = Bool.random(using: &random)
            p.isTCP = !random.oneIn(3)
            p.source = UInt8.random(in: 1...3, using: &random)
            p.sequence = UInt32.random(in: 0...UInt32.max, using: &random)
            p.options = p.isTCP ? random.bytes(4 * Int.random(in: 0...3, using: &random)) : []
            p.dontFragment = !random.oneIn(4)
            p.flags = random.oneIn(8) ? [0x02, 0x11, 0x14, 0x30, 0x90, 0x50].randomElement(using: &random)! : 0x10
            if random.oneIn(3) { p.flags |= 8 }
            p.payload = random.bytes(Int.random(in: 0...8000, using: &random))
            for var packet in p.cut(Int.random(in: 400...1368, using: &random)) {
                if random.oneIn(50) { packet[packet.count - 1] ^= 1 }
                if random.oneIn(50) && !p.isV6 { packet[8] = 3 }
                if random.oneIn(50) { continue }
                packets.append(packet)
            }
        }
        return packets
    }

    @Test func joinedPacketsComeApartAsTheyWere() {
        var random = TestRandom(state: 4)
        for round in 0..<12 {
            let packets = stream(&random)
            let written = join(packets, tcp: round != 10, udp: round < 10, &random)
            expectSame(expand(written).map(withoutIdentification), packets.map(withoutIdentification))
            if round < 10 { #expect(written.count < packets.count * 3 / 4) }
        }
    }

    @Test func withoutOffloadsNothingIsJoined() {
        var random = TestRandom(state: 9)
        let packets = stream(&random)
        let written = join(packets, tcp: false, udp: false, &random)
        expectSame(written.map { Array($0[VirtioNetHeader.size...]) }, packets)
    }

    @Test(arguments: [INET_SUM_PORTABLE, INET_SUM_AVX2, INET_SUM_AVX512].map(\.rawValue))
    func sumsAsRFC1071(_ kind: UInt32) {
        inet_sum_select(inet_sum_kind(rawValue: kind))
        var random = TestRandom(state: 3)
        for count in Array(0...300) + [1420, 65535] {
            let bytes = random.bytes(count)
            let sum = bytes.withUnsafeBytes {
                Checksum.fold(Checksum.sum($0.baseAddress ?? UnsafeRawPointer(bitPattern: 8)!, count))
            }
            #expect(UInt16(bigEndian: sum) % 0xffff == naiveSum(bytes) % 0xffff)
        }
    }
}
