// From TUN to the network.

import CLinux
import Glibc
import Synchronization
import WireGuardProtocol

extension Worker {
    /// Reads a batch from TUN, seals it and sends it. How many packets there were.
    @inline(__always)
    mutating func readTun() -> Int {
        var packets = 0
        while packets < Self.tunBatch {
            let count = queue.read(tunBuffer, Self.tunCapacity)
            if count <= 0 { break }
            packets += 1
            transmit(tunBuffer, count)
            if count > Self.superPacket { break }
            if isCalm && packets == 1 { flushOutbox() }
        }
        if packets > 0 { flushOutbox() }
        if unread > 0 { approachBarrier(packets) }
        return packets
    }

    /// Sends one packet or super-packet, `count` bytes with its virtio header, which may be written over, as may 16 bytes behind.
    mutating func transmit(_ start: UnsafeMutableRawPointer, _ count: Int) {
        let packet = start + VirtioNetHeader.size
        let length = count - VirtioNetHeader.size
        guard length >= IPField.v4HeaderLength, innerLength(packet, length) != nil else { return }
        let peer = route.peer(packet, .destination, tables.allowedIPs)
        let endpoint = peer == .none ? udp_endpoint() : paths[peer].pointee.endpoint.load()
        guard endpoint.family != 0 else { return refuse(packet, length, peer) }
        if isOwnMessage(packet, length, endpoint) { return }
        guard let keypair = tables.currentKeypair(of: peer) else { return stage(peer, start, count) }
        let header = VirtioNetHeader(start)
        guard var segments = SuperPacketSegments(packet, length, header, template: template) else { return }
        guard var counter = keypair.pointee.reserveCounters(UInt64(segments.segmentCount), now: now) else {
            // A single packet's checksum is complete by now, and must not be completed twice.
            if header.gsoType == VirtioNetHeader.gsoNone { VirtioNetHeader().store(start) }
            return stage(peer, start, count)
        }
        let trafficClass = outerTrafficClass(packet)
        if keypair.pointee.dialect == .plain {
            while let (inner, size) = segments.next() {
                seal(inner, size, keypair, counter, endpoint, peer, trafficClass)
                counter &+= 1
            }
        } else {
            transmitDisguised(&segments, keypair, counter, endpoint, peer, trafficClass)
        }
        if keypair.pointee.wantsRekeyAfterSending(now: now) { requestSession(peer) }
    }

    /// What goes nowhere: nobody's, or a peer's that nobody knows where to find.
    @inline(never)
    private mutating func refuse(_ packet: UnsafeRawPointer, _ length: Int, _ peer: PeerIndex) {
        if dropped.take(now: now) { control.pointee.push(DroppedPacket(to: peer, packet, length)) }
        answerUnreachable(packet, length)
    }

    /// Only ECN goes outside, as RFC 6040's compatibility mode says: DSCP would tell about the traffic.
    @inline(__always)
    private func outerTrafficClass(_ packet: UnsafeRawPointer) -> UInt8 {
        let ecn = innerTrafficClass(packet) & IPField.ecnMask
        return ecn == IPField.ecnCE ? IPField.ecnECT0 : ecn
    }

    @inline(__always)
    private mutating func seal(
        _ inner: UnsafeMutableRawPointer, _ size: Int, _ keypair: UnsafeMutablePointer<Keypair>, _ counter: UInt64,
        _ endpoint: udp_endpoint, _ peer: PeerIndex, _ trafficClass: UInt8
    ) {
        let padded = paddedLength(size)
        let total = padded + Message.keepaliveSize
        if !outbox.accepts(total, endpoint, peer, trafficClass, .plain) { flushOutbox() }
        let out = outbox.append(total, endpoint, peer, trafficClass, .plain)
        Message.writeDataHeader(out, receiver: keypair.pointee.remoteIndex, counter: counter)
        sealContent(out + Message.dataHeaderSize, inner, size, padded, keypair, counter)
    }

    /// Seals a packet of `size` bytes and zeros up to `padded`.
    @inline(__always)
    func sealContent(
        _ body: UnsafeMutableRawPointer, _ inner: UnsafeMutableRawPointer, _ size: Int, _ padded: Int,
        _ keypair: UnsafeMutablePointer<Keypair>, _ counter: UInt64
    ) {
        if padded == size {
            aead.seal(body, from: inner, length: size, key: keypair.pointee.sendingKey, counter: counter)
        } else if padded - size > Limits.paddingMultiple {
            body.copyMemory(from: inner, byteCount: size)
            (body + size).initializeMemory(as: UInt8.self, repeating: 0, count: padded - size)
            aead.seal(body, from: body, length: padded, key: keypair.pointee.sendingKey, counter: counter)
        } else {
            // What lies behind belongs to the next packet: zeros take its place for as long as it takes to seal this one.
            let behind = inner + size
            let kept = behind.loadUnaligned(as: UInt128.self)
            behind.storeBytes(of: 0, as: UInt128.self)
            aead.seal(body, from: inner, length: padded, key: keypair.pointee.sendingKey, counter: counter)
            behind.storeBytes(of: kept, as: UInt128.self)
        }
    }

