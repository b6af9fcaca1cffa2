// The loop that moves packets: one thread, run to completion, no lock, no allocation, no reference counting.

import CLinux
import Glibc
import Synchronization
import WireGuardProtocol

/// One worker: its queue of the TUN device, its sockets, its buffers and its AEAD state.
///
/// It reads a batch from the network, opens it and writes it to TUN; reads a batch from TUN, seals it and sends it; and if
/// there was nothing it spins for a while, because a wake-up costs more than most round trips, and then sleeps.
struct Worker<Queue: PacketQueue, Port: DatagramPort>: ~Copyable {
    let queue: Queue
    var port: Port
    let tables: SharedTables
    let paths: PeerPaths
    let control: UnsafeMutablePointer<ControlQueue>
    let link: UnsafeMutablePointer<WorkerLink>
    let aead: AEAD
    /// Of prefixes and types.
    var random: RandomStream
    /// What the messages of each dialect look like, this turn.
    var forms: UnsafePointer<WireForms>
    /// What covers protected headers: for each dialect, 16 bytes a datagram of one received message, or of the outbox.
    let masks: UnsafeMutableRawPointer
    /// The message that a datagram may be.
    let proposed: UnsafeMutableRawPointer

    var joiner: SuperPacketJoiner
    var outbox: Outbox
    var staged: StagedPackets
    var route: RouteCache
    var icmp = RateLimiter(burst: 50, interval: 1_000_000)
    /// Of packets that are told of: as the kernel's own (`net_ratelimit`).
    var dropped = RateLimiter(burst: 10, interval: 500_000_000)
    /// Room before and behind the packet: a virtio header, and padding.
    let tunBuffer: UnsafeMutableRawPointer
    let template: UnsafeMutableRawPointer
    let received: UnsafeMutablePointer<udp_received>
    /// The time of this turn, nanoseconds since boot.
    var now: UInt64 = 0
    var mtu = 1420
    var ownPort: UInt16 = 0
    let locksReplay: Bool
    /// The turn before found nothing: what comes now is more likely one packet that somebody waits for than the first of
    /// many, so it goes on its way before there is a look for the next.
    var isCalm = false
    /// This turn wrote to TUN and read nothing from it: whoever got the packet may wait for this processor.
    var hasOnlyReceived = false
    /// Packets of before the barrier that is open which TUN may still hold; 0: none is open.
    var unread = 0

    /// Packets read from TUN before the network is looked at again.
    static var tunBatch: Int { 64 }
    /// A packet this long is a batch of its own.
    static var superPacket: Int { 16000 }
    /// Bytes of masks for one dialect: as many as the shortest messages of a received one.
    static var maskStride: Int { Int(UDP_BUFFER) / Message.keepaliveSize * WireForm.maskSize }
    static var tunCapacity: Int { 65536 + VirtioNetHeader.size }

    init(
        queue: Queue, port: Port, tables: SharedTables, paths: PeerPaths, control: UnsafeMutablePointer<ControlQueue>,
        link: UnsafeMutablePointer<WorkerLink>, fallbacks: Fallbacks, sharesPeers: Bool
    ) {
        self.queue = queue
        self.port = port
        self.tables = tables
        self.paths = paths
        self.control = control
        self.link = link
        aead = AEAD(fallbacks.contains(.noAVX512) ? .openSSL : .fastest)
        random = RandomStream { fillRandom($0) }
        forms = tables.forms
        masks = reserveZeroed((Dialect.most + 1) * Self.maskStride)
        proposed = .allocate(byteCount: Message.initiationSize, alignment: 16)
        joiner = SuperPacketJoiner(
            joinsTCP: !fallbacks.contains(.noTunOffload), joinsUDP: !fallbacks.contains(.noTunUDPOffload))
        outbox = Outbox(segments: !fallbacks.contains(.noSegmentation))
        staged = StagedPackets(capacity: tables.capacity)
        route = RouteCache()
        tunBuffer = reserveZeroed(Self.tunCapacity + 8192) + 4096 - VirtioNetHeader.size
        template = .allocate(byteCount: SuperPacketSegments.maximumHeader, alignment: 64)
        received = .allocate(capacity: Int(UDP_BATCH))
        received.initialize(repeating: udp_received(), count: Int(UDP_BATCH))
        locksReplay = sharesPeers
    }

    deinit {
        template.deallocate()
        proposed.deallocate()
        received.deallocate()
    }

    /// Says that nothing is held any more of what was read from the tables and the link before.
    @inline(__always)
    func announceEpoch() {
        link.pointee.epoch.store(control.pointee.epoch.load(ordering: .acquiring), ordering: .sequentiallyConsistent)
    }

    /// One turn: what the control thread asked, then the network, then TUN; TUN alone if somebody was given a packet just now
    /// and is likely to have answered. Whether there was anything to do.
    @inline(__always)
    mutating func turn(now moment: UInt64, lookingAtV6: Bool, _ v6Messages: inout Int) -> Bool {
        now = moment
        forms = tables.forms
        mtu = link.pointee.mtu.load(ordering: .relaxed)
        if unread == 0 && !link.pointee.commands.isEmpty { obeyCommands() }
        if hasOnlyReceived {
            hasOnlyReceived = false
            if readTun() > 0 { return true }
        }
        var messages = receive(isV6: false)
        if lookingAtV6 {
            v6Messages = receive(isV6: true)
            messages += v6Messages
        }
        let packets = readTun()
        hasOnlyReceived = messages > 0 && packets == 0
        return messages + packets > 0
    }

