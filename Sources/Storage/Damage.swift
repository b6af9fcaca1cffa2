internal import GRDB

/// What a database has that no wggw wrote.
public enum Damage: Error, Equatable, Sendable, CustomStringConvertible {
    /// SQLite says so, in its words: `database disk image is malformed`.
    case said(String)
    /// A column of some row.
    case row
    /// What is in a column of a table.
    case value(_ table: String, _ column: String, ofPeer: String? = nil, found: String? = nil)
    /// So many peers in a revision that says another number.
    case peers(Int, expected: Int, revision: Int)
    /// The schema's version.
    case version(Int)

    /// `a column makes no sense: listen_port`
    public var description: String {
        switch self {
        case .said(let words): words
        case .row: "a column makes no sense"
        case .value(_, _, let peer?, _): "peer \(peer) makes no sense"
        case .value(_, let column, nil, let found): "a column makes no sense: \(found ?? column)"
        case .peers(let found, let expected, let revision):
            "revision \(revision) has \(found) peers instead of \(expected)"
        case .version(let version): "a version makes no sense: \(version)"
        }
    }
}

extension DatabaseError {
    /// What SQLite says, in its words.
    var words: String { message ?? "\(resultCode)" }
}
