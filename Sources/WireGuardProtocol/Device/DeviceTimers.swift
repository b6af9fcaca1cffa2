import NetTypes
import Synchronization

/// The five timers of a peer. K timers.c. The times are WireGuard's; a dialect may have others, and draw them.
///
/// - Retransmit: a handshake initiation that nothing answered, after 5 s and jitter; 20 attempts, then give up.
/// - Keepalive: data was received and nothing sent since, after 10 s.
/// - New handshake: data was sent and nothing received since, after 15 s and jitter.
/// - Erase: no new keypair, after 540 s.
/// - Persistent keepalive: nothing authenticated went either way, after as many seconds as the user says.
///
/// Workers keep in the peer's record the moments from which the second, third and fifth count. A peer has one entry in
/// the heap: its earliest timer. What workers do can only put the second and third off, or start one of at least ten
/// seconds; so while a record is `armed`, its peer is looked at as often, and otherwise a worker asks for it.
extension Device {
    /// A handshake is complete: a response was consumed, or the first message under our keypair came.
    func handshakeCompleted(_ peer: PeerIndex, now: Now) {
        let state = state(peer)
        state.pointee.retransmitAt = 0
        state.pointee.handshakeAttempts = 0
        state.pointee.lastHandshake = now.wall
        tables.peer(peer).pointee.flags.bitwiseAnd(~(2 | 4), ordering: .relaxed)
    }

    /// New keys are there: the old ones' end is put off.
    func sessionDerived(_ peer: PeerIndex, now: UInt64) {
        let lifetime = UInt64(timers(of: peer).rejectAfterTime.upper) * Limits.second
        state(peer).pointee.eraseKeysAt = now + Limits.eraseAfterRejections * lifetime
    }

    /// Ends all timers of the peer.
    func stopTimers(_ peer: PeerIndex) {
        let state = state(peer)
        state.pointee.retransmitAt = 0
        state.pointee.eraseKeysAt = 0
        state.pointee.handshakeAttempts = 0
        tables.peer(peer).pointee.forgetTimes()
        deadlines.remove(peer)
    }

    /// Puts the peer's earliest timer into the heap. Call after anything that may have changed one.
    func reschedule(_ peer: PeerIndex, now: UInt64) {
        guard exists(peer), isUp else { return deadlines.remove(peer) }
        let state = state(peer)
        let record = tables.peer(peer)
        var next = UInt64.max
        for deadline in [state.pointee.retransmitAt, state.pointee.eraseKeysAt] where deadline != 0 {
            next = min(next, deadline)
        }
        let (unanswered, owed) = record.pointee.armedTimes()
        if unanswered != 0 || owed != 0 {
            next = min(next, now + UInt64(timers(of: peer).keepaliveTimeout.lower) * Limits.second)
        }
        if unanswered != 0 { next = min(next, newHandshakeDeadline(peer, unanswered)) }
        if owed != 0 { next = min(next, keepaliveDeadline(peer, owed)) }
        let traversal = record.pointee.lastTraversal.load(ordering: .relaxed)
        if let deadline = persistentDeadline(peer, traversal) { next = min(next, deadline) }
        if next == .max { deadlines.remove(peer) } else { deadlines.set(peer, next) }
    }

    private func newHandshakeDeadline(_ peer: PeerIndex, _ unanswered: UInt64) -> UInt64 {
        let state = state(peer)
        if state.pointee.newHandshakeDelay == 0 {
            let timers = timers(of: peer)
            state.pointee.newHandshakeDelay =
                UInt64(timers.keepaliveTimeout.upper) * Limits.second + draw(timers.rekeyTimeout) + jitter()
        }
        return unanswered + state.pointee.newHandshakeDelay
    }

    private func keepaliveDeadline(_ peer: PeerIndex, _ owed: UInt64) -> UInt64 {
        let state = state(peer)
        if state.pointee.keepaliveDelay == 0 { state.pointee.keepaliveDelay = draw(timers(of: peer).keepaliveTimeout) }
        return owed + state.pointee.keepaliveDelay
    }

    private func persistentDeadline(_ peer: PeerIndex, _ traversal: UInt64) -> UInt64? {
        let state = state(peer)
        guard state.pointee.persistentKeepalive.upper != 0, traversal != 0 else { return nil }
        if state.pointee.persistentDelay == 0 {
            state.pointee.persistentDelay = draw(state.pointee.persistentKeepalive)
        }
        return traversal + state.pointee.persistentDelay
    }

