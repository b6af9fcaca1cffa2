internal import Glibc
internal import System

/// What to do where a state directory takes no writes: its disk is full, or read-only.
public enum Aside: Sendable {
    /// It is read from a copy; nothing is written.
    case reads
    /// The same, and facts of the box are written to the copy, since packets cannot wait. Revisions are not.
    case records
    /// A copy whatever it is: it could be opened, and took no writes then.
    case always
}

/// A copy of a state directory in /run: memory, and gone at the next boot. It is made anew when the original is another one.
enum CopyAside {
    /// The copy of `original`, with its database and what is not in that yet; the key stays where it is.
    static func make(of original: TrustedDirectory, below root: String = runtimeDirectory) throws(StorageError)
        -> TrustedDirectory
    {
        let name = original.path.utf8.reduce(into: 5381 as UInt64) { $0 = $0 &* 33 &+ UInt64($1) }
        let directory = try TrustedDirectory("\(root)/aside-\(String(name, radix: 16))", creating: true)
        let lock = try StateLock(directory, purpose: "a copy", waitingMilliseconds: 10_000) { false }
        defer { withExtendedLifetime(lock) {} }
        let files = ["wggw.db", "wggw.db-wal"]
        var seen = ""
        for file in files { seen += try original.stamp(of: file) + "\n" }
        if try directory.contents(of: "source").map({ String(decoding: $0, as: UTF8.self) }) == seen {
            return directory
        }
        for file in files + ["wggw.db-shm", "source"] { directory.remove(file) }
        for file in files {
            if let bytes = try original.contents(of: file) { try directory.create(file, bytes) }
        }
        try directory.create("source", Array(seen.utf8))
        return directory
    }
}

extension TrustedDirectory {
    fileprivate func create(_ name: String, _ bytes: [UInt8]) throws(StorageError) {
        try bytes.withUnsafeBytes { bytes in
            Result { () throws(StorageError) in try create(name, bytes) }
        }.get()
    }

    /// What tells whether a file is the same as before.
    fileprivate func stamp(of name: String) throws(StorageError) -> String {
        guard let file = try open(name, O_RDONLY) else { return "none" }
        defer { close(file) }
        var info = stat()
        guard fstat(file, &info) == 0 else { throw .system("\(path)/\(name)") }
        return "\(info.st_dev) \(info.st_ino) \(info.st_size) \(info.st_mtim.tv_sec).\(info.st_mtim.tv_nsec)"
    }

    /// All of a file; nil if it is not there.
    fileprivate func contents(of name: String) throws(StorageError) -> [UInt8]? {
        guard let file = try open(name, O_RDONLY) else { return nil }
        defer { close(file) }
        guard let bytes = readToEnd(file) else { throw .system("\(path)/\(name)") }
        return bytes
    }
}
