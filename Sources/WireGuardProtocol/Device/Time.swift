/// What time it is, as the caller's clocks say. Nothing in this module reads a clock.
public struct Now: Sendable {
    /// Nanoseconds of a clock that never goes back and counts on in suspend (CLOCK_BOOTTIME); at least 1.
    public let monotonic: UInt64
    /// Seconds and nanoseconds since 1970, for TAI64N timestamps and the time of the last handshake.
    public let wall: WallTime

    /// Makes a moment.
    public init(monotonic: UInt64, wall: WallTime) {
        precondition(monotonic > 0, "zero means never")
        self.monotonic = monotonic
        self.wall = wall
    }
}

/// A time since 1970-01-01T00:00:00Z.
public struct WallTime: Hashable, Sendable {
    /// Whole seconds.
    public let seconds: Int64
    /// 0…999,999,999.
    public let nanoseconds: UInt32

    /// Makes a time.
    public init(seconds: Int64, nanoseconds: UInt32) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// The configuration protocol's "never".
    public static let never = WallTime(seconds: 0, nanoseconds: 0)
}

/// The time as handshakes tell it: the clock's, but for where that was set back. A peer takes no handshake that is older than the last, so
/// there it goes on from what was told already.
struct SteadyWall {
    private var told = WallTime.never
    private var toldAt: UInt64 = 0

    /// What to tell now.
    mutating func time(_ now: Now) -> WallTime {
        let least = told.later(by: now.monotonic &- toldAt)
        told = now.wall < least ? least : now.wall
        toldAt = now.monotonic
        return told
    }
}

extension WallTime: Comparable {
    /// By time.
    public static func < (a: Self, b: Self) -> Bool { (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds) }

    fileprivate func later(by elapsed: UInt64) -> WallTime {
        let nanoseconds = UInt64(nanoseconds) + elapsed
        return WallTime(
            seconds: seconds + Int64(nanoseconds / Limits.second), nanoseconds: UInt32(nanoseconds % Limits.second))
    }
}
