internal import GRDB
public import SiteModel

/// Somebody else's SQLite database, read out of its bytes: its files are neither opened by SQLite nor locked, and nothing is written
/// beside them.
public struct ForeignDatabase {
    private let queue: DatabaseQueue

    /// Rows of one table; more is nothing that somebody's gateway has.
    private static let mostRows = 250_000

    /// Whether bytes are a database (its format, 1.3).
    public static func isLikely(_ bytes: [UInt8]) -> Bool { bytes.starts(with: Array("SQLite format 3\0".utf8)) }

    /// `bytes` are the file's, `log` those of its write-ahead log, empty where there is none.
    public init(_ bytes: [UInt8], log: [UInt8]) throws(UnreadFile.Damage) {
        do {
            queue = try DatabaseImage.opened(WriteAheadLog(log).applied(to: bytes))
            try queue.inDatabase { db in
                // Whoever wrote its schema runs nothing here.
                try db.execute(sql: "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
            }
        } catch { throw UnreadFile.Damage(error) }
    }

    /// The tables that are of use, but no views and nothing that is computed elsewhere.
    public func tables() throws(UnreadFile.Damage) -> [ForeignTable] {
        do {
            return try queue.inDatabase { db in
                var names: [String] = []
                try db.forEachRow(
                    "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 AND name NOT LIKE 'sqlite_%' ORDER BY name"
                ) { if let name = $0.text(0) { names.append(name) } }
                return try names.filter(ForeignTable.isOfUse).map { try Self.table($0, db) }
            }
        } catch { throw UnreadFile.Damage(error) }
    }

    private static func table(_ name: String, _ db: Database) throws -> ForeignTable {
        let quoted = "\"\(name.replacing("\"", with: "\"\""))\""
        var columns: [String] = []
        try db.forEachRow("SELECT name FROM pragma_table_info(?)", arguments: [name]) {
            columns.append($0.text(0) ?? "")
        }
        var rows: [[String?]] = []
        try db.forEachRow("SELECT * FROM \(quoted) LIMIT \(mostRows + 1)") { row in
            rows.append(columns.indices.map { row.text(CInt($0)) })
        }
        guard rows.count <= mostRows else { throw UnreadFile.Damage.tooManyRows(table: name, most: mostRows) }
        return ForeignTable(name: name, columns: columns, rows: rows)
    }
}

extension UnreadFile.Damage {
    fileprivate init(_ error: any Error) {
        if let error = error as? Self {
            self = error
        } else {
            self = .said((error as? DatabaseError)?.words ?? "\(error)")
        }
    }
}
