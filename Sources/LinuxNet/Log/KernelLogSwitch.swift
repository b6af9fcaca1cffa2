public import BoxModel
import Glibc
internal import System

/// Keeps WireGuard's debug lines on for as long as somebody reads them, and gives back what was.
///
/// Several may hold it at once: each has a shared lock on the record of what wggw has turned on, and whoever lets go as the
/// last turns that off. A record that a killed process left is taken over by the next holder.
public final class KernelLogSwitch {
    private let directory: String
    private let debug: DynamicDebug
    /// The record, with a shared lock on it.
    private let record: Int32

    /// Turns on what is off. `directory` is made if it is missing, and must not outlive a reboot.
    init(directory: String = runtimeDirectory, debug: DynamicDebug = .system) throws(BoxError) {
        self.directory = directory
        self.debug = debug
        let gate = try Self.open("\(directory)/log.lock", LOCK_EX)
        defer { close(gate) }
        // Whoever lets go as the last has it for himself for a moment.
        record = try Self.open("\(directory)/log.on", LOCK_SH)
        let sites = try debug.silentSites()
        // Written down first: what is not recorded would stay on after a crash.
        try Self.append(sites, to: record)
        try debug.set(sites, on: true)
    }

    deinit { close(record) }

    /// Turns off what wggw has turned on, unless others hold it still.
    func release() throws(BoxError) {
        let gate = try Self.open("\(directory)/log.lock", LOCK_EX)
        defer { close(gate) }
        guard flock(record, LOCK_EX | LOCK_NB) == 0 else { return }
        let sites = try Self.sites(in: record)
        try debug.set(sites, on: false)
        ftruncate(record, 0)
    }

    /// Holds it until `input` ends, and says so when the lines are on. For a process of its own, which sees the end of the
    /// one that reads, however that came.
    public static func hold(until input: Int32) throws(BoxError) {
        for signal in [SIGHUP, SIGINT, SIGTERM, SIGPIPE] { Glibc.signal(signal, SIG_IGN) }
        let held = try KernelLogSwitch()
        ReadyWord().say()
        var byte: UInt8 = 0
        while true {
            let count = read(input, &byte, 1)
            if count == 0 || count < 0 && errno != EINTR { break }
        }
        try held.release()
    }

    /// Opens a file with a lock (`LOCK_*`). Nobody has one for long, unless he hangs.
    private static func open(_ path: String, _ lock: Int32) throws(BoxError) -> Int32 {
        let fd = openRuntimeFile(path, O_RDWR | O_APPEND)
        guard fd >= 0 else { throw .system(.init(.open, .file(path))) }
        guard Deadline(Patience.usual).wait(until: { flock(fd, lock | LOCK_NB) == 0 }) else {
            close(fd)
            throw .system(.init(.lock, .file(path)), code: EWOULDBLOCK)
        }
        return fd
    }

    private static func append(_ sites: [String], to fd: Int32) throws(BoxError) {
        let bytes = Array(sites.map { $0 + "\n" }.joined().utf8)
        guard bytes.isEmpty || write(fd, bytes, bytes.count) == bytes.count else {
            throw .system(.init(.writeDown, .debugRecord))
        }
    }

    private static func sites(in fd: Int32) throws(BoxError) -> [String] {
        guard lseek(fd, 0, SEEK_SET) == 0, let bytes = readToEnd(fd) else {
            throw .system(.init(.read, .debugRecord))
        }
        return Set(String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)).sorted()
    }
}
