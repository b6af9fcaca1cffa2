import CLinux
internal import Compiler
import Glibc

/// The process that keeps WireGuard's debug lines on, and turns them off when this one ends, also by SIGKILL: it sees the
/// end of a pipe that nobody else writes to.
final class KernelLogSwitchProcess {
    private static let operation = "turn on WireGuard's debug lines"

    private let pid: pid_t
    private var lifeline: Int32

    /// Starts `command` and returns when the lines are on.
    init(command: [String]) throws(BoxError) {
        let life = try Self.pipe()
        defer { close(life.read) }
        let words: (read: Int32, write: Int32)
        do throws(BoxError) { words = try Self.pipe() } catch {
            close(life.write)
            throw error
        }
        defer { close(words.read) }
        let spawned = Result { () throws(BoxError) in
            // Ctrl-C does not reach its session.
            try spawnApart(command, files: [life.read, words.write, nil], Self.operation)
        }
        close(words.write)
        lifeline = life.write
        do throws(BoxError) { pid = try spawned.get() } catch {
            close(life.write)
            throw error
        }
        let said = Self.text(from: words.read)
        guard said == "+" else {
            close(lifeline)
            waitpid(pid, nil, 0)
            throw BoxError(Self.operation, cause: said.isEmpty ? "\(command[0]) ended at once" : said)
        }
    }

    /// Lets it end, and waits until the lines are off.
    func end() throws(BoxError) {
        close(lifeline)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 { if errno != EINTR { return } }
        guard status != 0 else { return }
        throw BoxError(
            "turn off WireGuard's debug lines", cause: "the process for it ended with status \(status >> 8)",
            remedy: "`echo module wireguard -p >/proc/dynamic_debug/control` does it by hand")
    }

    private static func pipe() throws(BoxError) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw .system(operation) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// All that is said until the end.
    private static func text(from fd: Int32) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1024)
        while true {
            let count = read(fd, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}
