internal import BoxModel
internal import Storage

extension ControlPlane {
    /// Makes a new revision out of an older one and applies it. Without a number it goes back to what was applied before
    /// the current one; where there was nothing before, it takes wggw off the box. An apply that waits for confirmation is
    /// taken back first, and without a number that is all. `confirmWithin`: as of an apply.
    public func rollback(
        to id: Int?, why: String?, confirmWithin: Int64? = nil, willPerform: (PlanPreview) -> Void = { _ in }
    ) throws(GatewayError) -> ApplyReport {
        try locked {
            // Before anything is taken back for it.
            if let id, try records.pending() != nil { _ = try revisions.revision(id) }
            let withdrawn = try withdrawPending()
            if id == nil, let withdrawn { return withdrawn }
            let repairs = try (withdrawn?.notices ?? []) + repair()
            let record = try records.current()
            guard let target = try id ?? previousRevision(record) else {
                return try takeDown(
                    record, confirmWithin: confirmWithin, notices: repairs + [.applying(.wentOff)],
                    willPerform: willPerform)
            }
            let newest = try revisions.newest()
            let old = try revisions.revision(target, beside: newest)
            let note = RevisionNote(
                who: request.who, why: why ?? "rollback to \(target)", kind: .rollback, at: clock.now(),
                source: old.revision.note.source ?? target)
            let stored = try revisions.append(old.site, note, after: newest)
            return try apply(
                stored, confirmWithin: confirmWithin,
                notices: repairs + [.applying(.isAgain(revision: stored.revision.id, target))],
                willPerform: willPerform)
        }
    }

    /// Seconds until an apply that waits for its confirmation goes back; nil where none waits any more.
    public func secondsToConfirm() throws(GatewayError) -> Int64? {
        try wrapping {
            guard let pending = try records.pending(), try !isOver(pending) else { return nil }
            return pending.deadline - clock.sinceBoot()
        }
    }

    private func withdrawPending() throws -> ApplyReport? {
        guard let pending = try records.pending() else { return nil }
        try stopBeforeBeginning()
        // Cut short from here on, it is gone on with, and cannot be confirmed.
        if try !isOver(pending) { try records.endWait(pending.token) }
        let warnings = try withdraw(pending)
        return ApplyReport(
            revision: pending.returnTo, plan: .init(), confirmWithin: nil,
            notices: ([.withdrew(revision: pending.revision, to: pending.returnTo)] + warnings).map { .applying($0) })
    }

    /// nil where the current revision is the first that was ever applied.
    private func previousRevision(_ record: BoxRecord) throws -> Int? {
        guard record.isUp, let applied = record.applied else {
            throw ApplyingError.nothingToGoBackFrom
        }
        let current = try revisions.about(applied)
        let before = current.note.source ?? current.id
        return try records.appliedTimes().keys.filter { $0 < before }.sorted(by: >)
            .first { try revisions.about($0).note.kind != .rollback }
    }

    /// Brings the revision that was applied last back onto the box: at boot, or after `down`. `restarts` makes the interface anew
    /// even if it is as it should be, and no draft comes along as with `apply`.
    public func up(
        restarts: Bool = false, willPerform: (PlanPreview) -> Void = { _ in }
    ) throws(GatewayError) -> ApplyReport {
        try locked {
            try refuseWhileWaiting()
            let notices = try settle()
            guard let applied = try records.current().applied else {
                throw ApplyingError.nothingToBringUp
            }
            return try apply(
                try revisions.revision(applied), restarts: restarts ? .always : .never, notices: notices,
                willPerform: willPerform)
        }
    }
}
