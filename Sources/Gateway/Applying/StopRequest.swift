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
}
