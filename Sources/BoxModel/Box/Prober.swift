public import NetTypes

/// Asks a host whether it is there. This is the one thing of wggw's that sends a packet to somebody who did not send one first,
/// and only where it was told to.
public protocol Prober {
    /// Sends one packet, again twice if nobody answers, and waits two seconds in all.
    func probe(_ probe: Probe) throws(BoxError) -> ProbeAnswer
}

/// What is asked, of whom, and as whom.
public struct Probe: Hashable, Sendable {
    /// Whom an answer is sent to. Need not be an address of this box: whatever comes back by the interface is heard.
    public var source: IPAddress
    /// Who is asked.
    public var destination: IPAddress
    /// By which interface.
    public var interface: String
    /// Who takes it there; nil: the destination is a neighbour.
    public var gateway: IPAddress?
    /// `IPPROTO_*`: TCP opens a connection, UDP sends a datagram, all else is an ICMP echo.
    public var transport: UInt8
    /// Of TCP and UDP.
    public var port: UInt16

    /// Makes a question.
    public init(
        _ destination: IPAddress, from source: IPAddress, by interface: String, gateway: IPAddress? = nil,
        transport: UInt8, port: UInt16 = 0
    ) {
        self.source = source
        self.destination = destination
        self.interface = interface
        self.gateway = gateway
        self.transport = transport
        self.port = port
    }
}

/// What came back.
public enum ProbeAnswer: Hashable, Sendable {
    /// It does.
    case answered(milliseconds: Int)
    /// It is there, and nothing answers at that port.
    case refused
    /// Somebody on the way says that it is not.
    case unreachable(by: IPAddress)
    /// Nobody on the link has the address.
    case noNeighbour
    /// Several on the link have it.
    case severalNeighbours
    /// Nothing.
    case silent
}
