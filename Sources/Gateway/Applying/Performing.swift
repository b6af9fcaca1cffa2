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
    /// What somebody changed in the meantime is left to do, too, and is done in its turn, with a word to `willPerform`; so it is where a
    /// change was refused, since the box was not any more as it had been seen. Against who sets back what was just done nothing helps, nor
    /// against who goes on for ever: then it throws `Interruption`.
    func perform(
        _ planned: PlannedApply, _ previous: AppliedState?, _ willPerform: (PlanPreview) -> Void
    ) throws -> Performed {
        var performed = Performed(plan: Plan(), warnings: [], seen: planned.observed.generation)
        var plan = planned.plan
        var untilStopped = true
        for round in 1... {
            let before = performed.plan.changes
            var refused: Interruption?
            do {
                performed.warnings += try perform(plan, untilStopped: untilStopped, after: before)
                performed.plan.changes += plan.changes
                try box.resumeForwarding(needsTable: true)
                // All is done; what is left is to look.
                stop.disregard()
                untilStopped = false
            } catch let interruption as Interruption where round < mostRounds && stop.signal() == nil {
                performed.plan.changes = interruption.applied
                refused = interruption
            }
            let tried = plan.changes
            let saved = try records.savedSysctls(bootID: clock.bootID())
            var scope = planned.desired.scope(previous: previous?.desired, savedSysctls: saved)
            // The kernel took each of our transactions; if the generation tells of no other, the table is what they made of it.
            if refused == nil {
                scope.knownFirewall = KnownFirewall(planned.desired.firewall, since: performed.seen?.after(plan))
            }
            let observed: ObservedState
            do { observed = try box.observe(scope) } catch {
                if let refused { throw refused }
                throw error
            }
            performed.seen = observed.generation
            // What was just applied is the state before now: else an endpoint's name, or an interface that got another one,
            // would look as if it still had to be changed.
            plan = try diff(
                planned.desired, observed, previous: refused == nil ? planned.desired : previous?.desired,
                savedSysctls: saved)
            if !performed.warnings.isEmpty { plan.changes.removeAll(where: \.isEndpointsOnly) }
            if let refused, !refused.isOvertaken(by: plan, after: tried) { throw refused }
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

    /// Whether, by another look, something of an interface's has to be done before the change that was refused which nobody tried: then the
    /// box is not as it was when the plan was made. What else has to be done may be what this apply left half done.
    fileprivate func isOvertaken(by plan: Plan, after tried: [Change]) -> Bool {
        guard let index = plan.changes.firstIndex(where: { $0 == failed }) else { return false }
        return plan.changes[..<index].contains { change in
            guard case .link = change else { return false }
            return !tried.contains(change)
        }
    }
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
