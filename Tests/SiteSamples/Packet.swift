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
