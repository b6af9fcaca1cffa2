/// What wggw's datapath writes on its interface, as the alias that stays with it whatever it is called:
/// `wggw datapath 1234`, with the number of its process.
///
/// By it the interface is known for what it is, and the process behind it is found, also where its sockets are not.
public struct InterfaceMark: Hashable, Sendable, LosslessStringConvertible {
    /// The datapath's process, by its number in the PID namespace that it runs in.
    public var process: Int32

    /// A mark that names a process.
    public init(process: Int32) { self.process = process }

    /// The alias.
    public var description: String { Self.words + String(process) }

    /// Reads an alias; nil if it is something else.
    public init?(_ description: String) {
        guard description.hasPrefix(Self.words), let process = Int32(description.dropFirst(Self.words.count)),
            process > 0, description == Self.words + String(process)
        else { return nil }
        self.process = process
    }

    private static let words = "wggw datapath "
}
