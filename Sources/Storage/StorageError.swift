internal import GRDB
internal import Glibc
public import SiteModel

/// The state directory refused: what is wrong with it, and what to do about it.
public indirect enum StorageError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A file or directory could not be used as it is.
    case file(path: String, FileFault)
    /// The database is damaged or is none.
    case corrupt(path: String, Damage)
    /// The database was made by a newer wggw.
    case newerSchema(path: String, found: Int, known: Int)
    /// Somebody else holds the lock; nil: the database.
    case busy(holder: String?, waitedMilliseconds: Int)
    /// It was told to stop while somebody else held the lock.
    case stopped(holder: String)
    /// Secrets are there, their key is not.
    case missingKey(path: String)
    /// The key is not the one that sealed the secrets.
    case wrongKey(path: String)
    /// A sealed secret is not there, or does not open.
    case secret(SecretName, SecretFault)
    /// There is no revision of that number.
    case noSuchRevision(Int, newest: Int?)
    /// Somebody else made a revision in between.
    case movedOn(expected: Int?, found: Int?)
    /// Anything else that SQLite says, in its words.
    case database(path: String, said: String)

    /// For whoever develops.
    public var description: String { prose.description }

    /// One sentence: the place, the fault, the remedy.
    public var prose: Prose {
        switch self {
        case .file(let path, let fault): fault.prose(of: path)
        case .corrupt(let path, let damage):
            """
            \(path): the database is damaged (\(damage)); nothing was changed. \
            Restore it from a backup, or move it away and start again with \(.site(.first))
            """
        case .newerSchema(let path, let found, let known):
            "\(path): made by a newer wggw (schema \(found), this one knows \(known)); use the newer wggw"
        case .busy(let holder, let waited):
            "another wggw is at work (\(holder ?? "it holds the database")), waited \(waited) ms; try again when it is done"
        case .stopped(let holder):
            "told to stop while another wggw was at work (\(holder)); nothing was changed"
        case .missingKey(let path):
            """
            \(path): the key that sealed the secrets is gone; put it back from a backup (or run as the systemd \
            service that holds it), or move the state directory away and start again with \(.site(.first))
            """
        case .wrongKey(let path):
            "\(path): is not the key that sealed the secrets here; put the right key back, nothing is lost"
        case .secret(let name, let fault): "\(name): \(fault.prose)"
        case .noSuchRevision(let id, let newest?):
            "there is no revision \(id); the newest is \(newest), see \(.look(.history))"
        case .noSuchRevision(let id, nil): "there is no revision \(id) yet"
        case .movedOn(let expected, let found):
            """
            somebody else made revision \(found.map(String.init) ?? "none") meanwhile \
            (this started from \(expected.map(String.init) ?? "none")); run the command again
            """
        case .database(let path, let words): "\(path): \(words)"
        }
    }

    /// What a system call said of a file or directory.
    static func system(_ path: String, _ code: Int32 = errno) -> StorageError {
        .file(path: path, .system(code))
    }

    /// Whether a file's system has neither a block nor a file left for us.
    private static func isFull(_ path: String) -> Bool {
        var room = statvfs()
        return statvfs(path, &room) == 0 && (room.f_bavail == 0 || room.f_files > 0 && room.f_favail == 0)
    }

    /// Whatever GRDB threw, as one of ours.
    init(_ error: any Error, path: String) {
        self =
            switch error {
            case let error as StorageError: error
            case let damage as Damage: .corrupt(path: path, damage)
            case is RowDecodingError: .corrupt(path: path, .row)
            case let error as DatabaseError: Self.ofSQLite(error, path)
            default: .database(path: path, said: "\(error)")
            }
    }

    private static func ofSQLite(_ error: DatabaseError, _ path: String) -> StorageError {
        switch error.resultCode.primaryResultCode {
        // Where the index that processes share finds no room, that is an I/O error.
        case let code where [.SQLITE_FULL, .SQLITE_IOERR, .SQLITE_CANTOPEN].contains(code) && isFull(path):
            .file(path: path, .noRoom)
        // Our statements fit the tables that we made: where one does not, the tables are not those.
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR: .corrupt(path: path, .said(error.words))
        case .SQLITE_BUSY, .SQLITE_LOCKED: .busy(holder: nil, waitedMilliseconds: Store.busyMilliseconds)
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH:
            .file(path: path, .database(.open, said: error.words))
        case .SQLITE_FULL: .file(path: path, .database(.write, said: error.words))
        case .SQLITE_IOERR: .file(path: path, .database(.reach, said: error.words))
        default: .database(path: path, said: error.words)
        }
    }
}
