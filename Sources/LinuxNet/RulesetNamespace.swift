import Glibc

/// Which namespace's rulesets are counted, across boots: `BOOT-ID/INODE`.
enum RulesetNamespace {
    /// The calling thread's; nil where /proc does not tell.
    static func current() -> String? {
        guard let boot = smallFile("/proc/sys/kernel/random/boot_id")?.prefix(while: { $0 > 32 }), !boot.isEmpty else {
            return nil
        }
        var status = stat()
        guard stat("/proc/thread-self/ns/net", &status) == 0 else { return nil }
        return "\(String(decoding: boot, as: UTF8.self))/\(status.st_ino)"
    }
}
