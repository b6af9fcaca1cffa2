internal import BoxModel
import Glibc
internal import System

/// How long to wait for a process: a while in which it does nothing at all is the end; as long as it works, it is waited for.
///
/// The while is counted in short looks, and not by the clock: where the box stands still for seconds, a suspended or starved
/// virtual machine, that is one look, and says nothing of the process.
struct Patience {
    /// For what a command waits for.
    static let usual = Duration.seconds(2)
    /// Nobody needs longer for anything.
    private static let most = Duration.seconds(120)
    /// So many looks are the while.
    private static let looks = 20
    /// How much longer it may be held up by its box.
    private static let mostHeldUp = 5

    private let look: () -> Activity?
    private let step: Duration
    private let last = Deadline(most)
    private var spent: UInt64?

    /// With a process by its number; without one that is known (0), nothing but the time counts.
    init(with process: pid_t, idle: Duration = usual) { self.init(idle: idle) { Activity(of: process) } }

    /// With whatever `look` tells of.
    init(idle: Duration, look: @escaping () -> Activity?) {
        self.look = look
        step = idle / Self.looks
        spent = look()?.time
    }

    /// Waits until a descriptor is ready for `events`. False: the process does nothing about it. Throws `.stopped` once the command
    /// is told to stop, unless it `isCommitted` to what it waits for.
    mutating func wait(
        for descriptor: Int32, toBe events: Int32 = POLLIN, isCommitted: Bool = false, _ operation: BoxError.Operation
    ) throws(BoxError) -> Bool {
        var idle = 0
        while try !Deadline(step).wait(for: descriptor, toBe: events, isCommitted: isCommitted, operation) {
            let seen = look()
            if let seen, seen.time != spent {
                idle = 0
                spent = seen.time
            } else {
                // On a box that has no processor or disk for it, it does nothing and does not hang either.
                idle += seen?.isHeldUp == true ? 1 : Self.mostHeldUp
            }
            guard idle < Self.looks * Self.mostHeldUp, !last.isOver else { return false }
        }
        return true
    }
}

/// What a process does at a moment.
struct Activity {
    /// What its first thread has spent, in the kernel's ticks: in a datapath that one serves the configuration socket, and others may
    /// be busy with packets while it is stuck.
    let time: UInt64
    /// Whether a thread would go on if the box let it, since it waits for a processor or for a disk. Any of them: the first may wait
    /// for it.
    let isHeldUp: Bool
}

extension Activity {
    /// nil if there is no such process.
    init?(of process: pid_t) {
        guard process > 0, let first = Self.stat("/proc/\(process)/task/\(process)/stat") else { return nil }
        let threads = names(in: "/proc/\(process)/task") ?? []
        let states = threads.compactMap { Self.stat("/proc/\(process)/task/\($0)/stat")?.state }
        self.init(time: first.time, isHeldUp: states.contains { ["R", "D"].contains($0) })
    }

    /// The letter of a thread's state, and what it spent. proc_pid_stat(5).
    private static func stat(_ path: String) -> (state: String, time: UInt64)? {
        // The name in parentheses may hold spaces and parentheses.
        guard let text = readFile(path, upTo: 4096), let end = text.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = text[text.index(after: end)...].split(separator: UInt8(ascii: " "))
            .map { String(decoding: $0, as: UTF8.self) }
        guard fields.count > 12, let user = UInt64(fields[11]), let system = UInt64(fields[12]) else { return nil }
        return (fields[0], user + system)
    }
}
