internal import GRDB
public import NetTypes
public import SiteModel

/// A site as it was at some time: who made it, when and why. The site itself is loaded apart.
public struct Revision: Hashable, Sendable {
    /// What a revision came from.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A command that changes the site.
        case draft
        /// A profile or a wg-quick file.
        case imported = "import"
        /// An older revision, taken up again.
        case rollback
    }

    /// 1, 2, 3…
    public let id: Int
    /// Seconds since the epoch.
    public let madeAt: Int64
    /// A user's name.
    public let who: String
    /// What `-m` said, or what the command did.
    public let why: String
    /// What it came from.
    public let kind: Kind
    /// Seconds since the epoch when it was applied last; nil was never.
    public let appliedAt: Int64?
    /// The revision that a rollback took up again, followed back to one that is no rollback.
    public let source: Int?
    /// How many peers it has.
    public let peers: Int
    /// What it met on the box when it was applied last; nil was never, or by a wggw that did not look.
    public let surroundings: Surroundings?
}

/// What is noted down with a new revision.
public struct RevisionNote: Hashable, Sendable {
    /// A user's name.
    public var who: String
    /// What `-m` said, or what the command did.
    public var why: String
    /// What it came from.
    public var kind: Revision.Kind
    /// Seconds since the epoch.
    public var at: Int64
    /// For a rollback, the revision that is taken up again.
    public var source: Int?

    /// Makes a note.
    public init(who: String, why: String, kind: Revision.Kind = .draft, at: Int64, source: Int? = nil) {
        self.who = who
        self.why = why
        self.kind = kind
        self.at = at
        self.source = source
    }
}

/// A site together with the revision that it is.
public struct StoredSite: Equatable, Sendable {
    /// Which one.
    public let revision: Revision
    /// Whole, with its peers.
    public let site: Site
}

extension Store {
    /// The newest revision, or nil if there is none yet.
    public func newest() throws(StorageError) -> StoredSite? {
        try read { db in
            try Self.stored(db, "ORDER BY id DESC LIMIT 1")
        }
    }

    /// One revision. Throws `.noSuchRevision`.
    ///
    /// `known` is another one, if the caller has one already: of the peers, only those that differ from it are read.
    public func revision(_ id: Int, beside known: StoredSite? = nil) throws(StorageError) -> StoredSite {
        try read { db in
            guard let stored = try Self.stored(db, "WHERE id = ?", [id], beside: known) else {
                throw StorageError.noSuchRevision(id, newest: try Self.newestID(db))
            }
            return stored
        }
    }

    /// The tunnel's interface in a revision, or in the newest; nil if there is no such revision.
    public func tunnelInterface(of revision: Int?) throws(StorageError) -> String? {
        try read { db in
            try String.fetchOne(
                db, sql: "SELECT tunnel_interface FROM revision WHERE id = ifnull(?, (SELECT max(id) FROM revision))",
                arguments: [revision])
        }
    }

    /// The number of the newest revision.
    public func newestID() throws(StorageError) -> Int? { try read { db in try Self.newestID(db) } }

    /// The newest `limit` revisions, newest first.
    public func history(limit: Int) throws(StorageError) -> [Revision] {
        try read { db in
            try Row.fetchAll(
                db, sql: "SELECT \(Self.columns) FROM revision ORDER BY id DESC LIMIT ?", arguments: [limit]
            )
            .map { try Self.revision($0) }
        }
    }

    /// The newest revision before `id` that was applied and is no rollback; what `rollback` without a number goes back to.
    public func lastApplied(before id: Int) throws(StorageError) -> Int? {
        try read { db in
            try Int.fetchOne(
                db,
                sql: "SELECT max(id) FROM revision WHERE id < ? AND applied_at IS NOT NULL AND kind != ?",
                arguments: [id, Revision.Kind.rollback.rawValue])
        }
    }

    /// Addresses that peers had in a revision before the newest and gave up, or were changed with; each with the last revision
    /// in which a peer had it so.
    public func formerAddresses() throws(StorageError) -> [IPAddress: Int] {
        try read { db in
            var former: [IPAddress: Int] = [:]
            try db.forEachRow(
                "SELECT addresses, max(last) FROM peer WHERE last < \(Schema.forever) GROUP BY addresses"
            ) { row in
                for address in try PeerRow.addresses(row.bytes(0), of: "of an earlier revision") {
                    former[address] = max(former[address] ?? 0, row.number(1) ?? 0)
                }
            }
            return former
        }
    }

