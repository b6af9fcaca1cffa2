internal import GRDB
internal import GRDBSQLite
internal import Glibc

/// A database as the bytes of its file, worked on in memory: no copy of it lies on a disk meanwhile.
enum DatabaseImage {
    /// What `db` holds now, without what is a fact of this box and not of the site: what is applied, what was under way, what the
    /// box had before.
    static func ofSite(_ db: Database) throws -> [UInt8] {
        let copy = try opened(try serialized(db))
        return try copy.inDatabase { db in
            try db.execute(
                sql: """
                    UPDATE box SET applied = NULL, is_up = 0, boot_id = NULL, ruleset = NULL;
                    DELETE FROM journal; DELETE FROM pending; DELETE FROM saved_sysctl;
                    UPDATE revision SET surroundings = NULL;
                    """)
            // What was deleted is in no free page either.
            try db.execute(sql: "VACUUM")
            return try serialized(db)
        }
    }

    /// Throws what keeps the bytes from being a database that this wggw can open with the key of this check.
    static func judge(_ image: [UInt8], keyCheck: [UInt8]) throws {
        guard image.starts(with: Array("SQLite format 3\0".utf8)) else {
            throw BackupError.contentMakesNoSense(.noDatabase)
        }
        let copy = try opened(image)
        do { try copy.inDatabase { db in try judge(db, keyCheck) } } catch let error as DatabaseError {
            throw BackupError.contentMakesNoSense(.damaged(.said(error.words)))
        }
    }

    private static func judge(_ db: Database, _ keyCheck: [UInt8]) throws {
        let schema = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        if schema > Schema.migrations.count {
            throw BackupError.newerFormat(found: schema, known: Schema.migrations.count)
        }
        let found = try String.fetchOne(db, sql: "PRAGMA integrity_check(1)") ?? ""
        if found != "ok" { throw BackupError.contentMakesNoSense(.damaged(.said(found))) }
        let check = try Blob.fetchOne(db, sql: "SELECT key_check FROM sealing")
        if let check, check.bytes != keyCheck {
            throw BackupError.contentMakesNoSense(.anotherKey)
        }
    }

    private static func serialized(_ db: Database) throws -> [UInt8] {
        var size: sqlite3_int64 = 0
        guard let bytes = sqlite3_serialize(db.sqliteConnection, "main", &size, 0) else {
            throw DatabaseError(resultCode: .SQLITE_NOMEM)
        }
        defer { sqlite3_free(bytes) }
        var image = Array(UnsafeBufferPointer(start: bytes, count: Int(size)))
        // Read and write version 1: a database in memory has no WAL (fileformat2.html 1.3.3).
        if image.count > 19 { (image[18], image[19]) = (1, 1) }
        return image
    }

    /// A database in memory that holds a copy of the bytes.
    static func opened(_ image: [UInt8]) throws -> DatabaseQueue {
        let queue = try DatabaseQueue()
        try queue.inDatabase { db in
            guard let memory = sqlite3_malloc64(UInt64(image.count)) else {
                throw DatabaseError(resultCode: .SQLITE_NOMEM)
            }
            memcpy(memory, image, image.count)
            let code = sqlite3_deserialize(
                db.sqliteConnection, "main", memory.assumingMemoryBound(to: UInt8.self), sqlite3_int64(image.count),
                sqlite3_int64(image.count), UInt32(SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE))
            guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
        }
        return queue
    }
}
