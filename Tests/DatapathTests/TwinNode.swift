// Whole datapaths over twins in memory: no root, no socket, no clock.

import CLinux
import Glibc
import NetTypes
import Synchronization
import UAPI
import WireGuardProtocol

@testable import Datapath

/// The twin of a TUN queue.
final class TwinQueue: PacketQueue {
    /// What the local stack sends, virtio header first.
    var outgoing: [[UInt8]] = []
    /// What the local stack got.
    var delivered: [[UInt8]] = []
    /// What others do while the worker waits for a write to end.
    var whileWriting: () -> Void = {}
    /// What the local stack says to a packet at once, before the worker goes on.
    var answer: ([UInt8]) -> [UInt8]? = { _ in nil }
    let descriptor: Int32 = -1

    func read(_ buffer: UnsafeMutableRawPointer, _ capacity: Int) -> Int {
        guard !outgoing.isEmpty else { return 0 }
        let packet = outgoing.removeFirst()
        buffer.copyMemory(from: packet, byteCount: packet.count)
        return packet.count
    }

    func write(_ bytes: UnsafeRawPointer, _ count: Int) -> Int {
        whileWriting()
        delivered.append(Array(UnsafeRawBufferPointer(start: bytes, count: count)))
        if let answer = answer(delivered[delivered.count - 1]) { outgoing.append(answer) }
        return 0
    }
}

/// A datagram on the wire between twins; with GSO still in one piece.
struct TwinDatagram {
    var from: SocketAddress
    var to: udp_endpoint
    var bytes: [UInt8]
    var segment: Int
    var trafficClass: UInt8

    /// One by one, as they are on the wire.
    var messages: [[UInt8]] {
        stride(from: 0, to: bytes.count, by: segment == 0 ? bytes.count : segment).map {
            Array(bytes[$0..<min($0 + (segment == 0 ? bytes.count : segment), bytes.count)])
        }
    }
}

/// The twin of a worker's sockets.
final class TwinPort: DatagramPort {
    var address: SocketAddress
    var incoming: [TwinDatagram] = []
    var sent: [TwinDatagram] = []
    /// What others do while the worker waits for a send to end.
    var whileSending: () -> Void = {}
    /// What a send fails with, if anything.
    var refuse: (TwinDatagram) -> Int32 = { _ in 0 }
    private let memory = UnsafeMutableRawPointer.allocate(byteCount: 1 << 19, alignment: 64)

    init(_ address: SocketAddress) { self.address = address }
    deinit { memory.deallocate() }

    func receive(isV6: Bool, _ received: UnsafeMutablePointer<udp_received>, limit: Int32) -> Int {
        var count = 0
        while count < limit, let i = incoming.firstIndex(where: { $0.from.address.isV6 == isV6 }) {
            let datagram = incoming.remove(at: i)
            let place = memory + count << 16
            place.copyMemory(from: datagram.bytes, byteCount: datagram.bytes.count)
            var from = udp_endpoint(datagram.from)
            from.source = datagram.to.address
            received[count] = udp_received(
                bytes: place, count: UInt32(datagram.bytes.count),
                segment: UInt32(datagram.segment == 0 ? datagram.bytes.count : datagram.segment), from: from,
                tos: datagram.trafficClass)
            count += 1
        }
        return count
    }

    func send(
        _ to: UnsafePointer<udp_endpoint>, _ bytes: UnsafeRawPointer, _ count: Int, segment: Int, trafficClass: UInt8
    ) -> Int32 {
        whileSending()
        let datagram = TwinDatagram(
            from: address, to: to.pointee, bytes: Array(UnsafeRawBufferPointer(start: bytes, count: count)),
            segment: segment, trafficClass: trafficClass)
        let error = refuse(datagram)
        if error == 0 { sent.append(datagram) }
        return error
    }
}

