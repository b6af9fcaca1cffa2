// From the network to TUN.

import CLinux
import Synchronization
import WireGuardProtocol

/// Messages under one keypair, one after another in a batch: what is common to them is looked up and written down once.
struct ReceiveRun {
    var index: UInt32 = 0
    var dialect = Dialect.plain
    var slot: KeypairSlot = 0
    var peer = PeerIndex.none
    /// Bytes of messages that count.
    var bytes: UInt64 = 0
    /// Whether anything was authentic, and whether any of it was data.
    var isAuthentic = false
    var hasData = false
    var hasKeepalive = false
    /// Whether this is the first one under its keypair that we may answer with.
    var hasConfirmed = false
    var from = udp_endpoint()
}

extension Worker {
    /// Receives a batch of one family, opens it and writes it to TUN. How many messages there were.
    @inline(__always)
    mutating func receive(isV6: Bool) -> Int {
        let count = port.receive(isV6: isV6, received, limit: isCalm ? 1 : Int32(UDP_BATCH))
        guard count > 0 else { return 0 }
        for i in 0..<count {
            let message = received[i]
            if let bytes = message.bytes { sort(message, UnsafeRawPointer(bytes)) }
        }
        if joiner.isOpen { writeTun() }
        return count
    }

    /// Each datagram of one received message. GRO may have put handshakes and data of several keypairs into one.
    @inline(__always)
    private mutating func sort(_ message: udp_received, _ bytes: UnsafeRawPointer) {
        let count = Int(message.count)
        let segment = max(Int(message.segment), 1)
        var run = ReceiveRun()
        run.from = message.from
        var masked: UInt8 = 0
        var at = 0
        while at < count {
            let size = min(segment, count - at)
            let datagram = bytes + at
            let kind = Message.kind(datagram, count: size)
            if kind == .data && isLive(Message.receiver(datagram), .plain, &run) {
                let header = WireForm.DataHeader(
                    index: run.index, counter: Message.counter(datagram), body: Message.dataHeaderSize)
                open(datagram, size, header, &run, message.tos)
            } else if forms.pointee.count > 0 {
                sortDisguised(message, bytes, at, size, &run, &masked)
            } else if let kind, kind != .data {
                let proposal = HandshakeProposal(dialect: .plain, kind: kind, datagramSize: size)
                control.pointee.push(handshake: datagram, proposal, from: message.from, now: now)
            }
            at += size
        }
        endRun(&run)
    }

    /// Whether there is a keypair in this dialect to receive with under the index. It is the run's, from then on.
    @inline(__always)
    mutating func isLive(_ index: UInt32, _ dialect: Dialect, _ run: inout ReceiveRun) -> Bool {
        if index != run.index || dialect != run.dialect || run.slot == 0 { beginRun(index, dialect, &run) }
        return run.slot != 0
    }

    /// One data message of the run's keypair.
    @inline(__always)
    mutating func open(
        _ datagram: UnsafeRawPointer, _ count: Int, _ header: WireForm.DataHeader, _ run: inout ReceiveRun,
        _ outer: UInt8
    ) {
        let keypair = tables.keypair(run.slot)
        let length = count - header.body - Message.tagSize
        if !joiner.fits(length) { writeTunUnlocked(keypair) }
        let place = joiner.place(length)
        let counter = header.counter
        guard counter < Limits.rejectAfterMessages,
            aead.open(
                place, from: datagram + header.body, length: length, key: keypair.pointee.receivingKey,
                counter: counter),
            keypair.pointee.replayWindow.accept(counter)
        else { return joiner.discard() }
        if !run.isAuthentic {
            run.isAuthentic = true
            run.hasConfirmed = tables.peer(run.peer).pointee.confirm(run.slot)
        }
        if isKeepalive(place, length) {
            run.hasKeepalive = true
            run.bytes &+= UInt64(count)
            return joiner.discard()
        }
        run.hasData = true
        guard let inner = innerLength(place, length),
            route.peer(place, .source, tables.allowedIPs) == run.peer
        else { return refuse(place, length, run.peer) }
        run.bytes &+= UInt64(count)
        if outer & IPField.ecnMask == IPField.ecnCE { markCongestion(place) }
        if joiner.accept(inner) == .aside {
            writeTunUnlocked(keypair)
            joiner.openAside()
        }
    }

