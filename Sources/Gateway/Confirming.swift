internal import Compiler
internal import Storage

extension ControlPlane {
    /// Keeps an apply that waits for it. Returns the revision.
    public func confirm() throws(GatewayError) -> Int {
        try locked {
            guard let pending = try store.pending() else {
                throw GatewayError.refused("nothing waits for confirmation; see `wggw status`")
            }
            guard !isOver(pending) else {
                try withdraw(pending)
                throw GatewayError.refused(
                    "too late: revision \(pending.revision) was not confirmed in time, "
                        + "the box is back at \(Self.name(pending.returnTo))")
            }
            _ = try store.confirm(pending.token)
            return pending.revision
        }
    }

    /// Whether a confirmation can come no more: its time has passed, or the box was started anew.
    ///
    /// The clock tells whole seconds. That of the deadline has to pass, too: nobody gets less time than was promised.
    func isOver(_ pending: PendingConfirmation) -> Bool {
        pending.bootID != clock.bootID() || clock.sinceBoot() > pending.deadline
    }

    /// One look of the guard process at its apply; returns whether the guard is done.
    ///
    /// The guard is another process than the apply, in a session of its own, so that it outlives the terminal.
    public func guardTick(token: String) throws(GatewayError) -> Bool {
        try wrapping {
            guard let pending = try store.pending(), pending.token == token else { return true }
            guard isOver(pending) else { return false }
            return try locked {
                // It may have been confirmed while this waited for the lock.
                guard let pending = try store.pending(), pending.token == token else { return true }
                try withdraw(pending)
                return true
            }
        }
    }

    /// Before a command changes the box: takes back an apply whose time has passed, and refuses while one still waits.
    func settlePending() throws -> [String] {
        guard let pending = try store.pending() else { return [] }
        guard isOver(pending) else {
            throw GatewayError.waitsForConfirmation(
                revision: pending.revision, seconds: pending.deadline - clock.sinceBoot())
        }
        try withdraw(pending)
        return ["revision \(pending.revision) was not confirmed in time: went back to \(Self.name(pending.returnTo))"]
    }

    /// Goes back to what was applied before. The records change first: after a crash in the middle the journal leads there.
    func withdraw(_ pending: PendingConfirmation) throws {
        let attempted = try store.box().journal?.target ?? pending.revision
        try store.begin(
            Journal(target: attempted, startedAt: clock.now(), command: command), oldSysctls: [:], pending: nil,
            bootID: clock.bootID())
        try store.withdraw(pending)
        let record = try store.box()
        try unwrappingInterruption { try restore(try appliedState(record), attempted: attempted) }
    }

    /// A repair that is cut short leaves the journal, and says so.
    func unwrappingInterruption<R>(_ body: () throws -> R) throws -> R {
        do { return try body() } catch let error as Interruption { throw GatewayError.box(error.cause) }
    }

    static func name(_ revision: Int?) -> String { revision.map { "revision \($0)" } ?? "nothing of wggw's" }

    /// Ends what an earlier wggw began and could not end: a killed apply is taken back, a killed teardown is finished, an
    /// apply that was not confirmed in time is taken back. Returns what was done, in sentences.
    public func repair() throws(GatewayError) -> [String] {
        let record = try wrapping { try store.box() }
        guard record.journal != nil || record.pending.map(isOver) == true else { return [] }
        return try locked {
            // What looked unfinished may have been at work, and be done now.
            let record = try store.box()
            if let pending = record.pending, isOver(pending) { return try settlePending() }
            guard let journal = record.journal else { return [] }
            guard let target = journal.target else {
                _ = try takeDown(record)
                return ["`\(journal.command)` was cut short: finished it"]
            }
            if let pending = record.pending { _ = try store.confirm(pending.token) }
            try unwrappingInterruption { try restore(try appliedState(record), attempted: target) }
            let state = Self.name(record.isUp ? record.applied : nil)
            return ["`\(journal.command)` of revision \(target) was cut short: took the box back to \(state)"]
        }
    }
}
