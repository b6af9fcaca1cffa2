internal import GRDB
internal import NetTypes
internal import SiteModel

/// Revisions in SQLite: a row for each, and rows of peers that are valid in several.
struct SQLiteRevisions: Revisions {
    let database: Store

    func newest() throws(StorageError) -> StoredSite? {
        try database.read { db in
            try Self.stored(db, "ORDER BY id DESC LIMIT 1")
        }
    }

    func revision(_ id: Int, beside known: StoredSite?) throws(StorageError) -> StoredSite {
        try database.read { db in
            guard let stored = try Self.stored(db, "WHERE id = ?", [id], beside: known) else {
                throw StorageError.noSuchRevision(id, newest: try Self.newestID(db))
            }
            return stored
        }
    }

    func tunnelInterface(of revision: Int?) throws(StorageError) -> String? {
        try database.read { db in
            try String.fetchOne(
                db, sql: "SELECT tunnel_interface FROM revision WHERE id = ifnull(?, (SELECT max(id) FROM revision))",
                arguments: [revision])
        }
    }

    func newestID() throws(StorageError) -> Int? { try database.read { db in try Self.newestID(db) } }

    func about(_ id: Int) throws(StorageError) -> Revision {
        try database.read { db in
            let sql = "SELECT \(Self.columns) FROM revision WHERE id = ?"
            guard let row = try Row.fetchOne(db, sql: sql, arguments: [id]) else {
                throw StorageError.noSuchRevision(id, newest: try Self.newestID(db))
            }
            return try Self.revision(row)
        }
    }

    func history(limit: Int) throws(StorageError) -> [Revision] {
        try database.read { db in
            try Row.fetchAll(
                db, sql: "SELECT \(Self.columns) FROM revision ORDER BY id DESC LIMIT ?", arguments: [limit]
            )
            .map { try Self.revision($0) }
        }
    }

    func formerAddresses() throws(StorageError) -> [IPAddress: Int] {
        try database.read { db in
            var former: [IPAddress: Int] = [:]
            try db.forEachRow(
                "SELECT addresses, max(last) FROM peer WHERE last < \(Schema.forever) GROUP BY addresses"
            ) { row in
                guard let addresses = Peer.addresses(stored: row.bytes(0)) else {
                    throw Damage.value("peer", "addresses")
                }
                for address in addresses {
                    former[address] = max(former[address] ?? 0, row.number(1) ?? 0)
                }
            }
            return former
        }
    }

    func append(
        _ site: Site, _ note: RevisionNote, secrets: NewSecrets, after previous: StoredSite?
    ) throws(StorageError) -> StoredSite {
        try database.expectOriginal()
        return try database.write { db in
            let newest = try Self.newestID(db)
            guard newest == previous?.revision.id else {
                throw StorageError.movedOn(expected: previous?.revision.id, found: newest)
            }
            let revision = Revision((newest ?? 0) + 1, note, peers: site.peers.count)
            try Self.insert(revision, site, db)
            try Self.insertPeers(site.peers, after: previous?.site.peers ?? [], revision: revision.id, db)
            try self.insert(secrets, db)
            return StoredSite(revision: revision, site: site)
        }
    }

    private static func insert(_ revision: Revision, _ site: Site, _ db: Database) throws {
        let note = revision.note
        let own: StatementArguments = [
            revision.id, note.at, note.who, note.why, note.kind.rawValue, note.source, revision.peers,
        ]
        try db.execute(
            sql: """
                INSERT INTO revision (id, made_at, who, why, kind, source, peers, \(SiteRow.fields.names))
                VALUES (?, ?, ?, ?, ?, ?, ?, \(SiteRow.fields.marks))
                """, arguments: own + StatementArguments(SiteRow.fields.values(site)))
    }

    /// Writes only where they differ.
    private static func insertPeers(_ peers: [Peer], after old: [Peer], revision: Int, _ db: Database) throws {
        let close = try db.makeStatement(sql: "UPDATE peer SET last = ? WHERE name = ? AND last = ?")
        let open = try db.makeStatement(sql: PeerRow.insert)
        let (gone, come) = peers.changes(from: old)
        for peer in gone { try close.execute(arguments: [revision - 1, peer.name, Schema.forever]) }
        for peer in come {
            try open.execute(arguments: PeerRow.arguments(peer, first: revision, last: Int(Schema.forever)))
        }
    }

    /// The first revision of a query, with its peers; nil if there is none.
    private static func stored(
        _ db: Database, _ which: String, _ arguments: StatementArguments = StatementArguments(),
        beside known: StoredSite? = nil
    ) throws -> StoredSite? {
        let found = try db.firstRow(
            "SELECT \(SiteRow.fields.names), \(columns) FROM revision \(which)", arguments: arguments
        ) { row, columns in (try revision(row), try SiteRow.site(columns, from: 0)) }
        guard case (let revision, var site)? = found else { return nil }
        if let known {
            site.peers = try peers(db, of: revision, beside: known)
        } else {
            site.peers.reserveCapacity(revision.peers)
            try db.forEachRow(
                "SELECT \(PeerRow.columns) FROM peer WHERE first <= ?1 AND last >= ?1 ORDER BY name",
                arguments: [revision.id]
            ) { site.peers.append(try PeerRow.peer($0)) }
        }
        guard site.peers.count == revision.peers else {
            throw Damage.peers(site.peers.count, expected: revision.peers, revision: revision.id)
        }
        return StoredSite(revision: revision, site: site)
    }

    /// A row that is valid in both revisions is the same peer in both.
    private static func peers(_ db: Database, of revision: Revision, beside known: StoredSite) throws -> [Peer] {
        let onlyFirst = "first <= ?1 AND last >= ?1 AND NOT (first <= ?2 AND last >= ?2)"
        var gone: Set<String> = []
        try db.forEachRow(
            "SELECT name FROM peer WHERE \(onlyFirst)", arguments: [known.revision.id, revision.id]
        ) { row in gone.insert(row.text(0) ?? "") }
        var peers = known.site.peers
        if !gone.isEmpty { peers.removeAll { gone.contains($0.name) } }
        try db.forEachRow(
            "SELECT \(PeerRow.columns) FROM peer WHERE \(onlyFirst)", arguments: [revision.id, known.revision.id]
        ) { peers.append(try PeerRow.peer($0)) }
        return peers.ordered { $0.name }
    }

    /// Of table `revision`, what is noted, by name: a damaged schema is an error and not a column that seems to be empty.
    private static let columns = "id, made_at, who, why, kind, source, peers"

    private static func revision(_ row: Row) throws -> Revision {
        let text: String = try row.decode(forColumn: "kind")
        guard let kind = Revision.Kind(rawValue: text) else {
            throw Damage.value("revision", "kind", found: text)
        }
        let note = RevisionNote(
            who: try row.decode(forColumn: "who"), why: try row.decode(forColumn: "why"), kind: kind,
            at: try row.decode(forColumn: "made_at"), source: try row.decode(forColumn: "source"))
        return Revision(try row.decode(forColumn: "id"), note, peers: try row.decode(forColumn: "peers"))
    }

    static func newestID(_ db: Database) throws -> Int? { try Int.fetchOne(db, sql: "SELECT max(id) FROM revision") }
}
