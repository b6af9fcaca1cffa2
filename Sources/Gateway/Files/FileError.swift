public import SiteModel
internal import System

/// A file that cannot be read or written.
public indirect enum FileError: Error, Equatable, Sendable {
    /// A system call said this errno.
    case system(path: String, Int32)
    /// It has more bytes than any file that wggw reads.
    case tooLarge(path: String)
    /// It is no UTF-8.
    case noText(path: String)
    /// With it the files that are judged have too many bytes together.
    case tooMuch(path: String)
    /// With it the files of an installation have more than so many megabytes together, or are more than so many.
    case tooMany(path: String, megabytes: Int, files: Int)
    /// A database that its program is writing, or was stopped at.
    case beingWritten(path: String)
    /// A database that cannot be read, as its reader says.
    case damaged(path: String, cause: String)
    /// Nothing can be written there.
    case output(path: String, OutputFault)

    /// The place, the fault and the remedy.
    public var prose: Prose {
        switch self {
        case .system(let path, let code): "\(path): \(errnoText(code))"
        case .tooLarge(let path): "\(path): is larger than 64 MB, which is no profile"
        case .noText(let path): "\(path): is no UTF-8 text"
        case .tooMuch(let path): "\(path): these files have together more than 64 MB; look at fewer at a time"
        case .tooMany(let path, let megabytes, let files):
            """
            \(path): with it this is more than \(megabytes) MB or \(files) files; \
            name the directory of the old program alone
            """
        case .beingWritten(let path):
            """
            \(path): its program is writing it, or was stopped while it did; stop it, and let SQLite end that: \
            sqlite3 \(path) 'PRAGMA quick_check'
            """
        case .damaged(let path, let cause):
            "\(path): cannot be read as the database that it is (\(cause)); take a copy of it while its program is stopped"
        case .output(let path, let fault): "\(path): \(fault.prose)"
        }
    }
}

/// Why nothing can be written to a place.
public enum OutputFault: Equatable, Sendable {
    /// A system call said this errno.
    case system(Int32, isFull: Bool)
    /// It is a symbolic link.
    case link
    /// It is a directory.
    case directory
    /// It is neither a file nor a device or pipe.
    case noPlace
    /// Nothing was given to wggw under this number.
    case notGiven
    /// It names no file.
    case noName
    /// A file is there already.
    case taken
    /// It became another file while it was opened.
    case changed

    fileprivate var prose: Prose {
        switch self {
        case .system(let code, true): "\(errnoText(code)); make room, or name another place"
        case .system(let code, false): "\(errnoText(code)); name a file in a directory that you may write to"
        case .link: "is a symbolic link; name the file that it leads to, or remove it"
        case .directory: "is a directory; name a file in it"
        case .noPlace: "is no place for a file; name a file"
        case .notGiven: "nothing was given to wggw under this number; name a file"
        case .noName: "names no file; name a file in it"
        case .taken: "is there already; name another file, or replace it with \(.input(.replacing))"
        case .changed: "became another file just now; see who else writes there"
        }
    }
}
