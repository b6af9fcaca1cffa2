import CLinux
internal import BoxModel
import Glibc

/// The process that keeps WireGuard's debug lines on, and turns them off when this one ends, also by SIGKILL: it sees the
/// end of a pipe that nobody else writes to.
final class KernelLogSwitchProcess {
    private static let operation = BoxError.Operation(.turnOn, .debugLines())

    private let pid: pid_t
    private var lifeline: Int32

    /// Starts `command` and returns when the lines are on.
    init(command: [String]) throws(BoxError) {
        let life = try Self.pipe()
        defer { close(life.read) }
        do throws(BoxError) {
            // Ctrl-C does not reach its session.
            pid = try spawnStanding(command, files: [life.read, nil, nil], Self.operation)
        } catch {
            close(life.write)
            throw error
        }
        lifeline = life.write
    }

    /// Lets it end, and waits until the lines are off.
    func end() throws(BoxError) {
        close(lifeline)
        let status = reap(pid)
        guard status != 0 else { return }
        throw BoxError(.init(.turnOff, .debugLines()), .process(.child(status.map { BoxError.Exit($0) })))
    }

    private static func pipe() throws(BoxError) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw .system(operation) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }
}
