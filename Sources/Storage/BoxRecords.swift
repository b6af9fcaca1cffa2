internal import GRDB
public import SiteModel

/// What is known of the box from one wggw to the next.
public struct BoxRecord: Hashable, Sendable {
    /// The revision that was applied last.
    public var applied: Int?
    /// Whether it is meant to be on the box; false after `down`.
    public var isUp: Bool
    /// An apply that has not ended.
    public var journal: Journal?
    /// An apply that waits for `wggw confirm`.
    public var pending: PendingConfirmation?
    /// The boot in which the box was last changed: after another one, nothing of it is left.
    public var bootID: String?
    /// The generation of the rulesets in which the apply ended, as text; nil is unknown.
    public var ruleset: String?
}

/// An apply, or a teardown, that was begun: written before the first change, deleted after the last.
public struct Journal: Hashable, Sendable {
    /// The revision on its way; nil is a teardown.
    public var target: Int?
    /// Seconds since the epoch.
    public var startedAt: Int64
    /// `wggw apply`
    public var command: String

    /// Makes an entry.
    public init(target: Int?, startedAt: Int64, command: String) {
        self.target = target
        self.startedAt = startedAt
        self.command = command
    }
}

/// An apply or a teardown that takes itself back unless it is confirmed. Once its time has passed, the record leads back, and stays
/// until the box has arrived.
public struct PendingConfirmation: Hashable, Sendable {
    /// Which apply; random.
    public var token: String
    /// What was applied; nil is a teardown.
    public var revision: Int?
    /// What to go back to; nil is nothing of wggw's on the box.
    public var returnTo: Int?
    /// Seconds of the boot's clock (CLOCK_BOOTTIME), which nobody can set.
    public var deadline: Int64
    /// The boot whose clock that is: after another one, it is over.
    public var bootID: String

    /// Makes one.
    public init(token: String, revision: Int?, returnTo: Int?, deadline: Int64, bootID: String) {
        self.token = token
        self.revision = revision
        self.returnTo = returnTo
        self.deadline = deadline
        self.bootID = bootID
    }
}

/// What is a fact of this box and not of the site: what is applied and when, what was begun, what waits, what the box had before, and who
/// may change it. No other gateway's; of a backup, only when revisions were applied.
///
/// Each call is one transaction. A revision that is named here is in `Revisions` already, which the order of calls sees to: `append`,
/// then `begin`. Here the database has both, and would refuse any other.
public struct BoxRecords {
    let database: Store

    init(_ database: Store) { self.database = database }

    /// Whether they are a copy in memory, since the state directory takes no writes.
    public var isAside: Bool { database.isAside }

    /// Where they are.
    public var directory: StateDirectory { database.directory }

    // MARK: Who may change the box

    /// The right to draft and to apply. Waits up to `milliseconds` for whoever holds it, then throws `.busy` with what the holder
    /// wrote about itself. `purpose` is what others are told: `wggw apply`. `isStopped` says whether to give up; then it throws
    /// `.stopped`.
    public func lock(
        purpose: String, waitingMilliseconds milliseconds: Int, isStopped: () -> Bool = { false }
    ) throws(StorageError) -> StateLock {
        try StateLock(database.original, purpose: purpose, waitingMilliseconds: milliseconds, isStopped: isStopped)
    }

    /// What `body` reads while nobody writes; nil, and `body` is not called, if some wggw is at it.
    public func whileFree<R>(_ body: () throws(StorageError) -> R) throws(StorageError) -> R? {
        try StateLock.whileFree(database.original, body)
    }

    /// Writes, and takes it back. Throws where it cannot: SQLite takes a file that it may only read for a moment, for want of
    /// descriptors, as one that it may only read for ever, and says so not before the first write.
    public func proveWritable() throws(StorageError) {
        try database.tryToWrite { db in try db.execute(sql: "UPDATE box SET is_up = is_up") }
    }

    // MARK: What is applied

