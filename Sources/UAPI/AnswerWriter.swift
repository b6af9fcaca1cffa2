public import NetTypes

/// Writes the answer to a request.
public struct AnswerWriter: ~Copyable {
    private var lines: LineWriter

    /// Nothing yet, with room for that many peers.
    public init(peers: Int = 0, names: InterfaceNames) {
        lines = LineWriter(isRequest: false, peers: peers, names: names)
    }

    /// Adds the interface's lines.
    public mutating func write(_ interface: InterfaceSection) { lines.write(interface) }

    /// Adds a peer's lines.
    public mutating func write(_ peer: PeerSection) { lines.write(peer) }

    /// Adds `errno` and the empty line that ends the answer. `number`: positive, or 0. It is written negative: `wg` negates what it
    /// reads, as it expects a kernel's result.
    public consuming func end(errno number: Int32) -> SecretBuffer {
        lines.text.append("errno=\(-number)\n\n")
        return lines.text
    }
}
