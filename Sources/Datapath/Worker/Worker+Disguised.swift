// What is AmneziaWG's on a packet's way: proposals for a datagram that no plain keypair takes, and messages behind a prefix.

import CLinux
import WireGuardProtocol

extension Worker {
    /// A datagram at `at` of a received message, of `size` bytes, that is no data of a plain keypair. Data first, which a live index
    /// confirms; then every handshake message that it may be, for the control thread to confirm; then the keepalive of those who forget
    /// its prefix. `masked`: a bit for each dialect whose masks are made for all of the message.
    @inline(never)
    mutating func sortDisguised(
        _ message: udp_received, _ bytes: UnsafeRawPointer, _ at: Int, _ size: Int, _ run: inout ReceiveRun,
        _ masked: inout UInt8
    ) {
        guard size >= Message.keepaliveSize else { return }
        let datagram = bytes + at
        let own = masks + at / Int(message.segment) * WireForm.maskSize
        for number in 1...UInt8(truncatingIfNeeded: forms.pointee.count) {
            let dialect = Dialect(rawValue: number)
            if forms.pointee[dialect].pointee.protectsHeaders && masked & 1 << number == 0 {
                makeMasks(message, bytes, dialect)
                masked |= 1 << number
            }
            let header = forms.pointee[dialect].pointee.data(
                datagram, count: size, mask: own + Int(number) * Self.maskStride)
            if let header, isLive(header.index, dialect, &run) {
                return open(datagram, size, header, &run, message.tos)
            }
        }
        if proposeHandshakes(message, datagram, size, own) { return }
        for number in 1...UInt8(truncatingIfNeeded: forms.pointee.count) {
            let dialect = Dialect(rawValue: number)
            let header = forms.pointee[dialect].pointee.prefixlessKeepalive(datagram, count: size)
            if let header, isLive(header.index, dialect, &run) {
                return open(datagram, size, header, &run, message.tos)
            }
        }
    }

    /// For all datagrams of a received message at once.
    private func makeMasks(_ message: udp_received, _ bytes: UnsafeRawPointer, _ dialect: Dialect) {
        let (count, segment) = (Int(message.count), Int(message.segment))
        let rest = count % segment
        forms.pointee[dialect].pointee.masks(
            of: bytes, count: count / segment + (rest >= Message.keepaliveSize ? 1 : 0), stride: segment,
            into: masks + Int(dialect.rawValue) * Self.maskStride)
    }

    /// Whether it may be any.
    private func proposeHandshakes(
        _ message: udp_received, _ datagram: UnsafeRawPointer, _ size: Int, _ own: UnsafeRawPointer
    ) -> Bool {
        var isAny = false
        for number in 0..<forms.pointee.handshakeProposals {
            let proposal = forms.pointee.propose(
                number, datagram, count: size, masks: own, stride: Self.maskStride, into: proposed)
            guard let proposal else { continue }
            isAny = true
            control.pointee.push(handshake: proposed, proposal, from: message.from, now: now)
        }
        return isAny
    }

    /// Seals the packets of a super-packet behind prefixes. Zeros are drawn once for all of a send, and the last one of a super-packet gets
    /// at most what leaves it no longer than the others, so that they go in one.
    @inline(never)
    mutating func transmitDisguised(
        _ segments: inout SuperPacketSegments, _ keypair: UnsafeMutablePointer<Keypair>, _ first: UInt64,
        _ endpoint: udp_endpoint, _ peer: PeerIndex, _ trafficClass: UInt8
    ) {
        let dialect = keypair.pointee.dialect
        let form = forms.pointee[dialect]
        let longestSize = segments.segmentLength
        let zeros =
            form.pointee.drawsPadding
            ? outbox.zeros(
                forAnother: longestSize + form.pointee.dataOverhead, endpoint, peer, trafficClass, dialect)
                ?? form.pointee.padding(forLongest: longestSize, random.next()) : nil
        var longest = Int.max
        var counter = first
        while let (inner, size) = segments.next() {
            let wanted = zeros.map { min(mtu, size + $0) } ?? paddedLength(size)
            let padded = max(size, min(wanted, longest))
            if longest == .max { longest = padded }
            let total = padded + form.pointee.dataOverhead
            if !outbox.accepts(total, endpoint, peer, trafficClass, dialect) { flushOutbox() }
            let out = outbox.append(total, endpoint, peer, trafficClass, dialect)
            if let zeros { outbox.drawnZeros = zeros }
            form.pointee.writeData(out, receiver: keypair.pointee.remoteIndex, counter: counter, &random)
            sealContent(out + form.pointee.dataPrefix + Message.dataHeaderSize, inner, size, padded, keypair, counter)
            counter &+= 1
        }
    }

    /// The last thing before messages go: their headers, all at once.
    @inline(never)
    func protectOutbox() {
        let form = forms.pointee[outbox.dialect]
        guard form.pointee.protectsHeaders else { return }
        form.pointee.protectData(outbox.buffer, count: outbox.count, stride: outbox.segment, masks: masks)
    }
}
