internal import BoxModel
internal import Compiler
internal import SiteModel
internal import Storage

/// From wherever the box is to what was there before.
extension ControlPlane {
    /// Takes back what an interrupted apply did, and says how far it had got.
    func goBack(
        to previous: AppliedState?, after error: any Error, target: Int, pending: PendingConfirmation?
    ) throws -> GatewayError {
        let interruption = error as? Interruption
        var outcome: ApplyFailure.Outcome = previous.map { .revertedTo($0.revision) } ?? .revertedToNothing
        do { try restore(previous, attempted: target, withdrawing: pending) } catch {
            outcome = .stuck((error as? Interruption).map { .box($0.cause) } ?? GatewayError(error))
        }
        return .applyFailed(
            ApplyFailure(
                target: target, applied: interruption?.applied ?? [], failed: interruption?.failed,
                cause: interruption.map { .box($0.cause) } ?? GatewayError(error), outcome: outcome))
    }

    /// Brings the box to what the records say was there before, and closes the journal. Whatever led here, the journal or a
    /// confirmation that did not come, stays in the records until the box has arrived: an attempt that fails is not the last.
    ///
    /// `attempted` is the revision whose apply was cut short: what it may have made goes. `withdrawing` is the confirmation
    /// that it waited for. A datapath that does not answer is replaced. Returns warnings.
    @discardableResult func restore(
        _ previous: AppliedState?, attempted: Int?, withdrawing: PendingConfirmation? = nil
    ) throws -> [ApplyNotice] {
        stop.disregard()
        var outcome = BoxRecords.Outcome(withdrawn: withdrawing)
        let other = try attempted.map { try state(of: $0) }
        let interface = other?.desired.interface
        var warnings: [ApplyNotice] = []
        if let interface, interface != previous?.desired.interface {
            var plan = try teardownPlan(
                interface, givingBack: previous == nil ? givenBack(without: [interface]).settings : [:],
                neighboursOf: other.map { ($0.site, $0.surroundings) },
                connectionsOf: [other?.site].compactMap { $0 })
            // The filter and the routes stay for the interface that comes back.
            if previous != nil { plan.changes.removeAll { if case .deleteInterface = $0 { false } else { true } } }
            warnings = try perform(plan)
        }
        guard let previous = try previous.map(stillActive) else {
            try recordDown(outcome)
            return warnings
        }
        let saved = try records.savedSysctls(bootID: clock.bootID())
        let observed = try box.observe(previous.desired.scope(previous: other?.desired, savedSysctls: saved))
        // With the attempted state as the one before, what it added beyond the old one is known to be wggw's.
        let known = interface == previous.desired.interface ? other?.desired : previous.desired
        let plan = try diff(
            previous.desired, observed, previous: known, savedSysctls: saved, restarts: observed.silence != nil,
            interrupted: other?.desired ?? previous.desired)
        outcome.oldSysctls = plan.settingsBefore(observed).filter { saved[$0.key] == nil }
        // On a full disk it goes back all the same; then they are noted with the rest, once there is room.
        if !outcome.oldSysctls.isEmpty { try? records.save(oldSysctls: outcome.oldSysctls, bootID: clock.bootID()) }
        warnings += try perform(plan)
        try recordApplied(previous, outcome)
        return warnings
    }

    /// What comes back, without the peers whose time has ended since it was applied.
    private func stillActive(_ state: AppliedState) throws -> AppliedState {
        var surroundings = state.surroundings
        surroundings.expired = state.site.expired(at: clock.now())
        if surroundings == state.surroundings { return state }
        return AppliedState(
            revision: state.revision, site: state.site, surroundings: surroundings,
            desired: try desiredState(state.site, surroundings))
    }

    /// Goes back to what was applied before an apply that nobody confirmed. Returns warnings.
    @discardableResult func withdraw(_ pending: PendingConfirmation) throws -> [ApplyNotice] {
        let attempted = try records.current().journal?.target ?? pending.revision
        return try comeBack(
            to: try pending.returnTo.map { try state(of: $0) }, attempted: attempted, withdrawing: pending)
    }

    /// As `restore`, with words for where the box did not come back to.
    private func comeBack(
        to previous: AppliedState?, attempted: Int?, withdrawing: PendingConfirmation?
    ) throws -> [ApplyNotice] {
        do {
            return try restore(previous, attempted: attempted, withdrawing: withdrawing)
        } catch let error as Interruption {
            throw GatewayError.goingBackFailed(to: previous?.revision, cause: error.cause)
        }
    }

    /// Ends what an earlier wggw began and could not end: a killed apply is taken back, a killed teardown is finished, an
    /// apply that was not confirmed in time is taken back. Returns what was done.
    public func repair() throws(GatewayError) -> [Notice] {
        let record = try wrapping { try records.current() }
        let isTooLate = try wrapping { try isOver(record.pending) }
        guard record.journal != nil || isTooLate else { return [] }
        // What looks unfinished may be at work, and be done when it has let go of the lock.
        return try locked { try settle() }
    }

    /// The same, under the lock.
    func settle() throws -> [Notice] {
        let record = try records.current()
        let (done, warnings): (ApplyNotice, [ApplyNotice])
        if let journal = record.journal, let pending = record.pending, pending.revision == nil {
            warnings = try withdraw(pending)
            done = .tookBack(command: journal.command, revision: nil, to: pending.returnTo)
        } else if let journal = record.journal, journal.target == nil {
            return [.applying(.finished(command: journal.command))] + (try takeDown(record).notices)
        } else if let pending = record.pending, try isOver(pending) {
            warnings = try withdraw(pending)
            done = .wentBack(revision: pending.revision, to: pending.returnTo)
        } else if let journal = record.journal, let target = journal.target {
            let previous = try appliedState(record)
            warnings = try comeBack(to: previous, attempted: target, withdrawing: record.pending)
            done = .tookBack(command: journal.command, revision: target, to: previous?.revision)
        } else {
            return []
        }
        return ([done] + warnings).map { .applying($0) }
    }

    /// Before the first change of a command that was told to stop meanwhile.
    func stopBeforeBeginning() throws {
        if let signal = stop.signal() { throw ApplyingError.stopped(signal: signal) }
    }
}
