import Glibc
internal import System

/// Which namespace's rulesets are counted, across boots: `BOOT-ID/INODE`.
enum RulesetNamespace {
    /// The calling thread's; nil where /proc does not tell.
    static func current() -> String? {
        guard let boot = Boot.id() else { return nil }
        return networkNamespace(of: "thread-self").map { "\(boot)/\($0)" }
    }
}

/// Which network namespace a process is in, by its name under /proc; nil where that does not tell.
func networkNamespace(of process: String) -> ino_t? {
    var status = stat()
    return stat("/proc/\(process)/ns/net", &status) == 0 ? status.st_ino : nil
}
