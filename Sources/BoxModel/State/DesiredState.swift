public import Firewall
public import NetTypes
public import SiteModel

/// Every setting that the box needs for a site, as a value: what `compile` gives, what `diff` takes.
///
/// Sorted throughout, so that equal sites give equal states.
public struct DesiredState: Equatable, Sendable {
    /// The WireGuard interface's name.
    public var interface: String
    /// Which implementation is wanted.
    public var datapath: DatapathChoice
    /// Keys, port and peers.
    public var wireGuard: WireGuardConfig
    /// MTU and addresses of the interface, which is up.
    public var link: LinkConfig
    /// Routes into the tunnel beyond those that the addresses' subnets make.
    public var routes: [Route]
    /// Table `inet wggw`.
    public var firewall: FirewallTable
    /// What the firewall allows to whom, to be compared.
    public var access: Access
    /// Settings under /proc/sys.
    public var sysctls: [SysctlRequirement]
    /// Peers' IPv6 addresses that the gateway answers for on the LAN.
    public var proxyNeighbours: [ProxyNeighbour]
    /// The tunnel's networks and those behind peers, to which the LAN's router needs static routes; empty unless the reply path is
    /// `routed`.
    public var advice: [IPPrefix]
    /// How the kernel's WireGuard answers where the box has several ways out, or left one; sorted.
    public var answers: [AnswerWay]
    /// The box's addresses where its own routing leads out; sorted.
    public var addressesOut: [IPAddress]
    /// What all of this is for.
    public var traffic: Traffic

    /// All of it.
    package init(
        interface: String, datapath: DatapathChoice, wireGuard: WireGuardConfig, link: LinkConfig, routes: [Route],
        firewall: FirewallTable, access: Access, sysctls: [SysctlRequirement], proxyNeighbours: [ProxyNeighbour],
        advice: [IPPrefix], answers: [AnswerWay], addressesOut: [IPAddress], traffic: Traffic
    ) {
        self.answers = answers
        self.addressesOut = addressesOut
        self.interface = interface
        self.datapath = datapath
        self.wireGuard = wireGuard
        self.link = link
        self.routes = routes
        self.firewall = firewall
        self.access = access
        self.sysctls = sysctls
        self.proxyNeighbours = proxyNeighbours
        self.advice = advice
        self.traffic = traffic
    }
}

/// The state of a WireGuard interface that is set, not learned.
public struct WireGuardConfig: Equatable, Sendable {
    /// The interface's private key.
    public var privateKey: PrivateKey
    /// The public key that belongs to it.
    public var publicKey: PublicKey
    /// UDP.
    public var listenPort: UInt16
    /// 0 is none.
    public var fwmark: UInt32
    /// How it looks besides plain WireGuard, by the numbers of peers' dialects.
    public var disguises: [AWGParameters]
    /// Sorted by public key.
    public var peers: [WireGuardPeerConfig]

    /// Makes a configuration; the peers are sorted here.
    public init(
        privateKey: PrivateKey, publicKey: PublicKey, listenPort: UInt16, fwmark: UInt32,
        disguises: [AWGParameters] = [], peers: [WireGuardPeerConfig]
    ) {
        self.disguises = disguises
        self.privateKey = privateKey
        self.publicKey = publicKey
        self.listenPort = listenPort
        self.fwmark = fwmark
        self.peers = peers.ordered { $0.publicKey }
    }
}

/// One peer of a WireGuard interface, as it is set.
public struct WireGuardPeerConfig: Equatable, Sendable {
    /// Its identity.
    public var publicKey: PublicKey
    /// nil is none.
    public var presharedKey: PresharedKey?
    /// Where to dial it; nil leaves what was learned. A name is resolved when it is set.
    public var endpoint: Endpoint?
    /// Seconds; 0 is off.
    public var keepalive: UInt16
    /// What handshakes with it begin in: 0 is plain WireGuard, 1 and so on are the interface's disguises. 1 without any as well.
    public var dialect: UInt8
    /// Sorted.
    public var allowedIPs: [IPPrefix]

    /// Makes a peer; the allowed IPs are sorted here.
    public init(
        publicKey: PublicKey, presharedKey: PresharedKey? = nil, endpoint: Endpoint? = nil, keepalive: UInt16 = 0,
        dialect: UInt8 = 1, allowedIPs: [IPPrefix] = []
    ) {
        self.dialect = dialect
        self.publicKey = publicKey
        self.presharedKey = presharedKey
        self.endpoint = endpoint
        self.keepalive = keepalive
        self.allowedIPs = allowedIPs.ordered()
    }
}

/// The settings of the interface itself.
public struct LinkConfig: Hashable, Sendable {
    /// Bytes of an inner packet.
    public var mtu: Int
    /// Sorted.
    public var addresses: [InterfaceAddress]

    /// Makes settings.
    package init(
        mtu: Int, addresses: [InterfaceAddress]
    ) {
        self.mtu = mtu
        self.addresses = addresses
    }
}

/// A route into the tunnel. wggw tags its routes with a routing protocol number of its own, and touches no others.
public struct Route: Hashable, Comparable, Sendable {
    /// `RTA_PROTOCOL` of every route that wggw makes: 'w'. /etc/iproute2/rt_protos has no use for it.
    public static let protocolNumber: UInt8 = 0x77

    /// Where to.
    public var destination: IPPrefix
    /// Through which interface.
    public var interface: String

    /// Makes a route.
    public init(_ destination: IPPrefix, interface: String) {
        self.destination = destination
        self.interface = interface
    }

    /// By destination.
    public static func < (a: Self, b: Self) -> Bool { (a.destination, a.interface) < (b.destination, b.interface) }
}

/// An IPv6 address that the gateway answers neighbour solicitations for (`ip -6 neigh add proxy`).
public struct ProxyNeighbour: Hashable, Comparable, Sendable {
    /// The peer's address.
    public var address: IPAddress
    /// The LAN interface.
    public var interface: String

    /// Makes a proxy neighbour.
    public init(_ address: IPAddress, interface: String) {
        self.address = address
        self.interface = interface
    }

    /// By address.
    public static func < (a: Self, b: Self) -> Bool { (a.address, a.interface) < (b.address, b.interface) }
}

/// A file under /proc/sys, and what it must say. Some depend on what the box says now, so `diff` decides, not `compile`.
public struct SysctlRequirement: Hashable, Sendable {
    /// What is required of the value.
    public enum Need: Hashable, Sendable {
        /// Exactly this.
        case equal(Int)
        /// `rp_filter`: not strict. Effective is the maximum of `all` and the interface's own; 2 where that would be 1.
        case looseReversePath
        /// `accept_ra`: 2 where the interface lives on router advertisements (it is 1 and forwarding would switch it off).
        case acceptRouterAdvertisements
    }

    /// `net/ipv4/conf/eth0/proxy_arp`: slashes, since an interface's name may hold dots. With a `*` it is of all that match.
    public var key: String
    /// What is required of it.
    public var need: Need

    /// Makes a requirement.
    public init(_ key: String, _ need: Need) {
        self.key = key
        self.need = need
    }
}
