public import NetTypes

/// What the site is: the LAN, the tunnel, the peers that come in, and whether they go out to the Internet through it.
///
/// A value, complete but for what a draft still has to find out on the box (those members are optional and say so). Every
/// list is sorted and free of duplicates, so equal sites are equal values. Secrets are not in it, only names for them.
public struct Site: Hashable, Sendable {
    /// A name for people; a host label.
    public var name: String
    /// What peers dial. Without it, clients' configurations cannot be exported, all else works.
    public var endpoint: Endpoint?
    /// What happens to forwarded traffic that has nothing to do with the tunnel.
    public var otherForwarding: OtherForwarding
    /// What the service does about what others change on the box.
    public var drift: DriftChoice
    /// Whether the service keeps what the firewall refuses, for `wggw log --denied --since`.
    public var keepsDenied: Bool
    /// The inside.
    public var lan: LAN
    /// The WireGuard interface.
    public var tunnel: Tunnel
    /// The way out to the Internet.
    public var egress: Egress
    /// DNS servers for the peers, in order of preference.
    public var dns: [IPAddress]
    /// Policies by name.
    public var groups: [String: Policy]
    /// Sorted by name.
    public var peers: [Peer]
    /// What the site promises of itself, in the profile's order.
    public var checks: [Check]

    /// Makes a site; peers are sorted by name here.
    public init(
        name: String = "home", endpoint: Endpoint? = nil, otherForwarding: OtherForwarding = OtherForwarding(),
        drift: DriftChoice = .repair, keepsDenied: Bool = false, lan: LAN, tunnel: Tunnel, egress: Egress = Egress(),
        dns: [IPAddress] = [], groups: [String: Policy] = [:], peers: [Peer] = [], checks: [Check] = []
    ) {
        self.name = name
        self.endpoint = endpoint
        self.otherForwarding = otherForwarding
        self.drift = drift
        self.keepsDenied = keepsDenied
        self.lan = lan
        self.tunnel = tunnel
        self.egress = egress
        self.dns = dns
        self.groups = groups
        self.peers = peers.ordered { $0.name }
        self.checks = checks
    }

    /// Whether some peer goes out to the Internet through the gateway.
    public var hasFullTunnel: Bool { peers.contains(where: egress.isFor) }

    /// Whether a peer goes out to the Internet through the gateway.
    public func goesOut(_ peer: Peer) -> Bool { egress.isFor(peer) }
}

/// What the service does where the box is not as the applied revision says.
public enum DriftChoice: String, Hashable, Sendable, CaseIterable {
    /// Puts it back.
    case repair
    /// Tells of it, and leaves it as it is.
    case report
}

/// The inside network.
public struct LAN: Hashable, Sendable {
    /// The interface that leads to all of its networks; nil: those that do are found on the box, and followed.
    public var interface: String?
    /// Its networks, sorted, at least one.
    public var subnets: [IPPrefix]
    /// How a LAN host's answer finds its way back into the tunnel.
    public var replyPath: ReplyPath

    /// Makes a LAN; the subnets are sorted here.
    public init(interface: String? = nil, subnets: [IPPrefix], replyPath: ReplyPath = .masquerade) {
        self.interface = interface
        self.subnets = subnets.sorted()
        self.replyPath = replyPath
    }
}

/// How a LAN host's answer to a tunnel address finds its way back.
public enum ReplyPath: String, Hashable, Sendable, CaseIterable {
    /// LAN hosts see the gateway's address and answer to it. Needs nothing else on the LAN.
    case masquerade
    /// The gateway answers ARP (and neighbour solicitations) for the peers, whose addresses are inside the LAN's range.
    case proxyARP = "proxy-arp"
    /// The LAN's router has a static route to the tunnel network.
    case routed
}

