internal import Glibc

/// Time as the use cases see it; a parameter, so that tests need not wait.
public struct Clock: Sendable {
    /// Seconds since the epoch: for people.
    public var now: @Sendable () -> Int64
    /// Seconds since the boot, sleep included, which nobody can set: for deadlines.
    public var sinceBoot: @Sendable () -> Int64
    /// Which boot this is.
    public var bootID: @Sendable () -> String

    /// Makes a clock.
    public init(
        now: @escaping @Sendable () -> Int64, sinceBoot: @escaping @Sendable () -> Int64,
        bootID: @escaping @Sendable () -> String
    ) {
        self.now = now
        self.sinceBoot = sinceBoot
        self.bootID = bootID
    }

    /// CLOCK_REALTIME, CLOCK_BOOTTIME, /proc/sys/kernel/random/boot_id.
    public static let system = Clock(
        now: { seconds(CLOCK_REALTIME) }, sinceBoot: { seconds(CLOCK_BOOTTIME) }, bootID: { readBootID() })

    private static func seconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec)
    }

    private static func readBootID() -> String {
        let fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { return "unknown" }
        defer { close(fd) }
        return withUnsafeTemporaryAllocation(byteCount: 36, alignment: 1) { buffer in
            read(fd, buffer.baseAddress, 36) == 36 ? String(decoding: buffer, as: UTF8.self) : "unknown"
        }
    }
}
