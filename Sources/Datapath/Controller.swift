// The control thread: owns the protocol's state machine, does what it wants done, and serves everybody who asks.

import CLinux
import Glibc
import NetTypes
import Synchronization
import WireGuardProtocol

/// Everything of one interface but the moving of packets. One thread.
final class Controller {
    let device: Device
    let interface: String
    let interfaceIndex: UInt32
    let control: UnsafeMutablePointer<ControlQueue>
    let links: [UnsafeMutablePointer<WorkerLink>]
    let paths: PeerPaths
    let tunDescriptor: Int32
    let fallbacks: Fallbacks
    var effects = Effects()
    /// Keepalives are sealed here: they are due when no worker has anything to do with the peer.
    let aead = AEAD()

    var sockets: [SocketPair] = []
    var port: UInt16 = 0
    var mark: UInt32 = 0
    var isUp = false
    var hasMoved = false
    /// Where the message came from that the device is looking at.
    var source = udp_endpoint()
    var underLoadUntil: UInt64 = 0
    var pendingCommands: [(worker: Int, command: WorkerCommand)] = []
    /// What waits for all workers to pass an epoch.
    var retired: [(epoch: UInt64, ticket: UInt64?, sockets: [SocketPair])] = []
    var ended = false

    let poller: Int32
    let timer: Int32
    let signals: Int32
    let netlink: Int32
    let listener: UAPIListener
    var connections: [Int32: UAPIConnection] = [:]
    private var armedDeadline: UInt64 = 0

    /// What an event is about; a connection's tag is its descriptor past `connection`.
    private enum Tag {
        static let bell: UInt64 = 0
        static let timer: UInt64 = 1
        static let signals: UInt64 = 2
        static let netlink: UInt64 = 3
        static let listener: UInt64 = 4
        static let connection: UInt64 = 1 << 32
    }

    init(
        device: Device, tun: TunDevice, control: UnsafeMutablePointer<ControlQueue>,
        links: [UnsafeMutablePointer<WorkerLink>], paths: PeerPaths, listener: UAPIListener, signals: Int32
    ) throws(DatapathError) {
        self.device = device
        interface = tun.name
        interfaceIndex = if_nametoindex(tun.name)
        tunDescriptor = tun.queues[0].descriptor
        fallbacks = tun.fallbacks
        self.control = control
        self.links = links
        self.paths = paths
        self.listener = listener
        self.signals = signals
        poller = try check(poller_open(), "making an epoll descriptor")
        timer = try check(poller_timer(), "making a timer")
        netlink = try check(link_watch_open(), "listening to rtnetlink")
        let watched: [(Int32, UInt64)] = [
            (control.pointee.bell.descriptor, Tag.bell), (timer, Tag.timer), (signals, Tag.signals),
            (netlink, Tag.netlink), (listener.descriptor, Tag.listener),
        ]
        for (descriptor, tag) in watched {
            try check(poller_watch(poller, descriptor, tag, UInt32(POLLER_READABLE)), "watching a descriptor")
        }
    }

    /// This moment, by both clocks.
    var now: Now {
        var wall = timespec()
        clock_gettime(CLOCK_REALTIME, &wall)
        return Now(
            monotonic: max(1, bootNanoseconds()),
            wall: WallTime(seconds: Int64(wall.tv_sec), nanoseconds: UInt32(wall.tv_nsec)))
    }

    /// Runs until a signal, or until the interface is gone.
    func run() {
        followLink()
        while !ended {
            serveWorkers()
            if let deadline = device.nextDeadline, deadline <= bootNanoseconds() {
                perform { $0.tick(now: now, into: &effects) }
            }
            deliverCommands()
            reclaim()
            armTimer()
            wait()
        }
    }

    /// Calls the device and does what it wants done.
    func perform(_ call: (Device) -> Void) {
        effects.removeAll()
        call(device)
        carryOut()
    }

    private func serveWorkers() {
        var peer = PeerIndex.none
        while control.pointee.requests.pop({ peer = PeerIndex(rawValue: $0.load(as: UInt32.self)) }) {
            let index = peer
            perform { $0.serve(index, now: now, into: &effects) }
        }
        // A flood of handshakes must not keep timers and clients waiting.
        for _ in 0..<256 {
            let waiting = control.pointee.handshakes.count
            let moment = now
            if waiting >= Limits.underLoadThreshold { underLoadUntil = moment.monotonic + Limits.underLoadLatency }
            let underLoad = moment.monotonic < underLoadUntil
            let more = control.pointee.popHandshake { bytes, from in
                guard isUp, let address = from.remote else { return }
                source = from
                perform { $0.receive(bytes, from: address, underLoad: underLoad, now: moment, into: &effects) }
            }
            if !more { break }
        }
    }

    private func armTimer() {
        let deadline = device.nextDeadline ?? 0
        guard deadline != armedDeadline else { return }
        armedDeadline = deadline
        poller_set_timer(timer, deadline)
    }

