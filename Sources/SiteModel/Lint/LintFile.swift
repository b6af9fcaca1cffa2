/// A file of wg-quick as it lies there, to be judged with others.
public struct LintFile: Sendable {
    /// The name as it was given.
    public let name: String
    /// What it says.
    public let text: FileText
    /// nil where it is no file, as standard input.
    public let exposure: FileExposure?

    /// Makes one.
    public init(_ name: String, _ text: FileText, exposure: FileExposure? = nil) {
        self.name = name
        self.text = text
        self.exposure = exposure
    }
}

/// Who can get at a file, besides its owner and root.
public struct FileExposure: Hashable, Sendable {
    /// Some of the others, or all of them.
    public enum Audience: Hashable, Sendable {
        /// Who is in the file's group.
        case group
        /// Everybody with an account, and every service.
        case everyone
    }

    /// The permissions, as in chmod(2).
    public let mode: UInt16
    /// Who may read it: by its permissions, through the directories that it is in.
    public let readers: Audience?
    /// Who may write it, by the same.
    public let writers: Audience?
    /// A directory on the way in which others may put another file in its place, and who.
    public let openDirectory: OpenDirectory?

    /// A directory that others may write to.
    public struct OpenDirectory: Hashable, Sendable {
        let path: String
        let writers: Audience

        /// Makes one.
        public init(_ path: String, writers: Audience) {
            self.path = path
            self.writers = writers
        }
    }

    /// Makes one.
    public init(mode: UInt16, readers: Audience?, writers: Audience?, openDirectory: OpenDirectory? = nil) {
        self.mode = mode
        self.readers = readers
        self.writers = writers
        self.openDirectory = openDirectory
    }
}
