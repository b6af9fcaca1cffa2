public import Firewall
public import NetTypes
import SiteModel

/// A connection as a rule saw the packet that opened it: between the two that really talk, whatever NAT shows to others.
public struct Connection: Hashable, Sendable {
    /// Who opened it: the source before masquerading.
    public var client: IPAddress
    /// Whom it was opened to: the destination after a port forwarding.
    public var server: IPAddress
    /// `IPPROTO_*`
    public var transport: UInt8
    /// The client's; 0 where the transport has none.
    public var clientPort: UInt16
    /// The server's; 0 where the transport has none.
    public var port: UInt16
    /// The type of the ICMP message that opened it; 0 for other transports.
    public var icmpType: UInt8
    /// Whether a packet came back. Until then the next packet of the client's is judged as the first one was.
    public var isAnswered: Bool

    /// Makes a connection.
    public init(
        client: IPAddress, server: IPAddress, transport: UInt8, clientPort: UInt16 = 0, port: UInt16 = 0,
        icmpType: UInt8 = 0, isAnswered: Bool = true
    ) {
        self.clientPort = clientPort
        self.client = client
        self.server = server
        self.transport = transport
        self.port = port
        self.icmpType = icmpType
        self.isAnswered = isAnswered
    }
}

/// Which connections end: those that an earlier state let be opened and that the rules would not let be opened now. Without it
/// they would go on, since a packet of a connection that is known passes unasked.
public struct ConnectionCut: Hashable, Sendable {
    /// A peer with addresses and networks.
    public struct Holder: Hashable, Sendable {
        /// The peer.
        public var key: PublicKey
        /// Sorted.
        public var networks: [IPPrefix]

        /// Makes a holder.
        public init(_ key: PublicKey, _ networks: [IPPrefix]) {
            self.key = key
            self.networks = networks
        }
    }

    /// What the rules are asked about.
    public enum Judged: Equatable, Sendable {
        case nothing
        /// What is between these and anybody.
        case peers([Holder])
        /// All that is the tunnel's.
        case everything
    }

    /// What was a peer's and is nobody's, or another one's: everything from and to it ends. Sorted by key.
    public var released: [Holder]
    /// Of this, what the rules would not let through ends.
    public var judged: Judged
    /// The state whose rules judge; nil where nothing is judged.
    public var rules: ConnectionRules?

    /// UDP ports of the box at which what came so far was meant for somebody else than is to have it: the kernel would go on
    /// sending it there, as long as it comes. Sorted.
    public var ports: [UInt16]

    /// A cut.
    package init(released: [Holder], judged: Judged, rules: ConnectionRules?, ports: [UInt16] = []) {
        self.released = released
        self.judged = judged
        self.rules = rules
        self.ports = ports
    }

    /// Ends everything from and to these.
    public init(released: [Holder]) { self.init(released: released, judged: .nothing, rules: nil) }

    /// All peers that it is about; none of those that are not named where everything is judged.
    public var holders: [Holder] { if case .peers(let holders) = judged { released + holders } else { released } }

    /// Whether nothing can end by it.
    public var isEmpty: Bool { released.isEmpty && judged == .nothing && ports.isEmpty }

    /// By whose it is: the rest is much, and hardly ever differs alone.
    public func hash(into hasher: inout Hasher) { hasher.combine(released) }
}

/// What decides whether a connection of the tunnel may be opened.
public struct ConnectionRules: Equatable, Sendable {
    /// The tunnel's interface.
    public let interface: String
    /// Table `inet wggw`.
    public let firewall: FirewallTable
    /// Whose addresses are peers'.
    public let peers: [WireGuardPeerConfig]
    /// The gateway's own addresses in the tunnel, also those that it is still to get.
    public let addresses: [IPAddress]

    package init(_ state: DesiredState) {
        interface = state.interface
        firewall = state.firewall
        peers = state.wireGuard.peers
        addresses = state.link.addresses.map(\.address)
    }
}
