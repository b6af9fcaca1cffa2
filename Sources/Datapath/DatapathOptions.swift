/// How to run the datapath of one interface.
public struct DatapathOptions: Sendable {
    /// The interface's name, 1 to 15 characters.
    public var interface: String
    /// Threads that move packets; nil: one up to two processors, then as many as there are, at most 16.
    public var workers: Int?
    /// What to do without, though it is there: for drivers with faults, and for tests.
    public var without: Fallbacks = []
    /// A descriptor that gets one `+` when the configuration socket answers, or else the reason why it never will.
    public var readinessDescriptor: Int32?

    /// Everything chosen by itself.
    public init(interface: String) { self.interface = interface }
}
