// What the device wants done.

import CLinux
import Glibc
import NetTypes
import Synchronization
import WireGuardProtocol

extension ControlEngine {
    /// Does each effect, in order.
    func carryOut() {
        for effect in effects.list { carryOut(effect) }
    }

    private func carryOut(_ effect: Effect) {
        switch effect {
        case .peerAdded(let peer): paths[peer].pointee.reset()
        case .peerRemoved(let peer):
            paths[peer].pointee.reset()
            command(.dropStaged(peer))
        case .send(let peer, let message): send(peer, message, trafficClass: Limits.handshakeTOS)
        case .sendDisguised(let peer, let datagram): send(peer, datagram, trafficClass: 0)
        case .reply(let message): queueReply(message, trafficClass: Limits.handshakeTOS)
        case .replyDisguised(let datagram): queueReply(datagram, trafficClass: 0)
        case .endpointIsSource(let peer):
            _ = paths[peer].pointee.learn(source)
            control.pointee.handshakes.note(source)
        case .setEndpoint(let peer, let address):
            paths[peer].pointee.endpoint.store(udp_endpoint(address))
            control.pointee.handshakes.note(udp_endpoint(address))
        case .clearEndpointSource(let peer):
            paths[peer].pointee.endpoint.dropSource(paths[peer].pointee.endpoint.load().source)
        case .sendKeepalive(let peer): sendKeepalive(peer)
        case .sendStaged(let peer): command(.sendStaged(peer))
        case .dropStaged(let peer): command(.dropStaged(peer))
        case .log(let event): note(event)
        }
    }

    /// Remembers an event and tells it to whoever listens, with where the peer is, or whoever sent a message that is nobody's.
    private func note(_ event: LogEvent) {
        let moment = clock()
        let endpoint = event.peer.map { paths[$0].pointee.endpoint.load() } ?? source
        events.note(
            TunnelEvent(
                event.kind, sinceBoot: moment.monotonic, seconds: moment.wall.seconds,
                nanoseconds: moment.wall.nanoseconds, peer: event.peer.map { device.publicKey(of: $0) },
                endpoint: endpoint.remote, keypair: event.keypair, attempts: event.attempts))
    }

    /// The same of a packet that a worker dropped.
    func note(_ dropped: DroppedPacket) {
        let moment = clock()
        let key = dropped.peer == .none ? nil : device.publicKey(of: dropped.peer)
        events.note(
            TunnelEvent(
                dropped.kind, sinceBoot: moment.monotonic, seconds: moment.wall.seconds,
                nanoseconds: moment.wall.nanoseconds, peer: key, packet: dropped.header))
    }

    /// To where the message came from that the device is looking at.
    private func queueReply(_ message: Range<Int>, trafficClass: UInt8) {
        if !replies.accepts(to: source, trafficClass) { flushReplies() }
        effects.bytes.withUnsafeBytes {
            replies.append(UnsafeRawBufferPointer(rebasing: $0[message]), to: source, trafficClass)
        }
    }

    /// Sends the cookie replies that wait.
    func flushReplies() {
        guard replies.count > 0 else { return }
        sendReplies(replies)
        replies.removeAll()
    }

    private func send(_ peer: PeerIndex, _ message: Range<Int>, trafficClass: UInt8) {
        effects.bytes.withUnsafeBytes { bytes in
            deliver(peer, UnsafeRawBufferPointer(rebasing: bytes[message]), trafficClass)
        }
    }

    /// Sends one message to the peer's endpoint and counts it.
    private func deliver(_ peer: PeerIndex, _ message: UnsafeRawBufferPointer, _ trafficClass: UInt8) {
        var to = paths[peer].pointee.endpoint.load()
        guard to.family != 0 else { return }
        let asked = to.source
        if transmit(&to, message, trafficClass) == 0 {
            device.tables.peer(peer).pointee.sentBytes.add(UInt64(message.count), ordering: .relaxed)
        }
        if to.source != asked { paths[peer].pointee.endpoint.dropSource(asked) }
    }

    /// Sends from the endpoint's source address, or if that is not ours any more, from any, and says so in `to`.
    @discardableResult
    private func transmit(_ to: inout udp_endpoint, _ message: UnsafeRawBufferPointer, _ trafficClass: UInt8) -> Int32 {
        let error = sendDatagram(&to, message, trafficClass)
        guard [-EINVAL, -ENETUNREACH, -EHOSTUNREACH, -EADDRNOTAVAIL, -ENODEV].contains(error),
            to.source.0 | to.source.1 != 0
        else { return error }
        to.source = (0, 0)
        return sendDatagram(&to, message, trafficClass)
    }

    /// What is staged confirms the session as well as an empty message; the worker that has it sends it.
    private func sendKeepalive(_ peer: PeerIndex) {
        if paths[peer].pointee.staged.load(ordering: .relaxed) > 0 { return command(.sendStaged(peer)) }
        let record = device.tables.peer(peer)
        let moment = clock().monotonic
        guard let keypair = device.tables.currentKeypair(of: peer),
            let counter = keypair.pointee.reserveCounters(1, now: moment)
        else {
            if record.pointee.handshakeAllowed(now: moment), record.pointee.raise(.session) {
                _ = control.pointee.push(request: peer)
            }
            return
        }
        note(LogEvent(.sendingKeepalive, peer))
        sealKeepalive(keypair, counter) { deliver(peer, $0, 0) }
        if record.pointee.noteSent(data: false, now: moment) { _ = control.pointee.push(request: peer) }
    }

    /// Sends an empty message under the session, if there is one, from wherever the routing says.
    func call(_ peer: PeerIndex) {
        guard let keypair = device.tables.currentKeypair(of: peer),
            let counter = keypair.pointee.reserveCounters(1, now: clock().monotonic)
        else { return }
        sealKeepalive(keypair, counter) { message in
            var to = paths[peer].pointee.endpoint.load()
            to.source = (0, 0)
            guard to.family != 0, sendDatagram(&to, message, 0) == 0 else { return }
            device.tables.peer(peer).pointee.sentBytes.add(UInt64(message.count), ordering: .relaxed)
        }
    }

    /// Seals no packet, or the zeros that its dialect puts behind it.
    private func sealKeepalive(
        _ keypair: UnsafeMutablePointer<Keypair>, _ counter: UInt64, _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        let form = device.tables.forms.pointee[keypair.pointee.dialect]
        let mtu = links.first?.pointee.mtu.load(ordering: .relaxed) ?? 0
        let zeros = form.pointee.drawsPadding ? min(form.pointee.padding(forLongest: 0, random.next()) ?? 0, mtu) : 0
        withUnsafeTemporaryAllocation(byteCount: form.pointee.dataOverhead + zeros, alignment: 16) { message in
            guard let start = message.baseAddress else { return }
            message.initializeMemory(as: UInt8.self, repeating: 0)
            form.pointee.writeData(start, receiver: keypair.pointee.remoteIndex, counter: counter, &random)
            let content = start + form.pointee.dataPrefix + Message.dataHeaderSize
            aead.seal(content, from: content, length: zeros, key: keypair.pointee.sendingKey, counter: counter)
            if form.pointee.protectsHeaders {
                withUnsafeTemporaryAllocation(byteCount: WireForm.maskSize, alignment: 16) {
                    form.pointee.protectData(start, count: message.count, stride: message.count, masks: $0.baseAddress!)
                }
            }
            body(UnsafeRawBufferPointer(message))
        }
    }
}
