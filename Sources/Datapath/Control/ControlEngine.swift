// The control side without any descriptor: the protocol's state machine between the workers and whoever sends for it.

import CLinux
import Glibc
import NetTypes
import Synchronization
import WireGuardProtocol

/// Owns the device, does what it wants done, and frees what the workers have let go of. One thread, or a test.
final class ControlEngine {
    let device: Device
    let control: UnsafeMutablePointer<ControlQueue>
    let links: [UnsafeMutablePointer<WorkerLink>]
    let paths: PeerPaths
    /// Sends one datagram with a traffic class; 0 or -errno.
    var sendDatagram: (UnsafePointer<udp_endpoint>, UnsafeRawBufferPointer, UInt8) -> Int32
    /// Sends cookie replies, which may get lost.
    var sendReplies: (borrowing CookieReplies) -> Void
    /// Those that were made in this turn.
    var replies = CookieReplies()
    /// This moment, by both clocks.
    let clock: () -> Now
    /// Nanoseconds of a processor that this thread has had.
    var processorTime: () -> UInt64 = { 0 }
    /// What the device says of itself.
    let events = EventStream()
    var effects = Effects()
    /// Keepalives are sealed here: they are due when no worker has anything to do with the peer.
    let aead: AEAD
    /// Of their prefixes and types.
    var random: RandomStream
    /// Handshake messages are looked at only while the interface is up.
    var isUp = false
    /// Where the message came from that the device is looking at.
    var source = udp_endpoint()
    private var underLoadUntil: UInt64 = 0
    private var pace = HandshakePace()
    private var pendingCommands: [(worker: Int, command: WorkerCommand)] = []
    /// What waits for all workers to pass an epoch, oldest first.
    private var retired: [(epoch: UInt64, ticket: UInt64?, sockets: [SocketPair])] = []
    /// What is to be done when all workers have passed so many barriers, oldest first.
    private var barriers: [(number: UInt64, body: () -> Void)] = []
    private var lastBarrier: UInt64 = 0

    init(
        device: Device, control: UnsafeMutablePointer<ControlQueue>, links: [UnsafeMutablePointer<WorkerLink>],
        paths: PeerPaths, fallbacks: Fallbacks = [], clock: @escaping () -> Now,
        sendDatagram: @escaping (UnsafePointer<udp_endpoint>, UnsafeRawBufferPointer, UInt8) -> Int32,
        sendReplies: @escaping (borrowing CookieReplies) -> Void
    ) {
        self.device = device
        self.control = control
        self.links = links
        self.paths = paths
        aead = AEAD(fallbacks.contains(.noAVX512) ? .openSSL : .fastest)
        random = device.makeRandomStream()
        self.clock = clock
        self.sendDatagram = sendDatagram
        self.sendReplies = sendReplies
    }

    /// Whether something waits that no event announces: workers to pass an epoch, room for commands, or the next handshakes of a flood.
    var isWaiting: Bool { !retired.isEmpty || !pendingCommands.isEmpty || pace.isExhausted }

    /// Whether a worker has left something to do. Ask once more after `prepareToSleep`: who rang before that was not heard.
    var hasWork: Bool {
        !control.pointee.requests.isEmpty || !control.pointee.handshakes.isEmpty && !pace.isExhausted
            || control.pointee.hasDropped || isBarrierPassed
    }

    /// Calls the device and does what it wants done.
    func perform(_ call: (Device) -> Void) {
        effects.removeAll()
        call(device)
        carryOut()
    }

    /// One turn: what workers asked for, what came in, what is due, and what can be let go.
    func turn() {
        serveRequests()
        serveHandshakes()
        while control.pointee.popDropped(note) {}
        if let deadline = device.nextDeadline {
            let moment = clock()
            if deadline <= moment.monotonic { perform { $0.tick(now: moment, into: &effects) } }
        }
        passBarriers()
        deliverCommands()
        reclaim()
    }

    private func serveRequests() {
        var peer = PeerIndex.none
        while control.pointee.requests.pop({ peer = PeerIndex(rawValue: $0.load(as: UInt32.self)) }) {
            let index = peer
            perform { $0.serve(index, now: clock(), into: &effects) }
        }
    }

    private func serveHandshakes() {
        guard !control.pointee.handshakes.isEmpty || pace.isExhausted, pace.allows(at: clock().monotonic) else {
            return
        }
        let begun = processorTime()
        var underLoad = false
        // A flood of handshakes must not keep timers and clients waiting.
        for turn in 0..<256 {
            let waiting = control.pointee.handshakes.count
            let moment = clock()
            if waiting >= Limits.underLoadThreshold { underLoadUntil = moment.monotonic + Limits.underLoadLatency }
            underLoad = moment.monotonic < underLoadUntil
            let more = control.pointee.handshakes.pop(turn: turn) { bytes, proposal, from in
                guard isUp, let address = from.remote else { return }
                source = from
                perform {
                    $0.receive(bytes, proposal, from: address, underLoad: underLoad, now: moment, into: &effects)
                }
            }
            if !more || underLoad && processorTime() - begun >= HandshakePace.mostAtOnce { break }
        }
        flushReplies()
        if underLoad { pace.note(spent: processorTime() - begun, until: clock().monotonic) }
        control.pointee.handshakes.isFlooded.store(underLoad, ordering: .relaxed)
        control.pointee.isPaced.store(pace.isExhausted, ordering: .relaxed)
    }

    // MARK: Epochs

    /// Keeps the ticket and the sockets until every worker has passed an epoch.
    func retire(ticket: UInt64?, sockets: [SocketPair] = []) {
        let epoch = control.pointee.epoch.add(1, ordering: .sequentiallyConsistent).newValue
        retired.append((epoch, ticket, sockets))
    }

    /// Frees what no worker can hold any more. Those that are awake pass an epoch each turn, the others hold nothing.
    func reclaim() {
        if let ticket = device.retire() { retire(ticket: ticket) }
        guard !retired.isEmpty else { return }
        let passed = links.map { $0.pointee.epoch.load(ordering: .sequentiallyConsistent) }.min() ?? WorkerLink.parked
        while let first = retired.first, first.epoch <= passed {
            if let ticket = first.ticket { device.reclaim(ticket) }
            for pair in first.sockets { pair.closeAll() }
            retired.removeFirst()
        }
    }

    // MARK: Barriers

    /// Calls `body`, from `turn`, once no worker has a packet in hand that it looked up before this call, in either direction, and
    /// every packet has been looked up that the kernel had given to TUN before this call. Other things go on meanwhile.
    func barrier(then body: @escaping () -> Void) {
        lastBarrier += 1
        barriers.append((lastBarrier, body))
        command(.barrier)
    }

    private var isBarrierPassed: Bool {
        guard let first = barriers.first else { return false }
        return links.allSatisfy { $0.pointee.barriers.load(ordering: .sequentiallyConsistent) >= first.number }
    }

    private func passBarriers() {
        while isBarrierPassed { barriers.removeFirst().body() }
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
}
