import CLinux
public import BoxModel
import Glibc
internal import System
internal import UAPI

/// Starts the process behind a userspace WireGuard interface.
struct DatapathProcess {
    /// The program and its arguments; the interface's name comes last. wireguard-go takes no other.
    let command: [String]
    let interface: String
    /// Whether the command is wggw's own, which can say when it stands; then no process is needed in between.
    let saysThatItStands: Bool

    /// Starts the process and waits until its configuration socket answers.
    func start() throws(BoxError) {
        let operation = BoxError.Operation(.start, .datapath(of: interface))
        // One whose interface was deleted just now takes a moment to be gone.
        _ = Deadline(Patience.usual).wait { !SocketPaths(interface: interface).areListenedAt }
        if saysThatItStands { return try Self.start(command + [interface, "--foreground"], operation) }
        // It goes into the background by itself.
        let output = try run(operation)
        // Not whether somebody listens: wireguard-go does before it has the TUN device, and sets that device's MTU in between.
        let device = UserspaceWireGuard(interface: interface)
        guard Deadline(.seconds(5)).wait(until: { (try? device.read()) != nil }) else {
            throw BoxError(operation, .process(.silent(output: output)))
        }
    }

    /// Starts wggw's own, in the foreground of a session of its own, and waits until it stands.
    static func start(_ command: [String], _ operation: BoxError.Operation) throws(BoxError) {
        _ = try spawnStanding(command, environment: ["WGGW_READY_FD=\(ReadyWord().descriptor)"], operation)
    }

    /// Runs the command until it returns, ten seconds at most. Returns the last line it wrote, if any.
    private func run(_ operation: BoxError.Operation) throws(BoxError) -> String? {
        var ends: [Int32] = [-1, -1]
        guard clinux_nonblocking_pipe(&ends) == 0 else { throw .system(operation) }
        defer { close(ends[0]) }
        let spawned = Result { () throws(BoxError) in
            try spawnApart(command + [interface], files: [nil, ends[1], ends[1]], directory: "/", operation)
        }
        close(ends[1])
        let process = try spawned.get()
        var output: [UInt8] = []
        var status: Int32 = 0
        let ended = Deadline(.seconds(10)).wait {
            drain(ends[0], into: &output)
            return waitpid(process, &status, WNOHANG) == process
        }
        drain(ends[0], into: &output)
        guard ended else {
            kill(process, SIGKILL)
            _ = reap(process)
            throw BoxError(operation, .process(.inForeground(program: command[0])))
        }
        // The last line with words in it: wireguard-go draws a box around its greeting.
        let lines = String(decoding: output, as: UTF8.self).split(separator: "\n")
        let text = lines.last { $0.contains(where: \.isLetter) }.map { String($0) }
        if status == 0 { return text }
        throw BoxError(operation, .process(.ended(BoxError.Exit(status), program: command[0], output: text)))
    }

    private func drain(_ fd: Int32, into output: inout [UInt8]) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let got = read(fd, &buffer, buffer.count), got > 0 {
            if output.count < 65536 { output += buffer[..<got] }
        }
    }
}

/// Starts `wggw datapath` with these arguments in the background, and returns when its configuration socket answers.
public func startDatapath(_ arguments: [String]) throws(BoxError) {
    try DatapathProcess.start(
        [ownProgram, "datapath"] + arguments + ["--foreground"], .init(.start, .datapath()))
}
