import CLinux
public import BoxModel
import Glibc

/// This program's own file, also when an upgrade has put another one at its path.
public let ownProgram = "/proc/self/exe"

/// Starts a program in a session of its own, so that it outlives this process and its terminal, with no signal blocked or
/// ignored. Returns its process id; somebody has to wait for it, or end before it.
///
/// - `files` become its descriptors 0, 1, 2…, and it has no others; nil is /dev/null.
/// - `environment`: `NAME=value`; besides a PATH it has nothing else, and nothing of whoever typed the command.
/// - `directory`: where it runs; nil is where this process does.
public func spawnApart(
    _ command: [String], files: [Int32?] = [nil, nil, nil], environment: [String] = [], directory: String? = nil,
    _ operation: BoxError.Operation
) throws(BoxError) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (descriptor, file) in zip(Int32(0)..., files) {
        if let file {
            posix_spawn_file_actions_adddup2(&actions, file, descriptor)
        } else {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
    }
    clinux_spawn_close_from(&actions, Int32(files.count))
    if let directory { clinux_spawn_change_directory(&actions, directory) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(
        &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) | clinux_spawn_new_session())
    // `ps` says who somebody is by the first word.
    let words = [command[0] == ownProgram ? "wggw" : command[0]] + command.dropFirst()
    var arguments = words.map { strdup($0) } + [nil]
    var settings = (["PATH=/usr/sbin:/usr/bin:/sbin:/bin"] + environment).map { strdup($0) } + [nil]
    defer { for text in arguments + settings { free(text) } }
    var pid: pid_t = 0
    let code = posix_spawnp(&pid, command[0], &actions, &attributes, &arguments, &settings)
    guard code == 0 else { throw .system(operation, code: code, about: .program(command[0])) }
    return pid
}
