public import Firewall
public import NetTypes

/// What the box says now about all that a `DesiredState` speaks of, and about what stands in its way.
public struct ObservedState: Equatable, Sendable {
    /// Whether this kernel can make a WireGuard interface.
    public var kernelHasWireGuard: Bool
    /// The interface, if there is one of that name.
    public var link: ObservedLink?
    /// Its WireGuard side, if it is one and answers.
    public var wireGuard: ObservedWireGuard?
    /// Why it does not answer, if it was asked and does not: its datapath hangs.
    public var silence: BoxError?
    /// The peers of the interface as somebody who looks often saw them last, where it is gone since or does not answer: where they
    /// are, and when they had a handshake. Sorted by key.
    public var lost: [ObservedPeer] = []
    /// What carries an interface of the name `successorName(of:)`: a switch between datapaths was cut short.
    public var successor: Backend?
    /// Whether a datapath of wggw's runs on, keys and all, whose interface of that name somebody else deleted: it hangs.
    public var hasOrphan = false
    /// Whether the datapath's program was replaced since it was started, as by an upgrade; false where nobody may know.
    public var hasOlderProgram = false
    /// Only the routes that carry wggw's protocol number; sorted.
    public var routes: [Route]
    /// Those that carry wggw's protocol number; one of which a part is missing has no interface. Sorted.
    public var answers: [AnswerWay] = []
    /// Table `inet wggw` if it is there.
    public var firewall: FirewallTable?
    /// When the firewall was looked at; nil where nobody counts.
    public var generation: RulesetGeneration?
    /// Current values by key; nothing for a file that is not there.
    public var sysctls: [String: Int]
    /// Proxy entries on the interfaces asked about; sorted.
    public var proxyNeighbours: [ProxyNeighbour]
    /// Foreign chains that drop what wggw would forward or receive.
    public var obstacles: [FirewallObstacle]
    /// Those of the scope's other ports that some program of the box has.
    public var takenPorts: [UInt16] = []

    /// A box with nothing of wggw's on it.
    public init(
        kernelHasWireGuard: Bool = false, link: ObservedLink? = nil, wireGuard: ObservedWireGuard? = nil,
        routes: [Route] = [], firewall: FirewallTable? = nil, sysctls: [String: Int] = [:],
        proxyNeighbours: [ProxyNeighbour] = [], obstacles: [FirewallObstacle] = []
    ) {
        self.kernelHasWireGuard = kernelHasWireGuard
        self.link = link
        self.wireGuard = wireGuard
        self.routes = routes
        self.firewall = firewall
        self.sysctls = sysctls
        self.proxyNeighbours = proxyNeighbours
        self.obstacles = obstacles
    }
}

/// An interface as rtnetlink shows it.
public struct ObservedLink: Equatable, Sendable {
    /// Kernel index.
    public var index: UInt32
    /// nil: something that is not WireGuard has the name.
    public var backend: Backend?
    /// Administratively up.
    public var isUp: Bool
    /// Bytes.
    public var mtu: Int
    /// Sorted; no link-local ones.
    public var addresses: [InterfaceAddress]

    /// Makes a link.
    public init(index: UInt32, backend: Backend?, isUp: Bool, mtu: Int, addresses: [InterfaceAddress]) {
        self.index = index
        self.backend = backend
        self.isUp = isUp
        self.mtu = mtu
        self.addresses = addresses
    }
}

/// A WireGuard interface as it answers: what was set, what it learned, what it counted.
public struct ObservedWireGuard: Equatable, Sendable {
    /// nil where none is set.
    public var privateKey: PrivateKey?
    /// UDP.
    public var listenPort: UInt16
    /// 0 is none.
    public var fwmark: UInt32
    /// How it looks besides plain WireGuard, by the numbers of peers' dialects; the last is not plain.
    public var disguises: [AWGParameters]
    /// Sorted by public key.
    public var peers: [ObservedPeer]

    /// Makes an observation; the peers are sorted here.
    public init(
        privateKey: PrivateKey?, listenPort: UInt16, fwmark: UInt32, disguises: [AWGParameters] = [],
        peers: [ObservedPeer]
    ) {
        self.disguises = disguises
        self.privateKey = privateKey
        self.listenPort = listenPort
        self.fwmark = fwmark
        self.peers = peers.ordered { $0.publicKey }
    }

