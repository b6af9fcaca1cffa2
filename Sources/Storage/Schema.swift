internal import GRDB

/// The database's tables, as a list of migrations that is only ever appended to. `PRAGMA user_version` counts those done:
/// one read at the start, where GRDB's migrator takes several.
enum Schema {
    /// `peer` holds one row per version of a peer, valid in the revisions `first…last`; `last` is `forever` while nothing
    /// newer replaces it. So a revision that changes one peer of 10,000 writes one row.
    static let migrations: [String] = [
        """
        CREATE TABLE revision (
            id INTEGER PRIMARY KEY,
            made_at INTEGER NOT NULL,
            who TEXT NOT NULL,
            why TEXT NOT NULL,
            kind TEXT NOT NULL,
            applied_at INTEGER,
            source INTEGER REFERENCES revision (id),
            peers INTEGER NOT NULL,
            name TEXT NOT NULL,
            endpoint TEXT,
            other_forwarding TEXT,
            lan_interface TEXT,
            lan_subnets TEXT NOT NULL,
            reply_path TEXT NOT NULL,
            tunnel_interface TEXT NOT NULL,
            tunnel_addresses TEXT NOT NULL,
            listen_port INTEGER NOT NULL,
            mtu INTEGER,
            datapath TEXT NOT NULL,
            fwmark INTEGER NOT NULL,
            public_key TEXT,
            egress_interface TEXT,
            full_tunnel INTEGER NOT NULL,
            dns TEXT NOT NULL,
            groups TEXT NOT NULL
        );
        CREATE TABLE peer (
            name TEXT NOT NULL,
            first INTEGER NOT NULL,
            last INTEGER NOT NULL,
            addresses BLOB NOT NULL,
            public_key BLOB,
            preshared_key TEXT NOT NULL,
            full_tunnel INTEGER,
            group_name TEXT,
            allow TEXT,
            routes TEXT,
            endpoint TEXT,
            keepalive INTEGER,
            PRIMARY KEY (name, first)
        ) WITHOUT ROWID;
        CREATE TABLE private_key (public_key BLOB PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE preshared_key (id TEXT PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE sealing (id INTEGER PRIMARY KEY CHECK (id = 1), key_check BLOB NOT NULL);
        CREATE TABLE box (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            applied INTEGER REFERENCES revision (id),
            is_up INTEGER NOT NULL,
            boot_id TEXT
        );
        INSERT INTO box (id, applied, is_up) VALUES (1, NULL, 0);
        CREATE TABLE journal (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            target INTEGER REFERENCES revision (id),
            started_at INTEGER NOT NULL,
            command TEXT NOT NULL
        );
        CREATE TABLE pending (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            token TEXT NOT NULL,
            revision INTEGER NOT NULL REFERENCES revision (id),
            return_to INTEGER REFERENCES revision (id),
            deadline INTEGER NOT NULL,
            boot_id TEXT NOT NULL
        );
        CREATE TABLE saved_sysctl (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        """,
        "ALTER TABLE box ADD COLUMN ruleset TEXT",
        // What was one answer was one for both families. `surroundings` is what a revision was applied with last; a firewall
        // that was made without is to be looked at again.
        """
        ALTER TABLE revision RENAME COLUMN other_forwarding TO other_forwarding4;
        ALTER TABLE revision ADD COLUMN other_forwarding6 TEXT;
        UPDATE revision SET other_forwarding6 = other_forwarding4;
        ALTER TABLE revision ADD COLUMN surroundings TEXT;
        UPDATE box SET ruleset = NULL;
        """,
        // For `formerAddresses`: without the rows of today's peers.
        "CREATE INDEX former_address ON peer (addresses, last) WHERE last < 9223372036854775807",
        "ALTER TABLE revision ADD COLUMN drift TEXT NOT NULL DEFAULT 'repair'",
        "ALTER TABLE revision ADD COLUMN checks TEXT",
        "ALTER TABLE revision ADD COLUMN keeps_denied INTEGER NOT NULL DEFAULT 0",
        """
        ALTER TABLE revision ADD COLUMN disguise TEXT;
        ALTER TABLE peer ADD COLUMN disguise TEXT;
        """,
        "ALTER TABLE peer ADD COLUMN expires TEXT",
        // A teardown may wait for its confirmation, too; its revision is NULL. And a card keeps its settings when it is renamed: of each
        // setting of an interface, the kernel's index of that.
        """
        CREATE TABLE waiting (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            token TEXT NOT NULL,
            revision INTEGER REFERENCES revision (id),
            return_to INTEGER REFERENCES revision (id),
            deadline INTEGER NOT NULL,
            boot_id TEXT NOT NULL
        );
        INSERT INTO waiting SELECT id, token, revision, return_to, deadline, boot_id FROM pending;
        DROP TABLE pending;
        ALTER TABLE waiting RENAME TO pending;
        ALTER TABLE saved_sysctl ADD COLUMN link INTEGER;
        """,
        "ALTER TABLE revision ADD COLUMN other_ports TEXT",
        "ALTER TABLE revision ADD COLUMN more_disguises TEXT",
    ]

    /// `peer.last` of a row that nothing has replaced.
    static let forever = Int64.max

    /// Brings an older or empty database up to date, in one transaction.
    static func migrate(_ db: Database, path: String) throws {
        let done = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        if done == migrations.count { return }
        guard done >= 0 else { throw Damage.version(done) }
        guard done < migrations.count else {
            throw StorageError.newerSchema(path: path, found: done, known: migrations.count)
        }
        try db.inTransaction(.immediate) {
            // Read again: another process may have done it while this one waited for the write lock.
            let done = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
            for migration in migrations[max(0, min(done, migrations.count))...] { try db.execute(sql: migration) }
            try db.execute(sql: "PRAGMA user_version = \(migrations.count)")
            return .commit
        }
    }
}
