import Glibc
import NetTypes
import Testing
import UAPI
import WireGuardProtocol

@testable import Datapath

@Suite struct EventStreamTests {
    private static let key = PublicKey(bytes: [UInt8](repeating: 7, count: 32))!

    private static func event(
        _ kind: TunnelEvent.Kind, at time: UInt64, _ peer: PublicKey? = nil, _ endpoint: SocketAddress? = nil
    ) -> TunnelEvent {
        TunnelEvent(kind, sinceBoot: time, seconds: Int64(time), nanoseconds: 5, peer: peer, endpoint: endpoint)
    }

    /// A connection whose far end is read by the test.
    private final class Far {
        let near: Int32
        private let descriptor: Int32

        init() {
            var ends: [Int32] = [-1, -1]
            socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0, &ends)
            (near, descriptor) = (ends[0], ends[1])
        }

        deinit { close(descriptor) }

        func hangUp() { shutdown(descriptor, Int32(SHUT_RDWR)) }

        /// What has come.
        func lines() -> [String] {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while case let count = read(descriptor, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        }
    }

    @Test func `the ring holds what a naive one holds`() {
        var random = SystemRandomNumberGenerator()
        for capacity in [1, 2, 3, 7, 64] {
            var ring = EventRing<Int>(capacity: capacity)
            var naive: [Int] = []
            for _ in 0..<capacity * 5 {
                let value = Int.random(in: 0..<1000, using: &random)
                ring.append(value)
                naive = (naive + [value]).suffix(capacity)
                var held: [Int] = []
                ring.forEach { held.append($0) }
                #expect(held == naive)
            }
        }
    }

    @Test func `a reader gets what is remembered, then what comes`() {
        let stream = EventStream()
        let endpoint = SocketAddress("192.0.2.7:5")!
        stream.note(Self.event(.peerCreated, at: 1, Self.key))
        var created = Self.event(.keypairCreated, at: 2, Self.key, endpoint)
        created.keypair = 9
        stream.note(created)
        let far = Far()
        stream.connect(far.near)
        stream.note(Self.event(.invalidMAC, at: 3, nil, endpoint))
        stream.note(Self.event(.peerDestroyed, at: 4, Self.key))
        var retry = Self.event(.retryingHandshake, at: 5)
        retry.attempts = 2
        stream.note(retry)
        var wishes: [UInt32] = []
        stream.flush { wishes.append($1) }
        stream.flush { wishes.append($1) }
        #expect(wishes == [1])
        #expect(
            far.lines() == [
                "time=1.000000005 since_boot=1 event=peer-created peer=\(Self.key)",
                "time=2.000000005 since_boot=2 event=keypair-created peer=\(Self.key) endpoint=192.0.2.7:5 keypair=9",
                "live",
                "time=3.000000005 since_boot=3 event=invalid-mac endpoint=192.0.2.7:5",
                "time=4.000000005 since_boot=4 event=peer-destroyed peer=\(Self.key)",
                "time=5.000000005 since_boot=5 event=retrying-handshake attempts=2",
            ])
    }

    /// All that a node remembers.
    private static func told(_ node: TwinNode) -> [TunnelEvent] {
        let far = Far()
        node.engine.events.connect(far.near)
        node.engine.events.flush { _, _ in }
        return far.lines().compactMap {
            guard case .event(let event)? = EventStreamLine($0) else { return nil }
            return event
        }
    }

    @Test func `packets that go no further are told of, few of many`() throws {
        let pair = try TwinPair()
        var stolen = NaivePacket()
        stolen.isTCP = false
        stolen.source = 1
        pair.a.write(stolen.bytes())
        stolen.source = 3
        for _ in 0..<100 { pair.a.write(stolen.bytes()) }
        pair.settle()
        let refused = Self.told(pair.b).filter { $0.kind == .refusedPacket }
        #expect(refused.count == 10, "the limit of a worker")
        #expect(refused.allSatisfy { $0.peer == pair.a.device.publicKey })
        #expect(refused.first?.text.hasPrefix("Packet has unallowed src IP: 10.0.0.3 → ") == true)

        var nobodys = stolen.bytes()
        nobodys.replaceSubrange(16..<20, with: [10, 9, 9, 9])
        pair.a.write(nobodys)
        pair.settle()
        let unsent = Self.told(pair.a).filter { $0.kind == .unsentPacket }
        #expect(unsent.map(\.peer) == [nil])
        #expect(unsent.first?.text.hasPrefix("No peer has allowed IPs matching 10.0.0.3 → 10.9.9.9 ") == true)
    }

    @Test func `two interfaces tell both sides of one handshake`() throws {
        let pair = try TwinPair()
        var packet = NaivePacket()
        packet.isTCP = false
        packet.source = 1
        packet.payload = [1, 2, 3]
        pair.a.write(packet.bytes())
        pair.settle()
        // B got data and has nothing to say: that is what a keepalive is for.
        pair.time.nanoseconds += Limits.keepaliveTimeout
        pair.settle()
        let (a, b) = (Self.told(pair.a), Self.told(pair.b))
        #expect(
            a.map(\.kind) == [
                .peerCreated, .sendingInitiation, .receivingResponse, .keypairCreated, .receivingKeepalive,
            ])
        #expect(
            b.map(\.kind) == [.peerCreated, .receivingInitiation, .sendingResponse, .keypairCreated, .sendingKeepalive])
        #expect(a.allSatisfy { $0.peer == pair.b.device.publicKey })
        #expect(b.allSatisfy { $0.peer == pair.a.device.publicKey })
        #expect(b.dropFirst().allSatisfy { $0.endpoint == pair.a.port.address })
    }

    @Test func `a reader who does not read is told what he missed, and holds up nobody`() {
        let stream = EventStream()
        let slow = Far()
        let quick = Far()
        stream.connect(slow.near)
        stream.connect(quick.near)
        let total = 20_000
        var got = 0
        for i in 1...total {
            stream.note(Self.event(.invalidMAC, at: UInt64(i)))
            stream.flush { _, _ in }
            if i % 100 == 0 { got += quick.lines().count { $0 != "live" } }
        }
        #expect(got == total)
        var told = 0
        var missed = 0
        var next: UInt64 = 1
        // The socket gives room again as he reads.
        while case let lines = slow.lines(), !lines.isEmpty {
            for line in lines {
                switch EventStreamLine(line) {
                case .event(let event)?:
                    told += 1
                    // In order, with gaps only where it was said.
                    #expect(event.sinceBoot == next)
                    next = event.sinceBoot + 1
                case .missed(let count)?:
                    missed += count
                    next += UInt64(count)
                case .live?: break
                case nil: Issue.record("\(line)")
                }
            }
            stream.flush { _, _ in }
        }
        #expect(missed > 0)
        #expect(told + missed == total)
    }

    @Test func `who hangs up is forgotten`() {
        let stream = EventStream()
        let far = Far()
        stream.connect(far.near)
        stream.flush { _, _ in }
        stream.serve(far.near)
        #expect(stream.isHeard)
        far.hangUp()
        stream.serve(far.near)
        #expect(!stream.isHeard)
    }
}
