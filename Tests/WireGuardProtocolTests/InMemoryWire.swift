import NetTypes
import Repeats
import Synchronization
import Testing
import UAPI

@testable import WireGuardProtocol

/// A datagram on the wire.
struct Datagram: Equatable {
    var source: SocketAddress
    var destination: SocketAddress
    var bytes: [UInt8]
    /// Monotonic nanoseconds.
    var time: UInt64

    var kind: Message.Kind? { Message.kind(bytes, count: bytes.count) }
    var isKeepalive: Bool { kind == .data && bytes.count == Message.keepaliveSize }
}

/// A device with the smallest datapath that there can be: what workers do, in the order in which they do it.
final class Node {
    let device: Device
    let name: String
    var privateKey: PrivateKey
    var address: SocketAddress
    var underLoad = false
    var endpoints: [PeerIndex: SocketAddress] = [:]
    var staged: [PeerIndex: [[UInt8]]] = [:]
    var delivered: [[UInt8]] = []
    var log: [(time: UInt64, event: LogEvent)] = []
    var effects = Effects()
    unowned let wire: Wire
    let aead = AEAD(.fastest)
    var random: RandomStream

    init(_ name: String, _ address: String, on wire: Wire, seed: UInt64) {
        self.name = name
        self.wire = wire
        self.address = socketAddress(address)
        var random = SeededRandom(state: seed)
        privateKey = PrivateKey { for i in 0..<32 { $0[i] = UInt8.random(in: 0...255, using: &random) } }
        device = Device(capacity: 64) { for i in $0.indices { $0[i] = UInt8.random(in: 0...255, using: &random) } }
        self.random = device.makeRandomStream()
        perform { $0.setPrivateKey(privateKey, now: wire.now, into: &$1) }
        perform { $0.up(now: wire.now, into: &$1) }
        wire.nodes.append(self)
    }

    /// Calls the device and does what it wants.
    func perform(from source: Datagram? = nil, _ body: (Device, inout Effects) throws -> Void) rethrows {
        effects.removeAll()
        try body(device, &effects)
        for effect in effects.list {
            switch effect {
            case .send(let peer, let range), .sendDisguised(let peer, let range):
                let bytes = Array(effects.bytes[range])
                if let endpoint = endpoints[peer] { transmit(bytes, to: endpoint, of: peer) }
            case .reply(let range), .replyDisguised(let range):
                wire.send(Array(effects.bytes[range]), from: address, to: source!.source)
            case .endpointIsSource(let peer): endpoints[peer] = source!.source
            case .setEndpoint(let peer, let endpoint): endpoints[peer] = endpoint
            case .sendKeepalive(let peer):
                if staged[peer, default: []].isEmpty { staged[peer, default: []].append([]) }
                wire.later { self.flush(peer) }
            case .sendStaged(let peer): wire.later { self.flush(peer) }
            case .dropStaged(let peer): staged[peer] = nil
            case .peerRemoved(let peer):
                staged[peer] = nil
                endpoints[peer] = nil
            case .log(let event): log.append((wire.time, event))
            case .peerAdded, .clearEndpointSource: break
            }
        }
        if let ticket = device.retire() { device.reclaim(ticket) }
    }

    func serve(_ peer: PeerIndex) { wire.later { self.perform { $0.serve(peer, now: self.wire.now, into: &$1) } } }

    func send(_ payload: [UInt8], to peer: PeerIndex) {
        staged[peer, default: []].append(payload)
        if staged[peer]!.count > Limits.stagedPackets { staged[peer]!.removeFirst() }
        flush(peer)
        wire.settle()
    }

    private func flush(_ peer: PeerIndex) {
        guard let payloads = staged[peer], !payloads.isEmpty else { return }
        let record = device.tables.peer(peer)
        let now = wire.time
        guard let keypair = device.tables.currentKeypair(of: peer),
            let first = keypair.pointee.reserveCounters(UInt64(payloads.count), now: now)
        else {
            if record.pointee.handshakeAllowed(now: now) && record.pointee.raise(.session) { serve(peer) }
            return
        }
        staged[peer] = []
        for (i, payload) in payloads.enumerated() {
            let message = seal(payload, keypair, first + UInt64(i))
            if let endpoint = endpoints[peer] { transmit(message, to: endpoint, of: peer) }
        }
        if record.pointee.noteSent(data: payloads.contains { !$0.isEmpty }, now: now) { serve(peer) }
        if keypair.pointee.wantsRekeyAfterSending(now: now) && record.pointee.handshakeAllowed(now: now)
            && record.pointee.raise(.session)
        {
            serve(peer)
        }
    }

    private func transmit(_ bytes: [UInt8], to endpoint: SocketAddress, of peer: PeerIndex) {
        device.tables.peer(peer).pointee.sentBytes.add(UInt64(bytes.count), ordering: .relaxed)
        wire.send(bytes, from: address, to: endpoint)
    }

