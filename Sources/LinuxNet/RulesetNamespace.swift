import Glibc

/// Which namespace's rulesets are counted, across boots: `BOOT-ID/INODE`.
enum RulesetNamespace {
    /// The calling thread's; nil where /proc does not tell.
    static func current() -> String? {
        guard let boot = firstLine("/proc/sys/kernel/random/boot_id") else { return nil }
        var status = stat()
        guard stat("/proc/thread-self/ns/net", &status) == 0 else { return nil }
        return "\(boot)/\(status.st_ino)"
    }

    private static func firstLine(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        return withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { bytes in
            let count = read(file, bytes.baseAddress, bytes.count)
            guard count > 0 else { return nil }
            return String(decoding: bytes[..<count].prefix { $0 > 32 }, as: UTF8.self)
        }
    }
}
