// Two devices that know each other, and one of them with a worker over twins in memory.

import CLinux
import Glibc
import NetTypes
import Synchronization
import UAPI

@testable import Datapath
@testable import WireGuardProtocol

/// A device whose keys and random bytes are the same every time.
final class Node {
    static let start: UInt64 = 1_000_000_000_000
    let device: Device
    let privateKey: PrivateKey
    let publicKey: PublicKey
    let address: SocketAddress
    var effects = Effects()
    var time = Node.start

    init(seed: UInt64) {
        var random = SplitMix(state: seed)
        privateKey = PrivateKey { random.fill($0) }
        publicKey = privateKey.publicKey
        address = SocketAddress(.v4(IPv4Address(rawValue: 0xc000_0200 + UInt32(seed))), port: 51820)
        device = Device(capacity: 8) { random.fill($0) }
        let key = privateKey
        perform { $0.setPrivateKey(key, now: now, into: &effects) }
        perform { $0.up(now: now, into: &effects) }
    }

    var now: Now {
        Now(
            monotonic: time,
            wall: WallTime(
                seconds: Int64(1_700_000_000 + time / Limits.second), nanoseconds: UInt32(time % Limits.second)))
    }

    func perform(_ body: (Device) -> Void) {
        effects.removeAll()
        body(device)
        if let ticket = device.retire() { device.reclaim(ticket) }
    }

    /// Makes a peer of another node, or of a key. Everything in `networks` is its own.
    @discardableResult
    func add(_ key: PublicKey, at endpoint: SocketAddress?, networks: [String] = [], psk: PresharedKey? = nil)
        -> PeerIndex
    {
        var configuration = PeerSection(key)
        configuration.endpoint = endpoint
        configuration.presharedKey = psk
        configuration.allowedIPs = networks.map { .init(IPPrefix($0)!) }
        var peer: PeerIndex?
        perform { peer = try? $0.configure(configuration, now: now, into: &effects) }
        return peer!
    }

    func receive(_ message: [UInt8], from source: SocketAddress, underLoad: Bool = false) {
        let copy = ExactCopy(message)
        let bytes = UnsafeRawBufferPointer(copy.memory)
        perform { $0.receive(bytes, from: source, underLoad: underLoad, now: now, into: &effects) }
    }

    /// Starts a handshake, unless it is too early for one.
    func begin(_ peer: PeerIndex) {
        _ = device.tables.peer(peer).pointee.raise(.session)
        perform { $0.serve(peer, now: now, into: &effects) }
    }

    /// The handshake message that the last call wants to have sent.
    var sent: [UInt8]? {
        for case .send(_, let message) in effects.list { return Array(effects.bytes[message]) }
        return nil
    }

    /// The cookie reply that the last call wants to have sent.
    var reply: [UInt8]? {
        for case .reply(let message) in effects.list { return Array(effects.bytes[message]) }
        return nil
    }
}

/// What went through the twins.
final class Taps {
    var written: [[UInt8]] = []
    var sent: [(bytes: [UInt8], segment: Int)] = []
    var incoming: [udp_received] = []
    /// What the next sends return; then 0.
    var errors: [Int32] = []
}

/// A TUN queue that is never read from.
struct TwinQueue: PacketQueue {
    let taps: Taps
    var descriptor: Int32 { -1 }

    func read(_ buffer: UnsafeMutableRawPointer, _ capacity: Int) -> Int { 0 }

    func write(_ bytes: UnsafeRawPointer, _ count: Int) -> Int {
        taps.written.append(Array(UnsafeRawBufferPointer(start: bytes, count: count)))
        return 0
    }
}

/// Sockets that deliver what `Taps.incoming` holds.
struct TwinPort: DatagramPort {
    let taps: Taps

    func receive(isV6: Bool, _ received: UnsafeMutablePointer<udp_received>, limit: Int32) -> Int {
        let batch = taps.incoming.prefix(Int(UDP_BATCH))
        for (i, message) in batch.enumerated() { received[i] = message }
        taps.incoming.removeFirst(batch.count)
        return batch.count
    }

    func send(
        _ to: UnsafePointer<udp_endpoint>, _ bytes: UnsafeRawPointer, _ count: Int, segment: Int, trafficClass: UInt8
    ) -> Int32 {
        let error = taps.errors.popLast() ?? 0
        if error == 0 { taps.sent.append((Array(UnsafeRawBufferPointer(start: bytes, count: count)), segment)) }
        return error
    }
}

/// A worker with one session. Lives as long as the process.
final class Session {
    let taps = Taps()
    let node = Node(seed: 1)
    let paths: PeerPaths
    let peer: PeerIndex
    let keypair: UnsafeMutablePointer<Keypair>
    let aead = AEAD()
    var worker: Worker<TwinQueue, TwinPort>
    private let control = UnsafeMutablePointer<ControlQueue>.allocate(capacity: 1)
    private let link = UnsafeMutablePointer<WorkerLink>.allocate(capacity: 1)

    /// The peer owns 10.0.0.0/8 and fd00::/8; another one without a session 172.16.0.0/12; a third without an endpoint 192.168.0.0/16.
    init() {
        let other = Node(seed: 2)
        peer = node.add(other.publicKey, at: other.address, networks: ["10.0.0.0/8", "fd00::/8"])
        let silent = node.add(Node(seed: 3).publicKey, at: other.address, networks: ["172.16.0.0/12"])
        node.add(Node(seed: 4).publicKey, at: nil, networks: ["192.168.0.0/16"])
        other.add(node.publicKey, at: node.address)
        node.begin(peer)
        other.receive(node.sent!, from: node.address)
        node.receive(other.sent!, from: other.address)
        keypair = node.device.tables.currentKeypair(of: peer)!

        control.initialize(to: ControlQueue())
        link.initialize(to: WorkerLink())
        paths = PeerPaths(capacity: node.device.tables.capacity)
        for known in [peer, silent] { paths[known].pointee.endpoint.store(udp_endpoint(other.address)) }
        worker = Worker(
            queue: TwinQueue(taps: taps), port: TwinPort(taps: taps), tables: node.device.tables, paths: paths,
            control: control, link: link, fallbacks: [], sharesPeers: true)
        worker.now = Node.start
    }

    /// Empties everything that would grow from one input to the next.
    func reset() {
        taps.written.removeAll()
        taps.sent.removeAll()
        taps.incoming.removeAll()
        taps.errors.removeAll()
        for known in node.device.peers { _ = worker.staged.drop(known) }
        while control.pointee.requests.pop({ _ in }) {}
        while control.pointee.handshakes.pop(turn: 0, { _, _, _ in }) {}
        for known in node.device.peers { _ = node.device.tables.peer(known).pointee.takeRequests() }
    }
}

/// Cuts a super-packet for TUN into its packets; what is behind the virtio header, if it is one packet.
func cut(_ written: [UInt8]) -> [[UInt8]] {
    let header = written.withUnsafeBytes { VirtioNetHeader($0.baseAddress!) }
    let packet = ExactCopy(written.dropFirst(VirtioNetHeader.size), behind: 16)
    let template = ExactCopy([UInt8](), behind: SuperPacketSegments.maximumHeader)
    guard
        var segments = SuperPacketSegments(
            packet.start, written.count - VirtioNetHeader.size, header, template: template.start)
    else { finding("a super-packet for TUN that cannot be cut") }
    var result: [[UInt8]] = []
    while let (start, count) = segments.next() {
        result.append(Array(UnsafeRawBufferPointer(start: start, count: count)))
    }
    return result
}
