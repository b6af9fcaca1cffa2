public import Synchronization

/// A peer's place in the tables: 1…, small, reused after the peer was removed and reclaimed. 0 is nobody.
@frozen public struct PeerIndex: Hashable, Comparable, Sendable {
    /// The place; 0 is nobody.
    public let rawValue: UInt32
    /// Names a place.
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// Nobody.
    @inlinable public static var none: PeerIndex { PeerIndex(rawValue: 0) }
    /// By place.
    @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// What a worker asks of the control thread, per peer. Several may be pending at once.
@frozen public struct PeerRequest: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt32
    /// Makes a set.
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// There is no usable keypair, or the one there is grows old.
    @inlinable public static var session: PeerRequest { PeerRequest(rawValue: 1) }
    /// The first message under a keypair of the responder came in: it may be used to send.
    @inlinable public static var keypairConfirmed: PeerRequest { PeerRequest(rawValue: 2) }
    /// A timer is wanted and nothing is armed.
    @inlinable public static var arm: PeerRequest { PeerRequest(rawValue: 4) }
    /// A keepalive came in: somebody may want to know.
    @inlinable public static var keepaliveReceived: PeerRequest { PeerRequest(rawValue: 8) }
    /// In the queue already.
    @inlinable static var queued: PeerRequest { PeerRequest(rawValue: 1 << 31) }
}

/// The two keypairs of a peer that may change hands at any moment.
@frozen public struct PeerKeypairs: Equatable, Sendable {
    /// Both slots in one word.
    @usableFromInline let rawValue: UInt64

    /// The slot to send with, 0 for none.
    @inlinable public var current: KeypairSlot { KeypairSlot(truncatingIfNeeded: rawValue) }
    /// The slot of a keypair that we responded for and that no message came under yet, 0 for none.
    @inlinable public var next: KeypairSlot { KeypairSlot(truncatingIfNeeded: rawValue >> 32) }

    @usableFromInline init(rawValue: UInt64) { self.rawValue = rawValue }
    @usableFromInline init(current: KeypairSlot, next: KeypairSlot) {
        rawValue = UInt64(next) << 32 | UInt64(current)
    }
}

/// What workers and the control thread share about one peer: 64 bytes, zero when unused.
///
/// Every field is atomic; the workers write times once a batch. All times are monotonic nanoseconds, 0 is never.
/// What the kernel keeps in timers is here the moment from which a timer counts; the control thread does the rest.
@frozen public struct PeerRecord: ~Copyable {
    /// The keypair to send with and the one that waits for its first message, in one word: `PeerKeypairs`. The control
    /// thread writes it, and the worker that gets that first message.
    @usableFromInline let keypairs: Atomic<UInt64>
    /// Bits of `PeerRequest` that the control thread has not served.
    @usableFromInline let requests: Atomic<UInt32>
    /// 1 while the control thread looks at this peer's times at least every ten seconds.
    @usableFromInline let armed: Atomic<UInt8>
    /// Bit 0: data came in while a keepalive was owed. Bit 1: the last-minute handshake was asked for. Bit 2: a handshake
    /// was asked for while another was under way.
    @usableFromInline let flags: Atomic<UInt8>
    /// Seconds between two initiations; 0: `Limits.rekeyTimeout`. Written by the control thread.
    @usableFromInline let rekeyTimeout: Atomic<UInt16>
    /// When a handshake message was last sent to the peer. Written by the control thread.
    public let lastHandshakeSent: Atomic<UInt64>
    /// When the first data was sent that nothing authenticated has answered yet.
    @usableFromInline let unansweredSince: Atomic<UInt64>
    /// When the first data was received that nothing authenticated was sent after yet.
    @usableFromInline let keepaliveOwedSince: Atomic<UInt64>
    /// When anything authenticated last went either way.
    @usableFromInline let lastTraversal: Atomic<UInt64>
    /// Bytes of UDP payload received and authenticated, handshake messages included.
    public let receivedBytes: Atomic<UInt64>
    /// Bytes of UDP payload sent, handshake messages included. Whoever sends adds.
    public let sentBytes: Atomic<UInt64>

    init() {
        keypairs = Atomic(0)
        requests = Atomic(0)
        armed = Atomic(0)
        flags = Atomic(0)
        rekeyTimeout = Atomic(0)
        lastHandshakeSent = Atomic(0)
        unansweredSince = Atomic(0)
        keepaliveOwedSince = Atomic(0)
        lastTraversal = Atomic(0)
        receivedBytes = Atomic(0)
        sentBytes = Atomic(0)
    }