    /// What is applied, on the way, waiting.
    public func current() throws(StorageError) -> BoxRecord {
        try database.read { db in
            let journal = try Row.fetchOne(db, sql: "SELECT target, started_at, command FROM journal").map { row in
                Journal(
                    target: try row.decode(atIndex: 0), startedAt: try row.decode(atIndex: 1),
                    command: try row.decode(atIndex: 2))
            }
            let pending = try Self.pending(db)
            guard let box = try Row.fetchOne(db, sql: "SELECT applied, is_up, boot_id, ruleset FROM box") else {
                return BoxRecord(applied: nil, isUp: false, journal: journal, pending: pending)
            }
            return BoxRecord(
                applied: try box.decode(atIndex: 0), isUp: try box.decode(atIndex: 1), journal: journal,
                pending: pending, bootID: try box.decode(atIndex: 2), ruleset: try box.decode(atIndex: 3))
        }
    }

    /// The apply that waits for `wggw confirm`.
    public func pending() throws(StorageError) -> PendingConfirmation? {
        try database.read { db in try Self.pending(db) }
    }

    private static func pending(_ db: Database) throws -> PendingConfirmation? {
        try Row.fetchOne(db, sql: "SELECT token, revision, return_to, deadline, boot_id FROM pending").map { row in
            PendingConfirmation(
                token: try row.decode(atIndex: 0), revision: try row.decode(atIndex: 1),
                returnTo: try row.decode(atIndex: 2), deadline: try row.decode(atIndex: 3),
                bootID: try row.decode(atIndex: 4))
        }
    }

    /// When revisions were applied last, seconds since the epoch; not those that never were, or were taken back.
    public func appliedTimes() throws(StorageError) -> [Int: Int64] {
        try database.read { db in
            var times: [Int: Int64] = [:]
            try db.forEachRow("SELECT id, applied_at FROM revision WHERE applied_at IS NOT NULL") { row in
                if let id = row.number(0), let time = row.number(1) { times[id] = Int64(time) }
            }
            return times
        }
    }

    /// What a revision met on this box when it was applied last; nil was never, or by a wggw that did not look.
    public func surroundings(of revision: Int) throws(StorageError) -> Surroundings? {
        try database.read { db in
            let sql = "SELECT surroundings FROM revision WHERE id = ?"
            guard let text = try String.fetchOne(db, sql: sql, arguments: [revision]) else { return nil }
            guard let surroundings = Surroundings(text) else {
                throw Damage.value("revision", "surroundings", found: text)
            }
            return surroundings
        }
    }

    /// What a revision that is on the box meets there now.
    public func save(_ surroundings: Surroundings, of revision: Int) throws(StorageError) {
        try database.write { db in
            try db.execute(
                sql: "UPDATE revision SET surroundings = ? WHERE id = ?",
                arguments: [surroundings.description, revision])
        }
    }

    // MARK: An apply

    /// Before the first change: notes what is begun, the old values of the sysctls that it will change (those that are
    /// noted already stay as they are: they are from before wggw), and the confirmation that it waits for.
    ///
    /// Values that were noted in another boot are forgotten: that boot's settings went with it.
    public func begin(
        _ journal: Journal, oldSysctls: [String: Int], pending: PendingConfirmation?, bootID: String
    ) throws(StorageError) {
        try database.write { db in
            try Self.save(oldSysctls, bootID, db)
            try db.execute(
                sql: "INSERT OR REPLACE INTO journal (id, target, started_at, command) VALUES (1, ?, ?, ?)",
                arguments: [journal.target, journal.startedAt, journal.command])
            guard let pending else { return }
            try db.execute(
                sql: """
                    INSERT OR REPLACE INTO pending (id, token, revision, return_to, deadline, boot_id)
                    VALUES (1, ?, ?, ?, ?, ?)
                    """,
                arguments: [pending.token, pending.revision, pending.returnTo, pending.deadline, pending.bootID])
        }
    }

    /// Before changes that need no entry of their own, since a record leads to them: notes the old values of sysctls as `begin`
    /// does.
    public func save(oldSysctls: [String: Int], bootID: String) throws(StorageError) {
        try database.write { db in try Self.save(oldSysctls, bootID, db) }
    }