    /// The same with the peers and their allowed IPs in order, whatever order they were appended in.
    public func sorted() -> Self {
        var sorted = self
        sorted.peers = peers.ordered { $0.publicKey }
        for i in peers.indices where sorted.peers[i].allowedIPs.count > 1 { sorted.peers[i].allowedIPs.sort() }
        return sorted
    }
}

/// A peer as the interface answers.
public struct ObservedPeer: Equatable, Sendable {
    /// Its identity.
    public var publicKey: PublicKey
    /// nil is none.
    public var presharedKey: PresharedKey?
    /// Where it was heard last, or what was set.
    public var endpoint: SocketAddress?
    /// Seconds; 0 is off.
    public var keepalive: UInt16
    /// What handshakes with it begin in: 0 is plain WireGuard, 1 and so on are the interface's disguises. 1 without any as well.
    public var dialect: UInt8
    /// Sorted.
    public var allowedIPs: [IPPrefix]
    /// Seconds since the epoch of the last handshake; 0 is never.
    public var lastHandshake: Int64
    /// Bytes.
    public var received: UInt64
    /// Bytes.
    public var sent: UInt64

    /// Makes an observation; the allowed IPs are sorted here.
    public init(
        publicKey: PublicKey, presharedKey: PresharedKey? = nil, endpoint: SocketAddress? = nil, keepalive: UInt16 = 0,
        dialect: UInt8 = 1, allowedIPs: [IPPrefix] = [], lastHandshake: Int64 = 0, received: UInt64 = 0,
        sent: UInt64 = 0
    ) {
        self.publicKey = publicKey
        self.presharedKey = presharedKey
        self.endpoint = endpoint
        self.keepalive = keepalive
        self.dialect = dialect
        self.allowedIPs = allowedIPs.ordered()
        self.lastHandshake = lastHandshake
        self.received = received
        self.sent = sent
    }
}

extension ObservedPeer {
    /// Whether it has a session at a time, in seconds since the epoch: none is used for longer than REJECT_AFTER_TIME.
    public func hasSession(at now: Int64) -> Bool { lastHandshake != 0 && now - lastHandshake <= 180 }
}

/// A chain of somebody else's that drops the gateway's traffic all the same, and the rule that lets it through.
public struct FirewallObstacle: Hashable, Sendable {
    /// How sure it is.
    public enum Certainty: Hashable, Sendable {
        /// By this rule or policy.
        case drops(at: RulePlace)
        /// To another address or port, by this rule.
        case sendsElsewhere(at: RulePlace)
        /// It hangs on this rule.
        case mayDrop(Doubt)
    }

    /// `ip filter FORWARD`: family, table, chain.
    public var chain: String
    /// Who likely made it, for people: `Docker`, `ufw`, `firewalld`; nil is unknown.
    public var owner: String?
    /// A command that lets the traffic through.
    public var remedy: String
    /// What it does with it, and whether it certainly does.
    public var certainty: Certainty

    /// Makes an obstacle.
    public init(chain: String, owner: String?, remedy: String, certainty: Certainty) {
        self.chain = chain
        self.owner = owner
        self.remedy = remedy
        self.certainty = certainty
    }

    /// Whether it certainly is in the way.
    public var isCertain: Bool { if case .mayDrop = certainty { false } else { true } }

    /// What it does with the tunnel's traffic: `drops the tunnel's traffic`.
    public func deed(_ traffic: String) -> String {
        switch certainty {
        case .drops: "drops \(traffic)"
        case .mayDrop: "may drop \(traffic)"
        case .sendsElsewhere: "sends \(traffic) elsewhere"
        }
    }
}

extension ObservedState {
    /// What is left when the kernel deletes the interface that the scope names.
    package mutating func forgetInterface(_ name: String) {
        link = nil
        wireGuard = nil
        silence = nil
        hasOrphan = false
        forgetBelongings(of: name)
    }

    /// An interface takes its routes and settings along.
    package mutating func forgetBelongings(of name: String) {
        routes.removeAll { $0.interface == name }
        sysctls = sysctls.filter { !isSetting($0.key, of: name) }
    }
}