/// The WireGuard interface of the gateway.
public struct Tunnel: Hashable, Sendable {
    /// 1…15 characters.
    public var interface: String
    /// The gateway's own addresses with their subnets, IPv4 first, sorted; at least one.
    public var addresses: [InterfaceAddress]
    /// UDP.
    public var listenPort: UInt16
    /// More UDP ports that the same tunnel is dialled at, from outside: the firewall sends on what comes there. Sorted.
    public var otherPorts: [UInt16]
    /// Bytes of an inner packet, 1280…65456; nil: what fits on the way out, which is found on the box, and followed.
    public var mtu: Int?
    /// Which implementation carries the packets.
    public var datapath: DatapathChoice
    /// Mark of the encrypted packets; 0 is none.
    public var fwmark: UInt32
    /// How it looks to those who would block it; nil: as WireGuard.
    public var disguise: Disguise?
    /// More ways to look, by name, for apps that do not take that one.
    public var moreDisguises: [String: Disguise]
    /// The gateway's public key; nil until a key pair was made. The private key is sealed in Storage.
    public var publicKey: PublicKey?

    /// Makes a tunnel; the addresses are sorted here.
    public init(
        interface: String = "wg0", addresses: [InterfaceAddress], listenPort: UInt16 = 51820,
        otherPorts: [UInt16] = [], mtu: Int? = nil, datapath: DatapathChoice = .auto, fwmark: UInt32 = 0,
        disguise: Disguise? = nil, moreDisguises: [String: Disguise] = [:], publicKey: PublicKey? = nil
    ) {
        self.interface = interface
        self.addresses = addresses.sorted()
        self.listenPort = listenPort
        self.otherPorts = otherPorts.sorted()
        self.mtu = mtu
        self.datapath = datapath
        self.fwmark = fwmark
        self.disguise = disguise
        self.moreDisguises = moreDisguises
        self.publicKey = publicKey
    }
}

/// Which WireGuard carries the packets.
public enum DatapathChoice: String, Hashable, Sendable, CaseIterable {
    /// The kernel's if it has one, else wggw's own.
    case auto
    /// The kernel's.
    case kernel
    /// wggw's own.
    case userspace
}

/// The way out to the Internet.
public struct Egress: Hashable, Sendable {
    /// The interface that leads there; nil: those of the box's default routes are found on it, and followed.
    public var interface: String?
    /// Whether peers go out through the gateway unless they say otherwise.
    public var fullTunnel: Bool

    /// Makes an egress.
    public init(interface: String? = nil, fullTunnel: Bool = false) {
        self.interface = interface
        self.fullTunnel = fullTunnel
    }

    /// Whether a peer goes out by it.
    public func isFor(_ peer: Peer) -> Bool { peer.fullTunnel ?? fullTunnel }
}

/// What a peer may reach inside. Egress to the Internet is not part of it: that is full tunnel.
public struct Policy: Hashable, Sendable {
    /// Sorted, at least one; what none of them names is dropped.
    public var allow: [AccessRule]

    /// Makes a policy; the rules are sorted here.
    public init(allow: [AccessRule]) { self.allow = allow.sorted() }
}

/// One destination that a peer may reach: `192.168.1.10:443/tcp`, `192.168.1.0/24`, `[fd00::1]:53/udp`, `192.168.1.9/icmp`.
public struct AccessRule: Hashable, Comparable, Sendable {
    /// Transport protocols that a rule can name.
    public enum Transport: String, Hashable, Sendable, CaseIterable {
        /// 6
        case tcp
        /// 17
        case udp
        /// 1 for IPv4, 58 for IPv6
        case icmp
    }

    /// Where to.
    public let destination: IPPrefix
    /// nil is every protocol.
    public let transport: Transport?
    /// nil is every port; only with TCP and UDP.
    public let ports: ClosedRange<UInt16>?

    /// Makes a rule; ports need TCP or UDP.
    public init(_ destination: IPPrefix, transport: Transport? = nil, ports: ClosedRange<UInt16>? = nil) {
        precondition(ports == nil || transport == .tcp || transport == .udp)
        self.destination = destination
        self.transport = transport
        self.ports = ports
    }

