internal import Glibc

/// Where wggw keeps what it knows: `wggw.db`, `key`, and `lock`, locked (flock) by whoever drafts or applies. 0700, its files 0600.
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

    /// Whether there is a database.
    public var hasDatabase: Bool { access(database, F_OK) == 0 }

    /// Whether another process drafts or applies now; not where that cannot be told.
    public var isTakenByAnother: Bool { StateLock.isTakenByAnother(path + "/lock") }

    /// Opens the directory and makes it, and the database's file, if they are not there. Throws `.file` where somebody else than
    /// root and the caller could change them.
    func open() throws(StorageError) -> TrustedDirectory {
        let directory = try TrustedDirectory(path, creating: true)
        // SQLite gives its -wal and -shm the mode of the database, so this settles all three.
        guard let file = try directory.open("wggw.db", O_RDWR | O_CREAT) else { throw .system(database, ENOENT) }
        close(file)
        // SQLite opens these by their names; nobody else can change them from now on.
        for ending in ["-wal", "-shm", "-journal"] { try directory.expectOwn("wggw.db" + ending) }
        return directory
    }
}

/// The right to draft and to apply: one wggw at a time per state directory. Given back when it goes, or when the process dies.
public final class StateLock {
    private let descriptor: Int32

    /// Waits up to `milliseconds` for whoever holds it, then throws `.busy` with what the holder wrote about itself.
    ///
    /// `purpose` is what others are told: `wggw apply`. `isStopped` says whether to give up; then it throws `.stopped`.
    init(
        _ directory: TrustedDirectory, purpose: String, waitingMilliseconds milliseconds: Int, isStopped: () -> Bool
    ) throws(StorageError) {
        let fd = try Self.open(directory)
        let step = 10
        var waited = 0
        while flock(fd, LOCK_EX | LOCK_NB) != 0 {
            let isBusy = errno != EWOULDBLOCK && errno != EINTR || waited >= milliseconds
            if isBusy || isStopped() {
                defer { close(fd) }
                let holder = Self.read(fd)
                throw isBusy ? .busy(holder: holder, waitedMilliseconds: waited) : .stopped(holder: holder)
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

    static func isTakenByAnother(_ path: String) -> Bool {
        let fd = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { return false }
        defer { close(fd) }
        guard flock(fd, LOCK_SH | LOCK_NB) != 0, errno == EWOULDBLOCK else { return false }
        return !read(fd).hasPrefix("process \(getpid()),")
    }

    /// What `body` reads while nobody writes; nil, and `body` is not called, if some wggw is at it.
    static func whileFree<R>(
        _ directory: TrustedDirectory, _ body: () throws(StorageError) -> R
    ) throws(StorageError) -> R? {
        let fd = try open(directory)
        defer { close(fd) }
        return flock(fd, LOCK_SH | LOCK_NB) == 0 ? try body() : nil
    }

    private static func open(_ directory: TrustedDirectory) throws(StorageError) -> Int32 {
        let file: Int32?
        do throws(StorageError) { file = try directory.open("lock", O_RDWR | O_CREAT) } catch {
            guard case .file(_, .system(EROFS)) = error else { throw error }
            // It is locked all the same, only that nobody can write into it who has it.
            file = try directory.open("lock", O_RDONLY)
        }
        guard let file else { throw .system("\(directory.path)/lock", ENOENT) }
        return file
    }

    private static func read(_ fd: Int32) -> String {
        withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
            let count = pread(fd, buffer.baseAddress, buffer.count, 0)
            return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : "unknown process"
        }
    }
}
