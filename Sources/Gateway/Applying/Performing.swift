import SiteModel
internal import BoxModel
internal import Compiler
internal import Firewall
internal import Glibc
internal import Storage

/// How often what somebody changes meanwhile is done before an apply takes back what it did.
private let mostRounds = 3

/// What was carried out until nothing was left to do.
struct Performed {
    /// All of it, in order.
    var plan: Plan
    var warnings: [ApplyNotice]
    /// When the firewall was seen to be right.
    var seen: RulesetGeneration?
}

/// From a plan to a box that is as desired.
extension ControlPlane {
    /// Carries out the plan, looks again, and is content only if nothing is left to do.
    ///
    /// What somebody changed in the meantime is left to do, too, and is done in its turn, with a word to `willPerform`. Against who sets
    /// back what was just done nothing helps, nor against who goes on for ever: then it throws `Interruption`.
    func perform(
        _ planned: PlannedApply, _ previous: AppliedState?, _ willPerform: (PlanPreview) -> Void
    ) throws -> Performed {
        var performed = Performed(plan: Plan(), warnings: [], seen: planned.observed.generation)
        var plan = planned.plan
        for round in 1... {
            performed.warnings += try perform(plan, untilStopped: round == 1, after: performed.plan.changes)
            performed.plan.changes += plan.changes
            try box.resumeForwarding(needsTable: true)
            // All is done; what is left is to look.
            stop.disregard()
            let saved = try records.savedSysctls(bootID: clock.bootID())
            var scope = planned.desired.scope(previous: previous?.desired, savedSysctls: saved)
            // The kernel took each of our transactions; if the generation tells of no other, the table is what they made of it.
            scope.knownFirewall = KnownFirewall(planned.desired.firewall, since: performed.seen?.after(plan))
            let observed = try box.observe(scope)
            performed.seen = observed.generation
            // What was just applied is the state before now: else an endpoint's name, or an interface that got another one,
            // would look as if it still had to be changed.
            plan = try diff(planned.desired, observed, previous: planned.desired, savedSysctls: saved)
            if !performed.warnings.isEmpty { plan.changes.removeAll(where: \.isEndpointsOnly) }
            if plan.isEmpty { break }
            guard round < mostRounds, plan.changes.contains(where: { !performed.plan.changes.contains($0) }) else {
                throw Interruption(
                    applied: performed.plan.changes, failed: nil,
                    cause: BoxError(.init(.look, .box), .undone(plan)))
            }
            willPerform(PlanPreview(plan, from: planned.stored.site, to: planned.stored.site))
            try records.save(
                oldSysctls: plan.settingsBefore(observed).filter { saved[$0.key] == nil }, bootID: clock.bootID())
        }
        return performed
    }

    /// Carries out changes in order. Throws `Interruption` at the first that is refused.
    ///
    /// A peer's name that cannot be looked up is a warning: at boot there may be no DNS yet, and the peer dials in anyway. So
    /// are connections that the kernel does not let anybody end.
    /// `untilStopped`: told to stop, it stops before the next change. `before` was carried out already.
    func perform(
        _ plan: Plan, untilStopped: Bool = false, after before: [Change] = []
    ) throws -> [ApplyNotice] {
        var warnings: [ApplyNotice] = []
        for (i, change) in plan.changes.enumerated() {
            if untilStopped, let signal = stop.signal() {
                throw Interruption(
                    applied: before + plan.changes[..<i], failed: change,
                    cause: BoxError(.init(.run, .command(request.command)), .stopped(signal: signal)))
            }
            do { try box.perform(change) } catch {
                switch change {
                case .setWireGuard where error.code == EHOSTUNREACH: warnings.append(.unresolved(error))
                case .cutConnections(let cut) where [EOPNOTSUPP, EPERM, EBUSY].contains(error.code):
                    warnings.append(.staysOpen(cut, error))
                default: throw Interruption(applied: before + plan.changes[..<i], failed: change, cause: error)
                }
            }
        }
        return warnings
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
