public import BoxModel
import Compiler
public import Explaining
internal import Firewall
internal import Glibc
public import SiteModel
public import Storage

/// What would happen to the box.
public struct PlannedApply {
    /// What would be applied.
    public let stored: StoredSite
    /// What the site meets on the box.
    public let surroundings: Surroundings
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
    /// What is missing on the box, and what the plan grants besides.
    public let notices: [Notice]
    /// The profile's own checks, by the rules that would be on the box.
    public let checks: [CheckResult]
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
    public let notices: [Notice]
    /// The desired state, for its advice; nil after a teardown.
    public internal(set) var desired: DesiredState?
    /// Foreign chains that stand in the way.
    public internal(set) var obstacles: [FirewallObstacle] = []
    /// What the site met on the box; empty after a teardown.
    public internal(set) var surroundings = Surroundings()
    /// Whether that is something else than what was there before met.
    public internal(set) var hasMoved = false
    /// Peers that are not reached by their endpoint's name, as of before.
    public internal(set) var unreached: [UnreachedPeer] = []
    /// What of it could not be done yet; it is among the notices.
    public internal(set) var leftOver: [ApplyNotice] = []
}

/// Whether an apply makes the interface anew that is as it should be.
enum Restarts {
    case never
    case always
    /// Where its datapath does not answer.
    case whereSilent
}

/// What is on the box by the records: what an apply starts from and goes back to.
struct AppliedState {
    let revision: Int
    let site: Site
    let surroundings: Surroundings
    let desired: DesiredState
}

extension ControlPlane {
    /// What `apply` would do now. Changes nothing.
    public func plan(revision: Int? = nil) throws(GatewayError) -> PlannedApply {
        try wrapping {
            try expectObservation(of: revision)
            let target = try site(revision)
            let record = try records.current()
            return try plan(target, record, previous: try appliedState(record, knowing: target))
        }
    }

    func plan(
        _ target: StoredSite, _ record: BoxRecord, previous: AppliedState?, restarts: Restarts = .never
    ) throws -> PlannedApply {
        let problems = target.site.interfaceProblems()
        guard problems.isEmpty else { throw GatewayError.invalid(problems) }
        let outlook = try lookAround(target, previous: previous)
        // The same revision again: no need to compile it twice.
        let isSame = previous?.revision == target.revision.id && previous?.surroundings == outlook.surroundings
        let desired = isSame ? previous!.desired : try desiredState(target.site, outlook.surroundings)
        let saved = try records.savedSysctls(bootID: clock.bootID())
        var scope = desired.scope(previous: previous?.desired, savedSysctls: saved)
        scope.knownFirewall = previous.flatMap { record.knownFirewall($0.desired) }
        let observed = try box.observe(scope)
        let plan = try diff(
            desired, observed, previous: previous?.desired, savedSysctls: saved,
            restarts: restarts == .always || restarts == .whereSilent && observed.silence != nil,
            interrupted: record.journal == nil ? nil : desired)
        // Who else is asked at the tunnel's ports: told as often as something changes.
        let taken = plan.isEmpty ? [] : observed.takenPorts.map { ApplyNotice.takesPort($0) }
        return PlannedApply(
            stored: target, surroundings: outlook.surroundings, desired: desired, observed: observed, plan: plan,
            applied: previous?.revision, preview: PlanPreview(plan, from: previous?.site, to: target.site),
            notices: (outlook.notices + grants(target.site, plan) + taken).map { .applying($0) },
            checks: judge(checksOf: target.site, desired))
    }

    /// What the records say is on the box; nil before the first apply and after `down`.
    func appliedState(_ record: BoxRecord, knowing known: StoredSite? = nil) throws -> AppliedState? {
        guard record.isUp, let id = record.applied else { return nil }
        return try state(of: id, knowing: known)
    }

    /// A revision as what is on the box once it is applied.
    func state(of id: Int, knowing known: StoredSite? = nil) throws -> AppliedState {
        let stored = known?.revision.id == id ? known! : try revisions.revision(id, beside: known)
        let surroundings = try records.surroundings(of: id) ?? Surroundings()
        return AppliedState(
            revision: id, site: stored.site, surroundings: surroundings,
            desired: try desiredState(stored.site, surroundings))
    }

    /// Applies the newest revision, or `revision`: all of it or nothing.
    ///
    /// With `confirmWithin` seconds it goes back by itself unless `confirm` comes. `restarts` makes the interface anew even
    /// if it is as it should be. `willPerform` sees the plan before the first change, and what others make necessary meanwhile
    /// before that. Told to stop, it takes back what it did.
    public func apply(
        revision: Int? = nil, confirmWithin: Int64? = nil, restarts: Bool = false,
        willPerform: (PlanPreview) -> Void = { _ in }
    ) throws(GatewayError) -> ApplyReport {
        try locked {
            try refuseWhileWaiting()
            let wanted = try revision ?? revisions.newestID()
            let record = try records.current()
            // The same apply, cut short, needs no repair of its own: the diff starts from whatever is there.
            let isSame = record.pending == nil && record.journal.map { $0.target == wanted } ?? false
            let notices = isSame ? [] : try settle()
            try expectObservation(of: wanted)
            return try apply(
                try site(wanted), confirmWithin: confirmWithin, restarts: restarts ? .always : .never, notices: notices,
                keepsChecks: true, willPerform: willPerform)
        }
    }

