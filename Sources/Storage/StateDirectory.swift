internal import Glibc

/// Where wggw keeps what it knows: `wggw.db`, `key`, `lock`. 0700, its files 0600.
public struct StateDirectory: Hashable, Sendable {
    /// Where it is unless told otherwise.
    public static let standardPath = "/var/lib/wggw"

    /// Absolute or relative, without a slash at the end.
    public let path: String

    /// Names a directory; touches nothing.
    public init(_ path: String) {
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    /// The SQLite database.
    public var database: String { path + "/wggw.db" }
    /// The 32 bytes that seal the secrets.
    public var key: String { path + "/key" }
    /// Locked (flock) by whoever drafts or applies.
    public var lockFile: String { path + "/lock" }

    /// Whether there is a database.
    public var hasDatabase: Bool { access(database, F_OK) == 0 }

    /// Makes the directory and its parents (0755 the parents, 0700 itself) and the database's file (0600) if they are not
    /// there. Refuses a directory that others may write to.
    public func prepare() throws(StorageError) {
        try makeDirectory()
        var info = stat()
        guard stat(path, &info) == 0 else { throw failure(path) }
        guard info.st_mode & S_IFMT == S_IFDIR else {
            throw .file(path: path, cause: "is not a directory", remedy: "give --state-dir a directory")
        }
        guard info.st_mode & 0o022 == 0 else {
            throw .file(
                path: path, cause: "others may write to it", remedy: "chmod 700 \(path), or give another --state-dir")
        }
        // SQLite gives its -wal and -shm the mode of the database, so this settles all three.
        let fd = open(database, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard fd >= 0 else { throw failure(database) }
        close(fd)
    }

    private func makeDirectory() throws(StorageError) {
        var at = path.startIndex
        while let slash = path[at...].dropFirst().firstIndex(of: "/") {
            if mkdir(String(path[..<slash]), 0o755) != 0, errno != EEXIST { throw failure(String(path[..<slash])) }
            at = slash
        }
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw failure(path) }
    }

    private func failure(_ path: String) -> StorageError {
        let code = errno
        let remedy =
            code == EACCES || code == EPERM || code == EROFS
            ? "run wggw as root, or give --state-dir a directory of yours" : "look at the disk and the path"
        return .file(path: path, cause: errnoText(code), remedy: remedy)
    }
}

/// The right to draft and to apply: one wggw at a time per state directory. Given back when it goes, or when the process dies.
public final class StateLock {
    private let descriptor: Int32

    /// Waits up to `milliseconds` for whoever holds it, then throws `.busy` with what the holder wrote about itself.
    ///
    /// `purpose` is what others are told: `wggw apply`. `isStopped` says whether to give up; then it throws `.stopped`.
    public init(
        _ directory: StateDirectory, purpose: String, waitingMilliseconds milliseconds: Int,
        isStopped: () -> Bool = { false }
    ) throws(StorageError) {
        let fd = try Self.open(directory)
        let step = 10
        var waited = 0
        while flock(fd, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR, waited < milliseconds else {
                let holder = Self.read(fd)
                close(fd)
                throw .busy(holder: holder, waitedMilliseconds: waited)
            }
            if isStopped() {
                let holder = Self.read(fd)
                close(fd)
                throw .stopped(holder: holder)
            }
            usleep(UInt32(step * 1000))
            waited += step
        }
        descriptor = fd
        let text = Array("process \(getpid()), \(purpose)".utf8)
        // For people only; the lock holds without it.
        if ftruncate(fd, 0) == 0 { _ = text.withUnsafeBytes { pwrite(fd, $0.baseAddress, $0.count, 0) } }
    }

    deinit { close(descriptor) }

    /// What `body` reads while nobody writes; nil, and `body` is not called, if some wggw is at it.
    public static func whileFree<R>(
        _ directory: StateDirectory, _ body: () throws(StorageError) -> R
    ) throws(StorageError) -> R? {
        let fd = try open(directory)
        defer { close(fd) }
        return flock(fd, LOCK_SH | LOCK_NB) == 0 ? try body() : nil
    }

    private static func open(_ directory: StateDirectory) throws(StorageError) -> Int32 {
        let path = directory.lockFile
        let fd = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard fd >= 0 else {
            throw .file(
                path: path, cause: errnoText(),
                remedy: "run wggw as root, or give --state-dir a directory of yours")
        }
        return fd
    }

    private static func read(_ fd: Int32) -> String {
        withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
            let count = pread(fd, buffer.baseAddress, buffer.count, 0)
            return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : "unknown process"
        }
    }
}
