internal import GRDB
internal import Glibc

/// Everything that wggw remembers, in a state directory.
///
/// One database connection. SQLite's WAL with `synchronous = FULL`: what a method wrote before it returned is there after a
/// power cut. Several processes may have it open; whoever changes the box holds a `StateLock` as well.
public final class Store {
    /// Where it is.
    public let directory: StateDirectory
    let files: TrustedDirectory
    /// The state directory itself, where `files` is a copy of it.
    let original: TrustedDirectory
    /// Why it takes no writes, where this is a copy.
    private let refusal: FileFault?
    /// Whether it takes none, so that this is a copy.
    var isAside: Bool { refusal != nil }
    private let aside: Aside
    let queue: DatabaseQueue
    let keySource: SealingKey.Source
    private var loadedKey: SealingKey?
    /// The site's revisions, with the secrets that they name.
    public var revisions: any Revisions { SQLiteRevisions(database: self) }
    /// What is a fact of this box, in the same database.
    public var records: BoxRecords { BoxRecords(self) }
    /// How long to wait for another process's transaction: as long as for its lock, since a slow disk makes both slow.
    static let busyMilliseconds = 30_000

    /// Opens the database, makes it and its directory if they are not there, and brings an older one up to date.
    ///
    /// `aside`: what to do where it takes no writes. `credentialsDirectory` is systemd's `$CREDENTIALS_DIRECTORY`: its `wggw-key`, if
    /// there, goes before the key file.
    public init(
        _ directory: StateDirectory, aside: Aside = .reads, credentialsDirectory: String? = nil
    ) throws(StorageError) {
        self.directory = directory
        self.aside = aside
        (files, original, refusal, queue) = try Self.open(directory, aside)
        keySource = SealingKey.Source(original, credentialsDirectory: credentialsDirectory)
    }

    private static func open(
        _ directory: StateDirectory, _ aside: Aside
    ) throws(StorageError) -> (
        files: TrustedDirectory, original: TrustedDirectory, refusal: FileFault?, queue: DatabaseQueue
    ) {
        var refusal = FileFault.noRoom
        if aside != .always {
            do {
                let files = try directory.open()
                return (files, files, nil, try open(files, directory))
            } catch {
                guard case .file(_, let fault) = error, fault == .system(EROFS) || fault.isWantOfRoom else {
                    throw error
                }
                refusal = fault
            }
        }
        let original = try TrustedDirectory(directory.path, creating: false)
        let files = try CopyAside.make(of: original)
        return (files, original, refusal, try open(files, directory))
    }

    private static func open(
        _ files: TrustedDirectory, _ directory: StateDirectory
    ) throws(StorageError) -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .timeout(Double(Self.busyMilliseconds) / 1000)
        configuration.prepareDatabase { db in
            try Self.turnToWAL(db)
            try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON")
        }
        do {
            // SQLite knows no directories but by path. This one has no links, and nobody else can change where it leads.
            let queue = try DatabaseQueue(path: files.path + "/wggw.db", configuration: configuration)
            try queue.inDatabase { db in try Schema.migrate(db, path: directory.database) }
            return queue
        } catch { throw StorageError(error, path: directory.database) }
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
        if aside == .reads { try expectOriginal() }
        do { return try queue.write(body) } catch { throw StorageError(error, path: directory.database) }
    }

    /// In one transaction that is taken back.
    func tryToWrite(_ body: (Database) throws -> Void) throws(StorageError) {
        if aside == .reads { try expectOriginal() }
        do {
            try queue.inDatabase { db in
                try db.inTransaction(.immediate) {
                    try body(db)
                    return .rollback
                }
            }
        } catch { throw StorageError(error, path: directory.database) }
    }

    /// Of what is not the box's alone, so that a copy of it is none.
    func expectOriginal() throws(StorageError) {
        if let refusal { throw .file(path: directory.database, refusal) }
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
