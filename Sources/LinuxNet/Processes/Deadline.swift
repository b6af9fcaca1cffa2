import CLinux
internal import BoxModel
import Glibc

/// A moment past which nobody waits any more.
struct Deadline {
    private let end: SuspendingClock.Instant

    /// A moment from now.
    init(_ duration: Duration) { end = SuspendingClock.now + duration }

    var isOver: Bool { SuspendingClock.now >= end }

    /// Waits until a descriptor is ready for `events`. False: the time is over. Throws `.stopped` once the command is told to stop,
    /// unless it `isCommitted` to what it waits for.
    func wait(
        for descriptor: Int32, toBe events: Int32 = POLLIN, isCommitted: Bool = false, _ operation: BoxError.Operation
    ) throws(BoxError) -> Bool {
        while true {
            var ready = [
                pollfd(fd: descriptor, events: Int16(events), revents: 0),
                pollfd(fd: isCommitted ? -1 : stop_descriptor(), events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&ready, 2, milliseconds)
            if count < 0 && errno != EINTR { throw .system(operation) }
            if count > 0 && ready[0].revents != 0 { return true }
            if count > 0 && ready[1].revents != 0 { throw .stopped(operation) }
            if isOver { return false }
        }
    }

    /// Asks every few milliseconds: for what has no descriptor to wait on. False: the time is over.
    func wait<E: Error>(until isSo: () throws(E) -> Bool) throws(E) -> Bool {
        while true {
            if try isSo() { return true }
            if isOver { return false }
            pause()
        }
    }

    /// The time between two looks.
    func pause() { usleep(2000) }

    /// What is left, rounded up, as poll(2) takes it.
    var milliseconds: Int32 {
        let left = max(.zero, end - SuspendingClock.now).components
        return Int32(clamping: left.seconds * 1000 + (left.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}

extension BoxError {
    /// The command was told to stop while it waited.
    static func stopped(_ operation: BoxError.Operation) -> BoxError { BoxError(operation, .stopped()) }
}
