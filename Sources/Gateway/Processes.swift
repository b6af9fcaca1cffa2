internal import CLinux
internal import Compiler
internal import Glibc
internal import LinuxNet
public import Storage

/// For a process that runs one command and ends: memory is kept, not given back and taken again. Call it first.
public func prepareForOneCommand() { heap_keep() }

/// Starts `wggw guard` in a session of its own, so that it outlives this process and its terminal: it takes an apply back
/// that nobody confirms.
public func startGuardProcess(_ directory: StateDirectory, _ pending: PendingConfirmation) throws(GatewayError) {
    do throws(BoxError) {
        _ = try spawnApart(
            ["/proc/self/exe", "guard", pending.token, "--state-dir", directory.path],
            "start the guard that would take the apply back")
    } catch { throw .box(error) }
}

/// Runs `body` with hang-ups, interrupts and closed pipes noted and not heeded: an apply that was begun is ended, also
/// when ssh drops.
public func undisturbed<R>(_ body: () throws -> R) rethrows -> R {
    let signals = [SIGHUP, SIGINT, SIGTERM, SIGPIPE]
    var action = sigaction()
    // A handler and not SIG_IGN, which the datapath's process would inherit.
    action.__sigaction_handler.sa_handler = { _ in }
    action.sa_flags = SA_RESTART
    var old = signals.map { _ in sigaction() }
    for (i, signal) in signals.enumerated() { sigaction(signal, &action, &old[i]) }
    defer { for (i, signal) in signals.enumerated() { sigaction(signal, &old[i], nil) } }
    return try body()
}

/// Opens a text in the person's editor ($VISUAL, $EDITOR, vi) and returns what it was made. Throws `.refused`.
public func edit(_ text: String, named name: String) throws(GatewayError) -> String {
    var template = Array("/tmp/wggw-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw .refused("/tmp: \(String(cString: strerror(errno)))") }
    let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let path = "\(directory)/\(name)"
    defer {
        unlink(path)
        rmdir(directory)
    }
    try writePrivateFile(path, Array(text.utf8))
    let editor = [getenv("VISUAL"), getenv("EDITOR")].compactMap { $0.map { String(cString: $0) } }.first {
        !$0.isEmpty
    }
    // By the shell, since EDITOR may hold arguments: "code --wait".
    let words = ["sh", "-c", "exec \(editor ?? "vi") \"$1\"", "sh", path]
    var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    defer { for argument in argv { free(argument) } }
    argv.append(nil)
    var pid: pid_t = 0
    var status: Int32 = 0
    let code = posix_spawn(&pid, "/bin/sh", nil, nil, argv, environ)
    guard code == 0, waitpid(pid, &status, 0) == pid else {
        throw .refused("the editor \(editor ?? "vi") does not start")
    }
    guard status == 0 else { throw .refused("the editor ended with an error; nothing was changed") }
    return try readTextFile(path)
}
