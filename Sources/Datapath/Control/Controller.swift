// The control thread: owns the protocol's state machine, does what it wants done, and serves everybody who asks.

import CLinux
import Glibc
import NetTypes
import Synchronization
import WireGuardProtocol

/// Everything of one interface but the moving of packets. One thread.
final class Controller {
    let engine: ControlEngine
    private(set) var interface: String
    let interfaceIndex: Int32
    let tunDescriptor: Int32
    let fallbacks: Fallbacks

    var sockets: [SocketPair] = []
    var port: UInt16 = 0
    var mark: UInt32 = 0
    var hasMoved = false
    /// Why the interface, which is up, has no sockets: an errno, EADDRINUSE mostly. Tried again each second.
    var portRefusal: Int32 = 0
    /// The interface could not be asked, for want of descriptors or memory. Asked again each second.
    private var isLinkUnknown = false
    var ended = false
    /// A client had so many peers to tell of that there is something to give back when it is gone.
    var hadLargeRequest = false
    /// What was in hand for thousands of peers is done with, or will be when no worker can see it any more.
    private var hasHeapToGiveBack = false

    let poller: Int32
    let timer: Int32
    let signals: Int32
    let news: LinkNews
    let routes: SourceRoutes
    let listeners: [UAPIListener]
    let eventListener: UAPIListener
    var connections: [Int32: UAPIConnection] = [:]
    private var armedDeadline: UInt64 = 0

    /// What an event is about; a connection's tag is its descriptor past `connection`.
    enum Tag {
        static let bell: UInt64 = 0
        static let timer: UInt64 = 1
        static let signals: UInt64 = 2
        static let netlink: UInt64 = 3
        static let listener: UInt64 = 4
        static let eventListener: UInt64 = 5
        static let removal: UInt64 = 6
        static let routes: UInt64 = 7
        static let connection: UInt64 = 1 << 32
        static let eventReader: UInt64 = 1 << 33
    }

    init(
        engine: ControlEngine, tun: TunDevice, listeners: [UAPIListener], eventListener: UAPIListener, signals: Int32
    ) throws(DatapathError) {
        self.engine = engine
        interface = tun.name
        interfaceIndex = try check(interface_index(tun.name), .findInterface(tun.name))
        tunDescriptor = tun.queues[0].descriptor
        fallbacks = tun.fallbacks
        self.listeners = listeners
        self.eventListener = eventListener
        self.signals = signals
        poller = try check(poller_open(), .makePoller)
        timer = try check(poller_timer(), .makeTimer)
        news = try LinkNews(of: interfaceIndex)
        routes = try SourceRoutes()
        var watched: [(Int32, UInt64)] = [
            (engine.control.pointee.bell.descriptor, Tag.bell), (timer, Tag.timer), (signals, Tag.signals),
            (news.descriptor, Tag.netlink), (eventListener.descriptor, Tag.eventListener),
        ]
        watched += listeners.map { ($0.descriptor, Tag.listener) }
        for (descriptor, tag) in watched {
            try check(poller_watch(poller, descriptor, tag, UInt32(POLLER_READABLE)), .watch)
        }
        // Who removes the socket wants the interface gone: so do all of WireGuard's other implementations read it.
        for listener in listeners {
            try check(poller_watch(poller, listener.removal, Tag.removal, 0), .watch)
        }
        listenForRoutes()
        engine.sendDatagram = { [unowned self] to, message, trafficClass in
            guard let pair = sockets.first, let bytes = message.baseAddress else { return -ENETDOWN }
            let descriptor = Int32(to.pointee.family) == AF_INET6 ? pair.v6 : pair.v4
            guard descriptor >= 0 else { return -ENETUNREACH }
            return udp_send(descriptor, to, bytes, message.count, 0, UInt32(trafficClass))
        }
        engine.processorTime = {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
        }
        engine.sendReplies = { [unowned self] replies in
            guard let pair = sockets.first else { return }
            let descriptor = Int32(replies.endpoints.pointee.family) == AF_INET6 ? pair.v6 : pair.v4
            guard descriptor >= 0 else { return }
            udp_send_replies(
                descriptor, replies.endpoints, replies.bytes, replies.sizes, UInt32(replies.count),
                UInt32(replies.trafficClass))
        }
    }

    /// Runs until a signal, or until the interface is gone.
    func run() {
        followLink()
        while !ended {
            engine.turn()
            giveBackHeap()
            armTimer()
            wait()
        }
    }

    private func giveBackHeap() {
        guard hasHeapToGiveBack, !engine.isWaiting else { return }
        hasHeapToGiveBack = false
        engine.effects.removeAll()
        heap_give_back()
    }

    private func armTimer() {
        let deadline = engine.device.nextDeadline ?? 0
        guard deadline != armedDeadline else { return }
        armedDeadline = deadline
        poller_set_timer(timer, deadline)
    }

