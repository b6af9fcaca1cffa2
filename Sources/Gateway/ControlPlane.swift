public import BoxModel
import Compiler
internal import Glibc
internal import SiteModel
public import Storage

/// What one wggw process does: drafts, plans, applies and reports, on a state directory and a box.
///
/// Single caller: one command. Whatever changes something takes the state directory's lock first.
public final class ControlPlane {
    let store: Store
    let box: any Box
    /// What the same box says of packets' ways.
    let terrain: any Terrain
    /// Sends what somebody asked for.
    let prober: any Prober
    let clock: Clock
    let random: RandomSource
    /// Whom revisions are made by.
    let who: String
    /// The command, as the lock and the journal name it: `wggw apply`.
    let command: String
    /// How long to wait for another wggw.
    let lockWaitMilliseconds: Int
    /// Starts the process that takes an unconfirmed apply back.
    let startGuard: (PendingConfirmation) throws -> Void
    /// Whether this command was told to stop.
    let stop: StopRequest
    private var lock: StateLock?
    /// What was opened so far. A secret is named by its hash, so it is the same for every revision that names it.
    private var opened = Secrets()

    /// Opens the state directory; the box is touched by nothing but the commands that say so.
    public init(
        store: Store, box: any Box, terrain: any Terrain, prober: any Prober, clock: Clock = .system,
        random: @escaping RandomSource = systemRandom, who: String,
        command: String, lockWaitMilliseconds: Int = 30_000, stop: StopRequest = .none,
        startGuard: @escaping (PendingConfirmation) throws -> Void
    ) {
        self.store = store
        self.box = box
        self.terrain = terrain
        self.prober = prober
        self.clock = clock
        self.random = random
        self.who = who
        self.command = command
        self.lockWaitMilliseconds = lockWaitMilliseconds
        self.stop = stop
        self.startGuard = startGuard
    }

    /// Holds the state directory's lock while `body` runs; the commands that call each other take it once.
    func locked<R>(_ body: () throws -> R) throws(GatewayError) -> R {
        try wrapping {
            if lock != nil { return try body() }
            lock = try store.lock(
                purpose: command, waitingMilliseconds: lockWaitMilliseconds, isStopped: { stop.signal() != nil })
            defer { lock = nil }
            return try body()
        }
    }

    /// The newest site, or `.noSite`.
    public func newest() throws(GatewayError) -> StoredSite {
        try wrapping {
            guard let newest = try store.newest() else { throw GatewayError.noSite }
            return newest
        }
    }

    /// The newest `limit` revisions, newest first.
    public func history(limit: Int) throws(GatewayError) -> [Revision] {
        try wrapping { try store.history(limit: limit) }
    }

    /// What is on the box by the records.
    public func record() throws(GatewayError) -> BoxRecord { try wrapping { try store.box() } }

    /// All of it, sealed under a passphrase (docs/backup.md).
    public func backup(passphrase: UnsafeRawBufferPointer) throws -> [UInt8] {
        try store.backup(passphrase: passphrase)
    }

    /// One revision, or the newest.
    public func site(_ revision: Int?) throws(GatewayError) -> StoredSite {
        guard let revision else { return try newest() }
        return try wrapping { try store.revision(revision) }
    }

    /// The revision that was applied last.
    public func applied() throws(GatewayError) -> StoredSite {
        try wrapping {
            guard let applied = try store.box().applied else {
                throw ApplyingError.nothingToCompare
            }
            return try store.revision(applied)
        }
    }

    /// A revision as the settings that the box needs, with the secrets that it names unsealed: as it was applied last, or as it
    /// would be now.
    public func desiredState(of stored: StoredSite) throws(GatewayError) -> DesiredState {
        try wrapping {
            let known = stored.revision.surroundings
            return try desiredState(stored.site, known ?? lookAround(stored, previous: nil).surroundings)
        }
    }

    func desiredState(_ site: Site, _ surroundings: Surroundings) throws -> DesiredState {
        try compile(site, secrets: try secrets(of: site), surroundings: surroundings)
    }

    private func secrets(of site: Site) throws -> Secrets {
        guard let publicKey = site.tunnel.publicKey else { return Secrets() }
        var sealed: Set<SecretID> = []
        for case .sealed(let id) in site.peers.lazy.map(\.presharedKey) where opened.presharedKeys[id] == nil {
            sealed.insert(id)
        }
        if case .sealed(let id)? = site.tunnel.disguise?.headerProtectionKey, opened.presharedKeys[id] == nil {
            sealed.insert(id)
        }
        let keys = try store.presharedKeys(sealed)
        if opened.presharedKeys.isEmpty {
            opened.presharedKeys = keys
        } else {
            opened.presharedKeys.merge(keys) { _, new in new }
        }
        if opened.privateKeys[publicKey] == nil {
            opened.privateKeys[publicKey] = try store.privateKey(of: publicKey)
        }
        return opened
    }

    /// Before a site is read: the box begins to read the WireGuard side, which is what takes long.
    func expectObservation(of revision: Int?) throws {
        if let interface = try store.tunnelInterface(of: revision) { box.expectObservation(of: interface) }
    }
}

/// The person behind the process: `SUDO_USER` if sudo says so, else the name of the real user id, else its number.
public func currentUserName() -> String {
    if let sudo = getenv("SUDO_USER"), sudo.pointee != 0 { return String(cString: sudo) }
    return getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) } ?? "uid \(getuid())"
}
