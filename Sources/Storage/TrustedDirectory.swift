internal import CLinux
internal import Glibc

/// A directory, held open, that nobody but root and the caller can change or have put there, and its files.
///
/// Every directory on the way to it belongs to root or to the caller. Nobody else may write to it, unless it is sticky, as /tmp is:
/// then what lies in it stays its owner's. A symbolic link on the way is followed if it is root's or the caller's, as that of
/// systemd's `DynamicUser=` is. Without sticky directories this is what OpenSSH asks of the way to a key (`safe_path` in misc.c);
/// with them, what Kupsch and Miller call trusted ("How to Open a File and Not Get Hacked", ARES 2008).
final class TrustedDirectory {
    /// Absolute, without links, `.` and `..`. Whoever may change where it leads is trusted.
    let path: String
    private let descriptor: Int32

    /// Opens it; with `creating`, makes what is missing of the way (0755) and itself (0700).
    ///
    /// Throws `.file` with the directory that is at fault.
    init(_ path: String, creating: Bool) throws(StorageError) {
        var walk = try Walk(path)
        do throws(StorageError) {
            try walk.judge("give --state-dir another directory")
            while try walk.step(creating: creating) {}
            try walk.judgeEnd()
        } catch {
            close(walk.at)
            throw error
        }
        self.path = walk.path
        descriptor = walk.at
    }

    deinit { close(descriptor) }

    /// Opens a file of the directory, nil if it is not there. With O_CREAT it is made, 0600.
    ///
    /// It is a regular file with this one name, root's or the caller's, and nobody else may write to it. Else throws `.file`.
    func open(_ name: String, _ flags: Int32) throws(StorageError) -> Int32? {
        // Else a pipe in its place would keep this process waiting.
        let file = openat(descriptor, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o600)
        if file < 0 {
            switch errno {
            case ENOENT where flags & O_CREAT == 0: return nil
            // Judged by what it is, since links, and devices that are not there, have errors of their own.
            case let code:
                try expectOwn(name)
                throw .system("\(path)/\(name)", code)
            }
        }
        var info = stat()
        do throws(StorageError) {
            guard fstat(file, &info) == 0 else { throw .system("\(path)/\(name)") }
            try judge(info, name)
        } catch {
            close(file)
            throw error
        }
        return file
    }

    /// Throws `.file` if there is a file of that name that `open` would refuse.
    func expectOwn(_ name: String) throws(StorageError) {
        var info = stat()
        if fstatat(descriptor, name, &info, AT_SYMLINK_NOFOLLOW) == 0 { try judge(info, name) }
    }

    /// Makes a file with these bytes, 0600, unless there is one of that name; others see all of it or nothing.
    func create(_ name: String, _ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        let aside = ".new-\(UInt64.random(in: 0 ... .max))"
        guard file_create(descriptor, aside, bytes.baseAddress, bytes.count) == 0 else {
            throw .system("\(path)/\(name)")
        }
        if file_rename_new(descriptor, aside, name) == 0 { return }
        let code = errno
        unlinkat(descriptor, aside, 0)
        if code != EEXIST { throw .system("\(path)/\(name)", code) }
    }

    private func judge(_ info: stat, _ name: String) throws(StorageError) {
        let file = "\(path)/\(name)"
        if info.st_mode & S_IFMT == S_IFLNK {
            throw .file(
                path: file, cause: "is a symbolic link, and wggw writes to no file that it leads to",
                remedy: "put the file itself in its place, or remove the link")
        }
        if info.st_mode & S_IFMT != S_IFREG {
            throw .file(path: file, cause: "is no regular file", remedy: "remove it, and see who made it")
        }
        if !isTrusted(info.st_uid) {
            throw .file(
                path: file, cause: "belongs to \(userName(info.st_uid))",
                remedy: "`chown \(userName(geteuid())) \(file)` if you trust it, else remove it")
        }
        if info.st_nlink > 1 {
            throw .file(
                path: file, cause: "has \(info.st_nlink) names (hard links), so it is a file of another place as well",
                remedy: "make a copy, and put that in its place")
        }
        if info.st_mode & 0o022 != 0 {
            throw .file(path: file, cause: "others may write to it", remedy: "chmod 600 \(file)")
        }
    }
}

/// The way from / to a directory, one component after another, each opened by the one before.
private struct Walk {
    /// As many links as the kernel follows on one way (path_resolution(7)).
    private static let maximumLinks = 40

