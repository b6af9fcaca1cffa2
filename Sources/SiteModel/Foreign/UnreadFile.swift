/// A file that cannot be read, and why.
public struct UnreadFile: Error, Hashable, Sendable, CustomStringConvertible {
    /// Why.
    public enum Fault: Hashable, Sendable {
        /// A system call said this errno, which the C library calls so.
        case system(Int32, name: String)
        /// It has more bytes than any file that wggw reads.
        case tooLarge
        /// A database that its program is writing, or was stopped at.
        case beingWritten
        case damaged(Damage)
    }

    /// Why a database cannot be read.
    public enum Damage: Error, Hashable, Sendable {
        /// What SQLite says: `database disk image is malformed`.
        case said(String)
        case tooManyRows(table: String, most: Int)
    }

    /// Where it is.
    public let path: String
    /// Why it cannot be read.
    public let fault: Fault

    /// Says it.
    public init(_ path: String, _ fault: Fault) {
        self.path = path
        self.fault = fault
    }

    /// The place, the fault and what helps.
    public var description: String {
        switch fault {
        case .system(_, let name): "\(path): \(name)"
        case .tooLarge: "\(path): is larger than 64 MB, which is no profile"
        case .beingWritten:
            """
            \(path): its program is writing it, or was stopped while it did; stop it, and let SQLite end that: \
            sqlite3 \(path) 'PRAGMA quick_check'
            """
        case .damaged(let damage):
            """
            \(path): cannot be read as the database that it is (\(damage.words)); \
            take a copy of it while its program is stopped
            """
        }
    }
}

extension UnreadFile.Damage {
    fileprivate var words: String {
        switch self {
        case .said(let words): words
        case .tooManyRows(let table, let most): "\(table) has more than \(most) rows"
        }
    }
}
