internal import Glibc
internal import System

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
        if let id = Boot.id() { return id }
        // Some containers hide it: there every boot is the same one.
        if errno == ENOENT { return "unknown" }
        throw .system(.boot(errno))
    }
}
