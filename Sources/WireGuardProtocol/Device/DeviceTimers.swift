import NetTypes
import Synchronization

/// The five timers of a peer. K timers.c.
///
/// - Retransmit: a handshake initiation that nothing answered, after 5 s and jitter; 20 attempts, then give up.
/// - Keepalive: data was received and nothing sent since, after 10 s.
/// - New handshake: data was sent and nothing received since, after 15 s and jitter.
/// - Erase: no new keypair, after 540 s.
/// - Persistent keepalive: nothing authenticated went either way, after as many seconds as the user says.
///
/// Workers keep in the peer's record the moments from which the second, third and fifth count. A peer has one entry in
/// the heap: its earliest timer. What workers do can only put the second and third off, or start one of at least ten
/// seconds; so while a record is `armed`, its peer is looked at every ten seconds, and otherwise a worker asks for it.
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
        state(peer).pointee.eraseKeysAt = now + Limits.eraseAfterTime
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
        if unanswered != 0 || owed != 0 { next = min(next, now + Limits.keepaliveTimeout) }
        if unanswered != 0 { next = min(next, newHandshakeDeadline(peer, unanswered)) }
        if owed != 0 { next = min(next, owed + Limits.keepaliveTimeout) }
        let traversal = record.pointee.lastTraversal.load(ordering: .relaxed)
        if let deadline = persistentDeadline(peer, traversal) { next = min(next, deadline) }
        if next == .max { deadlines.remove(peer) } else { deadlines.set(peer, next) }
    }

    private func newHandshakeDeadline(_ peer: PeerIndex, _ unanswered: UInt64) -> UInt64 {
        let state = state(peer)
        if state.pointee.newHandshakeJitter == 0 { state.pointee.newHandshakeJitter = jitter() + 1 }
        return unanswered + Limits.keepaliveTimeout + Limits.rekeyTimeout + state.pointee.newHandshakeJitter - 1
    }

    private func persistentDeadline(_ peer: PeerIndex, _ traversal: UInt64) -> UInt64? {
        let interval = state(peer).pointee.persistentKeepalive
        return interval == 0 || traversal == 0 ? nil : traversal + UInt64(interval) * Limits.second
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
        if owed != 0 && owed + Limits.keepaliveTimeout <= time && record.pointee.clearKeepalive(owed) {
            effects.append(.sendKeepalive(peer))
            if record.pointee.flags.bitwiseAnd(~1, ordering: .relaxed).oldValue & 1 != 0 {
                record.pointee.keepaliveOwedSince.store(time, ordering: .relaxed)
            }
        }
        let unanswered = record.pointee.unansweredSince.load(ordering: .relaxed)
        if unanswered != 0 && newHandshakeDeadline(peer, unanswered) <= time {
            state.pointee.newHandshakeJitter = 0
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
            effects.append(.sendKeepalive(peer))
        }
    }

    private func retransmit(_ peer: PeerIndex, now: Now, _ effects: inout Effects) {
        let state = state(peer)
        let record = tables.peer(peer)
        state.pointee.retransmitAt = 0
        if record.pointee.flags.bitwiseAnd(~4, ordering: .relaxed).oldValue & 4 != 0 {
            state.pointee.handshakeAttempts = 0
        }
        if state.pointee.handshakeAttempts > Limits.handshakeRetries {
            effects.log(.gaveUpHandshake, peer, attempts: Int(Limits.handshakeRetries) + 2)
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
