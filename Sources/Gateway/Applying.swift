public import Compiler
internal import Glibc
internal import SiteModel
public import Storage

/// What would happen to the box.
public struct PlannedApply {
    /// What would be applied.
    public let stored: StoredSite
    /// As the box should be.
    public let desired: DesiredState
    /// As the box is.
    public let observed: ObservedState
    /// What would change.
    public let plan: Plan
    /// What is on the box now, by the records; nil is nothing.
    public let applied: Int?
    /// The plan, for people.
    public let preview: PlanPreview
}

/// What an apply came to.
public struct ApplyReport {
    /// What is on the box now; nil is nothing of wggw's.
    public let revision: Int?
    /// What was carried out; empty if the box was as it should be.
    public let plan: Plan
    /// Whether it goes back by itself unless it is confirmed, and after how many seconds.
    public let confirmWithin: Int64?
    /// Repairs that came before, hints.
    public let notices: [String]
    /// The desired state, for its advice; nil after a teardown.
    public let desired: DesiredState?
    /// Foreign chains that stand in the way.
    public let obstacles: [FirewallObstacle]
}

/// What is on the box by the records: what an apply starts from and goes back to.
struct AppliedState {
    let revision: Int
    let site: Site
    let desired: DesiredState
}

extension ControlPlane {
    /// What `apply` would do now. Changes nothing.
    public func plan(revision: Int? = nil) throws(GatewayError) -> PlannedApply {
        try wrapping {
            try expectObservation(of: revision)
            let target = try site(revision)
            let record = try store.box()
            return try plan(target, record, previous: try appliedState(record, knowing: target))
        }
    }

    func plan(
        _ target: StoredSite, _ record: BoxRecord, previous: AppliedState?, restarts: Bool = false
    ) throws -> PlannedApply {
        // The same revision again: no need to compile it twice.
        let desired = previous?.revision == target.revision.id ? previous!.desired : try desiredState(target.site)
        let saved = try store.savedSysctls(bootID: clock.bootID())
        var scope = desired.scope(previous: previous?.desired, savedSysctls: saved)
        scope.knownFirewall = previous.flatMap { record.knownFirewall($0.desired) }
        let observed = try box.observe(scope)
        let plan = try diff(
            desired, observed, previous: previous?.desired, savedSysctls: saved, restarts: restarts)
        return PlannedApply(
            stored: target, desired: desired, observed: observed, plan: plan, applied: previous?.revision,
            preview: PlanPreview(plan, from: previous?.site, to: target.site))
    }

    /// What the records say is on the box; nil before the first apply and after `down`.
    func appliedState(_ record: BoxRecord, knowing known: StoredSite? = nil) throws -> AppliedState? {
        guard record.isUp, let id = record.applied else { return nil }
        let stored = known?.revision.id == id ? known! : try store.revision(id, beside: known)
        return AppliedState(revision: id, site: stored.site, desired: try desiredState(stored.site))
    }

    /// Applies the newest revision, or `revision`: all of it or nothing.
    ///
    /// With `confirmWithin` seconds it goes back by itself unless `confirm` comes. `restarts` makes the interface anew even
    /// if it is as it should be. `willPerform` sees the plan before the first change.
    public func apply(
        revision: Int? = nil, confirmWithin: Int64? = nil, restarts: Bool = false,
        willPerform: (PlanPreview) -> Void = { _ in }
    ) throws(GatewayError) -> ApplyReport {
        try locked {
            var notices = try settlePending()
            let wanted = try revision ?? store.newestID()
            // The same apply, cut short, needs no repair of its own: the diff starts from whatever is there.
            if let journal = try store.box().journal, journal.target != wanted { notices += try repair() }
            try expectObservation(of: wanted)
            return try apply(
                try site(wanted), confirmWithin: confirmWithin, restarts: restarts, notices: notices,
                willPerform: willPerform)
        }
    }

