internal import GRDB
internal import Glibc

/// Everything that wggw remembers: revisions, sealed secrets, what was applied and what is on the way.
///
/// One database connection. SQLite's WAL with `synchronous = FULL`: what a method wrote before it returned is there after a
/// power cut. Several processes may have it open; whoever changes the box holds a `StateLock` as well.
public final class Store {
    /// Where it is.
    public let directory: StateDirectory
    private let files: TrustedDirectory
    let queue: DatabaseQueue
    let keySource: SealingKey.Source
    private var loadedKey: SealingKey?
    /// How long to wait for another process's transaction: as long as for its lock, since a slow disk makes both slow.
    static let busyMilliseconds = 30_000

    /// Opens the database, makes it and its directory if they are not there, and brings an older one up to date.
    ///
    /// `credentialsDirectory` is systemd's `$CREDENTIALS_DIRECTORY`: its `wggw-key`, if there, goes before the key file.
    public init(_ directory: StateDirectory, credentialsDirectory: String? = nil) throws(StorageError) {
        files = try directory.open()
        self.directory = directory
        keySource = SealingKey.Source(files, credentialsDirectory: credentialsDirectory)
        var configuration = Configuration()
        configuration.busyMode = .timeout(Double(Self.busyMilliseconds) / 1000)
        configuration.prepareDatabase { db in
            try Self.turnToWAL(db)
            try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON")
        }
        do {
            // SQLite knows no directories but by path. This one has no links, and nobody else can change where it leads.
            queue = try DatabaseQueue(path: files.path + "/wggw.db", configuration: configuration)
            try queue.inDatabase { db in try Schema.migrate(db, path: directory.database) }
        } catch { throw StorageError(error, path: directory.database) }
    }

    /// The right to draft and to apply. Waits up to `milliseconds` for whoever holds it, then throws `.busy` with what the holder
    /// wrote about itself. `purpose` is what others are told: `wggw apply`. `isStopped` says whether to give up; then it throws
    /// `.stopped`.
    public func lock(
        purpose: String, waitingMilliseconds milliseconds: Int, isStopped: () -> Bool = { false }
    ) throws(StorageError) -> StateLock {
        try StateLock(files, purpose: purpose, waitingMilliseconds: milliseconds, isStopped: isStopped)
    }

    /// What `body` reads while nobody writes; nil, and `body` is not called, if some wggw is at it.
    public func whileFree<R>(_ body: () throws(StorageError) -> R) throws(StorageError) -> R? {
        try StateLock.whileFree(files, body)
    }

    /// SQLite's own patience does not cover a new database's turn to WAL: of two who try it at once, one is refused there and
    /// then.
    private static func turnToWAL(_ db: Database) throws {
        let deadline = ContinuousClock.now + .milliseconds(busyMilliseconds)
        while true {
            do { return try db.execute(sql: "PRAGMA journal_mode = WAL") } catch let error as DatabaseError {
                guard error.resultCode == .SQLITE_BUSY, ContinuousClock.now < deadline else { throw error }
                usleep(1000)
            }
        }
    }

    /// In one transaction; nothing is written if `body` throws.
    func write<R>(_ body: (Database) throws -> R) throws(StorageError) -> R {
        do { return try queue.write(body) } catch { throw StorageError(error, path: directory.database) }
    }

    /// Writes, and takes it back. Throws where it cannot: SQLite takes a file that it may only read for a moment, for want of
    /// descriptors, as one that it may only read for ever, and says so not before the first write.
    public func proveWritable() throws(StorageError) {
        do {
            try queue.inDatabase { db in
                try db.inTransaction(.immediate) {
                    try db.execute(sql: "UPDATE box SET is_up = is_up")
                    return .rollback
                }
            }
        } catch { throw StorageError(error, path: directory.database) }
    }

    /// From one snapshot.
    func read<R>(_ body: (Database) throws -> R) throws(StorageError) -> R {
        do { return try queue.read(body) } catch { throw StorageError(error, path: directory.database) }
    }

    /// The key that seals the secrets: made when the first secret is sealed, read when the first is needed.
    func sealingKey(_ db: Database) throws -> SealingKey {
        if let loadedKey { return loadedKey }
        let check = try Blob.fetchOne(db, sql: "SELECT key_check FROM sealing")
        let key = try keySource.load(mayCreate: check == nil)
        if let check, check.bytes != key.check { throw StorageError.wrongKey(path: keySource.path) }
        loadedKey = key
        return key
    }
}
