public import Explaining
internal import BoxModel
internal import LinuxNet
internal import NetTypes
public import SiteModel
internal import Storage

extension ControlPlane {
    /// Why a flow passes, or does not: by the revision that is applied, or, where none is, by the newest. Changes nothing.
    ///
    /// `asksHosts`: sends a packet to the host at the end. Else nothing is sent but what a host's name is looked up by.
    public func explain(_ flow: Flow, asksHosts: Bool) throws(GatewayError) -> Explanation {
        try wrapping { try Survey(scene(asksHosts: asksHosts)).explain(flow) }
    }

    /// The site, the box, and what can be asked of it.
    func scene(asksHosts: Bool) throws -> Scene {
        let record = try records.current()
        let applied = record.isUp ? record.applied : nil
        if let applied { try expectObservation(of: applied) }
        let stored = try site(applied)
        let look = applied == nil ? nil : try look(at: stored, record)
        let desired = if let look { look.desired } else { try desiredState(of: stored) }
        return Scene(
            site: stored.site, desired: desired, revision: stored.revision.id,
            isMoved: look.map { $0.outlook.surroundings != $0.before.surroundings } ?? false,
            observed: look?.observed, now: clock.now(), terrain: equipment.terrain,
            prober: asksHosts ? equipment.prober : nil,
            lookUp: { [box] name in (try? box.addresses(of: name)) ?? [] })
    }
}