    private static func save(_ oldSysctls: [String: Int], _ bootID: String, _ db: Database) throws {
        try db.execute(sql: "DELETE FROM saved_sysctl WHERE (SELECT boot_id FROM box) IS NOT ?", arguments: [bootID])
        try db.execute(sql: "UPDATE box SET boot_id = ?", arguments: [bootID])
        for (key, value) in oldSysctls {
            try db.execute(
                sql: "INSERT INTO saved_sysctl (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING",
                arguments: [key, value])
        }
    }

    /// What is to be written down once the box is as it was to be.
    public struct Outcome {
        /// Old values of sysctls that could not be noted before, as `save` does.
        public var oldSysctls: [String: Int] = [:]
        /// Sysctls that have their old values again.
        public var returned: [String] = []
        /// The apply that this took back: it waits for nothing any more, and its revision counts as never applied.
        public var withdrawn: PendingConfirmation?
        /// The generation in which the firewall was seen to be right.
        public var ruleset: String?

        /// All else is nothing in particular.
        public init(withdrawn: PendingConfirmation? = nil, ruleset: String? = nil) {
            (self.withdrawn, self.ruleset) = (withdrawn, ruleset)
        }
    }

    /// After the last change: the revision is on the box, applied with these surroundings, and the journal is closed.
    public func finish(
        applied revision: Int, with surroundings: Surroundings, at time: Int64, bootID: String, _ outcome: Outcome
    ) throws(StorageError) {
        try database.write { db in
            try Self.save(outcome.oldSysctls, bootID, db)
            try Self.forget(outcome.withdrawn, db)
            try db.execute(
                sql: "UPDATE revision SET applied_at = ?, surroundings = ? WHERE id = ?",
                arguments: [time, surroundings.description, revision])
            try db.execute(
                sql: "UPDATE box SET applied = ?, is_up = 1, ruleset = ?", arguments: [revision, outcome.ruleset])
            try Self.close(db, outcome.returned)
        }
    }

    /// After a teardown: nothing of wggw's is on the box, and the journal is closed.
    public func finishDown(_ outcome: Outcome) throws(StorageError) {
        try database.write { db in
            if let withdrawn = outcome.withdrawn {
                try Self.forget(withdrawn, db)
                try db.execute(
                    sql: """
                        UPDATE box
                        SET applied = coalesce(?, (SELECT max(id) FROM revision WHERE applied_at IS NOT NULL))
                        """,
                    arguments: [withdrawn.returnTo])
            }
            try db.execute(sql: "UPDATE box SET is_up = 0")
            try Self.close(db, outcome.returned)
        }
    }

    private static func forget(_ withdrawn: PendingConfirmation?, _ db: Database) throws {
        guard let withdrawn else { return }
        try db.execute(sql: "DELETE FROM pending WHERE token = ?", arguments: [withdrawn.token])
        try db.execute(
            sql: "UPDATE revision SET applied_at = NULL WHERE id = ? AND id IS NOT ?",
            arguments: [withdrawn.revision, withdrawn.returnTo])
    }

    private static func close(_ db: Database, _ returned: [String]) throws {
        try db.execute(sql: "DELETE FROM journal")
        for key in returned { try db.execute(sql: "DELETE FROM saved_sysctl WHERE key = ?", arguments: [key]) }
    }

    /// The confirmation came: the apply stays. False if there was none of this token.
    public func confirm(_ token: String) throws(StorageError) -> Bool {
        try database.write { db in
            try db.execute(sql: "DELETE FROM pending WHERE token = ?", arguments: [token])
            return db.changesCount > 0
        }
    }

    /// The confirmation of this token can come no more: from now on the record leads back.
    public func endWait(_ token: String) throws(StorageError) {
        try database.write { db in
            try db.execute(sql: "UPDATE pending SET deadline = -1 WHERE token = ?", arguments: [token])
        }
    }
}
