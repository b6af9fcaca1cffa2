public import Firewall
public import NetTypes

/// What a box is asked about the way of a packet, without sending one.
///
/// `LinuxNet` asks the kernel; tests draw a map by hand. Nothing here changes anything.
public protocol Terrain {
    /// All interfaces, loopback as well.
    func links() throws(BoxError) -> [TerrainLink]
    /// Where the kernel would send a packet, by its rules, tables and marks.
    func route(_ question: RouteQuestion) throws(BoxError) -> RouteAnswer
    /// What the box knows of a neighbour; nil: it has not asked lately.
    func neighbour(_ address: IPAddress, on interface: String) throws(BoxError) -> NeighbourState?
    /// A setting under /proc/sys; nil: there is no such file.
    func setting(_ key: String) throws(BoxError) -> Int?
    /// All tables but wggw's own, of both packet filters, with their rules.
    func foreignTables() throws(BoxError) -> [FirewallTable]
    /// What is in a set of one of these.
    func contents(of set: SetName) throws(BoxError) -> SetContents
    /// Whether a program of this box takes what is sent to it; nil where that cannot be seen.
    func isServed(_ address: IPAddress, _ transport: UInt8, port: UInt16) throws(BoxError) -> Bool?
}

/// An interface, as far as packets care.
public struct TerrainLink: Equatable, Sendable {
    /// Its name.
    public var name: String
    /// Its number.
    public var index: UInt32
    /// Switched on.
    public var isUp: Bool
    /// Whether there is anybody at the other end of the wire: `IFF_LOWER_UP`.
    public var hasCarrier: Bool
    /// Bytes.
    public var mtu: Int
    /// With their networks.
    public var addresses: [InterfaceAddress]
    /// `IFLA_GROUP`.
    public var group: UInt32
    /// `ARPHRD_*`.
    public var hardware: UInt16

    /// Makes an interface.
    public init(
        _ name: String, index: UInt32, isUp: Bool = true, hasCarrier: Bool = true, mtu: Int = 1500,
        addresses: [InterfaceAddress] = [], group: UInt32 = 0, hardware: UInt16 = 1
    ) {
        self.name = name
        self.index = index
        self.isUp = isUp
        self.hasCarrier = hasCarrier
        self.mtu = mtu
        self.addresses = addresses
        self.group = group
        self.hardware = hardware
    }

    /// As rules ask for it.
    public var known: KnownPacket.Interface { KnownPacket.Interface(name, index: index, group: group, type: hardware) }
}

/// A packet that looks for its way.
public struct RouteQuestion: Hashable, Sendable {
    /// Where to.
    public var destination: IPAddress
    /// From whom; nil leaves the choice to the box.
    public var source: IPAddress?
    /// By which interface it came in; nil: the box sends it.
    public var input: String?
    /// The mark that it bears.
    public var mark: UInt32

    /// Makes a question.
    public init(_ destination: IPAddress, from source: IPAddress? = nil, input: String? = nil, mark: UInt32 = 0) {
        self.destination = destination
        self.source = source
        self.input = input
        self.mark = mark
    }
}

/// What the kernel says to it.
public enum RouteAnswer: Hashable, Sendable {
    /// By an interface, to a router or to the neighbour itself.
    case leads(RouteWay)
    /// To this box.
    case local
    /// A route says that nobody gets there.
    case refused(Refusal)
    /// No route says anything.
    case none
    /// The kernel does not take such a packet: its source cannot come in there (IPv4 alone tells).
    case martian

    /// How a route refuses.
    public enum Refusal: String, Hashable, Sendable { case unreachable, prohibit, blackhole }
}

/// A way out of the box.
public struct RouteWay: Hashable, Sendable {
    /// Its name.
    public var interface: String
    /// nil: the destination is a neighbour.
    public var gateway: IPAddress?
    /// The source that the box itself would take.
    public var source: IPAddress?
    /// The routing table that says so; 254 is main.
    public var table: UInt32
    /// Bytes, where the route names fewer than its interface.
    public var mtu: Int?

    /// Makes a way.
    public init(
        _ interface: String, gateway: IPAddress? = nil, source: IPAddress? = nil, table: UInt32 = 254, mtu: Int? = nil
    ) {
        self.interface = interface
        self.gateway = gateway
        self.source = source
        self.table = table
        self.mtu = mtu
    }
}

/// What a box knows of a neighbour (`NUD_*`).
public enum NeighbourState: String, Hashable, Sendable {
    /// It answered lately, or somebody said that it is there.
    case reachable
    /// It answered once.
    case stale
    /// It is being asked.
    case incomplete
    /// It was asked and did not answer.
    case failed
}
