internal import Glibc
internal import SiteModel
internal import System

/// What is wrong with a file or directory; of each there is something that helps.
public enum FileFault: Equatable, Sendable {
    /// A system call said this errno.
    case system(Int32)
    /// Neither a block nor a file is left on its file system.
    case noRoom
    /// SQLite says this of it, in its words.
    case database(SQLite, said: String)
    /// It is not 32 bytes long, as a key is.
    case noKey
    /// The key is there for others as well.
    case keyIsReadable
    /// The key that was handed over does not open, errno.
    case keyIsForbidden(Int32)
    /// The key that was handed over is nobody's who is trusted.
    case foreignCredential
    /// It is a symbolic link.
    case link
    /// It is a directory, a device, a socket.
    case noRegularFile
    /// It is this user's.
    case foreign(owner: String)
    /// So many names lead to it.
    case manyNames(Int)
    /// Others may write to it.
    case writable
    /// On the way to the state directory something is no directory.
    case noDirectory
    /// On the way there is a symbolic link of this user's.
    case foreignLink(owner: String)
    /// A directory on the way is this user's. `isEnd`: it is the state directory itself. `isBelowRoots`: others that would do are
    /// below one of root's.
    case foreignDirectory(owner: String, isEnd: Bool, isBelowRoots: Bool)
    /// A directory on the way is there for others to write to. `isEnd`: it is the state directory itself.
    case writableDirectory(isEnd: Bool)

    /// What SQLite cannot do.
    public enum SQLite: Equatable, Sendable {
        case open, write, reach
    }

    /// The fault and what helps; `path` is of the file.
    func prose(of path: String) -> Prose {
        let words: (cause: Prose, remedy: Prose) = (cause, remedy(path))
        return "\(path): \(words.cause); \(words.remedy)"
    }

    private var cause: Prose {
        switch self {
        case .system(let code), .keyIsForbidden(let code): Prose(errnoText(code))
        case .noRoom: "there is no room on its file system"
        case .database(_, let words): Prose(words)
        case .noKey: "a key is exactly 32 bytes, this is none"
        case .keyIsReadable: "others may read the key"
        case .foreignCredential: "is no file of root's or of the caller's"
        case .link: "is a symbolic link, and wggw writes to no file that it leads to"
        case .noRegularFile: "is no regular file"
        case .foreign(let owner): "belongs to \(owner)"
        case .manyNames(let count): "has \(count) names (hard links), so it is a file of another place as well"
        case .writable, .writableDirectory: "others may write to it"
        case .noDirectory: "is not a directory"
        case .foreignLink(let owner): "is a symbolic link of \(owner)'s, who could let it lead elsewhere"
        case .foreignDirectory(let owner, _, _):
            "belongs to \(owner), who could put files of theirs in the place of wggw's"
        }
    }

    /// Whether there is no room to write.
    public var isWantOfRoom: Bool {
        switch self {
        case .noRoom, .database(.write, _): true
        default: false
        }
    }

    private func remedy(_ path: String) -> Prose {
        switch self {
        case .system(EROFS): "make it writable: what is written down has to outlive the next boot"
        case .system(EACCES), .system(EPERM), .database(.open, _):
            "run wggw as root, or give \(.input(.stateDirectory)) a directory of yours"
        case .system: "look at the disk and the path"
        case .noRoom: "make some; `df` names it"
        case .database(.write, _): "make room on the disk"
        case .database(.reach, _): "look at the disk; `dmesg` may say more"
        case .noKey: "put the right key back from a backup"
        case .keyIsReadable, .writable: "chmod 600 \(path)"
        case .keyIsForbidden: "run wggw as root, or as the owner of the key"
        case .foreignCredential: "see to it that CREDENTIALS_DIRECTORY is what systemd set"
        case .link: "put the file itself in its place, or remove the link"
        case .noRegularFile: "remove it, and see who made it"
        case .foreign: "`chown \(userName(geteuid())) \(path)` if you trust it, else remove it"
        case .manyNames: "make a copy, and put that in its place"
        case .noDirectory: "give \(.input(.stateDirectory)) a directory"
        case .foreignLink: "give \(.input(.stateDirectory)) the directory itself"
        case .foreignDirectory(_, let isEnd, let isBelowRoots): another(path, isEnd: isEnd, isBelowRoots: isBelowRoots)
        case .writableDirectory(let isEnd):
            "chmod \(isEnd ? "700" : "go-w") \(path), or give another \(.input(.stateDirectory))"
        }
    }

    private func another(_ path: String, isEnd: Bool, isBelowRoots: Bool) -> Prose {
        let other: Prose =
            isBelowRoots
            ? "give \(.input(.stateDirectory)) a directory below one of root's, like \(StateDirectory.standardPath)"
            : "give \(.input(.stateDirectory)) another directory"
        return isEnd ? "`chown -R \(userName(geteuid())) \(path)` if you trust what is in it, or \(other)" : other
    }
}
