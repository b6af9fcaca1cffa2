internal import CLinux
internal import Glibc
internal import System

/// Writes what may hold a private key to where a person says. Throws `.file`, and then changed nothing but for what a device or a
/// pipe took already.
///
/// - A new file: whole or not at all, 0600 and the caller's.
/// - One that is there: the same in its place with `replacing`, whoever had the old one; refused without.
/// - A pipe, a terminal or another character device: written into as it stands there.
/// - `/dev/stdout`, `/dev/stderr`, `/dev/fd/N`: what this process was given under that number.
/// - Refused: a symbolic link, which would be lost or lead to a file that nobody named; a directory, a disk, a socket.
public func writePrivateFile(_ path: String, _ bytes: [UInt8], replacing: Bool = false) throws(GatewayError) {
    if let descriptor = givenDescriptor(path) { return try write(bytes, to: descriptor, path) }
    let place = try OutputPlace(path)
    switch try place.kind() {
    case nil: try place.create(bytes, replacing: replacing)
    case S_IFREG? where replacing: try place.create(bytes, replacing: true)
    case S_IFREG?: throw refusal(path, .taken)
    case S_IFCHR?, S_IFIFO?: try place.writeInto(bytes)
    case S_IFLNK?: throw refusal(path, .link)
    case S_IFDIR?: throw refusal(path, .directory)
    case _?: throw refusal(path, .noPlace)
    }
}

private func refusal(_ path: String, _ fault: OutputFault) -> GatewayError {
    .file(.output(path: path, fault))
}

private func failure(_ path: String, _ code: Int32 = errno) -> GatewayError {
    refusal(path, .system(code, isFull: code == ENOSPC || code == EDQUOT))
}

/// N of `/dev/fd/N` and its other names; nil for any other path.
private func givenDescriptor(_ path: String) -> Int32? {
    switch path {
    case "/dev/stdout": return 1
    case "/dev/stderr": return 2
    default:
        let directory = ["/dev/fd/", "/proc/self/fd/"].first { path.hasPrefix($0) }
        return directory.flatMap { Int32(path.dropFirst($0.count)) }
    }
}

private func write(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws(GatewayError) {
    let flags = fcntl(descriptor, F_GETFD)
    // What was given came through exec; what was opened since is wggw's own, the database for one.
    guard flags >= 0, flags & FD_CLOEXEC == 0 else {
        throw refusal(path, .notGiven)
    }
    if let code = writeAll(bytes, to: descriptor) { throw failure(path, code) }
}

/// A name in a directory that is held open, so that looking and writing are about the same one.
private struct OutputPlace: ~Copyable {
    private let path: String
    private let directory: Int32
    private let name: String

    init(_ path: String) throws(GatewayError) {
        let slash = path.lastIndex(of: "/")
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        guard !["", ".", ".."].contains(name) else { throw refusal(path, .noName) }
        let directory = Glibc.open(slash.map { String(path[...$0]) } ?? ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw failure(path) }
        (self.path, self.directory, self.name) = (path, directory, name)
    }

    deinit { close(directory) }

    /// S_IFREG and the like; nil if there is nothing of that name.
    func kind() throws(GatewayError) -> mode_t? {
        var info = stat()
        if fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) == 0 { return info.st_mode & S_IFMT }
        guard errno == ENOENT else { throw failure(path) }
        return nil
    }

    /// Others see all of it or nothing. The name aside of what replaces a file is one that nobody can guess: the directory may be
    /// anybody's.
    func create(_ bytes: [UInt8], replacing: Bool) throws(GatewayError) {
        guard replacing else {
            if file_create(directory, name, bytes, bytes.count) == 0 { return }
            throw errno == EEXIST ? refusal(path, .taken) : failure(path)
        }
        let aside = ".wggw-\(UInt64.random(in: 0 ... .max))"
        guard file_write_aside(directory, aside, bytes, bytes.count) == 0 else { throw failure(path) }
        guard renameat(directory, aside, directory, name) == 0 else {
            let code = errno
            unlinkat(directory, aside, 0)
            throw failure(path, code)
        }
    }

    /// Waits for a reader of a pipe, as every program does that writes to one.
    func writeInto(_ bytes: [UInt8]) throws(GatewayError) {
        let descriptor = openat(directory, name, O_WRONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { throw failure(path) }
        guard [S_IFCHR, S_IFIFO].contains(info.st_mode & S_IFMT) else {
            throw refusal(path, .changed)
        }
        if let code = writeAll(bytes, to: descriptor) { throw failure(path, code) }
    }
}
