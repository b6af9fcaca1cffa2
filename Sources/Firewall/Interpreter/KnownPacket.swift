public import NetTypes

/// A packet as far as it is known. Whatever is not said is unknown: it may be anything.
public struct KnownPacket: Hashable, Sendable {
    /// A network interface. A class, since every packet has three.
    public final class Interface: Hashable, Sendable {
        /// 16 bytes, padded with zeros.
        let name: KnownBytes
        /// 4 bytes in host order, as are the others but the type, which has 2.
        let index: KnownBytes
        let group: KnownBytes
        let type: KnownBytes

        /// Some interface.
        public static let unknown = Interface(KnownBytes(unknown: 16), nil, nil, nil)
        /// No interface, as where a packet is not routed yet.
        public static let none = Interface("", index: 0)

        /// An interface of this name; number, group and kind of hardware (`ARPHRD_*`) as far as they are known.
        public convenience init(_ name: String, index: UInt32? = nil, group: UInt32? = nil, type: UInt16? = nil) {
            self.init(KnownBytes(Nft.padded(name)), index, group, type)
        }

        private init(_ name: KnownBytes, _ index: UInt32?, _ group: UInt32?, _ type: UInt16?) {
            func known(_ value: UInt32?) -> KnownBytes {
                value.map { KnownBytes(Nft.native($0)) } ?? KnownBytes(unknown: 4)
            }
            self.name = name
            self.index = known(index)
            self.group = known(group)
            self.type = known(type.map(UInt32.init))[0..<2]
        }

        /// By what is known of them.
        public static func == (a: Interface, b: Interface) -> Bool {
            a === b || a.name == b.name && a.index == b.index && a.group == b.group && a.type == b.type
        }

        /// Name and number.
        public func hash(into hasher: inout Hasher) {
            hasher.combine(name)
            hasher.combine(index)
        }
    }

    /// What connection tracking knows of it. Bits as in `Nft.ConnectionState`, in host order.
    public struct Connection: Hashable, Sendable {
        /// `ct state`: 4 bytes, of which one bit is set.
        public var state = KnownBytes(unknown: 4)
        /// `ct status`: 4 bytes.
        public var status = KnownBytes(unknown: 4)
        /// 1 byte: 0 is the original direction, 1 the reply's.
        public var direction = KnownBytes(unknown: 1)
        /// 4 bytes in host order.
        public var mark = KnownBytes(unknown: 4)

        /// A connection of which nothing is known.
        public init() {}

        /// The first packet of a connection, not translated so far.
        public static var new: Connection { Connection(Nft.ConnectionState.new, isReply: false) }

        /// A packet of a connection in a state, a bit of `Nft.ConnectionState`, that is not translated.
        public init(_ state: UInt32, isReply: Bool?) {
            self.state = KnownBytes(Nft.native(state))
            let translated = Nft.native(Nft.ConnectionState.sourceNAT | Nft.ConnectionState.destinationNAT)
            status = KnownBytes([0, 0, 0, 0], mask: translated)
            direction = isReply.map { KnownBytes([$0 ? 1 : 0]) } ?? KnownBytes(unknown: 1)
        }
    }

    /// IPv4 or IPv6.
    public let family: Family
    /// Where it comes in.
    public var input = Interface.unknown
    /// Where it goes out.
    public var output = Interface.unknown
    /// To which it belongs.
    public var connection = Connection()
    /// 4 bytes in host order.
    public var mark = KnownBytes(unknown: 4)
    /// `RTN_*`: what its source is to this host; nil is unknown.
    public var sourceType: UInt32?
    /// `RTN_*`: what its destination is to this host; nil is unknown.
    public var destinationType: UInt32?
    /// Whether the route back to its source leaves by the interface it came in by; nil is unknown.
    public var hasRouteBack: Bool?
    /// Whether it has neither IPv4 options nor IPv6 extension headers; nil is unknown.
    public var isPlain: Bool?
    /// Where the route to its destination leads (`fib daddr`), wherever it goes in the end.
    public var route = Interface.unknown
    /// `PACKET_*` of linux/if_packet.h: 0 for this host's link address, 1 broadcast, 2 multicast; nil is unknown.
    public var packetType: UInt8?
    /// The network header without options: 20 bytes, or 40.
    private(set) var network: KnownBytes
    /// The first bytes of the transport header.
    private(set) var transportHeader = KnownBytes(unknown: 20)
    /// 1 byte.
    private(set) var transportNumber = KnownBytes(unknown: 1)

