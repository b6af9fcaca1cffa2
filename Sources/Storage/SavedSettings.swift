internal import GRDB

/// What settings of the kernel were before wggw changed them, of this boot alone: that of another went with it.
extension BoxRecords {
    /// The settings whose values are kept from this boot, each with the kernel's index of the interface that it was of, where that is
    /// known.
    public func savedLinks(bootID: String) throws(StorageError) -> [String: UInt32?] {
        try saved("link", bootID) { try $0.decode(UInt32?.self, atIndex: 1) }
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
        try saved("value", bootID) { try $0.decode(Int.self, atIndex: 1) }
    }

    private func saved<Value>(
        _ column: String, _ bootID: String, _ read: (Row) throws -> Value
    ) throws(StorageError) -> [String: Value] {
        try database.read { db in
            guard try String.fetchOne(db, sql: "SELECT boot_id FROM box") == bootID else { return [:] }
            var saved: [String: Value] = [:]
            for row in try Row.fetchAll(db, sql: "SELECT key, \(column) FROM saved_sysctl") {
                saved.updateValue(try read(row), forKey: try row.decode(atIndex: 0))
            }
            return saved
        }
    }
}
