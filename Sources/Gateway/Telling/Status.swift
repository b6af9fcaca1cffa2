public import BoxModel
import Compiler
public import Explaining
public import NetTypes
public import SiteModel
public import Storage

/// How the gateway is, for `status`.
public struct GatewayStatus {
    /// What is applied, by the records; nil is nothing.
    public internal(set) var applied: StoredSite?
    /// The newest revision, if it is another one.
    public let draft: Revision?
    /// The records.
    public let record: BoxRecord
    /// Seconds until an unconfirmed apply goes back.
    public let confirmWithin: Int64?
    /// What the box says.
    public internal(set) var observed: ObservedState?
    /// The peers of the site by name, then those that only the interface knows.
    public internal(set) var peers = PeerList()
    /// What an apply would change to make the box as the applied revision wants it: somebody else changed it.
    public internal(set) var drift = PlanPreview(Plan(), from: nil, to: nil)
    /// What the site meets on the box now.
    public internal(set) var surroundings = Surroundings()
    /// What somebody has to set on another box.
    public internal(set) var advice: [IPPrefix] = []
    /// Seconds since the epoch.
    public let now: Int64
    /// What is wrong and needs somebody, each with what helps; empty if all is well.
    public let alarms: [Alarm]

    /// What is as it should be, and worth knowing.
    public internal(set) var notes: [ApplyNotice] = []
    /// The applied profile's own checks, by the rules that are on the box as it should be.
    public internal(set) var checks: [CheckResult] = []

    /// Whether another wggw is changing the box, so that what differs is on its way.
    public internal(set) var isAtWork = false

    /// Whether nobody has to do anything: what a monitor asks.
    public var isWell: Bool {
        alarms.isEmpty && (drift.isEmpty || isAtWork) && !(observed?.obstacles ?? []).contains(where: \.isCertain)
    }

    /// Whether the gateway is up, and nobody has ever come through since.
    public var isUnvisited: Bool {
        observed?.link?.isUp == true && peers.areUnheard
    }
}

extension ControlPlane {
    /// Looks at the records and at the box. Changes nothing.
    public func status() throws(GatewayError) -> GatewayStatus {
        var status = try look()
        if status.drift.isEmpty { return status }
        // Only what nobody was at, before and after it was seen, is somebody else's doing.
        guard try isFree() else {
            status.isAtWork = true
            return status
        }
        status = try look()
        status.isAtWork = try wrapping { try !isFree() || records.current() != status.record }
        return status
    }

    private func isFree() throws(GatewayError) -> Bool {
        try wrapping { try records.whileFree { () throws(StorageError) in true } ?? false }
    }

    private func look() throws(GatewayError) -> GatewayStatus {
        try wrapping {
            let record = try records.current()
            let up = record.isUp ? record.applied : nil
            if let up { try expectObservation(of: up) }
            let applied = try up.map { try revisions.revision($0) }
            let newest = try revisions.newestID()
            let draft = try newest.flatMap { id in
                id == applied?.revision.id ? nil : try revisions.history(limit: 1).first
            }
            let waits = record.pending.map { max(0, $0.deadline - clock.sinceBoot()) }
            guard let applied else {
                return GatewayStatus(
                    draft: draft, record: record, confirmWithin: waits, now: clock.now(), alarms: try alarms())
            }
            // While the datapath answers.
            var peers = GatewayStatus.PeerList(applied.site.peers)
            let look = try look(at: applied, record)
            peers.observe(look.observed.wireGuard?.peers ?? [])
            let (desired, observed) = (look.desired, look.observed)
            // What a silent datapath is set to nobody knows: that is an alarm, and no drift.
            let drift =
                try observed.silence == nil
                ? diff(desired, observed, previous: look.before.desired, savedSysctls: look.savedSysctls) : Plan()
            return GatewayStatus(
                applied: applied, draft: draft, record: record, confirmWithin: waits, observed: observed,
                peers: peers, drift: PlanPreview(drift, from: nil, to: applied.site),
                surroundings: look.outlook.surroundings, advice: desired.advice,
                now: clock.now(),
                alarms: try alarms() + (observed.silence.map { [.silent($0)] } ?? [])
                    + (observed.hasOlderProgram ? [.olderProgram] : [])
                    + look.outlook.absences.map { .absent($0) }, notes: look.outlook.doubts,
                checks: judge(checksOf: applied.site, desired))
        }
    }

    /// What the records say of something that should be over and is not. Whoever holds the lock is at it; and what was read
    /// before is no witness, since somebody may have been at it then.
    private func alarms() throws -> [Alarm] {
        let read = try records.whileFree { () throws(StorageError) in try records.current() }
        guard let record = read else { return [] }
        if let pending = record.pending, try isOver(pending) {
            return [.overdue(revision: pending.revision, to: pending.returnTo)]
        }
        guard let journal = record.journal else { return [] }
        return [.cutShort(command: journal.command)]
    }
}
