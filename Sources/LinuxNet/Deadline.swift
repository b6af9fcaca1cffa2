import CLinux
internal import Compiler
import Glibc

/// A moment past which nobody waits any more.
struct Deadline {
    private let end: SuspendingClock.Instant

    /// A moment from now.
    init(_ duration: Duration) { end = SuspendingClock.now + duration }

    /// Whether it has passed.
    var isOver: Bool { SuspendingClock.now >= end }

    /// Waits until a descriptor is ready for `events`. False: the time is over. Throws with `EINTR` once the command is told
    /// to stop.
    func wait(for descriptor: Int32, toBe events: Int32 = POLLIN, _ operation: String) throws(BoxError) -> Bool {
        while true {
            var ready = [
                pollfd(fd: descriptor, events: Int16(events), revents: 0),
                pollfd(fd: stop_descriptor(), events: Int16(POLLIN), revents: 0),
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
    private var milliseconds: Int32 {
        let left = max(.zero, end - SuspendingClock.now).components
        return Int32(clamping: left.seconds * 1000 + (left.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}

/// How long to wait for a process: a while in which it does nothing at all is the end; as long as it works, it is waited for.
struct Patience {
    /// For what a command waits for.
    static let usual = Duration.seconds(2)
    /// Nobody needs longer for anything.
    private static let most = Duration.seconds(120)
    /// How often it may be held up for as long as would be the end otherwise: some ten seconds.
    private static let mostWaits = 5

    private let process: pid_t
    private let idle: Duration
    private var deadline: Deadline
    private let last = Deadline(most)
    private var spent: UInt64?

    /// With a process by its number; without one that is known (0), nothing but the time counts.
    init(with process: pid_t, idle: Duration = usual) {
        self.process = process
        self.idle = idle
        deadline = Deadline(idle)
        spent = Thread(first: process)?.time
    }

    /// Waits until a descriptor is ready for `events`. False: the process does nothing about it. Throws with `EINTR` once the
    /// command is told to stop.
    mutating func wait(for descriptor: Int32, toBe events: Int32 = POLLIN, _ operation: String) throws(BoxError) -> Bool
    {
        var waits = 0
        while try !deadline.wait(for: descriptor, toBe: events, operation) {
            guard let thread = Thread(first: process), !last.isOver else { return false }
            waits = thread.time == spent ? waits + 1 : 0
            // On a box that has no processor or disk for it, it does nothing and does not hang either.
            guard waits == 0 || thread.isHeldUp && waits < Self.mostWaits else { return false }
            spent = thread.time
            deadline = Deadline(idle)
        }
        deadline = Deadline(idle)
        return true
    }

    /// The thread that serves the configuration socket of a datapath. Others may be busy with packets while it is stuck.
    private struct Thread {
        /// In the kernel's ticks.
        let time: UInt64
        /// Whether it would go on if the box let it: it waits for a processor, or for a disk.
        let isHeldUp: Bool

        /// nil if there is no such process. proc_pid_stat(5).
        init?(first process: pid_t) {
            guard process > 0, let text = smallFile("/proc/\(process)/task/\(process)/stat"),
                // The name in parentheses may hold spaces and parentheses.
                let end = text.lastIndex(of: UInt8(ascii: ")"))
            else { return nil }
            let fields = text[text.index(after: end)...].split(separator: UInt8(ascii: " "))
                .map { String(decoding: $0, as: UTF8.self) }
            guard fields.count > 12, let user = UInt64(fields[11]), let system = UInt64(fields[12]) else { return nil }
            time = user + system
            isHeldUp = ["R", "D"].contains(fields[0])
        }
    }
}

/// The first 4 KB of a file; nil if it cannot be read.
func smallFile(_ path: String) -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(file, &bytes, bytes.count)
    return count < 0 ? nil : Array(bytes[..<count])
}

extension BoxError {
    /// The command was told to stop while it waited.
    static func stopped(_ operation: String) -> BoxError { BoxError(operation, cause: "told to stop", code: EINTR) }
}
