internal import CLinux
internal import Glibc

/// Runs `body`, which changes the box, so that no signal ends the process half way. SIGINT and SIGTERM are noted, see
/// `NotedSignal`; they are what ends the process afterwards. Hang-ups and closed pipes are nothing: an apply that was begun is
/// ended also when ssh drops.
public func undisturbed<R>(_ body: () throws -> R) rethrows -> R {
    stop_note()
    defer { stop_note_no_more() }
    return try body()
}

/// The word to end, as `undisturbed` notes it.
public enum NotedSignal {
    /// `SIGINT` or `SIGTERM`; nil as long as none came.
    public static var name: String? {
        switch stop_signal() {
        case 0: nil
        case SIGINT: "SIGINT"
        default: "SIGTERM"
        }
    }

    /// Nothing is given up for it any more: what is under way now is what leads to a good end.
    public static func disregard() { stop_disregard() }
}

/// For a process that runs one command and ends: memory is kept, not given back and taken again. Call it first.
public func keepMemory() { heap_keep() }