    func apply(
        _ target: StoredSite, confirmWithin: Int64? = nil, restarts: Bool = false, notices: [String] = [],
        willPerform: (PlanPreview) -> Void = { _ in }
    ) throws -> ApplyReport {
        let record = try store.box()
        let previous = try appliedState(record, knowing: target)
        let planned = try plan(target, record, previous: previous, restarts: restarts)
        let isCurrent = previous?.revision == target.revision.id && record.journal == nil
        if planned.plan.isEmpty && isCurrent { return report(planned, nil, notices) }
        willPerform(planned.preview)
        let pending = confirmWithin.map { seconds in
            PendingConfirmation(
                token: token(), revision: target.revision.id, returnTo: previous?.revision,
                deadline: clock.sinceBoot() + seconds, bootID: clock.bootID())
        }
        try begin(planned.plan, target: target.revision.id, pending: pending)
        if let pending {
            do { try startGuard(pending) } catch {
                try recordNothingDone(previous, pending)
                throw error
            }
        }
        let warnings: [String]
        do {
            let seen: RulesetGeneration?
            (warnings, seen) = try perform(planned, previous)
            try recordApplied(target.revision.id, planned.desired, seen)
        } catch {
            throw try goBack(to: previous, after: error, target: target.revision.id, pending: pending)
        }
        return report(planned, confirmWithin, notices + warnings)
    }

    private func report(_ planned: PlannedApply, _ confirmWithin: Int64?, _ notices: [String]) -> ApplyReport {
        ApplyReport(
            revision: planned.stored.revision.id, plan: planned.plan, confirmWithin: confirmWithin, notices: notices,
            desired: planned.desired, obstacles: planned.observed.obstacles)
    }

    private func token() -> String {
        withUnsafeTemporaryAllocation(byteCount: 16, alignment: 1) { bytes in
            random(bytes)
            return bytes.map { String($0, radix: 16) }.joined()
        }
    }

    // MARK: Records

    /// Before the first change: the journal, and what the sysctls said that are about to change.
    func begin(_ plan: Plan, target: Int?, pending: PendingConfirmation?) throws {
        var old: [String: Int] = [:]
        for case .setSysctl(let key, _, let was) in plan.changes { old[key] = was }
        try store.begin(
            Journal(target: target, startedAt: clock.now(), command: command), oldSysctls: old, pending: pending,
            bootID: clock.bootID())
    }

    /// After the last change. Saved sysctls that the state does not ask for have their old values again.
    func recordApplied(_ revision: Int, _ desired: DesiredState, _ seen: RulesetGeneration? = nil) throws {
        let required = Set(desired.sysctls.map(\.key))
        let saved = try store.savedSysctls(bootID: clock.bootID())
        try store.finish(
            applied: revision, at: clock.now(), returned: saved.keys.filter { !required.contains($0) },
            ruleset: seen?.description)
    }

    private func recordNothingDone(_ previous: AppliedState?, _ pending: PendingConfirmation) throws {
        _ = try store.confirm(pending.token)
        if let previous { try recordApplied(previous.revision, previous.desired) } else { try recordDown() }
    }

    func recordDown() throws { try store.finishDown(returned: try store.savedSysctls(bootID: clock.bootID()).keys) }

    // MARK: Carrying out

    /// Carries out the plan, looks again, and is content only if nothing is left to do. Returns warnings, and when the
    /// firewall was seen to be right.
    private func perform(
        _ planned: PlannedApply, _ previous: AppliedState?
    ) throws -> ([String], RulesetGeneration?) {
        let warnings = try perform(planned.plan)
        let saved = try store.savedSysctls(bootID: clock.bootID())
        var scope = planned.desired.scope(previous: previous?.desired, savedSysctls: saved)
        // The kernel took each of our transactions; if the generation tells of no other, the table is what they made of it.
        scope.knownFirewall = KnownFirewall(
            planned.desired.firewall, since: planned.observed.generation?.after(planned.plan))
        let observed = try box.observe(scope)
        // What was just applied is the state before now: else an endpoint's name, or an interface that got another one,
        // would look as if it still had to be changed.
        var rest = try diff(planned.desired, observed, previous: planned.desired, savedSysctls: saved)
        if !warnings.isEmpty { rest.changes.removeAll(where: \.isEndpointsOnly) }
        guard rest.isEmpty else {
            throw Interruption(
                applied: planned.plan.changes, failed: nil,
                cause: BoxError(
                    "look at the box again", cause: "it is still not as desired: " + rest.lines.joined(separator: ", "),
                    remedy: "does something else on this box change the same settings?"))
        }
        return (warnings, observed.generation)
    }

