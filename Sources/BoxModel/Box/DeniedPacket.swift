public import Firewall
public import NetTypes

/// A packet that table `inet wggw` dropped, as the kernel tells of it.
///
/// As text: `1764180000.012345678 forward in=wg0 out=eth0 10.8.0.2 192.168.1.66 6 51000 445`; what there is none of is `-`.
public struct DeniedPacket: Hashable, Sendable {
    /// When it was heard of, seconds since the epoch.
    public var seconds: Int64
    /// 0…999,999,999, to be added to `seconds`.
    public var nanoseconds: UInt32
    /// Where it was.
    public var point: FirewallChain.Hook.Point
    /// Where it came in; nil: this box sent it.
    public var input: String?
    /// Where it was to go out; nil where that was not decided yet, and for this box.
    public var output: String?
    /// Who sent what to whom.
    public var header: PacketHeader

    /// Makes one.
    public init(
        seconds: Int64, nanoseconds: UInt32 = 0, at point: FirewallChain.Hook.Point, input: String? = nil,
        output: String? = nil, _ header: PacketHeader
    ) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
        self.point = point
        self.input = input
        self.output = output
        self.header = header
    }
}

extension DeniedPacket: LosslessStringConvertible {
    /// Reads what `description` gives; nil for anything else.
    public init?(_ description: String) {
        let words = description.split(separator: " ")
        guard words.count == 9, let dot = words[0].firstIndex(of: "."), let seconds = Int64(words[0][..<dot]),
            let nanoseconds = UInt32(words[0][dot...].dropFirst()),
            let point = FirewallChain.Hook.Point(rawValue: String(words[1])), words[2].hasPrefix("in="),
            words[3].hasPrefix("out="), let source = IPAddress(String(words[4])),
            let destination = IPAddress(String(words[5])), let transport = UInt8(words[6])
        else { return nil }
        func name(_ word: Substring) -> String? { word == "-" ? nil : String(word) }
        self.init(
            seconds: seconds, nanoseconds: nanoseconds, at: point, input: name(words[2].dropFirst(3)),
            output: name(words[3].dropFirst(4)),
            PacketHeader(
                from: source, to: destination, transport: transport, sourcePort: UInt16(words[7]),
                destinationPort: UInt16(words[8])))
    }

    /// One line.
    public var description: String {
        func port(_ port: UInt16?) -> String { port.map(String.init) ?? "-" }
        let digits = String(nanoseconds)
        let fraction = String(repeating: "0", count: 9 - digits.count) + digits
        return "\(seconds).\(fraction) \(point.rawValue) in=\(input ?? "-") out=\(output ?? "-") \(header.source) "
            + "\(header.destination) \(header.transport) \(port(header.sourcePort)) \(port(header.destinationPort))"
    }
}
