internal import BoxModel
internal import Storage

extension ControlPlane {
    /// Keeps an apply or a teardown that waits for it. Returns the revision; nil is a teardown.
    public func confirm() throws(GatewayError) -> Int? {
        try locked {
            guard let pending = try records.pending() else {
                throw ApplyingError.nothingWaits
            }
            guard try !isOver(pending) else {
                try withdraw(pending)
                throw ApplyingError.tooLate(revision: pending.revision, backAt: pending.returnTo)
            }
            _ = try records.confirm(pending.token)
            return pending.revision
        }
    }

    /// Whether a confirmation can come no more: its time has passed, or the box was started anew.
    ///
    /// The clock tells whole seconds. That of the deadline has to pass, too: nobody gets less time than was promised.
    func isOver(_ pending: PendingConfirmation?) throws -> Bool {
        guard let pending else { return false }
        return try pending.bootID != clock.bootID() || clock.sinceBoot() > pending.deadline
    }

    /// Before a command changes the box: refuses while an apply waits for its confirmation.
    func refuseWhileWaiting() throws {
        guard let pending = try records.pending(), try !isOver(pending) else { return }
        throw GatewayError.waitsForConfirmation(
            revision: pending.revision, seconds: pending.deadline - clock.sinceBoot())
    }

    // MARK: The guard

    /// Before the guard says that it stands: reads what going back takes, and whether it may be written down, so that what fails now
    /// fails before the first change.
    ///
    /// The guard is another process than the apply, in a session of its own, so that it outlives the terminal.
    public func prepareToGuard(token: String) throws(GatewayError) {
        try wrapping {
            guard let pending = try records.pending(), pending.token == token else {
                throw ApplyingError.noSuchToken
            }
            if let revision = pending.returnTo { _ = try state(of: revision) }
            try records.proveWritable()
        }
    }

    /// Guards an apply until it is confirmed, or until the box is back, however long that takes: an attempt to go back that
    /// fails is followed by another, after 2, 4, 8 and at last every 30 s. `pause` waits for so many seconds.
    public func guardApply(token: String, pause: (Int) -> Void) {
        var seconds = 1
        while true {
            do throws(GatewayError) {
                if try guardTick(token: token) { return }
                seconds = 1
            } catch { seconds = min(2 * seconds, 30) }
            pause(seconds)
        }
    }

    /// One look of the guard at its apply; returns whether the guard is done: its apply waits for nothing any more, and none
    /// was cut short. An apply whose command died is taken back at once.
    public func guardTick(token: String) throws(GatewayError) -> Bool {
        do {
            let record = try wrapping { try records.current() }
            let own = record.pending.flatMap { $0.token == token ? $0 : nil }
            if own == nil && record.journal == nil { return true }
            let isTooLate = try wrapping { try isOver(own) }
            guard record.journal != nil || isTooLate else { return false }
            // Whoever has the lock is at work still. Without him, the journal is that of one who died or got stuck.
            return try locked {
                _ = try settle()
                return try records.pending()?.token != token
            }
        } catch {
            if case .storage(.busy) = error { return false }
            throw error
        }
    }
}