    /// Writes a new revision with the secrets that it needs, all or nothing.
    ///
    /// `previous` is the newest revision as the caller read it: only peers that differ from it are written. Throws
    /// `.movedOn` if it is the newest no more.
    public func append(
        _ site: Site, _ note: RevisionNote, secrets: NewSecrets = NewSecrets(), after previous: StoredSite?
    ) throws(StorageError) -> StoredSite {
        try write { db in
            let newest = try Self.newestID(db)
            guard newest == previous?.revision.id else {
                throw StorageError.movedOn(expected: previous?.revision.id, found: newest)
            }
            let revision = Revision(
                id: (newest ?? 0) + 1, madeAt: note.at, who: note.who, why: note.why, kind: note.kind, appliedAt: nil,
                source: note.source, peers: site.peers.count, surroundings: nil)
            try Self.insert(revision, site, db)
            try Self.insertPeers(site.peers, after: previous?.site.peers ?? [], revision: revision.id, db)
            try self.insert(secrets, db)
            return StoredSite(revision: revision, site: site)
        }
    }

    private static func insert(_ revision: Revision, _ site: Site, _ db: Database) throws {
        let own: StatementArguments = [
            revision.id, revision.madeAt, revision.who, revision.why, revision.kind.rawValue, revision.source,
            revision.peers,
        ]
        try db.execute(
            sql: """
                INSERT INTO revision (id, made_at, who, why, kind, source, peers, \(SiteRow.fields.names))
                VALUES (?, ?, ?, ?, ?, ?, ?, \(SiteRow.fields.marks))
                """, arguments: own + StatementArguments(SiteRow.fields.values(site)))
    }

    /// Merges two lists that are sorted by name, and writes only where they differ.
    private static func insertPeers(_ peers: [Peer], after old: [Peer], revision: Int, _ db: Database) throws {
        let close = try db.makeStatement(sql: "UPDATE peer SET last = ? WHERE name = ? AND last = ?")
        let open = try db.makeStatement(sql: PeerRow.insert)
        var i = 0
        var j = 0
        while i < old.count || j < peers.count {
            if i < old.count, j < peers.count, old[i] == peers[j] {
                (i, j) = (i + 1, j + 1)
                continue
            }
            let before = i < old.count ? old[i] : nil
            let after = j < peers.count ? peers[j] : nil
            let isGone = after == nil || (before != nil && before!.name < after!.name)
            let isNew = before == nil || (after != nil && after!.name < before!.name)
            if !isNew {
                try close.execute(arguments: [revision - 1, before!.name, Schema.forever])
                i += 1
            }
            if !isGone {
                try open.execute(arguments: PeerRow.arguments(after!, first: revision, last: Int(Schema.forever)))
                j += 1
            }
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
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT,
                message: "revision \(revision.id) has \(site.peers.count) peers instead of \(revision.peers)")
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

    /// Of table `revision`, all that is not the site's, by name: a damaged schema is an error and not a column that seems to be empty.
    private static let columns = "id, made_at, who, why, kind, applied_at, source, peers, surroundings"

    static func revision(_ row: Row) throws -> Revision {
        let kind: String = try row.decode(forColumn: "kind")
        let surroundings: String? = try row.decode(forColumn: "surroundings")
        return Revision(
            id: try row.decode(forColumn: "id"), madeAt: try row.decode(forColumn: "made_at"),
            who: try row.decode(forColumn: "who"), why: try row.decode(forColumn: "why"),
            kind: try parsed(kind) { Revision.Kind(rawValue: $0) }, appliedAt: try row.decode(forColumn: "applied_at"),
            source: try row.decode(forColumn: "source"), peers: try row.decode(forColumn: "peers"),
            surroundings: try surroundings.map { try parsed($0) { Surroundings($0) } })
    }

    private static func parsed<V>(_ text: String, _ parse: (String) -> V?) throws -> V {
        if let value = parse(text) { return value }
        throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a column makes no sense: \(text)")
    }

    static func newestID(_ db: Database) throws -> Int? { try Int.fetchOne(db, sql: "SELECT max(id) FROM revision") }
}
