internal import GRDB

/// What settings of the kernel were before wggw changed them, of this boot alone: that of another went with it.
extension BoxRecords {
    /// The settings whose values are kept from this boot, each with the kernel's index of the interface that it was of, where that is
    /// known.
    public func savedLinks(bootID: String) throws(StorageError) -> [String: UInt32?] {
        try database.read { db in
            guard try String.fetchOne(db, sql: "SELECT boot_id FROM box") == bootID else { return [:] }
            var links: [String: UInt32?] = [:]
            for row in try Row.fetchAll(db, sql: "SELECT key, link FROM saved_sysctl") {
                links[try row.decode(atIndex: 0)] = .some(try row.decode(UInt32?.self, atIndex: 1))
            }
            return links
        }
    }

    /// Notes of which interfaces settings are, and which settings have another key, since their interface has another name.
    public func save(links: [String: UInt32], renamed: [String: String]) throws(StorageError) {
        try database.write { db in
            for (key, link) in links {
                try db.execute(sql: "UPDATE saved_sysctl SET link = ? WHERE key = ?", arguments: [link, key])
            }
            // Names may have changed hands.
            for (key, _) in renamed {
                try db.execute(sql: "UPDATE saved_sysctl SET key = '>' || key WHERE key = ?", arguments: [key])
            }
            for (key, new) in renamed {
                try db.execute(
                    sql: "UPDATE OR REPLACE saved_sysctl SET key = ? WHERE key = '>' || ?", arguments: [new, key])
            }
        }
    }

    /// Values of sysctls from before wggw changed them in this boot, by key.
    public func savedSysctls(bootID: String) throws(StorageError) -> [String: Int] {
        try database.read { db in
            guard try String.fetchOne(db, sql: "SELECT boot_id FROM box") == bootID else { return [:] }
            var saved: [String: Int] = [:]
            for row in try Row.fetchAll(db, sql: "SELECT key, value FROM saved_sysctl") {
                saved[try row.decode(atIndex: 0)] = try row.decode(Int.self, atIndex: 1)
            }
            return saved
        }
    }
}
