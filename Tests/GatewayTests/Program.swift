import CLinux
import Glibc
import Testing

/// The built `wggw` itself, as scripts see it.
final class Program {
    /// Where standard output goes.
    enum Output {
        /// Into the same pipe as standard error.
        case read
        /// Into a file or device.
        case file(String)
        /// Nowhere: it is closed.
        case closed
        /// Into a pipe that nobody reads any more.
        case brokenPipe
        /// Into a pipe that is full, so that the first word keeps it waiting.
        case fullPipe
        /// Onto a terminal, as standard error.
        case terminal
    }

    private(set) var pid: pid_t = 0
    /// What it says.
    private let said: Int32
    /// Of a full pipe.
    private var held: [Int32] = []
    private var isWaitedFor = false

    /// Where a test gave up in the middle: it would wait for ever.
    deinit {
        if pid > 0 && !isWaitedFor { kill(pid, SIGKILL) }
        if !isWaitedFor { _ = waitStatus() }
    }

    /// Starts it, with words before it such as those of setpriv.
    init(
        _ arguments: [String], environment: [String] = [], output: Output = .read, before words: [String] = []
    ) throws {
        var command = words + [try Self.path()] + arguments
        // script(1) has a terminal to give.
        if case .terminal = output { command = ["script", "-qec", command.joined(separator: " "), "/dev/null"] }
        let argv: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        let envp: [UnsafeMutablePointer<CChar>?] = (environment + ["PATH=/usr/bin:/bin"]).map { strdup($0) } + [nil]
        defer { for text in argv + envp { free(text) } }
        let ends = try Self.pipe()
        said = ends[0]
        var others: [Int32] = []
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_adddup2(&files, ends[1], 2)
        switch output {
        case .read, .terminal: posix_spawn_file_actions_adddup2(&files, ends[1], 1)
        case .file(let path): posix_spawn_file_actions_addopen(&files, 1, path, O_WRONLY, 0)
        case .closed: posix_spawn_file_actions_addclose(&files, 1)
        case .brokenPipe, .fullPipe:
            others = try Self.pipe()
            posix_spawn_file_actions_adddup2(&files, others[1], 1)
        }
        if case .brokenPipe = output { close(others.removeFirst()) }
        if case .fullPipe = output {
            Self.fill(others[1])
            held = [others.removeFirst()]
        }
        // Other tests start programs at the same time: an end of their pipes in here would keep them waiting for this one.
        clinux_spawn_close_from(&files, 3)
        // The threads that tests run on have signals blocked, which a program would inherit.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, command[0], &files, &attributes, argv, envp)
        for descriptor in others + [ends[1]] { close(descriptor) }
        self.pid = code == 0 ? pid : 0
        try #require(code == 0)
    }

    /// Runs it to its end: the exit status, or minus the signal, and what it said on standard error and in `.read`.
    static func run(
        _ arguments: [String], environment: [String] = [], output: Output = .read
    ) throws -> (status: Int32, output: String) {
        let program = try Program(arguments, environment: environment, output: output)
        let words = program.words()
        return (program.end(), words)
    }

    /// What it says until its end; `until`: or until it has said this.
    func words(until: String? = nil) -> String {
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(said, &buffer, buffer.count)
            if count <= 0 { break }
            output += buffer[..<count]
            if let until, String(decoding: output, as: UTF8.self).contains(until) { break }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// Waits for the end: the exit status, or minus the signal.
    func end() -> Int32 {
        let status = waitStatus()
        return status & 127 == 0 ? status >> 8 & 255 : -(status & 127)
    }

    /// Waits for the end, as waitpid(2) tells it.
    func waitStatus() -> Int32 {
        var status: Int32 = 0
        while pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        isWaitedFor = true
        for descriptor in held + [said] { close(descriptor) }
        return status
    }

    private static func pipe() throws -> [Int32] {
        var ends: [Int32] = [-1, -1]
        try #require(Glibc.pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return ends
    }

    private static func fill(_ descriptor: Int32) {
        let flags = fcntl(descriptor, F_GETFL)
        _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
        while write(descriptor, "x", 1) == 1 {}
        _ = fcntl(descriptor, F_SETFL, flags)
    }

    private static func path() throws -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { readlink("/proc/self/exe", $0.baseAddress!, $0.count) }
        let tests = String(decoding: buffer[..<max(count, 0)], as: UTF8.self)
        let path = tests.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/wggw"
        try #require(access(path, X_OK) == 0, "\(path) is not built")
        return path
    }
}