    /// The directory that was reached, open.
    private(set) var at: Int32
    /// What leads there from /.
    private var names: [String] = []
    /// What is still to go, the next one last.
    private var rest: [Substring]
    private var links = 0

    init(_ path: String) throws(StorageError) {
        var full = path
        if !path.hasPrefix("/") {
            guard let working = getcwd(nil, 0) else { throw .system(path) }
            defer { free(working) }
            full = String(cString: working) + "/" + path
        }
        rest = full.split(separator: "/").reversed()
        at = file_look(AT_FDCWD, "/")
        guard at >= 0 else { throw .system("/") }
    }

    var path: String { "/" + names.joined(separator: "/") }

    /// Goes to the next directory, or takes a link apart. False: there is none left.
    mutating func step(creating: Bool) throws(StorageError) -> Bool {
        guard let name = rest.popLast() else { return false }
        if name == "." { return true }
        let place = (names.isEmpty ? "" : path) + "/" + name
        var next = file_look(at, String(name))
        if next < 0 && errno == ENOENT && creating {
            // Somebody else may be the first.
            guard mkdirat(at, String(name), rest.isEmpty ? 0o700 : 0o755) == 0 || errno == EEXIST else {
                throw .system(place)
            }
            next = file_look(at, String(name))
        }
        guard next >= 0 else { throw .system(place) }
        var info = stat()
        guard fstat(next, &info) == 0 else {
            close(next)
            throw .system(place)
        }
        if info.st_mode & S_IFMT == S_IFLNK {
            defer { close(next) }
            try follow(next, info, place)
            return true
        }
        close(at)
        at = next
        if name == ".." { _ = names.popLast() } else { names.append(String(name)) }
        guard info.st_mode & S_IFMT == S_IFDIR else {
            throw .file(path: path, cause: "is not a directory", remedy: "give --state-dir a directory")
        }
        try judge("give --state-dir a directory below one of root's, like \(StateDirectory.standardPath)")
        return true
    }

    private mutating func follow(_ link: Int32, _ info: stat, _ place: String) throws(StorageError) {
        guard isTrusted(info.st_uid) else {
            throw .file(
                path: place, cause: "is a symbolic link of \(userName(info.st_uid))'s, who could let it lead elsewhere",
                remedy: "give --state-dir the directory itself")
        }
        links += 1
        guard links <= Self.maximumLinks else { throw .system(place, ELOOP) }
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = file_link_target(link, &target, target.count)
        guard count >= 0 else { throw .system(place) }
        let text = String(decoding: target[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        rest += text.split(separator: "/").reversed()
        guard text.hasPrefix("/") else { return }
        let root = file_look(AT_FDCWD, "/")
        guard root >= 0 else { throw .system("/") }
        close(at)
        (at, names) = (root, [])
    }

    /// Whether only those who are trusted can change what the names in this directory lead to.
    func judge(_ remedy: String) throws(StorageError) {
        var info = stat()
        guard fstat(at, &info) == 0 else { throw .system(path) }
        guard isTrusted(info.st_uid) else {
            throw .file(
                path: path,
                cause: "belongs to \(userName(info.st_uid)), who could put files of theirs in the place of wggw's",
                remedy: rest.isEmpty
                    ? "`chown -R \(userName(geteuid())) \(path)` if you trust what is in it, or \(remedy)" : remedy)
        }
        if info.st_mode & 0o022 != 0 && info.st_mode & S_ISVTX == 0 {
            throw .file(
                path: path, cause: "others may write to it",
                remedy: "chmod \(rest.isEmpty ? "700" : "go-w") \(path), or give another --state-dir")
        }
    }

    /// At the end: what is in the directory is nobody else's, so nobody else may add to it, sticky or not.
    func judgeEnd() throws(StorageError) {
        var info = stat()
        guard fstat(at, &info) == 0 else { throw .system(path) }
        guard info.st_mode & 0o022 == 0 else {
            throw .file(
                path: path, cause: "others may write to it", remedy: "chmod 700 \(path), or give another --state-dir")
        }
    }
}

/// Root, who may do anything anyway, and the caller.
func isTrusted(_ user: uid_t) -> Bool { user == 0 || user == geteuid() }

/// `amy`, or `uid 1001`.
private func userName(_ user: uid_t) -> String {
    getpwuid(user).map { String(cString: $0.pointee.pw_name) } ?? "uid \(user)"
}
