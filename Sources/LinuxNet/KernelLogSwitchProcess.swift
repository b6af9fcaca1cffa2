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
            try Self.spawn(command, input: life.read, output: words.write)
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

    /// In a session of its own, which Ctrl-C does not reach, with no signal blocked and none of this process's files.
    private static func spawn(_ command: [String], input: Int32, output: Int32) throws(BoxError) -> pid_t {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_adddup2(&files, input, 0)
        posix_spawn_file_actions_adddup2(&files, output, 1)
        posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0)
        clinux_spawn_close_from(&files, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK) | clinux_spawn_new_session())
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        defer { for argument in arguments { free(argument) } }
        arguments.append(nil)
        var pid: pid_t = 0
        let code = posix_spawn(&pid, command[0], &files, &attributes, arguments, environ)
        guard code == 0 else { throw .system("\(operation) (\(command[0]))", code: code) }
        return pid
    }
}
