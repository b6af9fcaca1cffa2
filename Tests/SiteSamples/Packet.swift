package import Firewall
package import NetTypes

/// A packet at a hook, as far as a rule can see it.
package struct Packet {
    package enum State: UInt32 { case invalid = 1, established = 2, related = 4, new = 8 }

    package var input: String
    /// nil: for this host.
    package var output: String?
    package var source: IPAddress
    package var destination: IPAddress
    package var transport: UInt8
    /// From the transport header; for ICMP its checksum, which may be anything.
    package var port: UInt16 = 0
    /// First byte of the transport header: the type of an ICMP message.
    package var firstByte: UInt8 = 0
    package var state = State.new
    /// Of a TCP packet: SYN of one that opens a connection, ACK of others.
    package var flags: UInt8 { state == .new ? 2 : 16 }
    package var isForThisHost: Bool { output == nil }

    package init(
        input: String, output: String?, source: IPAddress, destination: IPAddress, transport: UInt8, port: UInt16 = 0,
        firstByte: UInt8 = 0, state: State = .new
    ) {
        self.input = input
        self.output = output
        self.source = source
        self.destination = destination
        self.transport = transport
        self.port = port
        self.firstByte = firstByte
        self.state = state
    }
}

extension Packet {
    /// The packet for an interpreter of rules: all of it is known.
    package var known: KnownPacket {
        var packet = KnownPacket(source.isV6 ? .v6 : .v4)
        packet.input = KnownPacket.Interface(input)
        packet.output = output.map { KnownPacket.Interface($0) } ?? .none
        packet.set(source: IPPrefix(host: source))
        packet.set(destination: IPPrefix(host: destination))
        packet.set(transport: transport)
        packet.set(transportHeader: transportHeader, at: 0)
        packet.connection = KnownPacket.Connection(state.rawValue, isReply: nil)
        packet.destinationType = isForThisHost ? Nft.AddressType.local : Nft.AddressType.unicast
        packet.route = packet.output
        return packet
    }

    private var transportHeader: [UInt8] {
        [firstByte, 0, UInt8(port >> 8), UInt8(port & 255)] + Array(repeating: 0, count: 9) + [flags]
            + Array(repeating: 0, count: 6)
    }

    /// From where to where it goes on the box.
    package var way: PacketWay { isForThisHost ? .toThisHost : .through }
}

extension PacketFilter {
    /// Whether the packet gets past all chains on its way, or at one hook; what cannot be told does not.
    package func passes(_ packet: Packet) -> Bool { fate(packet.known, packet.way) == .passes }
    package func passes(_ packet: Packet, _ point: FirewallChain.Hook.Point) -> Bool {
        walk(packet.known, at: point).fate == .passes
    }
}
