public import SiteModel

/// Why a backup was not made or not taken. Nothing was changed.
public enum BackupError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file does not begin as a backup does.
    case notABackup
    /// It was made by a newer wggw.
    case newerFormat(found: Int, known: Int)
    /// It ends too early or goes on after its end, bytes.
    case wrongLength(found: Int, expected: Int)
    /// It does not open: another passphrase, or another byte somewhere.
    case doesNotOpen
    /// What is in it is no site of wggw's: made by something else that had the passphrase.
    case contentMakesNoSense(Nonsense)
    /// Argon2id got no memory, MB.
    case noMemory(needed: Int)
    /// The passphrase is shorter than this, bytes.
    case shortPassphrase(minimum: Int)
    /// The state directory has a site already.
    case siteIsThere(path: String)
    /// The state directory has another key, which may belong to a database that somebody moved away.
    case anotherKeyIsThere(path: String)

    /// What is in a backup that is none.
    public enum Nonsense: Equatable, Sendable {
        /// Something else than a database.
        case noDatabase
        /// A database that is damaged.
        case damaged(Damage)
        /// A database whose secrets another key sealed.
        case anotherKey
        /// Nothing.
        case empty
        /// It asks for more work before it opens than wggw ever does.
        case tooMuchWork

        fileprivate var words: String {
            switch self {
            case .noDatabase: "no database"
            case .damaged(let damage): damage.description
            case .anotherKey: "its key is another one's"
            case .empty: "it is empty"
            case .tooMuchWork: "no wggw asks for so much work to open a file"
            }
        }
    }

    /// Whether the file is at fault, and not what is there already or what was typed.
    public var isAboutTheFile: Bool {
        switch self {
        case .siteIsThere, .anotherKeyIsThere, .shortPassphrase: false
        default: true
        }
    }

    /// For whoever develops.
    public var description: String { prose.description }

    /// The fault, and what helps.
    public var prose: Prose {
        switch self {
        case .notABackup: "is no backup of wggw's; \(.backUp) makes one"
        case .newerFormat(let found, let known):
            "was made by a newer wggw (format \(found), this one knows \(known)); use the newer wggw"
        case .wrongLength(let found, let expected) where found < expected:
            "is cut off: \(found) of \(expected) bytes are there; take a whole copy"
        case .wrongLength(let found, let expected):
            "has \(found - expected) bytes more than it should; take a copy that is the file itself"
        case .doesNotOpen: "does not open: the passphrase is another one, or the file was changed"
        case .contentMakesNoSense(let what): "holds no site of wggw's (\(what.words))"
        case .noMemory(let needed): "needs \(needed) MB of memory to be opened; make room, or open it on another box"
        case .shortPassphrase(let minimum):
            "the passphrase has fewer than \(minimum) bytes, and whoever has the file could guess it; take a longer one"
        case .siteIsThere(let path):
            "\(path): there is a site here already; move the directory away, or name another one with \(.input(.stateDirectory))"
        case .anotherKeyIsThere(let path):
            "\(path): is another key than the backup's, and may belong to a database that was moved away; move it there as well"
        }
    }
}
