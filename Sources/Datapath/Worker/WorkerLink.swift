// What the control thread and one worker share.

import CLinux
import Glibc
import Synchronization
import WireGuardProtocol

/// An eventfd that wakes one thread out of epoll_wait, and costs nothing while that thread is awake.
struct Doorbell: ~Copyable {
    let descriptor: Int32
    private let sleeping = Atomic<Bool>(false)

    init() {
        descriptor = poller_eventfd()
        precondition(descriptor >= 0, "eventfd")
    }

    deinit { close(descriptor) }

    /// Says that the thread is about to sleep: it looks for work once more after this, and then may.
    borrowing func prepareToSleep() { sleeping.store(true, ordering: .sequentiallyConsistent) }

    /// The thread is awake again; the descriptor is silent.
    borrowing func awake() {
        sleeping.store(false, ordering: .relaxed)
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
    }

    /// After work was queued: wakes the thread if it sleeps. Any thread.
    borrowing func ring() {
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        guard sleeping.load(ordering: .relaxed), sleeping.exchange(false, ordering: .relaxed) else { return }
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }
}

/// What the control thread asks of a worker, one word each.
enum WorkerCommand {
    /// Send what is staged for the peer.
    case sendStaged(PeerIndex)
    /// Drop what is staged for the peer.
    case dropStaged(PeerIndex)
    /// Count one in `WorkerLink.barriers` once nothing is held any more that was looked up before, and all has been looked up that
    /// TUN had before.
    case barrier

    var packed: UInt64 {
        switch self {
        case .sendStaged(let peer): UInt64(peer.rawValue)
        case .dropStaged(let peer): 1 << 32 | UInt64(peer.rawValue)
        case .barrier: 2 << 32
        }
    }

    init(packed: UInt64) {
        let peer = PeerIndex(rawValue: UInt32(truncatingIfNeeded: packed))
        switch packed >> 32 {
        case 0: self = .sendStaged(peer)
        case 1: self = .dropStaged(peer)
        default: self = .barrier
        }
    }
}

/// The shared words of one worker. In fixed memory, so that the worker's loop follows a plain pointer.
struct WorkerLink: ~Copyable {
    /// The epoch that the worker has seen, `parked` while it sleeps: it holds nothing of the tables then.
    let epoch = Atomic<UInt64>(0)
    /// `SocketPair.packed`; the worker takes a new pair up at its next turn.
    let sockets = Atomic<UInt64>(SocketPair().packed)
    /// The interface's MTU: padding never goes past it.
    let mtu = Atomic<Int>(1420)
    /// Packets that the interface's queue holds at most.
    let queueLength = Atomic<Int>(500)
    /// How many `WorkerCommand.barrier`s the worker has passed.
    let barriers = Atomic<UInt64>(0)
    /// The UDP port, network order in the low half: packets that come back into the tunnel are known by it.
    let port = Atomic<UInt32>(0)
    /// Ends the worker.
    let stopping = Atomic<Bool>(false)
    /// Set by the worker when its queue reports that the interface is gone.
    let interfaceGone = Atomic<Bool>(false)
    let bell = Doorbell()
    /// `WorkerCommand.packed`, from the control thread.
    let commands = BoundedQueue(capacity: 1 << 14, payload: 8)

    static let parked = UInt64.max

    init() {}
}

/// What all workers tell the control thread.
struct ControlQueue: ~Copyable {
    /// `PeerIndex.rawValue` of peers whose records hold requests.
    let requests = BoundedQueue(capacity: 1 << 16, payload: 4)
    let handshakes = HandshakeQueues()
    /// Packets that workers dropped, few of many.
    private let dropped = BoundedQueue(capacity: 64, payload: MemoryLayout<DroppedPacket>.size)
    let bell = Doorbell()
    /// Whether the control thread looks at handshakes by the clock, and needs not be told of each.
    let isPaced = Atomic<Bool>(false)
    /// The epoch that the control thread is in.
    let epoch = Atomic<UInt64>(1)

    init() {}

    /// Queues what may be a handshake message, of at most 148 bytes, or drops it.
    borrowing func push(
        handshake bytes: UnsafeRawPointer, _ proposal: HandshakeProposal, from: udp_endpoint, now: UInt64
    ) {
        if handshakes.push(bytes, proposal, from: from, now: now) && !isPaced.load(ordering: .relaxed) { bell.ring() }
    }

    /// Queues a packet to be told of; a full queue drops it.
    borrowing func push(_ packet: DroppedPacket) {
        if dropped.push({ $0.storeBytes(of: packet, as: DroppedPacket.self) }) { bell.ring() }
    }

    var hasDropped: Bool { !dropped.isEmpty }

    /// Takes the oldest packet to be told of.
    borrowing func popDropped(_ body: (DroppedPacket) -> Void) -> Bool {
        dropped.pop { body($0.loadUnaligned(as: DroppedPacket.self)) }
    }

    /// Queues a peer whose record holds a request; false if there is no room.
    borrowing func push(request peer: PeerIndex) -> Bool {
        guard requests.push({ $0.storeBytes(of: peer.rawValue, as: UInt32.self) }) else { return false }
        bell.ring()
        return true
    }
}