    private func wait() {
        engine.events.flush { poller_watch(poller, $0, Tag.eventReader | UInt64($0), $1) }
        var events = [poller_event](repeating: poller_event(), count: 64)
        engine.control.pointee.bell.prepareToSleep()
        let milliseconds =
            engine.hasWork
            ? 0 : engine.isWaiting ? 1 : routes.wait(at: engine.clock().monotonic) ?? (looksAgain ? 1000 : -1)
        let count = poller_wait(poller, &events, 64, milliseconds)
        engine.control.pointee.bell.awake()
        for event in events.prefix(Int(max(0, count))) { handle(event) }
        if looksAgain { followLink() }
        followRoutes()
        if engine.links.contains(where: { $0.pointee.interfaceGone.load(ordering: .relaxed) }) { ended = true }
    }

    private var looksAgain: Bool { portRefusal != 0 || isLinkUnknown }

    private func handle(_ event: poller_event) {
        switch event.tag {
        case Tag.bell: break
        case Tag.timer:
            var count: UInt64 = 0
            _ = read(timer, &count, 8)
            armedDeadline = 0
        case Tag.signals, Tag.removal: ended = true
        case Tag.netlink: followNews()
        case Tag.routes:
            poller_forget(poller, routes.descriptor)
            routes.note(at: engine.clock().monotonic)
        case Tag.listener: accept()
        case Tag.eventListener: acceptReaders()
        case let tag where tag & Tag.eventReader != 0: engine.events.serve(Int32(truncatingIfNeeded: tag))
        default: serve(Int32(truncatingIfNeeded: event.tag), isGone: event.ready & UInt32(POLLER_FAILED) != 0)
        }
    }

    // MARK: The interface

    private func followNews() {
        let seen = news.read()
        if let name = seen.name { followName(name) }
        if seen.isDeleted {
            // An interface that moved to another network namespace is deleted here as well, but its queues live on.
            // Nobody tells about it any more, so it counts as up.
            var byte: UInt8 = 0
            let isGone = read(tunDescriptor, &byte, 0) < 0 && errno == EBADFD
            if isGone { ended = true } else { hasMoved = true }
        }
        if seen.isChanged { followLink() }
    }

    /// Whoever renames the interface renames the sockets as well.
    private func followName(_ name: String) {
        guard name != interface else { return }
        interface = name
        for listener in listeners { listener.follow(interface: name) }
        eventListener.follow(interface: name)
    }

    /// Takes over the interface's MTU and its queue's length, and whether it is up. Where the port is taken it stays down until that
    /// is free again, or until there is another.
    func followLink() {
        let mtu = hasMoved ? -ENODEV : tun_get_mtu(interface)
        if mtu > 0 { for link in engine.links { link.pointee.mtu.store(Int(mtu), ordering: .relaxed) } }
        let length = hasMoved ? -ENODEV : tun_get_queue_length(interface)
        if length > 0 { for link in engine.links { link.pointee.queueLength.store(Int(length), ordering: .relaxed) } }
        let answer = hasMoved ? 1 : tun_is_up(interface)
        // It has another name by now, and news of that are on their way, or it is gone.
        isLinkUnknown = answer < 0 && answer != -ENODEV
        if isLinkUnknown { return }
        let wanted = answer == 1
        if !wanted { portRefusal = 0 }
        guard wanted != engine.isUp else { return }
        if wanted {
            portRefusal = reopenSockets(port: port)
            if portRefusal != 0 { return }
            engine.isUp = true
            engine.perform { $0.up(now: engine.clock(), into: &engine.effects) }
        } else {
            engine.isUp = false
            engine.perform { $0.down(into: &engine.effects) }
            publish(sockets: engine.links.map { _ in SocketPair() })
        }
        // What all peers wanted done was a long list.
        hasHeapToGiveBack = true
    }

    /// Opens sockets on `port` for all workers and lets go of the old ones. 0 or an errno; then nothing changed.
    func reopenSockets(port wanted: UInt16) -> Int32 {
        do throws(DatapathError) {
            let opened = try SocketOpener.open(count: engine.links.count, port: wanted, mark: mark, without: fallbacks)
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
        for (link, pair) in zip(engine.links, new) {
            link.pointee.port.store(UInt32(port), ordering: .relaxed)
            link.pointee.sockets.store(pair.packed, ordering: .releasing)
        }
        engine.retire(ticket: nil, sockets: old)
        for link in engine.links { link.pointee.bell.ring() }
    }

    // MARK: Clients

    private func accept() {
        for listener in listeners {
            while case let descriptor = poller_accept(listener.descriptor), descriptor >= 0 {
                connections[descriptor] = UAPIConnection(descriptor: descriptor)
                serve(descriptor)
            }
        }
    }

    private func acceptReaders() {
        while case let descriptor = poller_accept(eventListener.descriptor), descriptor >= 0 {
            engine.events.connect(descriptor)
        }
    }

    /// Goes on with a connection. `isGone`: there is nobody at its other end.
    func serve(_ descriptor: Int32, isGone: Bool = false) {
        guard let connection = connections[descriptor] else { return }
        if let what = connection.serve(isGone: isGone, { answer($0, on: connection) }) {
            poller_watch(poller, descriptor, Tag.connection | UInt64(descriptor), what)
        } else {
            connections[descriptor] = nil
            if hadLargeRequest { hasHeapToGiveBack = true }
            hadLargeRequest = false
        }
    }
}
