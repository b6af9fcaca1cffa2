import CLinux
public import BoxModel
import Glibc
internal import System

/// Starts a program as `spawnApart` does and waits until it says that it stands. One that says nothing for thirty seconds is
/// killed, as it is when this command is told to stop meanwhile; so a process that did not come up leaves none behind.
/// Returns its process id. Throws what it had to say, or how it ended.
///
/// `files` are its descriptors 0 to 2.
public func spawnStanding(
    _ command: [String], files: [Int32?] = [nil, nil, nil], environment: [String] = [], _ operation: BoxError.Operation
) throws(BoxError) -> Int32 {
    precondition(files.count == Int(ReadyWord().descriptor))
    var ends: [Int32] = [-1, -1]
    guard clinux_nonblocking_pipe(&ends) == 0 else { throw .system(operation) }
    defer { close(ends[0]) }
    let spawned = Result { () throws(BoxError) in
        try spawnApart(command, files: files + [ends[1]], environment: environment, directory: "/", operation)
    }
    close(ends[1])
    let process = try spawned.get()
    var words: [UInt8] = []
    let ended: Bool
    do throws(BoxError) { ended = try listen(ends[0], into: &words, operation) } catch {
        kill(process, SIGKILL)
        _ = reap(process)
        throw error
    }
    if words.first == UInt8(ascii: "+") { return process }
    // One that closed the pipe without a word is about to end, or as good as dead.
    var status = ended ? reap(process) : nil
    if status == nil {
        kill(process, SIGKILL)
        status = reap(process)
    }
    let said = words.isEmpty ? nil : String(decoding: words, as: UTF8.self)
    guard ended else { throw BoxError(operation, .process(.notReady(said))) }
    throw BoxError(operation, .process(said.map { .said($0) } ?? .ended(status.map { BoxError.Exit($0) })))
}

/// Reads what a process says until `+`, or until its end. False: it says no more and is not at its end either.
private func listen(
    _ descriptor: Int32, into words: inout [UInt8], _ operation: BoxError.Operation
) throws(BoxError) -> Bool {
    let deadline = Deadline(.seconds(30))
    while try deadline.wait(for: descriptor, operation) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
        guard count >= 0 else { throw .system(operation) }
        if count == 0 { return true }
        if words.count < 65536 { words += buffer[..<count] }
        if words.first == UInt8(ascii: "+") { return true }
    }
    return false
}

/// Waits for a child's end, two seconds at most. Its wait status; nil if it has not ended, or is none of ours.
func reap(_ child: pid_t) -> Int32? {
    var status: Int32 = 0
    var reaped = false
    _ = Deadline(.seconds(2)).wait {
        let got = waitpid(child, &status, WNOHANG)
        reaped = got == child
        return reaped || got < 0 && errno != EINTR
    }
    return reaped ? status : nil
}

extension BoxError.Exit {
    /// What waitpid(2) tells.
    init(_ waitStatus: Int32) {
        self = waitStatus & 127 == 0 ? .status(waitStatus >> 8) : .signal(waitStatus & 127)
    }
}
