internal import Glibc

/// Time as the use cases see it; a parameter, so that tests need not wait.
public struct Clock: Sendable {
    /// Seconds since the epoch: for people.
    public var now: @Sendable () -> Int64
    /// Seconds since the boot, sleep included, which nobody can set: for deadlines.
    public var sinceBoot: @Sendable () -> Int64
    /// Which boot this is. Throws where it cannot be told for the moment: an answer that is not so would end an apply's wait for
    /// its confirmation, and forget the settings of before.
    public var bootID: @Sendable () throws(GatewayError) -> String

    /// Makes a clock.
    public init(
        now: @escaping @Sendable () -> Int64, sinceBoot: @escaping @Sendable () -> Int64,
        bootID: @escaping @Sendable () throws(GatewayError) -> String
    ) {
        self.now = now
        self.sinceBoot = sinceBoot
        self.bootID = bootID
    }

    /// CLOCK_REALTIME, CLOCK_BOOTTIME, /proc/sys/kernel/random/boot_id.
    public static let system = Clock(
        now: { seconds(CLOCK_REALTIME) }, sinceBoot: { seconds(CLOCK_BOOTTIME) },
        bootID: { () throws(GatewayError) in try readBootID() })

    private static func seconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec)
    }

    private static func readBootID() throws(GatewayError) -> String {
        let path = "/proc/sys/kernel/random/boot_id"
        func failure() -> GatewayError {
            .refused("\(path): \(String(cString: strerror(errno))); which boot this is cannot be told; try again")
        }
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        // Some containers hide it: there every boot is the same one.
        if fd < 0 && errno == ENOENT { return "unknown" }
        guard fd >= 0 else { throw failure() }
        defer { close(fd) }
        return try withUnsafeTemporaryAllocation(byteCount: 36, alignment: 1) { buffer throws(GatewayError) in
            var count = read(fd, buffer.baseAddress, 36)
            while count < 0 && errno == EINTR { count = read(fd, buffer.baseAddress, 36) }
            guard count == 36 else { throw failure() }
            return String(decoding: buffer, as: UTF8.self)
        }
    }
}