    /// By destination, then protocol, then ports.
    public static func < (a: Self, b: Self) -> Bool {
        func key(_ r: AccessRule) -> (String, UInt16, UInt16) {
            (r.transport?.rawValue ?? "", r.ports?.lowerBound ?? 0, r.ports?.upperBound ?? 0)
        }
        return a.destination == b.destination ? key(a) < key(b) : a.destination < b.destination
    }
}

/// A person's device or another site that comes in.
public struct Peer: Hashable, Sendable {
    /// Unique; a host label.
    public var name: String
    /// Its addresses in the tunnel, sorted; at least one once drafted, unless it is unnumbered.
    public var addresses: [IPAddress]
    /// Whether it has no address of its own and is to get none: another gateway, of which only the networks behind it come in.
    /// Without any of these nothing does. In the profile: `addresses = []`.
    public var isUnnumbered: Bool
    /// nil until a key pair was made for it; then its private key is sealed in Storage under this key.
    public var publicKey: PublicKey?
    /// The preshared key, by name.
    public var presharedKey: PresharedKeyChoice
    /// Whether it goes out to the Internet through the gateway; nil takes the egress's default.
    public var fullTunnel: Bool?
    /// The group whose policy it has.
    public var group: String?
    /// A policy of its own; not together with a group. Without either, the whole LAN.
    public var policy: Policy?
    /// Networks behind it, sorted.
    public var routes: [IPPrefix]
    /// Where the gateway dials it; most peers have none and come in.
    public var endpoint: Endpoint?
    /// Seconds, 1…65535; nil or 0 is off. Written into the client's configuration, and set here for a peer with an endpoint.
    public var keepalive: UInt16?
    /// In which form it comes in: what its file says, and what the gateway dials it in.
    public var disguise: DisguiseChoice
    /// From when on it is as if it was not in the site; nil: never.
    public var expires: UTCTime?

    /// Makes a peer; addresses and routes are sorted here.
    public init(
        name: String, addresses: [IPAddress] = [], isUnnumbered: Bool = false, publicKey: PublicKey? = nil,
        presharedKey: PresharedKeyChoice? = nil, fullTunnel: Bool? = nil, group: String? = nil, policy: Policy? = nil,
        routes: [IPPrefix] = [], endpoint: Endpoint? = nil, keepalive: UInt16? = nil,
        disguise: DisguiseChoice = .none, expires: UTCTime? = nil
    ) {
        self.name = name
        self.expires = expires
        self.disguise = disguise
        self.addresses = addresses.ordered()
        self.isUnnumbered = isUnnumbered
        self.publicKey = publicKey
        self.presharedKey = presharedKey ?? .auto
        self.fullTunnel = fullTunnel
        self.group = group
        self.policy = policy
        self.routes = routes.ordered()
        self.endpoint = endpoint
        self.keepalive = keepalive
        if presharedKey == nil { self.presharedKey = usualPresharedKey }
    }

    /// Of whom nothing is said: who brings a public key has a preshared key only if it says so.
    public var usualPresharedKey: PresharedKeyChoice { publicKey == nil ? .auto : .none }
}

/// Whether a peer has a preshared key, and which. In the profile: `"auto"`, `"none"`, `"sealed:1f0c…"`.
public enum PresharedKeyChoice: Hashable, Sendable {
    /// No preshared key.
    case none
    /// Make one when the profile is taken.
    case auto
    /// This one, sealed in Storage. So an older revision keeps the key that it was applied with.
    case sealed(SecretID)
}

/// The name of a sealed secret: 16 hex digits of a hash of it, which tells nothing about it.
public struct SecretID: Hashable, Sendable, LosslessStringConvertible {
    /// The first eight bytes of the hash, as a number in network order.
    public let rawValue: UInt64

    /// Names by the hash.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// nil unless 16 lower-case hex digits.
    public init?(_ description: String) {
        guard description.utf8.count == 16,
            description.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }),
            let value = UInt64(description, radix: 16)
        else { return nil }
        rawValue = value
    }

    /// 16 hex digits.
    public var description: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
