internal import GRDB
internal import GRDBSQLite
internal import SiteModel

/// The columns of the row that a statement stands on, as SQLite has them. GRDB's `Row` looks for a conversion at every
/// value, which for 10,000 peers takes longer than all else of reading them.
struct Columns {
    fileprivate let statement: SQLiteStatement

    /// As it is kept; a real number, which is none of ours, as bytes that make no sense.
    func value(_ column: CInt) -> StoredValue {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER: .integer(Int(sqlite3_column_int64(statement, column)))
        case SQLITE_TEXT: .text(text(column) ?? "")
        case SQLITE_NULL: .null
        default: .borrowed(bytes(column))
        }
    }

    /// nil for NULL.
    func text(_ column: CInt) -> String? {
        guard let text = sqlite3_column_text(statement, column) else { return nil }
        let count = Int(sqlite3_column_bytes(statement, column))
        return String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
    }

    /// nil for NULL.
    func number(_ column: CInt) -> Int? {
        isNull(column) ? nil : Int(sqlite3_column_int64(statement, column))
    }

    /// Empty for NULL. Valid until the next row.
    func bytes(_ column: CInt) -> UnsafeRawBufferPointer {
        let start = sqlite3_column_blob(statement, column)
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column)))
    }

    func isNull(_ column: CInt) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }
}

extension Database {
    /// What `body` makes of the first row that a query gives, by name and by number; nil if there is none.
    func firstRow<R>(
        _ sql: String, arguments: StatementArguments = StatementArguments(), _ body: (Row, Columns) throws -> R
    ) throws -> R? {
        let statement = try makeStatement(sql: sql)
        let cursor = try Row.fetchCursor(statement, arguments: arguments)
        return try cursor.next().map { try body($0, Columns(statement: statement.sqliteStatement)) }
    }

    /// Calls `body` with each row that a query gives.
    func forEachRow(
        _ sql: String, arguments: StatementArguments = StatementArguments(), _ body: (Columns) throws -> Void
    ) throws {
        let statement = try cachedStatement(sql: sql)
        try statement.setArguments(arguments)
        let raw = statement.sqliteStatement
        defer { sqlite3_reset(raw) }
        while true {
            switch sqlite3_step(raw) {
            case SQLITE_ROW: try body(Columns(statement: raw))
            case SQLITE_DONE: return
            case let code: throw DatabaseError(resultCode: ResultCode(rawValue: code), message: lastErrorMessage)
            }
        }
    }
}
