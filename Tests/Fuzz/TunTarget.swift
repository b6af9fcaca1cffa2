// What TUN delivers, with any virtio header, through a worker's sending path; and every message opened again.

import Glibc

@testable import Datapath
@testable import WireGuardProtocol

/// An input is a byte for the MTU and one for errors of the socket, then records: a byte of flags, a length of two bytes, a virtio
/// header of ten, that many bytes of packet.
final class TunTarget {
    // libFuzzer calls from one thread.
    nonisolated(unsafe) static let shared = TunTarget()

    private let session = Session()
    /// Each packet that went out whole, by what must have become of it.
    private var expected: [(layer4: Int, isTCP: Bool, header: Int, payload: [UInt8], count: Int)] = []

    private enum Flag {
        /// Version, addresses, lengths and the virtio header fit one another.
        static let repair: UInt8 = 1
        static let segments: UInt8 = 2
        /// The payload is made longer, up to 64 KB.
        static let stretch: UInt8 = 4
        static let sendStaged: UInt8 = 8
    }

    func run(_ input: Input) -> Int32 {
        var input = input
        session.reset()
        expected.removeAll()
        session.worker.mtu = [1420, 1280, 576, 68, 9000, 65535, 0, 1][Int(input.byte() & 7)]
        session.worker.outbox.restart()
        let error = Int32(input.byte())
        if error > 0 { session.taps.errors = [-error, 0, -error] }
        var records = 0
        while !input.isEmpty && records < 8 {
            records += 1
            let flags = input.byte()
            let count = min(input.word(), 4096)
            var header = input.bytes(VirtioNetHeader.size)
            while header.count < VirtioNetHeader.size { header.append(0) }
            var packet = input.bytes(count)
            if flags & Flag.stretch != 0 && packet.count >= 60 {
                let unit = packet[40...]
                while packet.count + unit.count <= 65535 && packet.count < Int(header[2]) << 8 { packet += unit }
            }
            if flags & Flag.repair != 0 { repair(&header, &packet, segments: flags & Flag.segments != 0) }
            transmit(header, packet)
            if flags & Flag.sendStaged != 0 {
                for peer in session.node.device.peers { session.worker.sendStaged(peer) }
            }
        }
        session.worker.flushOutbox()
        for written in session.taps.written { FuzzCheck.superPacket(written) }
        check(complete: error == 0)
        return 0
    }

    private func transmit(_ header: [UInt8], _ packet: [UInt8]) {
        // A worker's buffer has room behind the packet for padding.
        let copy = ExactCopy(header + packet, behind: 16)
        note(header.withUnsafeBytes { VirtioNetHeader($0.baseAddress!) }, packet)
        session.worker.transmit(copy.start, header.count + packet.count)
    }

    private func repair(_ header: inout [UInt8], _ packet: inout [UInt8], segments: Bool) {
        Packet.repair(&packet)
        guard packet.count >= 40, let (at, isTCP) = Packet.plainLayer4(packet) else { return }
        let isV6 = packet[0] >> 4 == 6
        packet[isV6 ? 24 : 16] = isV6 ? 0xfd : 10
        var new = VirtioNetHeader()
        new.flags = VirtioNetHeader.needsChecksum
        new.checksumStart = at
        new.checksumOffset = isTCP ? 16 : 6
        if segments {
            new.gsoSize = max(16, Int(header[4]) | Int(header[5]) << 8)
            let tcp = isV6 ? VirtioNetHeader.gsoTCPv6 : VirtioNetHeader.gsoTCPv4
            new.gsoType = (isTCP ? tcp : VirtioNetHeader.gsoUDP) | header[1] & VirtioNetHeader.gsoECN
        }
        header.withUnsafeMutableBytes { new.store($0.baseAddress!) }
    }

    /// Writes down what a super-packet must become, if it is one that must not be refused.
    private func note(_ header: VirtioNetHeader, _ packet: [UInt8]) {
        guard header.gsoType & ~VirtioNetHeader.gsoECN != 0, Packet.length(packet) == packet.count,
            packet[0] >> 4 == 6 ? packet[24] == 0xfd : packet[16] == 10,
            let (at, isTCP) = Packet.plainLayer4(packet), header.checksumStart == at, header.gsoSize > 0
        else { return }
        let isV6 = packet[0] >> 4 == 6
        let tcp = isV6 ? VirtioNetHeader.gsoTCPv6 : VirtioNetHeader.gsoTCPv4
        guard header.gsoType & ~VirtioNetHeader.gsoECN == (isTCP ? tcp : VirtioNetHeader.gsoUDP) else { return }
        let length = at + (isTCP ? Int(packet[at + 12] >> 4) * 4 : 8)
        guard length >= at + (isTCP ? 20 : 8), length < packet.count else { return }
        let payload = Array(packet[length...])
        expected.append((at, isTCP, length, payload, (payload.count + header.gsoSize - 1) / header.gsoSize))
    }

    private func check(complete: Bool) {
        var inner: [[UInt8]] = []
        for (bytes, segment) in session.taps.sent {
            let step = segment == 0 ? bytes.count : segment
            for at in stride(from: 0, to: bytes.count, by: max(step, 1)) {
                inner.append(open(Array(bytes[at..<min(at + step, bytes.count)])))
            }
        }
        guard complete else { return }
        // Single packets lie between those that were cut, so look for each run of pieces in order.
        var i = 0
        for packet in expected {
            while i < inner.count, !begins(packet, inner[i]) { i += 1 }
            expect(i + packet.count <= inner.count, "\(packet.count) pieces wanted, \(inner.count - i) there")
            var payload: [UInt8] = []
            for piece in inner[i..<(i + packet.count)] {
                let proto: UInt8 = packet.isTCP ? 6 : 17
                let sum = Packet.layer4Sum(piece, at: packet.layer4, proto: proto)
                expect(sum == 0xffff, "checksum \(sum) of layer 4")
                if piece[0] >> 4 == 4 { expect(Packet.sum(piece[..<20]) == 0xffff, "IPv4 checksum") }
                payload += piece[packet.header...]
            }
            expect(payload == packet.payload, "the payload changed")
            i += packet.count
        }
    }

    private func begins(
        _ packet: (layer4: Int, isTCP: Bool, header: Int, payload: [UInt8], count: Int), _ piece: [UInt8]
    ) -> Bool {
        piece.count > packet.header && packet.payload.starts(with: piece[packet.header...])
    }

    /// The inner packet, without padding, which must be zero and no longer than 15 bytes.
    private func open(_ message: [UInt8]) -> [UInt8] {
        expect(message.count >= Message.keepaliveSize, "\(message.count) bytes sent")
        let length = message.count - Message.keepaliveSize
        var plain = [UInt8](repeating: 0, count: length)
        let copy = ExactCopy(message)
        let start = UnsafeRawPointer(copy.start)
        expect(Message.kind(start, count: message.count) == .data, "not a data message")
        expect(Message.receiver(start) == session.keypair.pointee.remoteIndex, "another index")
        let opened = plain.withUnsafeMutableBytes { plain in
            session.aead.open(
                plain.baseAddress ?? copy.start, from: start + Message.dataHeaderSize, length: length,
                key: session.keypair.pointee.sendingKey, counter: Message.counter(start))
        }
        expect(opened, "a message that does not open")
        guard let inner = Packet.length(plain) else { finding("no packet inside") }
        return Array(plain[..<inner])
    }
}