    /// A whole packet, no fragment, of a family.
    public init(_ family: Family) {
        self.family = family
        network = KnownBytes(unknown: family == .v4 ? 20 : 40)
        network[0..<1] = KnownBytes([family == .v4 ? 0x40 : 0x60], mask: [0xf0])
        if family == .v4 { network[6..<8] = KnownBytes([0, 0], mask: [0x3f, 0xff]) }
    }

    /// Where it comes from: one address, or any of a network.
    public mutating func set(source: IPPrefix) { set(.source, source) }
    /// Where it goes to.
    public mutating func set(destination: IPPrefix) { set(.destination, destination) }

    private mutating func set(_ side: Side, _ prefix: IPPrefix) {
        network.put(prefix.address.octets, at: Int(family.offset(side)), bits: prefix.length)
    }

    /// `IPPROTO_*`, without extension headers before it.
    public mutating func set(transport: UInt8) {
        transportNumber.put([transport], at: 0)
        network.put([transport], at: family == .v4 ? 9 : 6)
    }

    /// TCP's or UDP's source port.
    public mutating func set(sourcePort: UInt16) { set(port: sourcePort, at: 0) }
    /// TCP's or UDP's destination port.
    public mutating func set(destinationPort: UInt16) { set(port: destinationPort, at: 2) }

    private mutating func set(port: UInt16, at offset: Int) {
        transportHeader.put([UInt8(port >> 8), UInt8(port & 255)], at: offset)
    }

    /// One of its two addresses; nil if not all of it is known.
    package func address(_ side: Side) -> IPAddress? {
        let bytes = network[Int(family.offset(side))..<Int(family.offset(side) + family.size)]
        return bytes.isKnown ? IPAddress(octets: bytes.value) : nil
    }

    /// TCP's or UDP's destination port; nil if it is not known.
    package var destinationPort: UInt16? {
        let bytes = transportHeader[2..<4]
        return bytes.isKnown ? UInt16(bytes.value[0]) << 8 | UInt16(bytes.value[1]) : nil
    }

    /// Bytes of the transport header from an offset on: an ICMP message's type, TCP's flags.
    public mutating func set(transportHeader bytes: [UInt8], at offset: Int) {
        transportHeader.put(bytes, at: offset)
    }

    /// What is known if it is either this or that.
    mutating func join(_ other: KnownPacket) {
        if self == other { return }
        mark = mark.joined(other.mark)
        connection.mark = connection.mark.joined(other.connection.mark)
        connection.state = connection.state.joined(other.connection.state)
        connection.status = connection.status.joined(other.connection.status)
        connection.direction = connection.direction.joined(other.connection.direction)
        network = network.joined(other.network)
        transportHeader = transportHeader.joined(other.transportHeader)
        if destinationType != other.destinationType { destinationType = nil }
        if route != other.route { route = .unknown }
    }

    /// Forgets what a rule that nobody can read may have changed.
    mutating func forgetMarks() {
        mark = KnownBytes(unknown: 4)
        connection.mark = mark
    }

    /// Forgets the addresses and ports of one side, which were translated.
    mutating func translate(_ side: Side, address: KnownBytes?, port: KnownBytes?) {
        let (offset, size) = (Int(family.offset(side)), Int(family.size))
        network[offset..<offset + size] = address?[0..<size] ?? KnownBytes(unknown: size)
        let at = side == .source ? 0 : 2
        transportHeader[at..<at + 2] = port?[0..<2] ?? KnownBytes(unknown: 2)
        if side == .destination { (destinationType, route) = (nil, .unknown) }
    }

    /// Forgets bytes that were written over.
    mutating func overwrite(base: UInt32, _ range: Range<Int>) {
        let unknown = KnownBytes(unknown: range.count)
        if base == Nft.Payload.network { network[range] = unknown } else { transportHeader[range] = unknown }
    }
}
