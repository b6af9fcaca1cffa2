import Glibc
internal import System

/// In which namespace the calling thread's rulesets are counted, across boots: `BOOT-ID/INODE`; nil where /proc does not tell.
func rulesetNamespace() -> String? {
    guard let boot = Boot.id() else { return nil }
    return networkNamespace().map { "\(boot)/\($0)" }
}

/// Whether a process is in the calling thread's network namespace. Anybody may ask: each namespace has files of its own below net/.
func isInThisNetwork(_ process: pid_t) -> Bool {
    var there = stat()
    var here = stat()
    return stat("/proc/\(process)/net/dev", &there) == 0 && stat("/proc/thread-self/net/dev", &here) == 0
        && there.st_ino == here.st_ino
}

/// Which network namespace the calling thread is in; nil where /proc does not tell.
func networkNamespace() -> ino_t? {
    var status = stat()
    return stat("/proc/thread-self/ns/net", &status) == 0 ? status.st_ino : nil
}
