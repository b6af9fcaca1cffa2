internal import CLinux
internal import BoxModel
internal import Glibc
internal import LinuxNet
public import Storage
internal import System

/// For a process that opens keys: no core dump holds them, and nobody of the same user looks into it, or into one that is started
/// before it runs its own program. `fromNewPrivileges`: nothing that it starts gets any, as by a program that is root's (setuid).
public func protectProcess(fromNewPrivileges: Bool) throws(GatewayError) {
    let error = fromNewPrivileges ? process_harden() : process_conceal()
    if error < 0 { throw .system(.coreDumps(-error)) }
}

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
            [ownProgram, "guard", pending.token, "--state-dir", path ?? directory.path],
            environment: credentials ?? [], .init(.start, .applyGuard))
    } catch { throw .box(error) }
}

/// Tells the process that started this one, and waits for it, that it stands; or why it does not.
public func tellStarter(_ reason: String? = nil) { ReadyWord().say(reason) }

/// Starts `wggw datapath` with these arguments in the background, and returns when its configuration socket answers.
public func startDatapathProcess(_ arguments: [String]) throws(GatewayError) {
    do throws(BoxError) { try startDatapath(arguments) } catch { throw .box(error) }
}
