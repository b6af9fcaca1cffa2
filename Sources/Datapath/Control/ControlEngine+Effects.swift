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
        case .send(let peer, let message): send(peer, message)
        case .reply(let message): queueReply(message)
        case .endpointIsSource(let peer): paths[peer].pointee.endpoint.store(source)
        case .setEndpoint(let peer, let address): paths[peer].pointee.endpoint.store(udp_endpoint(address))
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
    private func queueReply(_ message: Range<Int>) {
        if !replies.accepts(source) { flushReplies() }
        effects.bytes.withUnsafeBytes { replies.append(UnsafeRawBufferPointer(rebasing: $0[message]), to: source) }
    }

    /// Sends the cookie replies that wait.
    func flushReplies() {
        guard replies.count > 0 else { return }
        sendReplies(replies)
        replies.removeAll()
    }

    private func send(_ peer: PeerIndex, _ message: Range<Int>) {
        effects.bytes.withUnsafeBytes { bytes in
            deliver(peer, UnsafeRawBufferPointer(rebasing: bytes[message]), Limits.handshakeTOS)
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
        withUnsafeTemporaryAllocation(byteCount: Message.keepaliveSize, alignment: 16) { message in
            guard let start = message.baseAddress else { return }
            Message.writeDataHeader(start, receiver: keypair.pointee.remoteIndex, counter: counter)
            let body = start + Message.dataHeaderSize
            aead.seal(body, from: body, length: 0, key: keypair.pointee.sendingKey, counter: counter)
            deliver(peer, UnsafeRawBufferPointer(message), 0)
        }
        if record.pointee.noteSent(data: false, now: moment) { _ = control.pointee.push(request: peer) }
    }
}