    /// `keepsChecks`: whether a site that breaks its own checks is refused. What was applied before comes back in any case.
    func apply(
        _ target: StoredSite, confirmWithin: Int64? = nil, restarts: Restarts = .never, notices: [Notice] = [],
        keepsChecks: Bool = false, willPerform: (PlanPreview) -> Void = { _ in }
    ) throws -> ApplyReport {
        let record = try records.current()
        let previous = try appliedState(record, knowing: target)
        let planned = try plan(target, record, previous: previous, restarts: restarts)
        let broken = planned.checks.filter { !$0.holds }
        if keepsChecks && !broken.isEmpty { throw GatewayError.checksBroken(revision: target.revision.id, broken) }
        let notices = notices + planned.notices
        let isCurrent = previous?.revision == target.revision.id && record.journal == nil
        if planned.plan.isEmpty && isCurrent {
            // What makes no difference now is what later moves are told from.
            if previous?.surroundings != planned.surroundings {
                try? records.save(planned.surroundings, of: target.revision.id)
            }
            return report(planned, previous, nil, notices)
        }
        willPerform(planned.preview)
        try stopBeforeBeginning()
        let pending = try confirmWithin.map { seconds in
            try waiting(for: target.revision.id, returningTo: previous?.revision, within: seconds)
        }
        try begin(
            target: target.revision.id, oldSysctls: planned.plan.settingsBefore(planned.observed), pending: pending)
        try startGuard(pending, from: previous)
        let performed: Performed
        do {
            performed = try perform(planned, previous, willPerform)
            let state = AppliedState(
                revision: target.revision.id, site: target.site, surroundings: planned.surroundings,
                desired: planned.desired)
            try recordApplied(state, .init(ruleset: performed.seen?.description))
        } catch {
            throw try goBack(to: previous, after: error, target: target.revision.id, pending: pending)
        }
        return report(
            planned, previous, confirmWithin, notices + performed.warnings.map { .applying($0) }, performed)
    }

    private func report(
        _ planned: PlannedApply, _ previous: AppliedState?, _ confirmWithin: Int64?, _ notices: [Notice],
        _ performed: Performed? = nil
    ) -> ApplyReport {
        ApplyReport(
            revision: planned.stored.revision.id, plan: performed?.plan ?? Plan(), confirmWithin: confirmWithin,
            notices: notices, desired: planned.desired, obstacles: planned.observed.obstacles,
            surroundings: planned.surroundings,
            hasMoved: previous.map { $0.surroundings != planned.surroundings } ?? false,
            unreached: unreached(planned.stored.site, planned.observed), leftOver: performed?.warnings ?? [])
    }

    /// What waits from now on to be confirmed.
    func waiting(
        for revision: Int?, returningTo previous: Int?, within seconds: Int64
    ) throws -> PendingConfirmation {
        try PendingConfirmation(
            token: token(), revision: revision, returnTo: previous, deadline: clock.sinceBoot() + seconds,
            bootID: clock.bootID())
    }

    /// Once that is in the records, and before the first change. Without a guard nothing is begun.
    func startGuard(_ pending: PendingConfirmation?, from previous: AppliedState?) throws {
        guard let pending else { return }
        do { try equipment.startGuard(pending) } catch {
            try recordNothingDone(previous, pending)
            throw error
        }
    }

    private func token() -> String {
        withUnsafeTemporaryAllocation(byteCount: 16, alignment: 1) { bytes in
            random(bytes)
            return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
    }

    // MARK: Records

    /// Before the first change: the journal, and what the sysctls said that are about to change.
    func begin(target: Int?, oldSysctls: [String: Int] = [:], pending: PendingConfirmation? = nil) throws {
        try records.begin(
            Journal(target: target, startedAt: clock.now(), command: request.command), oldSysctls: oldSysctls,
            pending: pending, bootID: clock.bootID())
    }

    /// After the last change. Saved sysctls that the state does not hold have their old values again.
    func recordApplied(_ state: AppliedState, _ outcome: BoxRecords.Outcome) throws {
        var outcome = outcome
        outcome.returned = try records.savedSysctls(bootID: clock.bootID()).keys.filter { !state.desired.holds($0) }
        try records.finish(
            applied: state.revision, with: state.surroundings, at: clock.now(), bootID: clock.bootID(), outcome)
        followRenamedCards()
    }

    private func recordNothingDone(_ previous: AppliedState?, _ pending: PendingConfirmation) throws {
        let outcome = BoxRecords.Outcome(withdrawn: pending)
        if let previous { try recordApplied(previous, outcome) } else { try recordDown(outcome) }
    }

    func recordDown(_ outcome: BoxRecords.Outcome = .init()) throws {
        var outcome = outcome
        outcome.returned = try Array(records.savedSysctls(bootID: clock.bootID()).keys)
        try records.finishDown(outcome)
    }
}

extension BoxRecord {
    /// What the firewall is, if nobody touched any since the apply of `desired` ended.
    func knownFirewall(_ desired: DesiredState) -> KnownFirewall? {
        guard journal == nil else { return nil }
        return KnownFirewall(desired.firewall, since: ruleset.flatMap { RulesetGeneration($0) })
    }
}