    private func wait() {
        var events = [poller_event](repeating: poller_event(), count: 64)
        control.pointee.bell.prepareToSleep()
        let hasWork = !control.pointee.requests.isEmpty || !control.pointee.handshakes.isEmpty
        let milliseconds: Int32 = hasWork ? 0 : retired.isEmpty && pendingCommands.isEmpty ? -1 : 1
        let count = poller_wait(poller, &events, 64, milliseconds)
        control.pointee.bell.awake()
        for event in events.prefix(Int(max(0, count))) { handle(event) }
        if links.contains(where: { $0.pointee.interfaceGone.load(ordering: .relaxed) }) { ended = true }
    }

    private func handle(_ event: poller_event) {
        switch event.tag {
        case Tag.bell: break
        case Tag.timer:
            var count: UInt64 = 0
            _ = read(timer, &count, 8)
            armedDeadline = 0
        case Tag.signals: ended = true
        case Tag.netlink: followNews()
        case Tag.listener: accept()
        default: serve(Int32(truncatingIfNeeded: event.tag))
        }
    }

    // MARK: The interface

    private func followNews() {
        let news = link_watch_read(netlink, Int32(interfaceIndex))
        if news & Int32(LINK_DELETED) != 0 {
            // An interface that moved to another network namespace is deleted here as well, but its queues live on.
            // Nobody tells about it any more, so it counts as up.
            var byte: UInt8 = 0
            let isGone = read(tunDescriptor, &byte, 0) < 0 && errno == EBADFD
            if isGone { ended = true } else { hasMoved = true }
        }
        if news != 0 { followLink() }
    }

    private func followLink() {
        let mtu = hasMoved ? -ENODEV : tun_get_mtu(interface)
        if mtu > 0 { for link in links { link.pointee.mtu.store(Int(mtu), ordering: .relaxed) } }
        let wanted = hasMoved || tun_is_up(interface) == 1
        guard wanted != isUp else { return }
        if wanted {
            if reopenSockets(port: port) != 0 { return }
            isUp = true
            perform { $0.up(now: now, into: &effects) }
        } else {
            isUp = false
            perform { $0.down(into: &effects) }
            publish(sockets: links.map { _ in SocketPair() })
        }
    }

    /// Opens sockets on `port` for all workers and lets go of the old ones. 0 or an errno; then nothing changed.
    func reopenSockets(port wanted: UInt16) -> Int32 {
        do throws(DatapathError) {
            let opened = try SocketOpener.open(count: links.count, port: wanted, mark: mark, without: fallbacks)
            port = opened.port
            publish(sockets: opened.pairs)
            return 0
        } catch {
            guard case .system(_, let code) = error else { return EIO }
            return code
        }
    }

    private func publish(sockets new: [SocketPair]) {
        let old = sockets
        sockets = new
        for (link, pair) in zip(links, new) {
            link.pointee.port.store(UInt32(port), ordering: .relaxed)
            link.pointee.sockets.store(pair.packed, ordering: .releasing)
        }
        retire(ticket: nil, sockets: old)
        for link in links { link.pointee.bell.ring() }
    }

    // MARK: Epochs

    func retire(ticket: UInt64?, sockets: [SocketPair] = []) {
        let epoch = control.pointee.epoch.add(1, ordering: .sequentiallyConsistent).newValue
        retired.append((epoch, ticket, sockets))
    }

    /// Frees what no worker can hold any more. Those that are awake pass an epoch each turn, the others hold nothing.
    private func reclaim() {
        if let ticket = device.retire() { retire(ticket: ticket) }
        guard !retired.isEmpty else { return }
        let passed = links.map { $0.pointee.epoch.load(ordering: .sequentiallyConsistent) }.min() ?? WorkerLink.parked
        while let first = retired.first, first.epoch <= passed {
            if let ticket = first.ticket { device.reclaim(ticket) }
            for pair in first.sockets { pair.closeAll() }
            retired.removeFirst()
        }
    }

    // MARK: Commands

    /// Queues a command for every worker; what finds no room waits here.
    func command(_ command: WorkerCommand) {
        for worker in links.indices { pendingCommands.append((worker, command)) }
    }

    private func deliverCommands() {
        guard !pendingCommands.isEmpty else { return }
        var left: [(worker: Int, command: WorkerCommand)] = []
        var full = Set<Int>()
        for entry in pendingCommands {
            let word = entry.command.packed
            let queue = links[entry.worker].pointee.commands
            // In order: behind one that had no room, none may go first.
            if full.contains(entry.worker) || !queue.push({ $0.storeBytes(of: word, as: UInt64.self) }) {
                full.insert(entry.worker)
                left.append(entry)
            }
        }
        pendingCommands = left
        for link in links { link.pointee.bell.ring() }
    }

    // MARK: Clients

    private func accept() {
        while true {
            let descriptor = poller_accept(listener.descriptor)
            if descriptor < 0 { return }
            connections[descriptor] = UAPIConnection(descriptor: descriptor)
            serve(descriptor)
        }
    }

    private func serve(_ descriptor: Int32) {
        guard let connection = connections[descriptor] else { return }
        if let what = connection.serve({ answer($0) }) {
            poller_watch(poller, descriptor, Tag.connection | UInt64(descriptor), what)
        } else {
            connections[descriptor] = nil
        }
    }
}
