import Compiler
internal import BoxModel
public import SiteModel
public import Storage

/// What a look at the box came to, by whoever keeps it as the records say.
public struct Kept: Equatable, Sendable {
    /// How the box was found.
    public enum State: Equatable, Sendable {
        /// Nothing of wggw's is meant to be there.
        case absent
        /// As it should be.
        case well
        /// Otherwise; this was carried out.
        case putBack(PlanPreview)
        /// The box's networks or routes are others; this was carried out, and the site meets these now.
        case followed(PlanPreview, Surroundings)
        /// Otherwise, and left so; this would put it right.
        case differs(PlanPreview)
        /// The same, since the site says so.
        case reported(PlanPreview)
    }

    /// How it was found.
    public let state: State
    /// What is on the box; nil is nothing of wggw's.
    public internal(set) var revision: Int?
    /// The tunnel's interface; nil is nothing of wggw's.
    public internal(set) var interface: String?
    /// What was ended that somebody had begun, and what there is to say besides.
    public let notices: [Notice]
    /// Whether something could not be done yet that may be possible later: an endpoint's name cannot be looked up.
    public internal(set) var isUnfinished = false
    /// Seconds of the boot's clock after which an apply goes back that nobody has confirmed, or a peer's time is over; nil: neither
    /// comes.
    public let deadline: Int64?
    /// Whether the site wants kept what its firewall refuses.
    public internal(set) var keepsDenied = false
    /// Peers that are not reached by their endpoint's name.
    public internal(set) var unreached: [UnreachedPeer] = []
    /// What the records say by now.
    public let record: BoxRecord
}

extension ControlPlane {
    /// Looks whether the box is as the records say it should be, and puts it back; what another wggw left unfinished is ended
    /// first, and an apply that nobody confirmed in time is taken back. Where that is needed of the site's networks and names, it
    /// goes by the box as it is now. Where the site wants no repair, only what the box's own networks and routes ask for is done.
    ///
    /// `bringsUp`: also after `down`, and after a boot. Without `putsBack` it only tells. Waits for other wggws to end.
    public func keep(bringsUp: Bool = false, putsBack: Bool = true) throws(GatewayError) -> Kept {
        try locked {
            let settled = try settle() + (records.isAside ? [.applying(.aside(records.directory.path))] : [])
            let record = try records.current()
            // A teardown that waits for its confirmation is one.
            let isDown = record.pending.map { $0.revision == nil } ?? false
            guard let revision = record.applied, record.isUp || bringsUp && !isDown else {
                try box.resumeForwarding(needsTable: false)
                return Kept(
                    state: .absent, notices: settled, deadline: record.pending?.deadline, record: record)
            }
            try expectObservation(of: revision)
            let target = try revisions.revision(revision)
            let deadline = [record.pending?.deadline, nextExpiry(of: target.site)].compactMap { $0 }.min()
            if !putsBack || target.site.drift == .report && !bringsUp {
                let previous = try appliedState(record, knowing: target)
                let planned = try plan(target, record, previous: previous)
                let hasMoved = previous.map { $0.surroundings != planned.surroundings } ?? false
                // Without the firewall the box would be open.
                if !putsBack || !hasMoved && planned.observed.firewall != nil {
                    let differs: Kept.State = putsBack ? .reported(planned.preview) : .differs(planned.preview)
                    return Kept(
                        state: planned.plan.isEmpty ? .well : differs, revision: revision,
                        interface: target.site.tunnel.interface, notices: settled + planned.notices,
                        deadline: deadline, keepsDenied: target.site.keepsDenied,
                        unreached: unreached(target.site, planned.observed), record: record)
                }
            }
            let report = try apply(target, restarts: .whereSilent, notices: settled)
            let done = PlanPreview(report.plan, from: target.site, to: target.site)
            let state: Kept.State =
                done.isEmpty ? .well : report.hasMoved ? .followed(done, report.surroundings) : .putBack(done)
            try box.resumeForwarding(needsTable: true)
            // Who cannot, keeps the box all the same.
            _ = try? box.holdFirewall()
            return Kept(
                state: state, revision: revision, interface: target.site.tunnel.interface, notices: report.notices,
                isUnfinished: !report.leftOver.isEmpty, deadline: deadline, keepsDenied: target.site.keepsDenied,
                unreached: report.unreached, record: try records.current())
        }
    }

    /// On the boot's clock, which nobody sets. Where somebody sets the other one, the next look, unasked, tells anew.
    private func nextExpiry(of site: Site) -> Int64? {
        let now = clock.now()
        return site.nextExpiry(after: now).map { clock.sinceBoot() + $0 - now }
    }
}