    /// Carries out changes in order. Throws `Interruption` at the first that is refused.
    ///
    /// A peer's name that cannot be looked up is a warning: at boot there may be no DNS yet, and the peer dials in anyway.
    func perform(_ plan: Plan) throws -> [String] {
        var warnings: [String] = []
        for (i, change) in plan.changes.enumerated() {
            do { try box.perform(change) } catch {
                if case .setWireGuard = change, error.code == EHOSTUNREACH {
                    warnings.append("warning: \(error)")
                } else {
                    throw Interruption(applied: Array(plan.changes[..<i]), failed: change, cause: error)
                }
            }
        }
        return warnings
    }

    /// Takes back what an interrupted apply did, and says how far it had got.
    private func goBack(
        to previous: AppliedState?, after error: any Error, target: Int, pending: PendingConfirmation?
    ) throws -> GatewayError {
        let interruption =
            error as? Interruption
            ?? Interruption(applied: [], failed: nil, cause: error as? BoxError ?? BoxError("apply", cause: "\(error)"))
        var outcome: ApplyFailure.Outcome = previous.map { .revertedTo($0.revision) } ?? .revertedToNothing
        do {
            if let pending { _ = try store.confirm(pending.token) }
            try restore(previous, attempted: target)
        } catch { outcome = .stuck("\((error as? Interruption)?.cause.description ?? "\(error)")") }
        return .applyFailed(
            ApplyFailure(
                target: target, applied: interruption.applied, failed: interruption.failed, cause: interruption.cause,
                outcome: outcome))
    }

    /// Brings the box to what the records say was there before, and closes the journal.
    ///
    /// `attempted` is the revision whose apply was cut short: what it may have made goes.
    func restore(_ previous: AppliedState?, attempted: Int?) throws {
        let other = try attempted.map { try store.revision($0).site }
        let interface = other?.tunnel.interface
        if let interface, interface != previous?.desired.interface {
            var plan = try teardownPlan(interface, sysctls: previous == nil, neighboursOf: other)
            // The filter and the routes stay for the interface that comes back.
            if previous != nil { plan.changes.removeAll { if case .deleteInterface = $0 { false } else { true } } }
            _ = try perform(plan)
        }
        guard let previous else { return try recordDown() }
        let saved = try store.savedSysctls(bootID: clock.bootID())
        let attemptedState = try other.map { try desiredState($0) }
        let observed = try box.observe(previous.desired.scope(previous: attemptedState, savedSysctls: saved))
        // With the attempted state as the one before, what it added beyond the old one is known to be wggw's.
        let known = attemptedState?.interface == previous.desired.interface ? attemptedState : nil
        _ = try perform(try diff(previous.desired, observed, previous: known, savedSysctls: saved))
        try recordApplied(previous.revision, previous.desired)
    }
}

extension BoxRecord {
    /// What the firewall is, if nobody touched any since the apply of `desired` ended.
    func knownFirewall(_ desired: DesiredState) -> KnownFirewall? {
        guard journal == nil else { return nil }
        return KnownFirewall(desired.firewall, since: ruleset.flatMap { RulesetGeneration($0) })
    }
}

/// A plan that was cut short.
struct Interruption: Error {
    let applied: [Change]
    let failed: Change?
    let cause: BoxError
}

extension Change {
    /// Whether nothing but endpoints of known peers would be set.
    fileprivate var isEndpointsOnly: Bool {
        guard case .setWireGuard(_, let change) = self else { return false }
        return change.privateKey == nil && change.listenPort == nil && change.fwmark == nil && change.remove.isEmpty
            && change.set.allSatisfy {
                !$0.isNew && $0.presharedKey == nil && $0.keepalive == nil && $0.allowedIPs == nil
            }
    }
}
