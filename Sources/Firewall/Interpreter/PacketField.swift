/// What rules ask a packet for.
public enum PacketField: UInt8, Hashable, Sendable, CustomStringConvertible {
    case input, output, source, destination, transport, sourcePort, destinationPort, header, mark, connection, route
    /// Something beside the packet.
    case other

    /// For people.
    public var description: String {
        switch self {
        case .input: "the interface it comes in by"
        case .output: "the interface it goes out by"
        case .source: "its source address"
        case .destination: "its destination address"
        case .transport: "its protocol"
        case .sourcePort: "its source port"
        case .destinationPort: "its destination port"
        case .header: "its headers"
        case .mark: "its mark"
        case .connection: "its connection"
        case .route: "a route"
        case .other: "something beside the packet"
        }
    }
}

/// Some of them; every rule of every walk makes such a set.
public struct PacketFields: OptionSet, Hashable, Sendable {
    /// A bit for each, by its number.
    public var rawValue: UInt16

    /// Makes a set of bits.
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    /// The one alone.
    public init(_ field: PacketField) { rawValue = 1 << field.rawValue }

    /// Whether it is one of them.
    public func contains(_ field: PacketField) -> Bool { contains(PacketFields(field)) }

    var all: [PacketField] { (0...PacketField.other.rawValue).compactMap(PacketField.init).filter(contains) }
}
