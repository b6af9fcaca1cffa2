public import BoxModel
import Compiler
internal import Glibc
internal import SiteModel
public import Storage
internal import System

/// What is done for one request: drafts, plans, applies and reports, on a state directory and a box.
///
/// Single caller: whoever serves the request. Others have their own, with the same equipment; whatever changes something takes the state
/// directory's lock first.
public final class ControlPlane {
    let equipment: Equipment
    let request: Request
    private var lock: StateLock?
    /// What was opened so far. A secret is named by its hash, so it is the same for every revision that names it.
    private var opened = Secrets()

    /// The box is touched by nothing but the commands that say so.
    public init(_ equipment: Equipment, for request: Request) {
        self.equipment = equipment
        self.request = request
    }

    var revisions: any Revisions { equipment.revisions }
    var records: BoxRecords { equipment.records }
    var box: any Box { equipment.box }
    var clock: Clock { equipment.clock }
    var random: RandomSource { equipment.random }
    var stop: StopRequest { request.stop }

    /// Holds the state directory's lock while `body` runs; the commands that call each other take it once.
    func locked<R>(_ body: () throws -> R) throws(GatewayError) -> R {
        try wrapping {
            if lock != nil { return try body() }
            lock = try records.lock(
                purpose: request.command, waitingMilliseconds: request.lockWaitMilliseconds,
                isStopped: { stop.signal() != nil })
            defer { lock = nil }
            followRenamedCards()
            return try body()
        }
    }

    /// The newest site, or `.noSite`.
    public func newest() throws(GatewayError) -> StoredSite {
        try wrapping {
            guard let newest = try revisions.newest() else { throw GatewayError.noSite }
            return newest
        }
    }

    /// The newest `limit` revisions, newest first.
    public func history(limit: Int) throws(GatewayError) -> [Revision] {
        try wrapping { try revisions.history(limit: limit) }
    }

    /// When revisions were applied last on this box, seconds since the epoch; not those that never were, or were taken back.
    public func appliedTimes() throws(GatewayError) -> [Int: Int64] { try wrapping { try records.appliedTimes() } }

    /// What is on the box by the records.
    public func record() throws(GatewayError) -> BoxRecord { try wrapping { try records.current() } }

    /// One revision, or the newest.
    public func site(_ revision: Int?) throws(GatewayError) -> StoredSite {
        guard let revision else { return try newest() }
        return try wrapping { try revisions.revision(revision) }
    }

    /// The revision that was applied last.
    public func applied() throws(GatewayError) -> StoredSite {
        try wrapping {
            guard let applied = try records.current().applied else {
                throw ApplyingError.nothingToCompare
            }
            return try revisions.revision(applied)
        }
    }

    /// A revision as the settings that the box needs, with the secrets that it names unsealed: as it was applied last, or as it
    /// would be now.
    public func desiredState(of stored: StoredSite) throws(GatewayError) -> DesiredState {
        try wrapping {
            let known = try records.surroundings(of: stored.revision.id)
            return try desiredState(stored.site, known ?? lookAround(stored, previous: nil).surroundings)
        }
    }

    func desiredState(_ site: Site, _ surroundings: Surroundings) throws -> DesiredState {
        try compile(site, secrets: try secrets(of: site), surroundings: surroundings)
    }

    private func secrets(of site: Site) throws -> Secrets {
        guard let publicKey = site.tunnel.publicKey else { return Secrets() }
        var sealed: Set<SecretID> = []
        let named = site.peers.map(\.presharedKey) + site.tunnel.disguises.map(\.disguise.headerProtectionKey)
        for case .sealed(let id) in named where opened.presharedKeys[id] == nil { sealed.insert(id) }
        let keys = try revisions.presharedKeys(sealed)
        if opened.presharedKeys.isEmpty {
            opened.presharedKeys = keys
        } else {
            opened.presharedKeys.merge(keys) { _, new in new }
        }
        if opened.privateKeys[publicKey] == nil {
            opened.privateKeys[publicKey] = try revisions.privateKey(of: publicKey)
        }
        return opened
    }

    /// Before a site is read: the box begins to read the WireGuard side, which is what takes long.
    func expectObservation(of revision: Int?) throws {
        if let interface = try revisions.tunnelInterface(of: revision) { box.expectObservation(of: interface) }
    }
}

/// The person behind the process: `SUDO_USER` if sudo says so, else the name of the real user id, else its number.
public func currentUserName() -> String {
    if let sudo = getenv("SUDO_USER"), sudo.pointee != 0 { return String(cString: sudo) }
    return userName(getuid())
}
