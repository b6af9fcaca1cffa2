internal import GRDB
internal import NetTypes
internal import SiteModel

/// The fields of a peer or a site as columns of a table, in one order for all statements.
struct FieldRow<Owner: Sendable>: Sendable {
    /// For `SELECT` and `INSERT`: `endpoint, listen_port`.
    let names: String
    /// For `VALUES`: `?, ?`.
    let marks: String
    private let table: String
    private let columns: [FieldColumn<Owner>]
    private let mayBeNull: [Bool]

    /// `unsaid` is an owner of whom nothing is said: what even it has a value for is never NULL.
    init(_ columns: [FieldColumn<Owner>], of table: String, unsaid: Owner) {
        self.table = table
        names = columns.map { $0.name }.joined(separator: ", ")
        marks = columns.map { _ in "?" }.joined(separator: ", ")
        self.columns = columns
        mayBeNull = columns.map { $0.get(unsaid).isNull }
    }

    func values(_ owner: Owner) -> [DatabaseValue] { columns.map { $0.get(owner).databaseValue } }

    /// Puts what stands from column `first` on into `owner`, of whom nothing was said before but the name, if it is a peer.
    func load(_ row: Columns, from first: CInt, into owner: inout Owner, named peer: String? = nil) throws(Damage) {
        for i in columns.indices {
            let value = row.value(first + CInt(i))
            // Most of a peer's are, and need no look at the column.
            if mayBeNull[i] && value.isNull { continue }
            guard columns[i].set(&owner, value) else { throw .value(table, columns[i].name, ofPeer: peer) }
        }
    }
}

extension StoredValue {
    /// Whether it is NULL.
    var isNull: Bool { if case .null = self { true } else { false } }

    fileprivate var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .text(let text): text.databaseValue
        case .integer(let number): number.databaseValue
        case .bytes(let bytes): Blob(bytes).databaseValue
        case .borrowed(let bytes): Blob(bytes).databaseValue
        }
    }
}

/// A `Peer` as a row of table `peer`.
enum PeerRow {
    static let fields = FieldRow(Peer.columns, of: "peer", unsaid: unsaid)
    private static let unsaid = Peer(name: "")
    static let columns = "name, \(fields.names)"
    static let insert = "INSERT INTO peer (first, last, \(columns)) VALUES (?, ?, ?, \(fields.marks))"

    static func arguments(_ peer: Peer, first: Int, last: Int) -> StatementArguments {
        StatementArguments([first.databaseValue, last.databaseValue, peer.name.databaseValue] + fields.values(peer))
    }

    /// Out of `columns`.
    static func peer(_ row: Columns) throws(Damage) -> Peer {
        var peer = unsaid
        peer.name = row.text(0) ?? ""
        try fields.load(row, from: 1, into: &peer, named: peer.name)
        return peer
    }
}

/// All of a `Site` but its peers, as columns of table `revision`.
enum SiteRow {
    static let fields = FieldRow(Site.columns, of: "revision", unsaid: Site.unsaid)

    /// Without peers, out of `fields.names` from column `first` on.
    static func site(_ row: Columns, from first: CInt) throws(Damage) -> Site {
        var site = Site.unsaid
        try fields.load(row, from: first, into: &site)
        return site
    }
}
