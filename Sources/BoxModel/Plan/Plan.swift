public import Firewall
public import NetTypes

/// All that will happen to the box, in order. Empty: nothing to do.
public struct Plan: Equatable, Sendable {
    /// In the order of execution: the filter before forwarding, additions before deletions.
    public var changes: [Change]

    /// Makes a plan.
    public init(_ changes: [Change] = []) { self.changes = changes }

    /// Whether the box is already as it should be.
    public var isEmpty: Bool { changes.isEmpty }

    /// How many things change, as a person counts them: the lines of `text` if no list were summed up.
    public var size: Int { changes.reduce(0) { $0 + $1.size } }
}

/// One step. Whoever carries it out decides nothing.
public enum Change: Equatable, Sendable {
    /// Makes the interface, down and without configuration; for userspace this starts the datapath.
    case createInterface(name: String, backend: Backend)
    /// Deletes the interface; for userspace this ends the datapath.
    case deleteInterface(name: String, backend: Backend)
    /// Deletes the interface of a name and gives the name to its successor, which is configured and down.
    case replaceInterface(name: String, by: String, from: Backend, to: Backend)
    /// Sets the WireGuard side; what is not named stays.
    case setWireGuard(interface: String, WireGuardChange)
    /// Sets the interface itself, and what leads to it.
    case link(LinkChange)
    /// Sends each of the peers a handshake initiation at once, in this order, in place of when there is a packet for it.
    case startHandshakes(interface: String, [PublicKey])
    /// Sends each of the peers something at once, from the box's address of now on the way to it and not from the one at which it was
    /// heard last: in its session, or a handshake initiation.
    case callPeers(interface: String, [PeerCall])
    /// Sets table `inet wggw`.
    case firewall(FirewallChange)
    /// Ends connections that are not allowed any more: the packets of one that is known pass unasked.
    case cutConnections(ConnectionCut)
    /// Writes a file under /proc/sys.
    case setSysctl(key: String, value: Int, was: Int)
}

/// A step of rtnetlink's.
public enum LinkChange: Equatable, Sendable {
    /// Bytes.
    case setMTU(interface: String, mtu: Int, was: Int?)
    /// Up; this opens the UDP port.
    case setUp(interface: String, listenPort: UInt16 = 0)
    /// An address of the interface.
    case addAddress(interface: String, InterfaceAddress)
    /// An address of the interface.
    case removeAddress(interface: String, InterfaceAddress)
    /// A route with wggw's protocol number.
    case addRoute(Route)
    /// A route with wggw's protocol number.
    case removeRoute(Route)
    /// Routing rules for what is sent from an address, and their route.
    case addAnswerWay(AnswerWay)
    /// The same of that address, be they whole or not.
    case removeAnswerWay(AnswerWay)
    /// A proxy neighbour entry.
    case addProxyNeighbour(ProxyNeighbour)
    /// A proxy neighbour entry.
    case removeProxyNeighbour(ProxyNeighbour)
}

/// A step of nftables', in one transaction.
public enum FirewallChange: Equatable, Sendable {
    /// Replaces the table, and carries the counters of sets that stay over.
    case replace(FirewallTable, carrying: FirewallTable?)
    /// Adds and deletes elements of sets; rules and all other elements stay.
    case update([SetUpdate])
    /// Deletes the table.
    case remove
}

/// What is set on a WireGuard interface in one go; nil members and unnamed peers stay as they are.
public struct WireGuardChange: Equatable, Sendable {
    /// A new private key.
    public var privateKey: PrivateKey?
    /// A new UDP port.
    public var listenPort: UInt16?
    /// A new mark; 0 takes it away.
    public var fwmark: UInt32?
    /// Other looks, by their numbers; plain takes one away.
    public var disguises: [AWGParameters]?
    /// Peers to add or change, sorted by public key.
    public var set: [WireGuardPeerChange]
    /// Peers to remove, sorted.
    public var remove: [PublicKey]

    /// Nothing to set.
    public init(
        privateKey: PrivateKey? = nil, listenPort: UInt16? = nil, fwmark: UInt32? = nil,
        disguises: [AWGParameters]? = nil, set: [WireGuardPeerChange] = [],
        remove: [PublicKey] = []
    ) {
        self.disguises = disguises
        self.privateKey = privateKey
        self.listenPort = listenPort
        self.fwmark = fwmark
        self.set = set
        self.remove = remove
    }

    /// Whether nothing would be set.
    public var isEmpty: Bool { self == WireGuardChange() }
}

/// What is set on one peer; nil members stay as they are.
public struct WireGuardPeerChange: Equatable, Sendable {
    /// A value, or none of it.
    public enum PresharedKeyChange: Equatable, Sendable {
        /// Takes it away.
        case clear
        /// Sets it.
        case set(PresharedKey)
    }

    /// Its identity.
    public var publicKey: PublicKey
    /// Whether it is new; a peer that is not new must not be made by accident.
    public var isNew: Bool
    /// A new preshared key, or none.
    public var presharedKey: PresharedKeyChange?
    /// Where to dial it.
    public var endpoint: Endpoint?
    /// Seconds; 0 is off.
    public var keepalive: UInt16?
    /// What handshakes with it begin in: 0 is plain WireGuard, 1 and so on are the interface's disguises.
    public var dialect: UInt8?
    /// Replaces all allowed IPs.
    public var allowedIPs: [IPPrefix]?

    /// Nothing to set.
    public init(
        publicKey: PublicKey, isNew: Bool, presharedKey: PresharedKeyChange? = nil, endpoint: Endpoint? = nil,
        keepalive: UInt16? = nil, dialect: UInt8? = nil, allowedIPs: [IPPrefix]? = nil
    ) {
        self.dialect = dialect
        self.publicKey = publicKey
        self.isNew = isNew
        self.presharedKey = presharedKey
        self.endpoint = endpoint
        self.keepalive = keepalive
        self.allowedIPs = allowedIPs
    }

    /// Whether nothing would be set on a peer that is there.
    public var isEmpty: Bool {
        !isNew && presharedKey == nil && endpoint == nil && keepalive == nil && dialect == nil
            && allowedIPs == nil
    }
}

/// Elements to add to and to delete from one set of the firewall.
public struct SetUpdate: Equatable, Sendable {
    /// The set, without its elements.
    public var set: FirewallSet
    /// Sorted.
    public var add: [SetElement]
    /// Sorted.
    public var delete: [SetElement]

    /// Makes an update; `set.elements` should be empty.
    public init(set: FirewallSet, add: [SetElement] = [], delete: [SetElement] = []) {
        self.set = set
        self.add = add
        self.delete = delete
    }
}
