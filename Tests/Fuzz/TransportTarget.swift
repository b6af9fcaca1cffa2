// Transport messages through a worker's receive path: forged ones, replayed ones, and well sealed ones with any content.

import CLinux
import Glibc

@testable import Datapath
@testable import WireGuardProtocol

/// An input is a list of records: a byte of flags, a byte for the sort of datagram, a length of two bytes, that many bytes.
/// The oracle knows what is sealed, and so which packets TUN must get, in which order.
final class TransportTarget {
    // libFuzzer calls from one thread.
    nonisolated(unsafe) static let shared = TransportTarget()

    private let session = Session()
    /// Inputs must not depend on one another, so each begins with counters of its own.
    private var firstCounter: UInt64 = 1 << 14
    private var groups: [[UInt8]] = []
    private var segments: [Int] = []
    private var isClosed = true
    private var expected: [[UInt8]] = []
    private var used: Set<UInt64> = []

    private enum Flag {
        static let newGroup: UInt8 = 1
        /// Lengths and checksums are put right.
        static let repair: UInt8 = 2
        static let oldCounter: UInt8 = 4
        static let congested: UInt8 = 8
        /// The packet is followed by three that continue its flow.
        static let burst: UInt8 = 16
        /// Padded to a multiple of 16, as peers do.
        static let padded: UInt8 = 32
    }

    func run(_ input: Input) -> Int32 {
        var input = input
        session.reset()
        groups.removeAll()
        segments.removeAll()
        expected.removeAll()
        used.removeAll()
        isClosed = true
        firstCounter += 1 << 14
        var counter = firstCounter
        var trafficClass: UInt8 = 0
        while !input.isEmpty && groups.count <= Int(UDP_BATCH) {
            let flags = input.byte()
            let kind = input.byte()
            var packet = input.bytes(min(input.word(), 4096))
            if groups.isEmpty { trafficClass = flags & Flag.congested != 0 ? 3 : 0 }
            switch kind {
            case 0..<128:
                for _ in 0..<(flags & Flag.burst != 0 ? 4 : 1) {
                    if flags & Flag.repair != 0 { Packet.repair(&packet) }
                    let isOld = flags & Flag.oldCounter != 0
                    let own = isOld ? firstCounter + UInt64(kind) % max(1, counter - firstCounter) : counter
                    var plain = packet
                    if flags & Flag.padded != 0 { while plain.count % 16 != 0 { plain.append(0) } }
                    add(seal(plain, own), flags)
                    note(plain, own, congested: trafficClass == 3)
                    if !isOld { counter += 1 }
                    Packet.advance(&packet)
                }
            case 128..<192:
                packet.insert(contentsOf: [4, 0, 0, 0] + bytes(of: session.keypair.pointee.index), at: 0)
                add(packet, flags)
            default: add(packet, flags)
            }
        }
        deliver(trafficClass)
        check()
        return 0
    }

    private func seal(_ plain: [UInt8], _ counter: UInt64) -> [UInt8] {
        var message = [UInt8](repeating: 0, count: plain.count + Message.keepaliveSize)
        message.withUnsafeMutableBytes { message in
            Message.writeDataHeader(message.baseAddress!, receiver: session.keypair.pointee.index, counter: counter)
            session.aead.seal(
                message.baseAddress! + Message.dataHeaderSize, from: plain, length: plain.count,
                key: session.keypair.pointee.receivingKey, counter: counter)
        }
        return message
    }

    /// Puts a datagram behind those of its size, as GRO does: only the last may be shorter.
    private func add(_ datagram: [UInt8], _ flags: UInt8) {
        guard !datagram.isEmpty else { return }
        let fits = !isClosed && datagram.count <= segments.last! && groups.last!.count + datagram.count <= 65535
        if fits && flags & Flag.newGroup == 0 {
            isClosed = datagram.count < segments.last!
            groups[groups.count - 1] += datagram
        } else {
            groups.append(datagram)
            segments.append(datagram.count)
            isClosed = false
        }
    }

    /// Notes what TUN gets of a sealed packet.
    private func note(_ packet: [UInt8], _ counter: UInt64, congested: Bool) {
        guard used.insert(counter).inserted else { return }
        guard let length = Packet.length(packet), Packet.comesFromPeer(packet) else { return }
        var packet = Array(packet[..<length])
        if congested { Packet.markCongested(&packet) }
        expected.append(packet)
    }

    private func deliver(_ trafficClass: UInt8) {
        let copies = groups.map { ExactCopy($0) }
        for (copy, segment) in zip(copies, segments) {
            var message = udp_received()
            message.bytes = copy.start
            message.count = UInt32(copy.memory.count)
            message.segment = UInt32(segment)
            message.from = udp_endpoint(session.node.address)
            message.tos = trafficClass
            session.taps.incoming.append(message)
        }
        while !session.taps.incoming.isEmpty { _ = session.worker.receive(isV6: false) }
        withExtendedLifetime(copies) {}
    }

    private func check() {
        var got: [[UInt8]] = []
        for written in session.taps.written {
            FuzzCheck.superPacket(written)
            got += cut(written)
        }
        got = got.map(Packet.withoutIdentification)
        let wanted = expected.map(Packet.withoutIdentification)
        guard got != wanted else { return }
        for (i, (g, w)) in zip(got, wanted).enumerated() where g != w { finding("packet \(i) is \(g), not \(w)") }
        finding("\(got.count) packets instead of \(wanted.count)")
    }

    private func bytes(of index: UInt32) -> [UInt8] { withUnsafeBytes(of: index.littleEndian) { Array($0) } }
}

/// What holds for everything that is written to TUN.
enum FuzzCheck {
    static func superPacket(_ written: [UInt8]) {
        expect(written.count >= VirtioNetHeader.size + 20, "\(written.count) bytes for TUN")
        expect(written.count <= VirtioNetHeader.size + 65535, "\(written.count) bytes for TUN")
        let header = written.withUnsafeBytes { VirtioNetHeader($0.baseAddress!) }
        let packet = Array(written.dropFirst(VirtioNetHeader.size))
        expect(Packet.length(packet) == packet.count, "a length of \(String(describing: Packet.length(packet)))")
        if header.gsoType == VirtioNetHeader.gsoNone {
            expect(header.flags & VirtioNetHeader.needsChecksum == 0, "an unfinished checksum")
        } else {
            expect(header.flags == VirtioNetHeader.needsChecksum && header.gsoSize > 0, "GSO without checksum or size")
            expect(header.headerLength + header.gsoSize <= packet.count, "GSO size \(header.gsoSize)")
        }
    }
}
