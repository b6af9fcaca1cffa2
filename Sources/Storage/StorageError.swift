internal import GRDB
internal import Glibc
internal import System

/// The state directory refused: what is wrong with it, and what to do about it.
public enum StorageError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A file or directory could not be used as it is.
    case file(path: String, cause: String, remedy: String)
    /// The database is damaged or is none.
    case corrupt(path: String, cause: String)
    /// The database was made by a newer wggw.
    case newerSchema(path: String, found: Int, known: Int)
    /// Somebody else holds the lock, or the database.
    case busy(holder: String, waitedMilliseconds: Int)
    /// It was told to stop while somebody else held the lock.
    case stopped(holder: String)
    /// Secrets are there, their key is not.
    case missingKey(path: String)
    /// The key is not the one that sealed the secrets.
    case wrongKey(path: String)
    /// A sealed secret is not there, or does not open: `preshared key 1f0c…`, `private key of 6boi…`.
    case secret(name: String, cause: String)
    /// There is no revision of that number.
    case noSuchRevision(Int, newest: Int?)
    /// Somebody else made a revision in between.
    case movedOn(expected: Int?, found: Int?)
    /// Anything else that SQLite says.
    case database(path: String, cause: String)

    /// One sentence: the place, the fault, the remedy.
    public var description: String {
        switch self {
        case .file(let path, let cause, let remedy): "\(path): \(cause); \(remedy)"
        case .corrupt(let path, let cause):
            "\(path): the database is damaged (\(cause)); nothing was changed. "
                + "Restore it from a backup, or move it away and start again with `wggw init`"
        case .newerSchema(let path, let found, let known):
            "\(path): made by a newer wggw (schema \(found), this one knows \(known)); use the newer wggw"
        case .busy(let holder, let waited):
            "another wggw is at work (\(holder)), waited \(waited) ms; try again when it is done"
        case .stopped(let holder):
            "told to stop while another wggw was at work (\(holder)); nothing was changed"
        case .missingKey(let path):
            "\(path): the key that sealed the secrets is gone; put it back from a backup (or run as the systemd "
                + "service that holds it), or move the state directory away and start again with `wggw init`"
        case .wrongKey(let path):
            "\(path): is not the key that sealed the secrets here; put the right key back, nothing is lost"
        case .secret(let name, let cause): "\(name): \(cause)"
        case .noSuchRevision(let id, let newest):
            "there is no revision \(id)" + (newest.map { "; the newest is \($0), see `wggw history`" } ?? " yet")
        case .movedOn(let expected, let found):
            "somebody else made revision \(found.map(String.init) ?? "none") meanwhile "
                + "(this started from \(expected.map(String.init) ?? "none")); run the command again"
        case .database(let path, let cause): "\(path): \(cause)"
        }
    }

    /// What a system call said of a file or directory.
    static func system(_ path: String, _ code: Int32 = errno) -> StorageError {
        let isForbidden = [EACCES, EPERM, EROFS].contains(code)
        return .file(
            path: path, cause: errnoText(code), remedy: isForbidden ? becomeOwner : "look at the disk and the path")
    }

    private static let becomeOwner = "run wggw as root, or give --state-dir a directory of yours"

    /// Whether a file's system has neither a block nor a file left for us.
    private static func isFull(_ path: String) -> Bool {
        var room = statvfs()
        return statvfs(path, &room) == 0 && (room.f_bavail == 0 || room.f_files > 0 && room.f_favail == 0)
    }

    /// Whatever GRDB threw, as one of ours.
    init(_ error: any Error, path: String) {
        if let error = error as? StorageError {
            self = error
            return
        }
        if error is RowDecodingError {
            self = .corrupt(path: path, cause: "a column makes no sense")
            return
        }
        guard let error = error as? DatabaseError else {
            self = .database(path: path, cause: "\(error)")
            return
        }
        let cause = error.message ?? "SQLite error \(error.resultCode.rawValue)"
        switch error.resultCode.primaryResultCode {
        // Where the index that processes share finds no room, that is an I/O error.
        case let code where [.SQLITE_FULL, .SQLITE_IOERR, .SQLITE_CANTOPEN].contains(code) && Self.isFull(path):
            self = .file(path: path, cause: "there is no room on its file system", remedy: "make some; `df` names it")
        // Our statements fit the tables that we made: where one does not, the tables are not those.
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR: self = .corrupt(path: path, cause: cause)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self = .busy(holder: "it holds the database", waitedMilliseconds: Store.busyMilliseconds)
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH:
            self = .file(path: path, cause: cause, remedy: Self.becomeOwner)
        case .SQLITE_FULL: self = .file(path: path, cause: cause, remedy: "make room on the disk")
        case .SQLITE_IOERR: self = .file(path: path, cause: cause, remedy: "look at the disk; `dmesg` may say more")
        default: self = .database(path: path, cause: cause)
        }
    }
}
