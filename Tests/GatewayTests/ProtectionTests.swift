import CLinux
import GatewaySamples
import Glibc
import Testing

@testable import Gateway

/// Keys that a command has opened do not leave its memory by the system's own ways.
@Suite struct ProtectionTests {
    /// Core dumps of any size, and where tests run as root, none of the rights (CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_PERFMON) to look
    /// into every process: as any other process of the same user.
    private static let anybody =
        ["sh", "-c", #"ulimit -c $(ulimit -Hc); exec "$@""#, "sh"]
        + (geteuid() == 0 ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] : [])

    private func look(into pid: pid_t) throws -> Int32 {
        var status: Int32 = 0
        let child = try start(Self.anybody + ["cat", "/proc/\(pid)/environ"])
        waitpid(child, &status, 0)
        return status >> 8
    }

    private func start(_ command: [String]) throws -> pid_t {
        let argv: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for text in argv { free(text) } }
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        for descriptor: Int32 in 1...2 {
            posix_spawn_file_actions_addopen(&files, descriptor, "/dev/null", O_WRONLY, 0)
        }
        clinux_spawn_close_from(&files, 3)
        var pid: pid_t = 0
        try #require(posix_spawnp(&pid, command[0], &files, nil, argv, environ) == 0)
        return pid
    }

    /// Each is kept in the middle by a pipe that takes no more: it has said what stands before, and opened keys for what comes.
    @Test(arguments: [
        (["export", "laptop"], "not applied yet"), (["add-peer", "phone", "--conf"], "phone has"),
        (["add-peer", "phone", "--qr"], "phone has"), (["export", "laptop", "--json"], "not applied yet"),
    ]) func nobodyLooksIntoACommand(arguments: [String], says: String) throws {
        let bench = Workbench()
        try bench.draft()
        let program = try Program(
            arguments, environment: ["WGGW_STATE_DIR=\(bench.path)"], output: .fullPipe, before: Self.anybody)
        #expect(program.words(until: says).contains(says))
        #expect(try look(into: program.pid) != 0)
        #expect(try readTextFile("/proc/\(program.pid)/limits").contains(#/Max core file size +0 +0 /#))
        kill(program.pid, SIGABRT)
        let status = program.waitStatus()
        #expect(status & 127 == SIGABRT)
        // The flag of wait(2) for a core dump, wherever the system would put it.
        #expect(status & 128 == 0)
    }

    /// Which would be seen: another process is looked into, and dumps its core.
    @Test func othersAreLookedInto() throws {
        let other = try start(Self.anybody + ["sleep", "1000"])
        while try readTextFile("/proc/\(other)/comm") != "sleep\n" { sched_yield() }
        #expect(try look(into: other) == 0)
        kill(other, SIGKILL)
        waitpid(other, nil, 0)
    }
}
