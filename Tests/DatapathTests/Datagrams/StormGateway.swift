import CLinux
import Glibc
import NetTypes
import Synchronization

@testable import Datapath
@testable import WireGuardProtocol

/// A TUN queue that counts what it is given.
struct StormQueue: PacketQueue {
    let written: UnsafeMutablePointer<Int>
    var descriptor: Int32 { -1 }

    func read(_ buffer: UnsafeMutableRawPointer, _ capacity: Int) -> Int { 0 }

    func write(_ bytes: UnsafeRawPointer, _ count: Int) -> Int {
        written.pointee += 1
        return 0
    }
}

/// Sockets that deliver what stands in `StormGateway.batch`.
struct StormPort: DatagramPort {
    let batch: UnsafeMutablePointer<udp_received>
    let count: UnsafeMutablePointer<Int>

    func receive(isV6: Bool, _ received: UnsafeMutablePointer<udp_received>, limit: Int32) -> Int {
        defer { count.pointee = 0 }
        received.update(from: batch, count: count.pointee)
        return count.pointee
    }

    func send(
        _ to: UnsafePointer<udp_endpoint>, _ bytes: UnsafeRawPointer, _ count: Int, segment: Int, trafficClass: UInt8
    ) -> Int32 { 0 }
}

/// A gateway that speaks plain and some sets, with a worker over twins in memory: in each dialect a peer that has a session, and
/// another one that was called and has not answered yet.
final class StormGateway {
    /// Messages that a worker takes at a time, and bytes of each.
    static let batchSize = Int(UDP_BATCH)
    private static let room = 16384

    struct Session {
        let client: StormPeer
        /// The client's, and which one that is for the gateway.
        let keypair: UnsafeMutablePointer<Keypair>
        let peer: PeerIndex
        /// As the gateway took it.
        let dialect: Dialect
        let inner: UInt8
    }

    struct Call {
        let client: StormPeer
        let peer: PeerIndex
        let dialect: Dialect
        /// What it would answer, without prefix, protection and trailer.
        let response: [UInt8]
        let cookieReply: [UInt8]
    }

    let own: StormPeer
    let sets: [AWGParameters]
    private(set) var sessions: [Session] = []
    private(set) var calls: [Call] = []
    /// An initiation of each session's, that was answered: its dialect, and the message by itself.
    private(set) var initiations: [(dialect: Dialect, message: [UInt8])] = []
    var faults: [String] = []
    var proposals = 0

    let batch = UnsafeMutablePointer<udp_received>.allocate(capacity: StormGateway.batchSize)
    let count = UnsafeMutablePointer<Int>.allocate(capacity: 1)
    let written = UnsafeMutablePointer<Int>.allocate(capacity: 1)
    private let memory = UnsafeMutableRawPointer.allocate(
        byteCount: StormGateway.batchSize * StormGateway.room, alignment: 64)
    let control = UnsafeMutablePointer<ControlQueue>.allocate(capacity: 1)
    private let link = UnsafeMutablePointer<WorkerLink>.allocate(capacity: 1)
    let paths: PeerPaths
    var worker: Worker<StormQueue, StormPort>
    var effects = Effects()
    var counter: UInt64 = 1
    private var stranger = udp_endpoint(SocketAddress(.v4(IPv4Address(rawValue: 0xc633_6401)), port: 1))
    private let strange = SocketAddress(.v4(IPv4Address(rawValue: 0xc633_6401)), port: 1)

    init(_ lines: [String], seed: UInt64) throws {
        sets = try StormSets.parameters(lines)
        own = try StormPeer(1, seed: seed, sets: sets)
        control.initialize(to: ControlQueue())
        link.initialize(to: WorkerLink())
        batch.initialize(repeating: udp_received(), count: Self.batchSize)
        count.initialize(to: 0)
        written.initialize(to: 0)
        paths = PeerPaths(capacity: own.device.tables.capacity)
        worker = Worker(
            queue: StormQueue(written: written), port: StormPort(batch: batch, count: count), tables: own.device.tables,
            paths: paths, control: control, link: link, fallbacks: [], sharesPeers: true)
        for number in 0...sets.count { try call(Dialect(rawValue: UInt8(number)), seed) }
        // A plain peer has no place beside a set that answers its initiations in another form.
        for number in (sets.contains(where: \.excludesPlain) ? 1 : 0)...sets.count {
            try begin(Dialect(rawValue: UInt8(number)), seed)
        }
        worker.now = own.time
        worker.forms = forms
        for session in sessions { check(session) }
    }

    deinit {
        control.deinitialize(count: 1)
        link.deinitialize(count: 1)
        control.deallocate()
        link.deallocate()
        batch.deallocate()
        count.deallocate()
        written.deallocate()
        memory.deallocate()
    }

    var forms: UnsafePointer<WireForms> { own.device.tables.forms }

    func parameters(of dialect: Dialect) -> AWGParameters {
        dialect == .plain ? .plain : sets[Int(dialect.rawValue) - 1]
    }

    /// What a naive reader has to know.
    var naive: NaiveSorter {
        let live = sessions.map { ($0.keypair.pointee.remoteIndex, Int($0.dialect.rawValue)) }
        return NaiveSorter(sets: sets, live: Dictionary(live) { first, _ in first })
    }

