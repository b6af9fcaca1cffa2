internal import CLinux
internal import Glibc
internal import System

/// A directory, held open, that nobody but root and the caller can change or have put there, and its files. To root, the service's user
/// is trusted as well: it has the keys and the network anyway.
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
            try walk.judge(isBelowRoots: false)
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
            // One that is there may be of a time before the service had a user.
            guard file_inherit_owner(descriptor, file, "") == 0 else { throw .system("\(path)/\(name)") }
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
        if file_create(descriptor, name, bytes.baseAddress, bytes.count) == 0 { return }
        if errno != EEXIST { throw .system("\(path)/\(name)") }
    }

    /// Removes a file, if it is there and can be removed.
    func remove(_ name: String) { unlinkat(descriptor, name, 0) }

    private func judge(_ info: stat, _ name: String) throws(StorageError) {
        let file = "\(path)/\(name)"
        if info.st_mode & S_IFMT == S_IFLNK {
            throw .file(path: file, .link)
        }
        if info.st_mode & S_IFMT != S_IFREG {
            throw .file(path: file, .noRegularFile)
        }
        if !isTrusted(info.st_uid) {
            throw .file(path: file, .foreign(owner: userName(info.st_uid)))
        }
        if info.st_nlink > 1 {
            throw .file(path: file, .manyNames(Int(info.st_nlink)))
        }
        if info.st_mode & 0o022 != 0 {
            throw .file(path: file, .writable)
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
            guard file_inherit_owner(at, at, String(name)) == 0 else { throw .system(place) }
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
            throw .file(path: path, .noDirectory)
        }
        try judge(isBelowRoots: true)
        return true
    }

    private mutating func follow(_ link: Int32, _ info: stat, _ place: String) throws(StorageError) {
        guard isTrusted(info.st_uid) else {
            throw .file(path: place, .foreignLink(owner: userName(info.st_uid)))
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
    /// `isBelowRoots`: what would do is below one of root's.
    func judge(isBelowRoots: Bool) throws(StorageError) {
        var info = stat()
        guard fstat(at, &info) == 0 else { throw .system(path) }
        guard isTrusted(info.st_uid) else {
            throw .file(
                path: path,
                .foreignDirectory(
                    owner: userName(info.st_uid), isEnd: rest.isEmpty, isBelowRoots: isBelowRoots))
        }
        if info.st_mode & 0o022 != 0 && info.st_mode & S_ISVTX == 0 {
            throw .file(path: path, .writableDirectory(isEnd: rest.isEmpty))
        }
    }

    /// At the end: what is in the directory is nobody else's, so nobody else may add to it, sticky or not.
    func judgeEnd() throws(StorageError) {
        var info = stat()
        guard fstat(at, &info) == 0 else { throw .system(path) }
        guard info.st_mode & 0o022 == 0 else {
            throw .file(path: path, .writableDirectory(isEnd: true))
        }
    }
}

/// Root, who may do anything anyway, and the caller; to root also the user that the service runs as, where there is one.
func isTrusted(_ user: uid_t) -> Bool { user == 0 || user == geteuid() || geteuid() == 0 && user == serviceUser }

/// As the package makes it.
private let serviceUser = getpwnam("wggw")?.pointee.pw_uid