/// One interface with one worker.
final class TwinNode {
    let device: Device
    let engine: ControlEngine
    let queue = TwinQueue()
    let port: TwinPort
    let link: UnsafeMutablePointer<WorkerLink>
    var worker: Worker<TwinQueue, TwinPort>
    let key: PrivateKey
    private let time: TwinTime
    /// The worker has its turn, not the control thread.
    private var isWorking = false

    init(_ address: String, seed: UInt64, time: TwinTime, without: Fallbacks = []) {
        self.time = time
        var random = TestRandom(state: seed)
        key = PrivateKey { for i in $0.indices { $0[i] = UInt8.random(in: 0...255, using: &random) } }
        device = Device(
            capacity: 16, random: { for i in $0.indices { $0[i] = UInt8.random(in: 0...255, using: &random) } })
        port = TwinPort(SocketAddress(IPAddress(address)!, port: 51820))
        link = .allocate(capacity: 1)
        link.initialize(to: WorkerLink())
        let control = UnsafeMutablePointer<ControlQueue>.allocate(capacity: 1)
        control.initialize(to: ControlQueue())
        let paths = PeerPaths(capacity: 16)
        let port = port
        engine = ControlEngine(
            device: device, control: control, links: [link], paths: paths, clock: { time.now },
            sendDatagram: { to, bytes, trafficClass in
                port.send(to, bytes.baseAddress!, bytes.count, segment: 0, trafficClass: trafficClass)
            },
            sendReplies: { replies in
                var bytes = replies.bytes
                for n in 0..<replies.count {
                    let size = Int(replies.sizes[n])
                    _ = port.send(replies.endpoints + n, bytes, size, segment: 0, trafficClass: replies.trafficClass)
                    bytes += size
                }
            })
        worker = Worker(
            queue: queue, port: port, tables: device.tables, paths: paths, control: control, link: link,
            fallbacks: without, sharesPeers: true)
        worker.ownPort = 51820
        engine.isUp = true
        engine.perform {
            $0.setPrivateKey(key, now: time.now, into: &engine.effects)
            $0.up(now: time.now, into: &engine.effects)
        }
    }

    /// Changes what a client of the configuration socket asks for, and says when that was answered.
    func set(_ change: SetRequest, answer: @escaping (Int32) -> Void) {
        engine.set(change, sockets: { _ in 0 }, answer: answer)
    }

    /// Adds a peer.
    func add(_ peer: TwinNode, allowed: [String], endpoint: Bool) throws {
        var configuration = PeerSection(peer.device.publicKey!)
        configuration.allowedIPs = allowed.map { .init(IPPrefix($0)!) }
        if endpoint { configuration.endpoint = peer.port.address }
        engine.effects.removeAll()
        try device.configure(configuration, now: time.now, into: &engine.effects)
        engine.carryOut()
    }

    /// One turn of both threads. Whether anything happened.
    func turn() -> Bool {
        engine.turn()
        worker.announceEpoch()
        var v6 = 0
        isWorking = true
        defer { isWorking = false }
        let isBusy = worker.turn(now: time.nanoseconds, lookingAtV6: true, &v6)
        return isBusy || engine.hasWork || engine.isWaiting || !link.pointee.commands.isEmpty
    }

    /// Has `body` called in the middle of each write and send of the worker's, with a turn of the control thread behind it.
    func whileWorking(_ body: @escaping () -> Void) {
        let interrupt = { [unowned self] in
            guard isWorking else { return }
            isWorking = false
            defer { isWorking = true }
            body()
            engine.turn()
        }
        queue.whileWriting = interrupt
        port.whileSending = interrupt
    }

    /// The packets that the local stack got, super-packets cut, less what joining may change.
    func takeDelivered() -> [[UInt8]] {
        defer { queue.delivered.removeAll() }
        return queue.delivered.flatMap { super_ in
            naiveCut(
                super_.withUnsafeBytes { VirtioNetHeader($0.baseAddress!) }, Array(super_[VirtioNetHeader.size...])
            )
            .map(withoutIdentification)
        }
    }

