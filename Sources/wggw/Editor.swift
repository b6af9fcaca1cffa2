import Gateway
import Glibc
import System

/// Opens a text in the person's editor ($VISUAL, $EDITOR, vi) and returns what it was made. Throws `GatewayError`, `CommandError`.
func edit(_ text: String, named name: String) throws -> String {
    let directory = try ScratchDirectory()
    defer { directory.remove() }
    let path = "\(directory.path)/\(name)"
    try writePrivateFile(path, Array(text.utf8))
    let editor = [getenv("VISUAL"), getenv("EDITOR")].compactMap { $0.map { String(cString: $0) } }.first {
        !$0.isEmpty
    }
    // By the shell, since EDITOR may hold arguments: "code --wait".
    let status = runInForeground(["/bin/sh", "-c", "exec \(editor ?? "vi") \"$1\"", "sh", path])
    guard let status else { throw CommandError("the editor \(editor ?? "vi") does not start") }
    guard status == 0 else { throw CommandError("the editor ended with an error; nothing was changed") }
    return try readTextFile(path)
}

/// A directory of its own, 0700.
private struct ScratchDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/wggw-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CommandError("/tmp: \(errnoText())") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// With whatever an editor left in it.
    func remove() {
        for name in names(in: path, hidden: true) ?? [] { unlink("\(path)/\(name)") }
        rmdir(path)
    }
}

/// Runs a program on this process's terminal until it ends; its wait status, or nil if it did not start. Ctrl-C is for the program
/// alone meanwhile, as with system(3).
private func runInForeground(_ command: [String]) -> Int32? {
    let signals = [SIGINT, SIGQUIT]
    var ignored = sigaction()
    ignored.__sigaction_handler.sa_handler = SIG_IGN
    var old = signals.map { _ in sigaction() }
    var defaults = sigset_t()
    sigemptyset(&defaults)
    for (i, signal) in signals.enumerated() {
        sigaction(signal, &ignored, &old[i])
        sigaddset(&defaults, signal)
    }
    defer { for (i, signal) in signals.enumerated() { sigaction(signal, &old[i], nil) } }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    var arguments = command.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var pid: pid_t = 0
    guard posix_spawn(&pid, command[0], nil, &attributes, &arguments, environ) == 0 else { return nil }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 { if errno != EINTR { return nil } }
    return status
}