    /// What the control thread asked for; what comes behind a barrier has time until that is passed.
    mutating func obeyCommands() {
        var command = WorkerCommand.dropStaged(.none)
        while unread == 0, link.pointee.commands.pop({ command = WorkerCommand(packed: $0.load(as: UInt64.self)) }) {
            switch command {
            case .sendStaged(let peer): sendStaged(peer)
            case .dropStaged(let peer):
                let dropped = staged.drop(peer)
                paths[peer].pointee.staged.subtract(dropped, ordering: .relaxed)
            case .barrier: unread = max(1, link.pointee.queueLength.load(ordering: .relaxed))
            }
        }
        flushOutbox()
    }

    /// A barrier is open, and so many packets were read from TUN just now. It is passed when there were none, or when there were
    /// as many as TUN can hold. Nothing is in the joiner or in the outbox between two batches.
    @inline(never)
    mutating func approachBarrier(_ packets: Int) {
        unread = packets == 0 ? 0 : max(0, unread - packets)
        guard unread == 0 else { return }
        link.pointee.barriers.add(1, ordering: .sequentiallyConsistent)
        control.pointee.bell.ring()
    }

    /// Queues the peer for the control thread, after `raise`, `noteSent` or `noteReceived` said so.
    @inline(never)
    func notifyControl(_ peer: PeerIndex) {
        if !control.pointee.push(request: peer) { tables.peer(peer).pointee.requestLost() }
    }
}

extension Worker where Queue == TunQueue, Port == UDPSockets {
    /// Runs until the link says stop or the interface is gone.
    mutating func run() {
        let poller = poller_open()
        precondition(poller >= 0, "epoll_create1")
        defer { close(poller) }
        watch(poller, queue.descriptor)
        watch(poller, link.pointee.bell.descriptor)
        var pair = SocketPair().packed
        var idleSince: UInt64 = 0
        var turns: UInt32 = 0
        var v6Turns: UInt32 = 0
        while !link.pointee.stopping.load(ordering: .relaxed) {
            announceEpoch()
            let wanted = link.pointee.sockets.load(ordering: .acquiring)
            if wanted != pair { takeUp(wanted, &pair, poller) }
            // A family that was silent lately costs a system call a turn for nothing: look at it now and then.
            turns &+= 1
            let looksAtV6 = v6Turns > 0 || turns & 7 == 0
            var v6Messages = 0
            let busy = turn(now: bootNanoseconds(), lookingAtV6: looksAtV6, &v6Messages)
            if looksAtV6 { v6Turns = v6Messages > 0 ? 64 : v6Turns == 0 ? 0 : v6Turns - 1 }
            if busy {
                if isCalm && hasOnlyReceived { sched_yield() }
                isCalm = false
                continue
            }
            if !isCalm {
                isCalm = true
                idleSince = now
            }
            if now &- idleSince < Self.spinNanoseconds {
                // As dear as the turn itself: whoever was given something had his chance in the first.
                if turns & 3 == 0 || idleSince == now { sched_yield() }
                continue
            }
            if !sleep(poller, pair) { break }
            turns = 7
        }
        link.pointee.epoch.store(WorkerLink.parked, ordering: .sequentiallyConsistent)
    }

    private static var spinNanoseconds: UInt64 { 50_000 }

    private mutating func takeUp(_ wanted: UInt64, _ pair: inout UInt64, _ poller: Int32) {
        // Closed descriptors leave an epoll set by themselves, and the control thread closes the old ones.
        pair = wanted
        let new = SocketPair(packed: wanted)
        port = UDPSockets(v4: new.v4, v6: new.v6, batch: port.batch)
        ownPort = UInt16(truncatingIfNeeded: link.pointee.port.load(ordering: .relaxed))
        outbox.restart()
        if new.v4 >= 0 { watch(poller, new.v4) }
        if new.v6 >= 0 { watch(poller, new.v6) }
    }

    /// Sleeps until there is something to do. False: the interface is gone.
    private func sleep(_ poller: Int32, _ pair: UInt64) -> Bool {
        link.pointee.epoch.store(WorkerLink.parked, ordering: .sequentiallyConsistent)
        link.pointee.bell.prepareToSleep()
        var event = poller_event()
        if link.pointee.commands.isEmpty, link.pointee.sockets.load(ordering: .relaxed) == pair,
            !link.pointee.stopping.load(ordering: .relaxed)
        {
            _ = poller_wait(poller, &event, 1, -1)
        }
        link.pointee.bell.awake()
        let gone =
            event.ready & UInt32(POLLER_FAILED) != 0 && event.tag == UInt64(queue.descriptor) && interfaceIsGone()
        if gone {
            link.pointee.interfaceGone.store(true, ordering: .relaxed)
            control.pointee.bell.ring()
        }
        return !gone
    }

    /// A queue whose interface was deleted says EBADFD to everything.
    private func interfaceIsGone() -> Bool { queue.read(tunBuffer, Self.tunCapacity) == -Int(EBADFD) }

    private func watch(_ poller: Int32, _ descriptor: Int32) {
        poller_watch(poller, descriptor, UInt64(UInt32(bitPattern: descriptor)), UInt32(POLLER_READABLE))
    }
}