    /// Drops what its peer may not send, or what is no packet, and tells of it now and then.
    @inline(never)
    private mutating func refuse(_ packet: UnsafeMutableRawPointer, _ length: Int, _ peer: PeerIndex) {
        if dropped.take(now: now) { control.pointee.push(DroppedPacket(from: peer, packet, length)) }
        joiner.discard()
    }

    /// Nothing, or nothing but padding: no version of IP begins with a zero byte, and some pad what is empty as well.
    @inline(__always)
    private func isKeepalive(_ plaintext: UnsafeMutableRawPointer, _ length: Int) -> Bool {
        length == 0 || plaintext.reading.u8(0) == 0
    }

    @inline(__always)
    private mutating func beginRun(_ index: UInt32, _ dialect: Dialect, _ run: inout ReceiveRun) {
        endRun(&run)
        run.index = index
        run.dialect = dialect
        run.slot = tables.slot(receiving: index)
        guard run.slot != 0 else { return }
        let keypair = tables.keypair(run.slot)
        guard forms.pointee.agrees(dialect, with: keypair.pointee.dialect), keypair.pointee.mayReceive(now: now) else {
            run.slot = 0
            return
        }
        run.peer = keypair.pointee.peer
        if locksReplay { keypair.pointee.lockReplay() }
    }

    /// Writes down what the run did: the endpoint, the counters, the times.
    @inline(__always)
    private mutating func endRun(_ run: inout ReceiveRun) {
        guard run.slot != 0 else { return }
        let keypair = tables.keypair(run.slot)
        if locksReplay { keypair.pointee.unlockReplay() }
        if run.isAuthentic {
            let record = tables.peer(run.peer)
            let path = paths[run.peer]
            if path.pointee.learn(run.from) || run.hasConfirmed { control.pointee.handshakes.note(run.from) }
            if run.bytes > 0 { record.pointee.receivedBytes.add(run.bytes, ordering: .relaxed) }
            var notify = record.pointee.noteReceived(data: run.hasData, now: now)
            if run.hasConfirmed { notify = record.pointee.raise(.keypairConfirmed) || notify }
            if keypair.pointee.wantsRekeyAfterReceiving(now: now),
                record.pointee.currentKeypair() == run.slot, record.pointee.takeLastMinute()
            {
                notify = record.pointee.raise(.session) || notify
            }
            if run.hasKeepalive { notify = record.pointee.raise(.keepaliveReceived) || notify }
            if notify { notifyControl(run.peer) }
            if run.hasConfirmed && staged.count(run.peer) > 0 {
                sendStaged(run.peer)
                flushOutbox()
            }
        }
        run.slot = 0
        run.bytes = 0
        run.isAuthentic = false
        run.hasConfirmed = false
        run.hasData = false
        run.hasKeepalive = false
    }

    /// The path was congested and the inner packet can say so: the kernel's INET_ECN_decapsulate.
    @inline(never)
    private func markCongestion(_ packet: UnsafeMutableRawPointer) {
        let read = UnsafeRawPointer(packet)
        guard innerTrafficClass(read) & IPField.ecnMask != 0 else { return }
        if read.u8(0) >> 4 == 6 {
            packet.set8(1, read.u8(1) | IPField.ecnCE << 4)
        } else {
            let header = Int(read.u8(0) & 15) * 4
            guard header >= IPField.v4HeaderLength, header <= read.net16(2) else { return }
            packet.set8(1, read.u8(1) | IPField.ecnCE)
            packet.setRaw16(10, 0)
            packet.setRaw16(10, ~Checksum.fold(Checksum.sum(read, header)))
        }
    }

    /// Writes the open super-packet to TUN. What TUN does not take (interface down, queue full) is lost, as on any network.
    @inline(__always)
    private mutating func writeTun() {
        let (bytes, count) = joiner.finish()
        _ = queue.write(bytes, count)
    }

    /// The same in the middle of a run: another worker must not spin on the replay window for a system call's time.
    @inline(__always)
    private mutating func writeTunUnlocked(_ keypair: UnsafeMutablePointer<Keypair>) {
        if locksReplay { keypair.pointee.unlockReplay() }
        writeTun()
        if locksReplay { keypair.pointee.lockReplay() }
    }
}
