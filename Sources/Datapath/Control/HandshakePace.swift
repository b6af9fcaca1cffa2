// How much of the machine a flood of handshakes gets.

/// Under load, handshake messages get a part of one processor, and those that are too many wait or find no room: what is left of the machine
/// is for those who have a session. By time and not by number, for one that is refused costs some microseconds, and where nobody is
/// given a cookie (AmneziaWG's DisableCookies) each costs a curve. Single owner: the control thread.
struct HandshakePace {
    /// One part of so many. With an eighth a TCP flow on two cores keeps 0.85 to 0.91 of what a closed port would leave it, with a fifth
    /// 0.76 to 0.82 (`scripts/bench datapath --measure flood`).
    static let parts: UInt64 = 8
    /// Nanoseconds of work after which there is a pause.
    static let mostAtOnce: UInt64 = 1_000_000

    /// When handshakes may be looked at again.
    private var next: UInt64 = 0
    /// Whether one has to wait.
    private(set) var isExhausted = false

    /// Whether any may be looked at now.
    mutating func allows(at now: UInt64) -> Bool {
        isExhausted = next > now
        return !isExhausted
    }

    /// So many nanoseconds of a processor went into those that were just looked at.
    mutating func note(spent: UInt64, until now: UInt64) {
        next = now + spent * (Self.parts - 1)
        isExhausted = next > now
    }
}
