import CLinux
internal import Compiler
import Glibc

/// Starts and ends the process behind a userspace WireGuard interface.
struct DatapathProcess {
    /// The program and its arguments; the interface's name comes last. wireguard-go takes no other.
    let command: [String]
    /// The interface's name.
    let interface: String
    /// Whether the command is wggw's own, which can say when it is ready; then no process is needed in between.
    let announcesReadiness: Bool

    /// Starts the process and waits until its configuration socket answers.
    func start() throws(BoxError) {
        let operation = "start the datapath of \(interface)"
        if announcesReadiness { return try startAnnounced(operation) }
        // It goes into the background by itself.
        let output = try run(operation)
        let device = UserspaceWireGuard(interface: interface)
        // Not `answers`: wireguard-go listens before it has the TUN device, and sets that device's MTU in between.
        try wait(operation, "it started, but \(device.path) does not answer\(output)") { (try? device.read()) != nil }
    }

    /// Waits until the process is gone, after its interface was deleted, and clears away the sockets that it left.
    func awaitEnd() throws(BoxError) {
        let device = UserspaceWireGuard(interface: interface)
        do throws(BoxError) {
            try wait("end the datapath of \(interface)", "its interface is gone, but the process still listens") {
                access(device.path, F_OK) != 0 || !device.answers
            }
        } catch {
            var error = error
            error.remedy = "end the process by hand: `ss -xlp | grep \(device.path)` names it"
            throw error
        }
        unlink(device.path)
        unlink(DatapathEventStream.path(interface: interface))
    }

    /// Lets others find the process by the name that its interface has now. It follows the interface by itself.
    func moveSockets(to name: String) throws(BoxError) {
        let paths = [
            (DatapathEventStream.path(interface: interface), DatapathEventStream.path(interface: name)),
            (UserspaceWireGuard(interface: interface).path, UserspaceWireGuard(interface: name).path),
        ]
        for (old, new) in paths where rename(old, new) != 0 && errno != ENOENT {
            throw BoxError.system("rename \(old) to \(new)")
        }
    }

    /// Polls, since neither a process that daemonised itself nor a socket's file has anything to wait on. Five seconds.
    private func wait(_ operation: String, _ cause: String, until isSo: () -> Bool) throws(BoxError) {
        for _ in 0..<2500 {
            if isSo() { return }
            usleep(2000)
        }
        throw BoxError(operation, cause: cause, code: ETIMEDOUT)
    }

    /// Starts the command in a session of its own, and reads from descriptor 3 what it has to say: `+` once its socket
    /// answers, or why it cannot. Ten seconds at most.
    private func startAnnounced(_ operation: String) throws(BoxError) {
        var ends: [Int32] = [-1, -1]
        guard clinux_nonblocking_pipe(&ends) == 0 else { throw .system(operation) }
        defer { close(ends[0]) }
        let spawned = Result { () throws(BoxError) in
            try spawn(["--foreground"], ["WGGW_READY_FD=3"], files: [nil, nil, nil, ends[1]], operation)
        }
        close(ends[1])
        let pid = try spawned.get()
        var words: [UInt8] = []
        var descriptor = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
        let ready = poll(&descriptor, 1, 10_000)
        drain(ends[0], into: &words)
        if words.first == UInt8(ascii: "+") { return }
        if ready == 0 { kill(pid, SIGKILL) }
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        drain(ends[0], into: &words)
        let text = String(decoding: words, as: UTF8.self)
        let how = ready == 0 ? "it was not ready in ten seconds" : "it ended with wait status \(status)"
        throw BoxError(operation, cause: text.isEmpty ? how : text, code: ready == 0 ? ETIMEDOUT : 0)
    }

    /// Runs the command until it returns, ten seconds at most. Returns the last line it wrote, after a colon.
    private func run(_ operation: String) throws(BoxError) -> String {
        var ends: [Int32] = [-1, -1]
        guard clinux_nonblocking_pipe(&ends) == 0 else { throw .system(operation) }
        defer { close(ends[0]) }
        let spawned = Result { () throws(BoxError) in try spawn(files: [nil, ends[1], ends[1]], operation) }
        close(ends[1])
        let pid = try spawned.get()
        var output: [UInt8] = []
        for _ in 0..<1000 {
            var descriptor = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
            poll(&descriptor, 1, 10)
            drain(ends[0], into: &output)
            var status: Int32 = 0
            guard waitpid(pid, &status, WNOHANG) == pid else {
                if descriptor.revents & Int16(POLLHUP) != 0 { usleep(1000) }
                continue
            }
            drain(ends[0], into: &output)
            // The last line with words in it: wireguard-go draws a box around its greeting.
            let lines = String(decoding: output, as: UTF8.self).split(separator: "\n")
            let text = lines.last { $0.contains(where: \.isLetter) }.map { ": \($0)" } ?? ""
            if status == 0 { return text }
            let how = status & 127 == 0 ? "ended with status \(status >> 8)" : "was killed by signal \(status & 127)"
            throw BoxError(operation, cause: "\(command[0]) \(how)\(text)")
        }
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
        throw BoxError(operation, cause: "\(command[0]) did not go into the background in ten seconds", code: ETIMEDOUT)
    }

    private func drain(_ fd: Int32, into output: inout [UInt8]) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let got = read(fd, &buffer, buffer.count)
            guard got > 0 else { return }
            if output.count < 65536 { output += buffer[..<got] }
        }
    }

    /// With nothing of this process's environment.
    private func spawn(
        _ options: [String] = [], _ settings: [String] = [], files: [Int32?], _ operation: String
    ) throws(BoxError) -> pid_t {
        try spawnApart(
            command + [interface] + options, files: files,
            environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"] + settings, directory: "/", operation)
    }
}
