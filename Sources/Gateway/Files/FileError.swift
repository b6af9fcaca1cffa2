public import SiteModel
internal import System

/// A file that cannot be read or written.
public indirect enum FileError: Error, Equatable, Sendable {
    /// It cannot be read.
    case unread(UnreadFile)
    /// It is no UTF-8.
    case noText(path: String)
    /// With it the files that are judged have too many bytes together.
    case tooMuch(path: String)
    /// With it the files of an installation have more than so many megabytes together, or are more than so many.
    case tooMany(path: String, megabytes: Int, files: Int)
    /// Nothing can be written there.
    case output(path: String, OutputFault)

    /// The place, the fault and the remedy.
    public var prose: Prose {
        switch self {
        case .unread(let file): Prose(file.description)
        case .noText(let path): "\(path): is no UTF-8 text"
        case .tooMuch(let path): "\(path): these files have together more than 64 MB; look at fewer at a time"
        case .tooMany(let path, let megabytes, let files):
            """
            \(path): with it this is more than \(megabytes) MB or \(files) files; \
            name the directory of the old program alone
            """
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