    /// The slot of the keypair to send with, 0 for none.
    @inlinable public borrowing func currentKeypair() -> KeypairSlot {
        PeerKeypairs(rawValue: keypairs.load(ordering: .acquiring)).current
    }

    /// Call after a message under `slot` was opened and accepted, before its packet goes anywhere, for an answer may be there
    /// at once. Makes the keypair the current one if it waited for just that; true: raise `.keypairConfirmed`. Any worker.
    @inlinable public borrowing func confirm(_ slot: KeypairSlot) -> Bool {
        let seen = PeerKeypairs(rawValue: keypairs.load(ordering: .relaxed))
        guard seen.next == slot else { return false }
        // Between two epochs of a worker no slot is used again, so an equal word is the same word. Where it is not equal the
        // control thread has put something else there: whoever sends next uses that.
        return keypairs.compareExchange(
            expected: seen.rawValue, desired: PeerKeypairs(current: slot, next: 0).rawValue,
            ordering: .acquiringAndReleasing
        ).exchanged
    }

    /// Call once a batch after messages went out: `data` unless all were keepalives.
    /// True: push the peer on the control queue. Any worker.
    @inlinable public borrowing func noteSent(data: Bool, now: UInt64) -> Bool {
        lastTraversal.store(now, ordering: .relaxed)
        if keepaliveOwedSince.load(ordering: .relaxed) != 0 { keepaliveOwedSince.store(0, ordering: .relaxed) }
        guard data else { return false }
        if unansweredSince.load(ordering: .relaxed) == 0 {
            unansweredSince.store(now, ordering: .sequentiallyConsistent)
        }
        return arm()
    }

    /// Call once a batch after messages were authenticated: `data` unless all were keepalives.
    /// True: push the peer on the control queue. Any worker.
    @inlinable public borrowing func noteReceived(data: Bool, now: UInt64) -> Bool {
        lastTraversal.store(now, ordering: .relaxed)
        if unansweredSince.load(ordering: .relaxed) != 0 { unansweredSince.store(0, ordering: .relaxed) }
        guard data else { return false }
        if keepaliveOwedSince.load(ordering: .relaxed) == 0 {
            keepaliveOwedSince.store(now, ordering: .sequentiallyConsistent)
        } else if flags.load(ordering: .relaxed) & 1 == 0 {
            flags.bitwiseOr(1, ordering: .relaxed)
        }
        return arm()
    }

    /// Asks the control thread for something. True: push the peer on the control queue; false: it is there already.
    /// Where the queue is full, call `requestLost`.
    @inlinable public borrowing func raise(_ request: PeerRequest) -> Bool {
        let bits = request.rawValue | PeerRequest.queued.rawValue
        if requests.load(ordering: .relaxed) & bits == bits { return false }
        let old = requests.bitwiseOr(bits, ordering: .acquiringAndReleasing).oldValue
        return old & PeerRequest.queued.rawValue == 0
    }

    /// The queue was full: the next `raise` tries again.
    @inlinable public borrowing func requestLost() {
        requests.bitwiseAnd(~PeerRequest.queued.rawValue, ordering: .relaxed)
        armed.store(0, ordering: .relaxed)
    }

    /// Whether a handshake initiation may be asked for: no handshake message was sent for the rekey timeout, five seconds. Check before
    /// raising `.session`. Where it is false, the retries that are going on start to count anew, as in the kernel.
    @inlinable public borrowing func handshakeAllowed(now: UInt64) -> Bool {
        if handshakeRests(now: now) { return true }
        if flags.load(ordering: .relaxed) & 4 == 0 { flags.bitwiseOr(4, ordering: .relaxed) }
        return false
    }

    @inlinable borrowing func handshakeRests(now: UInt64) -> Bool {
        let last = lastHandshakeSent.load(ordering: .relaxed)
        guard last != 0 else { return true }
        let seconds = rekeyTimeout.load(ordering: .relaxed)
        return now >= last && now - last >= (seconds == 0 ? Limits.rekeyTimeout : UInt64(seconds) &* Limits.second)
    }

    /// Whether the last-minute handshake of a receiving initiator is still to be asked for; true once until the next session.
    @inlinable public borrowing func takeLastMinute() -> Bool {
        flags.load(ordering: .relaxed) & 2 == 0 && flags.bitwiseOr(2, ordering: .relaxed).oldValue & 2 == 0
    }

    @inlinable borrowing func arm() -> Bool {
        if armed.load(ordering: .sequentiallyConsistent) != 0 { return false }
        if armed.exchange(1, ordering: .acquiringAndReleasing) != 0 { return false }
        return raise(.arm)
    }
}
