import NetTypes

/// A table of a database, read whole. A place in it is its row and column, both from 1.
public struct ForeignTable: Sendable {
    /// What the database calls it.
    public let name: String
    /// The columns' names.
    public let columns: [String]
    /// What is no NULL, as text; blobs as UTF-8. As many in each row as there are columns.
    public let rows: [[String?]]

    /// Makes a table.
    public init(name: String, columns: [String], rows: [[String?]]) {
        self.name = name
        self.columns = columns
        self.rows = rows
    }

    /// Whether a table can say whom a gateway lets in: what programs count and log may be large.
    public static func isOfUse(_ name: String) -> Bool {
        !["_transfer", "_history_endpoint", "_deleted", "_entries", "_logs"].contains {
            name.lowercased().hasSuffix($0)
        }
    }

    /// The rows, each with its place in `path`.
    func records(in path: String) -> [ForeignRecord] {
        let index = Dictionary(columns.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        return rows.enumerated().map { ForeignRecord(file: path, number: $0 + 1, index: index, cells: $1) }
    }
}

/// A row of a table.
struct ForeignRecord: Sendable {
    fileprivate let file: String
    fileprivate let number: Int
    fileprivate let index: [String: Int]
    fileprivate let cells: [String?]

    var place: WgQuickConfig.Place { WgQuickConfig.Place(line: number, file: file) }

    /// nil where it is NULL or empty, or where there is no such column.
    subscript(_ column: String) -> ForeignValue? {
        guard let i = index[column], i < cells.count, let text = cells[i], !text.isEmpty else { return nil }
        return ForeignValue(text: text, place: WgQuickConfig.Place(line: number, column: i + 1, file: file))
    }

    /// Whether a column holds a number other than zero, or a word for yes.
    func isOn(_ column: String) -> Bool { !["0", "false", ""].contains(self[column]?.text.lowercased() ?? "") }

    /// The strings of a column in which an array of JSON stands; nil where it is NULL or none.
    func list(_ column: String) -> [ForeignValue]? {
        guard let value = self[column], let node = try? JSONText.parse(value.text, file: file),
            case .array(let elements) = node.value
        else { return nil }
        return elements.compactMap { $0.text.map { ForeignValue(text: $0.text, place: value.place) } }
    }
}