    func receive(_ datagram: Datagram) {
        guard let (slot, header) = sortData(datagram.bytes) else {
            return perform(from: datagram) { device, effects in
                datagram.bytes.withUnsafeBytes {
                    device.receive(
                        $0, from: datagram.source, underLoad: underLoad, now: wire.now, into: &effects)
                }
            }
        }
        let tables = device.tables
        let now = wire.time
        let keypair = tables.keypair(slot)
        let length = datagram.bytes.count - header.body - Message.tagSize
        var plain = [UInt8](repeating: 0, count: length + 1)
        let counter = header.counter
        let opened = datagram.bytes.withUnsafeBytes {
            aead.open(
                &plain, from: $0.baseAddress! + header.body, length: length, key: keypair.pointee.receivingKey,
                counter: counter)
        }
        guard opened else { return }
        keypair.pointee.lockReplay()
        defer { keypair.pointee.unlockReplay() }
        guard keypair.pointee.replayWindow.accept(counter) else { return }
        let peer = keypair.pointee.peer
        let record = tables.peer(peer)
        endpoints[peer] = datagram.source
        record.pointee.receivedBytes.add(UInt64(datagram.bytes.count), ordering: .relaxed)
        if record.pointee.confirm(slot) && record.pointee.raise(.keypairConfirmed) { serve(peer) }
        if slot == record.pointee.currentKeypair()
            && keypair.pointee.wantsRekeyAfterReceiving(now: now) && record.pointee.handshakeAllowed(now: now)
            && record.pointee.takeLastMinute() && record.pointee.raise(.session)
        {
            serve(peer)
        }
        // Zeros alone are a keepalive with padding.
        let isData = length > 0 && plain[0] != 0
        if record.pointee.noteReceived(data: isData, now: now) { serve(peer) }
        if isData { delivered.append(Array(plain[..<length])) }
    }

    /// Times of the events that `matches` picks, in seconds since the wire was made.
    func times(_ matches: (LogEvent) -> Bool) -> [Double] {
        log.filter { matches($0.event) }.map { Double($0.time - Wire.start) / 1e9 }
    }

    /// How often something happened, to anybody if no peer is named.
    func count(_ kind: TunnelEvent.Kind, _ peer: PeerIndex? = nil, attempts: Int? = nil) -> Int {
        log.count {
            $0.event.kind == kind && (peer == nil || $0.event.peer == peer)
                && (attempts == nil || $0.event.attempts == attempts)
        }
    }
}

/// The network between nodes, and the clock of all of them. Nothing takes time but `advance`.
final class Wire {
    static let start: UInt64 = 1_000_000_000_000
    var nodes: [Node] = []
    var time = Wire.start
    /// Seconds by which somebody set the other clock.
    var wallShift: Int64 = 0
    /// Everything that was sent, lost or not.
    var sent: [Datagram] = []
    /// Whether a datagram arrives.
    var passes: (Datagram) -> Bool = { _ in true }
    /// While true, datagrams wait in `held`.
    var holds = false
    var held: [Datagram] = []
    private var work: [() -> Void] = []
    private var isSettling = false
    private var travelling: [Datagram] = []

    var now: Now {
        Now(
            monotonic: time,
            wall: WallTime(
                seconds: Int64(1_700_000_000 + time / 1_000_000_000) + wallShift,
                nanoseconds: UInt32(time % 1_000_000_000)))
    }

    func later(_ body: @escaping () -> Void) { work.append(body) }

    func send(_ bytes: [UInt8], from source: SocketAddress, to destination: SocketAddress) {
        let datagram = Datagram(source: source, destination: destination, bytes: bytes, time: time)
        sent.append(datagram)
        if holds { held.append(datagram) } else if passes(datagram) { travelling.append(datagram) }
    }

    func deliver(_ datagrams: [Datagram]) {
        travelling += datagrams
        settle()
    }

    /// Lets everything happen that happens now.
    func settle() {
        guard !isSettling else { return }
        isSettling = true
        while !work.isEmpty || !travelling.isEmpty {
            if !work.isEmpty {
                work.removeFirst()()
            } else {
                let datagram = travelling.removeFirst()
                nodes.first { $0.address == datagram.destination }?.receive(datagram)
            }
        }
        isSettling = false
    }

    /// Lets time pass, stopping wherever a timer is due.
    func advance(_ seconds: Double) {
        let end = time + UInt64(seconds * 1e9)
        settle()
        while let due = nodes.compactMap(\.device.nextDeadline).min(), due <= end {
            time = max(time, due)
            for node in nodes { node.perform { $0.tick(now: now, into: &$1) } }
            settle()
        }
        time = end
    }

    /// Seconds since the wire was made at which `node` sent what `matches` picks.
    func times(from node: Node, _ matches: (Datagram) -> Bool) -> [Double] {
        sent.filter { $0.source == node.address && matches($0) }.map { Double($0.time - Wire.start) / 1e9 }
    }
}

/// `10.0.0.1:51820`
func socketAddress(_ text: String) -> SocketAddress {
    guard let endpoint = Endpoint(text), case .address(let address) = endpoint.host else { fatalError(text) }
    return SocketAddress(address, port: endpoint.port)
}

/// Two nodes that know each other.
struct Pair {
    let wire = Wire()
    let a: Node
    let b: Node
    /// b as a knows it, and a as b does.
    let toB: PeerIndex
    let toA: PeerIndex

    init(presharedKeys: (PresharedKey?, PresharedKey?) = (nil, nil), seed: UInt64 = 1) throws {
        a = Node("a", "192.0.2.1:51820", on: wire, seed: seed)
        b = Node("b", "[2001:db8::2]:51821", on: wire, seed: seed + 1000)
        toB = try a.add(b, presharedKeys.0)
        toA = try b.add(a, presharedKeys.1)
    }
}

extension Node {
    /// Makes `other` a peer whose endpoint is known.
    @discardableResult func add(
        _ other: Node, _ presharedKey: PresharedKey? = nil, persistentKeepalive: UInt16? = nil
    ) throws -> PeerIndex {
        var configuration = PeerSection(other.privateKey.publicKey)
        configuration.endpoint = other.address
        if let presharedKey { configuration.presharedKey = presharedKey }
        configuration.persistentKeepalive = persistentKeepalive.map { AWGRange($0) }
        try perform { _ = try $0.configure(configuration, now: wire.now, into: &$1) }
        wire.settle()
        return try #require(device.peer(configuration.publicKey))
    }

    /// Whether it has a keypair that it may send with.
    func hasSession(with peer: PeerIndex) -> Bool { device.tables.currentKeypair(of: peer) != nil }
}
