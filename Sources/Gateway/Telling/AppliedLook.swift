import Compiler
internal import BoxModel
internal import SiteModel
internal import Storage

/// The revision that is on the box, and the box beside it: what `status` and `explain` begin with.
struct AppliedLook {
    /// As it was applied.
    let before: AppliedState
    /// What the site meets on its box now.
    let outlook: Outlook
    /// As the box should be now.
    let desired: DesiredState
    /// As the box is.
    let observed: ObservedState
    /// Settings from before wggw.
    let savedSysctls: [String: Int]
}

extension ControlPlane {
    /// Looks at the box as the applied revision has it. No name is asked for: who looks often waits for nobody.
    func look(at stored: StoredSite, _ record: BoxRecord) throws -> AppliedLook {
        let before = try state(of: stored.revision.id, knowing: stored)
        let outlook = try lookAround(stored, previous: before, asksNames: false)
        let isUnmoved = outlook.surroundings == before.surroundings
        let desired = isUnmoved ? before.desired : try desiredState(stored.site, outlook.surroundings)
        let saved = try records.savedSysctls(bootID: clock.bootID())
        var scope = desired.scope(previous: before.desired, savedSysctls: saved)
        scope.knownFirewall = record.knownFirewall(before.desired)
        return AppliedLook(
            before: before, outlook: outlook, desired: desired, observed: try box.observe(scope),
            savedSysctls: saved)
    }
}