    /// The local stack sends a packet.
    func write(_ packet: [UInt8], _ header: VirtioNetHeader = VirtioNetHeader()) {
        var bytes = [UInt8](repeating: 0, count: VirtioNetHeader.size)
        bytes.withUnsafeMutableBytes { header.store($0.baseAddress!) }
        queue.outgoing.append(bytes + packet)
    }

    /// Sends nothing but so many zeros, under the keys that it has.
    func sendKeepalive(to peer: TwinNode, padding: Int) {
        let keypair = device.tables.currentKeypair(of: device.peer(peer.device.publicKey!)!)!
        let counter = keypair.pointee.reserveCounters(1, now: time.nanoseconds)!
        var message = [UInt8](repeating: 0, count: Message.keepaliveSize + padding)
        message.withUnsafeMutableBytes { bytes in
            let start = bytes.baseAddress!
            Message.writeDataHeader(start, receiver: keypair.pointee.remoteIndex, counter: counter)
            let body = start + Message.dataHeaderSize
            engine.aead.seal(body, from: body, length: padding, key: keypair.pointee.sendingKey, counter: counter)
            var to = path(peer).pointee.endpoint.load()
            _ = port.send(&to, start, bytes.count, segment: 0, trafficClass: 0)
        }
    }

    func record(_ peer: TwinNode) -> UnsafeMutablePointer<PeerRecord> {
        device.tables.peer(device.peer(peer.device.publicKey!)!)
    }

    func path(_ peer: TwinNode) -> UnsafeMutablePointer<PeerPath> {
        engine.paths[device.peer(peer.device.publicKey!)!]
    }
}

/// The clock of all twins.
final class TwinTime {
    var nanoseconds: UInt64 = 1_000_000_000_000
    var now: Now {
        let wall = WallTime(
            seconds: Int64(nanoseconds / 1_000_000_000), nanoseconds: UInt32(nanoseconds % 1_000_000_000))
        return Now(monotonic: nanoseconds, wall: wall)
    }
}

/// Two interfaces and the wire between them: A is 10.0.0.1 inside and knows where B is, which is 10.0.0.9. Others may join.
final class TwinPair {
    let time = TwinTime()
    let a: TwinNode
    let b: TwinNode
    /// Further peers of B.
    var others: [TwinNode] = []
    /// Every datagram that went over the wire.
    var log: [TwinDatagram] = []
    /// What becomes of a datagram on the way; nil: lost.
    var wire: (TwinDatagram) -> TwinDatagram? = { $0 }

    init(_ addressA: String = "192.0.2.1", _ addressB: String = "192.0.2.2", without: Fallbacks = []) throws {
        a = TwinNode(addressA, seed: 1, time: time, without: without)
        b = TwinNode(addressB, seed: 2, time: time, without: without)
        try a.add(b, allowed: ["10.0.0.9/32", "fd00::9/128"], endpoint: true)
        try b.add(a, allowed: ["10.0.0.1/32", "fd00::1/128"], endpoint: false)
    }

    /// Until nobody has anything to do.
    func settle() {
        var isBusy = true
        while isBusy {
            isBusy = false
            for node in [a, b] + others { isBusy = node.turn() || isBusy }
            for from in [a, b] + others {
                for datagram in from.port.sent {
                    isBusy = true
                    log.append(datagram)
                    let to = from !== b ? b : others.first { $0.port.address == datagram.to.remote } ?? a
                    if let arrived = wire(datagram) { to.port.incoming.append(arrived) }
                }
                from.port.sent.removeAll()
            }
        }
    }

    /// Lets time pass in steps of a tenth of a second.
    func pass(seconds: Double) {
        for _ in 0..<Int(seconds * 10) {
            time.nanoseconds += 100_000_000
            settle()
        }
    }
}