    private func client(_ number: Int, _ dialect: Dialect, _ seed: UInt64) throws -> StormPeer {
        try StormPeer(UInt32(number), seed: seed, sets: dialect == .plain ? [] : [parameters(of: dialect)])
    }

    /// The gateway calls somebody, whose answers are kept.
    private func call(_ dialect: Dialect, _ seed: UInt64) throws {
        let client = try client(10 + Int(dialect.rawValue), dialect, seed)
        let peer = try own.add(client)
        _ = try client.add(own)
        own.device.setDialect(dialect, of: peer)
        let initiation = own.begin(peer)
        client.receive(initiation, from: own, underLoad: true)
        let form = forms.pointee[dialect]
        // Who gives no cookies answers at once.
        let cookieReply = client.sent.flatMap {
            parameters(of: dialect).disableCookies ? nil : StormPeer.strip($0, .cookieReply, of: form)
        }
        if cookieReply != nil { client.receive(initiation, from: own) }
        calls.append(
            Call(
                client: client, peer: peer, dialect: dialect,
                response: StormPeer.strip(client.sent!, .response, of: form), cookieReply: cookieReply ?? []))
    }

    /// Somebody calls the gateway, and says something, so that the session is confirmed.
    private func begin(_ dialect: Dialect, _ seed: UInt64) throws {
        let number = 20 + Int(dialect.rawValue)
        let client = try client(number, dialect, seed)
        let peer = try own.add(client, allowed: "10.0.0.\(number)/32")
        let gateway = try client.add(own)
        let initiation = client.begin(gateway)
        own.receive(initiation, from: client)
        client.receive(own.sent!, from: own)
        let keypair = client.device.tables.currentKeypair(of: gateway)!
        let taken = own.device.tables.keypair(own.device.tables.slot(receiving: keypair.pointee.remoteIndex)).pointee
            .dialect
        sessions.append(Session(client: client, keypair: keypair, peer: peer, dialect: taken, inner: UInt8(number)))
        initiations.append((taken, StormPeer.strip(initiation, .initiation, of: forms.pointee[dialect])))
    }

    // MARK: Delivering

    /// Room for a message of the batch.
    @inline(__always) func place(_ number: Int) -> UnsafeMutableRawPointer { memory + number &* Self.room }

    /// Says what stands there: `size` bytes, as datagrams of `segment` each but for the last.
    @inline(__always) func put(_ number: Int, size: Int, segment: Int, from: udp_endpoint? = nil) {
        batch[number] = udp_received(
            bytes: place(number), count: UInt32(size), segment: UInt32(segment), from: from ?? stranger, tos: 0)
    }

    /// Gives the first `messages` of the batch to the worker, and what it took for handshakes to the device. Nothing may come of any.
    @inline(__always) func deliver(_ messages: Int, _ what: @autoclosure () -> String) {
        count.pointee = messages
        _ = worker.receive(isV6: false)
        var isHandled = true
        repeat {
            isHandled = control.pointee.handshakes.pop(turn: 0) { bytes, proposal, _ in
                proposals &+= 1
                judge(bytes, proposal, what())
            }
        } while isHandled
        if written.pointee != 0 || !control.pointee.requests.isEmpty { fail("data was taken: \(what())") }
    }

    private func judge(
        _ bytes: UnsafeRawBufferPointer, _ proposal: HandshakeProposal, _ what: @autoclosure () -> String
    ) {
        effects.removeAll()
        own.device.receive(bytes, proposal, from: strange, underLoad: false, now: own.now, into: &effects)
        for effect in effects.list {
            switch effect {
            case .log(let event):
                switch event.kind {
                case .invalidMAC, .invalidInitiation, .invalidResponse, .receivingCookieReply, .invalidCookieReply:
                    break
                default: fail("\(event.kind) for \(proposal): \(what())")
                }
            default: fail("\(effect) for \(proposal): \(what())")
            }
        }
    }

    /// What proposals there are for one datagram, which goes no further. The worker's own order.
    func sorted(_ datagram: [UInt8]) -> [NaiveSorter.Proposal] {
        datagram.withUnsafeBytes {
            if let start = $0.baseAddress { place(0).copyMemory(from: start, byteCount: $0.count) }
        }
        put(0, size: datagram.count, segment: max(datagram.count, 1))
        count.pointee = 1
        _ = worker.receive(isV6: false)
        var found: [NaiveSorter.Proposal] = []
        while control.pointee.handshakes.pop(
            turn: 0,
            { bytes, proposal, _ in
                found.append(
                    .init(dialect: Int(proposal.dialect.rawValue), kind: proposal.kind.rawValue, message: Array(bytes)))
            })
        {}
        if written.pointee != 0 || !control.pointee.requests.isEmpty { fail("data was taken, which stood alone") }
        return found
    }

    func fail(_ what: String) {
        if faults.count < 10 { faults.append(what) }
        written.pointee = 0
        serveRequests()
    }

    func serveRequests() {
        var peer = PeerIndex.none
        while control.pointee.requests.pop({ peer = PeerIndex(rawValue: $0.load(as: UInt32.self)) }) {
            let index = peer
            own.perform { $0.serve(index, now: own.now, into: &effects) }
        }
    }
}
