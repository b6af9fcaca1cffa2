internal import Glibc
internal import NetTypes
public import SiteModel
internal import Storage
internal import System

/// Reads what was named, and in directories all below them, and recognises whose installation it is. Nothing is changed.
///
/// A directory's links are followed to files alone. Throws `.profile` with everything that is wrong, `.file` or `.importing` else.
public func readInstallation(
    _ paths: [String], kind: Installation.Kind?, interface: String?
) throws(GatewayError) -> Installation {
    var search = ForeignSearch()
    for path in paths { try search.take(path) }
    let files = ForeignFiles(
        search.files, databases: search.databases, passedOver: search.passedOver, services: udpPort, elsewhere: keyFile
    ) { PublicKey(of: $0) }
    do { return try Installation(in: files, kind: kind, interface: interface) } catch {
        if case .faults(let errors) = error { throw .profile(errors) }
        throw .importing(error)
    }
}

/// The text of a regular file of a few bytes.
@Sendable private func keyFile(_ path: String) -> String? {
    var status = stat()
    guard path.hasPrefix("/"), stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return readFile(path, upTo: 256).flatMap { String(validating: $0, as: UTF8.self) }
}

/// The files of an installation on this box.
private struct ForeignSearch {
    private(set) var files: [ForeignFiles.File] = []
    private(set) var databases: [ForeignFiles.Database] = []
    /// In directories, what could not be read, and why.
    private(set) var passedOver: [(path: String, cause: UnreadFile)] = []
    private var bytes = 0
    private var seen: Set<String> = []

    /// All files together, in bytes: 100,000 peers with a file each have a third of it.
    private static let mostBytes = 256 << 20
    private static let mostFiles = 250_000
    /// Of directories in directories.
    private static let mostDepth = 8

    mutating func take(_ path: String) throws(GatewayError) {
        var status = stat()
        if path != "-", stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            return try takeDirectory(path.hasSuffix("/") ? String(path.dropLast()) : path, depth: 0)
        }
        try take(path, try readInput(path))
    }

    /// What does not concern a gateway may lie there as well, so it is no fault if that cannot be read.
    private mutating func takeDirectory(_ path: String, depth: Int) throws(GatewayError) {
        guard depth < Self.mostDepth else { return }
        guard let names = names(in: path, hidden: true) else { throw .unread(path, errno) }
        for name in names.sorted() {
            let child = "\(path)/\(name)"
            var own = stat()
            guard lstat(child, &own) == 0 else { continue }
            var target = stat()
            guard stat(child, &target) == 0 else { continue }
            switch target.st_mode & S_IFMT {
            case S_IFREG:
                let content: [UInt8]
                do { content = try readInput(child) } catch {
                    try passOver(child, error)
                    continue
                }
                try take(child, content, isNamed: false)
            case S_IFDIR where own.st_mode & S_IFMT == S_IFDIR: try takeDirectory(child, depth: depth + 1)
            default: break
            }
        }
    }

    private mutating func take(_ path: String, _ content: [UInt8], isNamed: Bool = true) throws(GatewayError) {
        guard seen.insert(path).inserted else { return }
        bytes += content.count
        guard bytes <= Self.mostBytes, seen.count <= Self.mostFiles else {
            throw .file(.tooMany(path: path, megabytes: Self.mostBytes >> 20, files: Self.mostFiles))
        }
        if ForeignDatabase.isLikely(content) {
            do { return databases.append(try database(path, content)) } catch {
                if isNamed { throw error }
                return try passOver(path, error)
            }
        }
        let text = FileText(decoding: content)
        // Pictures and programs lie about as well.
        if text.encoding != .utf16, content.prefix(512).contains(0) { return }
        files.append(ForeignFiles.File(path: path, text: text))
    }

    private mutating func passOver(_ path: String, _ error: GatewayError) throws(GatewayError) {
        guard case .file(.unread(let cause)) = error else { throw error }
        passedOver.append((path, cause))
    }

    /// With what its program has not yet written into it and keeps beside it. Its file and its log are of one moment if no new log
    /// was begun between two looks at it: what moved from the one into the other meanwhile is in both.
    private func database(_ path: String, _ content: [UInt8]) throws(GatewayError) -> ForeignFiles.Database {
        var content = content
        var log: [UInt8] = []
        for attempt in 1...5 {
            let before = try writeAheadLog(of: path)
            if attempt > 1 || !before.isEmpty { content = try readInput(path) }
            log = try writeAheadLog(of: path)
            if log.prefix(32) == before.prefix(32) { break }
        }
        // Its format, chapter 3: one that is at work begins so.
        if readFile("\(path)-journal", upTo: 8) == [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7] {
            throw .file(.unread(UnreadFile(path, .beingWritten)))
        }
        do { return ForeignFiles.Database(path: path, tables: try ForeignDatabase(content, log: log).tables()) } catch {
            throw .file(.unread(UnreadFile(path, .damaged(error))))
        }
    }

    private func writeAheadLog(of path: String) throws(GatewayError) -> [UInt8] {
        access("\(path)-wal", F_OK) == 0 ? try readInput("\(path)-wal") : []
    }
}
