import CLinux
import NetTypes
import Synchronization

@testable import Datapath
@testable import WireGuardProtocol

// That what is in order is taken: a storm that nothing gets through might as well have hit a wall.
extension StormGateway {
    /// An IPv4 packet of this length from the session's peer.
    func packet(_ session: Session, _ length: Int) -> [UInt8] {
        var packet = [UInt8](repeating: 0, count: length)
        packet[0] = 0x45
        packet[2] = UInt8(length >> 8)
        packet[3] = UInt8(length & 255)
        packet.replaceSubrange(8..<20, with: [64, 17, 0, 0, 10, 0, 0, session.inner, 10, 0, 0, 1])
        return packet
    }

    /// Counters that no message has had.
    func freshCounter() -> UInt64 {
        counter += 1
        return counter
    }

    /// Data that is in order is taken, and nobody is anywhere else than he said.
    func check() {
        for session in sessions { check(session) }
        for call in calls {
            let state = own.device.state(call.peer)
            guard state.pointee.hasSentMAC1, state.pointee.handshakeState == .createdInitiation else {
                fail("an answer was taken in dialect \(call.dialect.rawValue)")
                continue
            }
        }
    }

    func check(_ session: Session) {
        let place = paths[session.peer].pointee.endpoint.load()
        if place.family != 0, place.remote != session.client.address { fail("a peer was followed to \(place.remote!)") }
        let bytes = session.client.seal(
            packet(session, 60), session.keypair, counter: freshCounter(), in: forms.pointee[session.dialect])
        let record = own.device.tables.peer(session.peer)
        let before = record.pointee.receivedBytes.load(ordering: .relaxed)
        self.place(0).copyMemory(from: bytes, byteCount: bytes.count)
        put(0, size: bytes.count, segment: bytes.count, from: udp_endpoint(session.client.address))
        count.pointee = 1
        _ = worker.receive(isV6: false)
        let after = record.pointee.receivedBytes.load(ordering: .relaxed)
        if written.pointee != 1 || after != before + UInt64(bytes.count) {
            fail("data in dialect \(session.dialect.rawValue) was not taken")
        }
        written.pointee = 0
        serveRequests()
    }

    /// Data that is in order, before anything is counted.
    func take(_ bytes: [UInt8], from session: Session) {
        place(0).copyMemory(from: bytes, byteCount: bytes.count)
        put(0, size: bytes.count, segment: bytes.count, from: udp_endpoint(session.client.address))
        count.pointee = 1
        _ = worker.receive(isV6: false)
        written.pointee = 0
        serveRequests()
    }

    /// How many handshake messages datagrams were taken for since the last call.
    func takeProposals() -> Int {
        defer { proposals = 0 }
        return proposals
    }

    /// Last of all: the answers that were kept are taken in their dialect, and new initiations in theirs.
    func finish() {
        for call in calls {
            let form = forms.pointee[call.dialect]
            let state = own.device.state(call.peer)
            if !call.cookieReply.isEmpty {
                own.receive(own.dress(call.cookieReply, .cookieReply, in: form), from: call.client)
                if state.pointee.hasSentMAC1 { fail("a cookie in dialect \(call.dialect.rawValue) was not taken") }
            }
            own.receive(own.dress(call.response, .response, in: form), from: call.client)
            if own.device.tables.currentKeypair(of: call.peer)?.pointee.dialect != call.dialect {
                fail("a response in dialect \(call.dialect.rawValue) was not taken")
            }
        }
        for session in sessions {
            own.time += 10 * Limits.second
            session.client.time = own.time
            own.receive(session.client.begin(session.client.device.peer(own.key.publicKey)!), from: session.client)
            if own.sent == nil || own.device.dialect(of: session.peer) != session.dialect {
                fail("an initiation in dialect \(session.dialect.rawValue) was not taken")
            }
        }
    }
}
