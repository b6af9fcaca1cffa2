/// Who can get at a file, besides its owner and root.
public struct FileExposure: Hashable, Sendable {
    /// Some of the others, or all of them.
    public enum Audience: String, Hashable, Sendable {
        /// Who is in a group.
        case group = "a group"
        /// Everybody with an account, and every service.
        case everyone = "everybody"
    }

    /// Of a file or directory, as stat(2) tells them.
    public struct Permissions: Sendable {
        let mode: UInt16
        let owner: UInt32
        let group: UInt32

        /// Makes one; of the mode, the permissions alone count.
        public init(mode: UInt16, owner: UInt32, group: UInt32) {
            self.mode = mode & 0o7777
            self.owner = owner
            self.group = group
        }

        /// Who has one of the rights 4 (read), 2 (write) and 1 (execute, of a directory: go through). Root's group, and one that
        /// distributions make for a user alone, are nobody else.
        fileprivate func audience(_ right: UInt16) -> Audience? {
            if mode & right != 0 { return .everyone }
            return mode & right << 3 != 0 && group != 0 && group != owner ? .group : nil
        }

        /// Whether what lies in a directory stays its owner's.
        fileprivate var isSticky: Bool { mode & 0o1000 != 0 }
    }

    /// The permissions, as in chmod(2).
    let mode: UInt16
    /// Who may read it: by its permissions, through the directories that it is in.
    let readers: Audience?
    /// Who may write it, by the same.
    let writers: Audience?
    /// The directory on the way in which others may put another file in its place, the first from the top.
    let openDirectory: String?
    /// Who may do that.
    let replacers: Audience?

    /// Judges a file in its directories, which come from the root on. Access lists are not looked at.
    public init(_ file: Permissions, in directories: [(path: String, permissions: Permissions)]) {
        mode = file.mode
        var reach: Audience? = .everyone
        var open: (path: String, writers: Audience)?
        for (path, permissions) in directories {
            reach = Self.both(reach, permissions.audience(1))
            // To make a file, one has to be able to go in.
            if open == nil, !permissions.isSticky, let writers = Self.both(reach, permissions.audience(2)) {
                open = (path, writers)
            }
        }
        readers = Self.both(reach, file.audience(4))
        writers = Self.both(reach, file.audience(2))
        (openDirectory, replacers) = (open?.path, open?.writers)
    }

    /// Who needs both, and so is at most in a group where one of them is a group's.
    private static func both(_ a: Audience?, _ b: Audience?) -> Audience? {
        guard let a, let b else { return nil }
        return a == .everyone && b == .everyone ? .everyone : .group
    }
}
