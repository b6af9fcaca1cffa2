import CLinux
import Glibc
import Testing

/// Runs `body` on a thread of its own in a network namespace of its own, which goes away with the thread. Needs root, and
/// fails without it: a test that is skipped proves nothing.
func inNetworkNamespace(_ body: @escaping () throws -> Void) throws {
    let work = Work(body)
    var thread = pthread_t()
    let code = pthread_create(
        &thread, nil,
        { context in
            let work = Unmanaged<Work>.fromOpaque(context!).takeUnretainedValue()
            work.result = Result {
                guard clinux_unshare_network() == 0 else { throw NeedsRoot(code: errno) }
                try work.body()
            }
            return nil
        }, Unmanaged.passUnretained(work).toOpaque())
    precondition(code == 0)
    pthread_join(thread, nil)
    try work.result.get()
}

struct NeedsRoot: Error, CustomStringConvertible {
    let code: Int32
    var description: String { "no network namespace: \(String(cString: strerror(code))); run the tests as root" }
}

private final class Work {
    let body: () throws -> Void
    var result: Result<Void, any Error> = .success(())
    init(_ body: @escaping () throws -> Void) { self.body = body }
}

/// Leaves the calling thread root, and without any capability, as in a container.
func giveUpCapabilities() throws {
    // Glibc has the function, and no header of it.
    typealias Capset = @convention(c) (UnsafePointer<UInt32>, UnsafePointer<UInt32>) -> Int32
    let capset = unsafeBitCast(dlsym(nil, "capset"), to: Capset.self)
    let version3: UInt32 = 0x2008_0522
    guard capset([version3, 0], [UInt32](repeating: 0, count: 6)) == 0 else { throw NeedsRoot(code: errno) }
}

/// What a command prints, run in the calling thread's namespace.
@discardableResult
func run(_ command: String...) throws -> String { try run(command) }

/// The same for a command that was put together.
@discardableResult
func run(_ command: [String]) throws -> String {
    var files = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&files)
    defer { posix_spawn_file_actions_destroy(&files) }
    var ends: [Int32] = [0, 0]
    precondition(pipe(&ends) == 0)
    posix_spawn_file_actions_adddup2(&files, ends[1], 1)
    posix_spawn_file_actions_adddup2(&files, ends[1], 2)
    clinux_spawn_close_from(&files, 3)
    var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    defer { for text in arguments { free(text) } }
    var environment: [UnsafeMutablePointer<CChar>?] = [strdup("PATH=/usr/sbin:/usr/bin:/sbin:/bin"), nil]
    defer { free(environment[0]) }
    var pid: pid_t = 0
    let code = posix_spawnp(&pid, command[0], &files, nil, &arguments, &environment)
    close(ends[1])
    defer { close(ends[0]) }
    precondition(code == 0, "\(command[0]): \(String(cString: strerror(code)))")
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let got = read(ends[0], &buffer, buffer.count), got > 0 { output += buffer[..<got] }
    var status: Int32 = 0
    waitpid(pid, &status, 0)
    let text = String(decoding: output, as: UTF8.self)
    if status != 0 { throw CommandFailure(command: command.joined(separator: " "), output: text) }
    return text
}

struct CommandFailure: Error {
    let command: String
    let output: String
}
