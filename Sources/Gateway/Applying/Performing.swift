import SiteModel
internal import BoxModel
internal import Compiler
internal import Firewall
internal import Glibc
internal import Storage

/// From a plan to a box that is as desired.
extension ControlPlane {
    /// Carries out the plan, looks again, and is content only if nothing is left to do. Returns warnings, and when the
    /// firewall was seen to be right.
    func perform(
        _ planned: PlannedApply, _ previous: AppliedState?
    ) throws -> ([ApplyNotice], RulesetGeneration?) {
        let warnings = try perform(planned.plan, untilStopped: true)
        try box.resumeForwarding(needsTable: true)
        // All is done; what is left is to look.
        stop.disregard()
        let saved = try records.savedSysctls(bootID: clock.bootID())
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
                cause: BoxError(.init(.look, .box), .undone(rest.lines)))
        }
        return (warnings, observed.generation)
    }

    /// Carries out changes in order. Throws `Interruption` at the first that is refused.
    ///
    /// A peer's name that cannot be looked up is a warning: at boot there may be no DNS yet, and the peer dials in anyway. So
    /// are connections that the kernel does not let anybody end.
    /// `untilStopped`: told to stop, it stops before the next change.
    func perform(_ plan: Plan, untilStopped: Bool = false) throws -> [ApplyNotice] {
        var warnings: [ApplyNotice] = []
        for (i, change) in plan.changes.enumerated() {
            if untilStopped, let signal = stop.signal() {
                throw Interruption(
                    applied: Array(plan.changes[..<i]), failed: change,
                    cause: BoxError(.init(.run, .command(request.command)), .stopped(signal: signal)))
            }
            do { try box.perform(change) } catch {
                switch change {
                case .setWireGuard where error.code == EHOSTUNREACH: warnings.append(.unresolved(error))
                case .cutConnections(let cut) where [EOPNOTSUPP, EPERM, EBUSY].contains(error.code):
                    warnings.append(.staysOpen(cut, error))
                default: throw Interruption(applied: Array(plan.changes[..<i]), failed: change, cause: error)
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