    /// Does what is due for one peer. Each timer that expires is cleared or put off, so this ends.
    func expire(_ peer: PeerIndex, now: Now, _ effects: inout Effects) {
        let state = state(peer)
        let record = tables.peer(peer)
        let time = now.monotonic
        if state.pointee.retransmitAt != 0 && state.pointee.retransmitAt <= time {
            retransmit(peer, now: now, &effects)
        }
        let owed = record.pointee.keepaliveOwedSince.load(ordering: .relaxed)
        if owed != 0 && keepaliveDeadline(peer, owed) <= time && record.pointee.clearKeepalive(owed) {
            state.pointee.keepaliveDelay = 0
            effects.append(.sendKeepalive(peer))
            if record.pointee.flags.bitwiseAnd(~1, ordering: .relaxed).oldValue & 1 != 0 {
                record.pointee.keepaliveOwedSince.store(time, ordering: .relaxed)
            }
        }
        let unanswered = record.pointee.unansweredSince.load(ordering: .relaxed)
        if unanswered != 0 && newHandshakeDeadline(peer, unanswered) <= time {
            state.pointee.newHandshakeDelay = 0
            if record.pointee.clearUnanswered(unanswered) {
                effects.log(.stoppedHearing, peer)
                effects.append(.clearEndpointSource(peer))
                sendInitiation(to: peer, isRetry: false, now: now, &effects)
            }
        }
        if state.pointee.eraseKeysAt != 0 && state.pointee.eraseKeysAt <= time {
            state.pointee.eraseKeysAt = 0
            effects.log(.zeroingKeys, peer)
            clearHandshake(of: peer)
            clearKeypairs(of: peer, &effects)
        }
        let traversal = record.pointee.lastTraversal.load(ordering: .relaxed)
        if let deadline = persistentDeadline(peer, traversal), deadline <= time,
            record.pointee.restartTraversal(traversal, now: time)
        {
            state.pointee.persistentDelay = 0
            effects.append(.sendKeepalive(peer))
        }
    }

    /// A handshake is begun anew.
    func startRetries(of peer: PeerIndex) {
        let attempts = timers(of: peer).maxHandshakeAttempts
        state(peer).pointee.handshakeAttempts = 0
        let most = attempts.lower == attempts.upper ? attempts.lower : attempts.pick(randomUInt64())
        // What is counted has to get past it.
        state(peer).pointee.mostRetries = min(most, .max - 1)
    }

    private func retransmit(_ peer: PeerIndex, now: Now, _ effects: inout Effects) {
        let state = state(peer)
        let record = tables.peer(peer)
        state.pointee.retransmitAt = 0
        if record.pointee.flags.bitwiseAnd(~4, ordering: .relaxed).oldValue & 4 != 0 {
            startRetries(of: peer)
        }
        if state.pointee.handshakeAttempts > state.pointee.mostRetries {
            effects.log(.gaveUpHandshake, peer, attempts: Int(state.pointee.mostRetries) + 2)
            record.pointee.keepaliveOwedSince.store(0, ordering: .relaxed)
            effects.append(.dropStaged(peer))
            if state.pointee.eraseKeysAt == 0 { sessionDerived(peer, now: now.monotonic) }
        } else {
            state.pointee.handshakeAttempts += 1
            effects.log(.retryingHandshake, peer, attempts: Int(state.pointee.handshakeAttempts) + 1)
            effects.append(.clearEndpointSource(peer))
            sendInitiation(to: peer, isRetry: true, now: now, &effects)
        }
    }
}

extension PeerRecord {
    /// What was asked for, and no longer is.
    borrowing func takeRequests() -> PeerRequest {
        PeerRequest(rawValue: requests.exchange(0, ordering: .acquiringAndReleasing))
    }

    /// The two times, and `armed` told to the workers. Looks again after it has said that nothing is armed: a worker
    /// that then still saw it armed has written its time before.
    borrowing func armedTimes() -> (unanswered: UInt64, owed: UInt64) {
        var times = (unansweredSince.load(ordering: .relaxed), keepaliveOwedSince.load(ordering: .relaxed))
        if times == (0, 0) {
            // Not a store into the memory of a peer that never did anything.
            if armed.load(ordering: .relaxed) != 0 { armed.store(0, ordering: .sequentiallyConsistent) }
            times.0 = unansweredSince.load(ordering: .sequentiallyConsistent)
            times.1 = keepaliveOwedSince.load(ordering: .sequentiallyConsistent)
        }
        if times != (0, 0) { armed.store(1, ordering: .relaxed) }
        return times
    }

    borrowing func forgetTimes() {
        // Not a store into the memory of a peer that never did anything.
        let times =
            unansweredSince.load(ordering: .relaxed) | keepaliveOwedSince.load(ordering: .relaxed)
            | lastTraversal.load(ordering: .relaxed)
        let rest = UInt32(flags.load(ordering: .relaxed)) | requests.load(ordering: .relaxed)
        guard times | UInt64(rest) | UInt64(armed.load(ordering: .relaxed)) != 0 else { return }
        unansweredSince.store(0, ordering: .relaxed)
        keepaliveOwedSince.store(0, ordering: .relaxed)
        lastTraversal.store(0, ordering: .relaxed)
        flags.store(0, ordering: .relaxed)
        requests.store(0, ordering: .relaxed)
        armed.store(0, ordering: .sequentiallyConsistent)
    }

    /// False: a worker was faster.
    borrowing func clearKeepalive(_ seen: UInt64) -> Bool {
        keepaliveOwedSince.compareExchange(expected: seen, desired: 0, ordering: .relaxed).exchanged
    }

    /// False: a worker was faster.
    borrowing func clearUnanswered(_ seen: UInt64) -> Bool {
        unansweredSince.compareExchange(expected: seen, desired: 0, ordering: .relaxed).exchanged
    }

    /// Counts as if the keepalive, or the handshake in its place, had gone already: workers ask for no timer for it.
    /// False: a worker was faster.
    borrowing func restartTraversal(_ seen: UInt64, now: UInt64) -> Bool {
        lastTraversal.compareExchange(expected: seen, desired: now, ordering: .relaxed).exchanged
    }
}