    /// To `Limits.paddingMultiple`, but not past the MTU (whitepaper 5.4.6; the kernel's calculate_skb_padding).
    @inline(__always)
    func paddedLength(_ size: Int) -> Int {
        let unit = size > mtu && mtu > 0 ? size % mtu : size
        let last = Limits.paddingMultiple - 1
        return size - unit + max(unit, min(mtu, (unit + last) & ~last))
    }

    /// Sends what is in the outbox: in one go if the kernel segments, else one by one.
    @inline(__always)
    mutating func flushOutbox() {
        if outbox.messages > 0 { sendOutbox() }
    }

    private mutating func sendOutbox() {
        if outbox.dialect != .plain { protectOutbox() }
        let peer = outbox.peer
        let record = tables.peer(peer)
        let plain = !outbox.segments || paths[peer].pointee.plainUntil.load(ordering: .relaxed) > now
        var error: Int32 = 0
        if outbox.messages == 1 || !plain {
            error = sendRetrying(outbox.buffer, outbox.count, segment: outbox.messages > 1 ? outbox.segment : 0)
        }
        if outbox.messages > 1 && (plain || isRefusedSegmentation(error)) { error = sendOneByOne() }
        if error == 0 { record.pointee.sentBytes.add(UInt64(outbox.count), ordering: .relaxed) }
        outbox.removeAll()
        if record.pointee.noteSent(data: true, now: now) { notifyControl(peer) }
    }

    /// Whether the messages should be tried again one by one; remembers why.
    private mutating func isRefusedSegmentation(_ error: Int32) -> Bool {
        switch error {
        case -EMSGSIZE:
            // The path's MTU is smaller than a message: fragments it must be, and those the kernel makes of plain sends only.
            paths[outbox.peer].pointee.plainUntil.store(now &+ 30 * Limits.second, ordering: .relaxed)
            return true
        case -EIO, -EINVAL, -EOPNOTSUPP:
            outbox.stopSegmenting()
            return true
        default: return false
        }
    }

    private mutating func sendOneByOne() -> Int32 {
        var error: Int32 = 0
        var at = 0
        while at < outbox.count {
            let size = min(outbox.segment, outbox.count - at)
            let result = sendRetrying(outbox.buffer + at, size, segment: 0)
            if result != 0 { error = result }
            at += size
        }
        return error
    }

    /// Sends, and tries a few times more where the socket's buffer is full or the source address is not ours any more.
    private mutating func sendRetrying(_ bytes: UnsafeRawPointer, _ count: Int, segment: Int) -> Int32 {
        var tries = 0
        while true {
            let error = port.send(
                outbox.endpoint, bytes, count, segment: segment, trafficClass: outbox.trafficClass)
            switch error {
            case -EAGAIN, -ENOBUFS:
                tries += 1
                if tries > 8 { return error }
                sched_yield()
            case -EINVAL, -ENETUNREACH, -EHOSTUNREACH, -EADDRNOTAVAIL, -ENODEV:
                let source = outbox.endpoint.pointee.source
                if source.0 | source.1 == 0 { return error }
                paths[outbox.peer].pointee.endpoint.dropSource(source)
                outbox.endpoint.pointee.source = (0, 0)
            default: return error
            }
        }
    }

    /// Keeps the packet until there is a session, and asks for one.
    @inline(never)
    private mutating func stage(_ peer: PeerIndex, _ start: UnsafeRawPointer, _ count: Int) {
        let change = staged.append(peer, start, count)
        paths[peer].pointee.staged.add(change, ordering: .relaxed)
        requestSession(peer)
    }

    private func requestSession(_ peer: PeerIndex) {
        let record = tables.peer(peer)
        if record.pointee.handshakeAllowed(now: now), record.pointee.raise(.session) { notifyControl(peer) }
    }

    /// There is a keypair: sends what waited for it. What finds none after all is staged again; what goes to an address that is
    /// another's by now goes to nobody.
    mutating func sendStaged(_ peer: PeerIndex) {
        for _ in 0..<staged.count(peer) {
            guard let (memory, packet, count) = staged.takeFirst(peer) else { return }
            paths[peer].pointee.staged.subtract(1, ordering: .relaxed)
            if route.peer(packet + VirtioNetHeader.size, .destination, tables.allowedIPs) == peer {
                transmit(packet, count)
            }
            free(memory)
        }
    }

    /// Whether the packet is a message that this interface sent: routed into itself it would go round for ever.
    @inline(__always)
    private func isOwnMessage(_ packet: UnsafeRawPointer, _ length: Int, _ endpoint: udp_endpoint) -> Bool {
        let isV6 = packet.u8(0) >> 4 == 6
        guard (isV6 ? packet.u8(6) : packet.u8(9)) == IPField.udp else { return false }
        let layer4 = isV6 ? IPField.v6HeaderLength : Int(packet.u8(0) & 15) * 4
        guard length >= layer4 + IPField.udpHeaderLength, packet.net16(layer4) == Int(ownPort),
            packet.raw16(layer4 + 2) == endpoint.port
        else { return false }
        if isV6 {
            return Int32(endpoint.family) == AF_INET6
                && packet.loadUnaligned(fromByteOffset: 24, as: UInt64.self) == endpoint.address.0
                && packet.loadUnaligned(fromByteOffset: 32, as: UInt64.self) == endpoint.address.1
        }
        return Int32(endpoint.family) == AF_INET && UInt64(packet.raw32(16)) == endpoint.address.0
    }
}
