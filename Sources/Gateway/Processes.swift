internal import CLinux
internal import Compiler
internal import Glibc
internal import LinuxNet
public import Storage

/// For a process that runs one command and ends: memory is kept, not given back and taken again. Call it first.
public func prepareForOneCommand() { heap_keep() }

/// Starts `wggw guard` in a session of its own, so that it outlives this process and its terminal: it takes an apply back
/// that nobody confirms. Returns once it says that it stands.
public func startGuardProcess(_ directory: StateDirectory, _ pending: PendingConfirmation) throws(GatewayError) {
    // It runs in another directory.
    let path = realpath(directory.path, nil).map { path in
        defer { free(path) }
        return String(cString: path)
    }
    // Of the environment it gets what says where the sealing key is, and nothing else.
    let credentials = getenv("CREDENTIALS_DIRECTORY").map { ["CREDENTIALS_DIRECTORY=\(String(cString: $0))"] }
    do throws(BoxError) {
        _ = try spawnStanding(
            ["/proc/self/exe", "guard", pending.token, "--state-dir", path ?? directory.path],
            environment: credentials ?? [], "start the guard that would take the apply back")
    } catch { throw .box(error) }
}

/// Tells the process that started this one, and waits for it, that it stands; or why it does not.
public func tellStarter(_ reason: String? = nil) {
    if let reason { ReadyWord.say(reason) } else { ReadyWord.say() }
}

/// Starts `wggw datapath` with these arguments in the background, and returns when its configuration socket answers.
public func startDatapathProcess(_ arguments: [String]) throws(GatewayError) {
    do throws(BoxError) { try startDatapath(arguments) } catch { throw .box(error) }
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
    var ended = code == 0 ? waitpid(pid, &status, 0) : -1
    while ended < 0 && code == 0 && errno == EINTR { ended = waitpid(pid, &status, 0) }
    guard ended == pid else {
        throw .refused("the editor \(editor ?? "vi") does not start")
    }
    guard status == 0 else { throw .refused("the editor ended with an error; nothing was changed") }
    return try readTextFile(path)
}
