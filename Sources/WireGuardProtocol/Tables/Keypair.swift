public import Synchronization

/// A keypair's place in the table: 1…; 0 is none.
public typealias KeypairSlot = UInt32

/// One keypair as workers see it: two keys, their counters and when they were born. Whitepaper 5.4.5.
///
/// The control thread writes the plain fields before it publishes the slot (`receiveIndex`, a peer's `keypairs`) and
/// wipes them only after every worker has passed an epoch. A worker reads them between two epochs.
@frozen public struct Keypair: ~Copyable {
    /// The index that messages to us carry, 0 while nothing may be received.
    public let receiveIndex: Atomic<UInt32>
    /// The index of this slot while it is taken, by a handshake too. The control thread's.
    var index: UInt32
    /// The index that messages from us carry.
    public internal(set) var remoteIndex: UInt32
    /// Whose it is.
    public internal(set) var peer: PeerIndex
    /// Whether we sent the initiation: only the initiator renews by time.
    public internal(set) var isInitiator: Bool
    /// False once it may not be used to send any more.
    @usableFromInline let sendingValid: Atomic<Bool>
    @usableFromInline let replayLock: Atomic<Bool>
    /// What its messages look like, in both directions.
    public internal(set) var dialect: Dialect
    /// When it is replaced and when it is used no longer, seconds after its birth.
    @usableFromInline var times: KeypairTimes
    /// When it was derived, monotonic nanoseconds.
    public internal(set) var birthdate: UInt64
    /// The next counter to send with.
    @usableFromInline let sendingCounter: Atomic<UInt64>
    /// 32 bytes to send with, 32 to receive with, then the replay window.
    @usableFromInline var memory: UnsafeMutableRawPointer?
    /// Counts the keypairs of this device, for log lines.
    public internal(set) var id: UInt64

    init() {
        receiveIndex = Atomic(0)
        index = 0
        remoteIndex = 0
        peer = .none
        isInitiator = false
        sendingValid = Atomic(false)
        replayLock = Atomic(false)
        dialect = .plain
        times = KeypairTimes(rekeyAfter: 0, rejectAfter: 0, lastMinute: 0)
        birthdate = 0
        sendingCounter = Atomic(0)
        memory = nil
        id = 0
    }

    /// 32 bytes to seal with.
    @inlinable public var sendingKey: UnsafeRawPointer { UnsafeRawPointer(memory.unsafelyUnwrapped) }

    /// 32 bytes to open with.
    @inlinable public var receivingKey: UnsafeRawPointer { UnsafeRawPointer(memory.unsafelyUnwrapped + 32) }

    /// The counters received. Hold `lockReplay`.
    @inlinable public var replayWindow: ReplayWindow { ReplayWindow(memory.unsafelyUnwrapped + 64) }

    /// Takes the next `count` counters, the first of which it returns; nil where the keypair may not be used to send
    /// (too old, worn out, replaced private key): stage the packets and raise `.session`. One atomic addition.
    @inlinable public borrowing func reserveCounters(_ count: UInt64, now: UInt64) -> UInt64? {
        guard sendingValid.load(ordering: .relaxed) else { return nil }
        guard now &- birthdate < times.rejectAfter || now < birthdate else {
            sendingValid.store(false, ordering: .relaxed)
            return nil
        }
        let first = sendingCounter.add(count, ordering: .relaxed).oldValue
        guard first < Limits.rejectAfterMessages, Limits.rejectAfterMessages - first >= count else {
            sendingValid.store(false, ordering: .relaxed)
            return nil
        }
        return first
    }

    /// After sending: whether a new keypair is due (after 2^60 messages, or rekey-after-time for the initiator).
    /// If so and `PeerRecord.handshakeAllowed`, raise `.session`.
    @inlinable public borrowing func wantsRekeyAfterSending(now: UInt64) -> Bool {
        guard sendingValid.load(ordering: .relaxed) else { return false }
        return sendingCounter.load(ordering: .relaxed) > Limits.rekeyAfterMessages
            || isInitiator && now > birthdate && now &- birthdate >= times.rekeyAfter
    }

    /// After receiving, if this is the peer's current keypair: whether it is the initiator's last minute (165 s).
    /// If so and `PeerRecord.takeLastMinute`, raise `.session`.
    @inlinable public borrowing func wantsRekeyAfterReceiving(now: UInt64) -> Bool {
        isInitiator && now > birthdate
            && now &- birthdate >= times.lastMinute
            && sendingValid.load(ordering: .relaxed)
    }

    /// Before opening: whether the keypair may still be used to receive.
    @inlinable public borrowing func mayReceive(now: UInt64) -> Bool {
        (now < birthdate || now &- birthdate < times.rejectAfter)
            && replayWindow.next < Limits.rejectAfterMessages
    }

    /// Excludes other workers from the replay window. Held for a batch, never across a system call.
    @inlinable public borrowing func lockReplay() {
        while replayLock.exchange(true, ordering: .acquiring) {
            while replayLock.load(ordering: .relaxed) {}
        }
    }

    /// Lets others in.
    @inlinable public borrowing func unlockReplay() { replayLock.store(false, ordering: .releasing) }
}

/// Three moments in a keypair's life, counted from its birth. WireGuard's own are 120, 180 and 165 seconds.
@frozen @usableFromInline struct KeypairTimes: Sendable {
    @usableFromInline let rekeyAfterSeconds: UInt16
    @usableFromInline let rejectAfterSeconds: UInt16
    @usableFromInline let lastMinuteSeconds: UInt16

    init(rekeyAfter: UInt16, rejectAfter: UInt16, lastMinute: UInt16) {
        rekeyAfterSeconds = rekeyAfter
        rejectAfterSeconds = rejectAfter
        lastMinuteSeconds = lastMinute
    }

    /// Nanoseconds after which its initiator asks for a new one when it sends.
    @inlinable var rekeyAfter: UInt64 { UInt64(rekeyAfterSeconds) &* Limits.second }
    /// Nanoseconds after which it is used no longer, in either direction.
    @inlinable var rejectAfter: UInt64 { UInt64(rejectAfterSeconds) &* Limits.second }
    /// Nanoseconds after which its initiator asks for a new one when it receives.
    @inlinable var lastMinute: UInt64 { UInt64(lastMinuteSeconds) &* Limits.second }
}
