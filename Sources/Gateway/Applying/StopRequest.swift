internal import CLinux
internal import Glibc

/// The word that a command shall stop, from whoever started it.
public struct StopRequest: Sendable {
    /// The signal by which it came, `SIGINT` or `SIGTERM`; nil as long as none did.
    public var signal: @Sendable () -> String?
    /// Nothing is given up for it any more: what is under way now is what leads to a good end.
    public var disregard: @Sendable () -> Void

    /// Makes one of its two sides.
    public init(signal: @escaping @Sendable () -> String?, disregard: @escaping @Sendable () -> Void) {
        self.signal = signal
        self.disregard = disregard
    }

    /// Never comes.
    public static let none = StopRequest(signal: { nil }, disregard: {})

    /// What `undisturbed` notes.
    public static let signals = StopRequest(
        signal: {
            switch stop_signal() {
            case 0: nil
            case SIGINT: "SIGINT"
            default: "SIGTERM"
            }
        }, disregard: { stop_disregard() })
}

/// Runs `body`, which changes the box, so that no signal ends the process half way. SIGINT and SIGTERM are noted, see
/// `StopRequest`; they are what ends the process afterwards. Hang-ups and closed pipes are nothing: an apply that was begun is
/// ended also when ssh drops.
public func undisturbed<R>(_ body: () throws -> R) rethrows -> R {
    stop_note()
    defer { stop_note_no_more() }
    return try body()
}
