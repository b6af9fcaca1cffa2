public import NetTypes

/// What a site has otherwise than the file of wg-quick's out of which it is made.
public enum ImportRemark: Hashable, Sendable {
    case noPrivateKey
    /// It listens on this one.
    case noListenPort(UInt16)
    case dns
    /// An address that the kernel gives by itself.
    case linkLocal(InterfaceAddress)
    /// An address that is its network's own.
    case networkAddress(InterfaceAddress)
    /// By which interface the peers go out to the Internet.
    case egress(String, Ground)
    /// That the peers may reach the LAN; whether the hooks forbid something.
    case access([IPPrefix], Ground, bans: Bool)
    /// A peer that becomes one of this name.
    case unnamed(String)
    /// The same, and what stood there; whether that is another peer's.
    case renamed(String, isTaken: Bool, String)
    /// A network of a peer's.
    case notRouted(IPPrefix), merged(IPPrefix), outside(IPPrefix, peer: String)
    /// Of the peer of this name.
    case noAllowedIPs(String)
    /// A command of a hook, as it can be repeated.
    case hook(WgQuickConfig.Hook.Moment, refused: String)
    /// What a hook comes to.
    case hookMeans(WgQuickConfig.Hook.Moment, [HookSense])

    /// Who says so.
    public enum Ground: Hashable, Sendable {
        case hooks, nobody
        /// The hooks, by an interface of their container.
        case hooksInContainer(String)
        case program(String)
    }

    /// What a command of a hook does for the tunnel.
    public enum HookSense: Hashable, Sendable {
        case forwarding, clamping, resolver, input, forward
        /// Out of the interface that leads to the Internet.
        case egress(String)
        /// Out of another one; nil: of each.
        case masquerade(String?)
    }

    var advice: Prose? { if case .access = self { "\(.peer(nil, .policy)) and groups say less" } else { nil } }

    var words: String {
        switch self {
        case .noPrivateKey: "no PrivateKey; the gateway gets a new key pair, which the peers have to be told"
        case .noListenPort(let port): "no ListenPort; the gateway listens on \(port)"
        case .dns: "DNS: not taken over; in a gateway's own file it is the gateway's resolver, not the peers'"
        case .linkLocal(let address): "Address \(address): not taken over; the kernel gives link-local addresses itself"
        case .networkAddress(let address): "Address \(address): is its network's own address; taken as it stands"
        case .egress(let interface, let ground):
            "the peers go out to the Internet by \(interface), \(ground.words) (full-tunnel)"
        case .access(let networks, let ground, let bans):
            "the peers may reach the LAN \(networks.map(\.description).joined(separator: ", ")), \(ground.words)"
                + (bans ? "; what PostUp forbids is not taken, and allowed now" : "")
        case .unnamed(let name): "nothing names this peer; it becomes \(name)"
        case .renamed(let written, let isTaken, let name):
            "\(written.quotable): \(isTaken ? "is another peer's name too" : "is no host label"); it becomes \(name)"
        case .notRouted(let network): "AllowedIPs \(network): not taken over; such addresses are not routed"
        case .merged(let network): "AllowedIPs \(network): is in another network of this peer; merged"
        case .outside(let network, let peer):
            "AllowedIPs \(network): is outside the tunnel's subnets; taken as a network behind \(peer)"
        case .noAllowedIPs(let peer): "no AllowedIPs; nothing of \(peer) is let in, and it gets no address"
        case .hook(let moment, let command):
            "\(moment.rawValue): not taken: \(command); wggw never runs a command out of a file"
        case .hookMeans(let moment, let senses):
            "\(moment.rawValue): taken: \(senses.map(\.words).joined(separator: ", "))"
        }
    }
}

extension ImportRemark.Ground {
    fileprivate var words: String {
        switch self {
        case .hooks: "as PostUp has it"
        case .nobody: "which the file does not tell"
        case .hooksInContainer(let interface): "where PostUp says \(interface) in its container"
        case .program(let name): "as \(name) lets them"
        }
    }
}

extension ImportRemark.HookSense {
    fileprivate var words: String {
        switch self {
        case .forwarding: "the kernel forwards, which wggw sets itself"
        case .clamping: "TCP's segments fit into the tunnel, as wggw sees to itself"
        case .resolver: "a resolver of the gateway's own, which it keeps or not without the tunnel"
        case .input:
            "packets to the gateway; wggw lets the peers' in by their policies, and opens no port in other firewalls"
        case .forward: "packets of the tunnel are forwarded, by the peers' policies"
        case .egress(let interface): "masquerade out of \(interface)"
        case .masquerade(let interface):
            "masquerade out of \(interface ?? "every interface"), as reply-path \"masquerade\" does for the LAN"
        }
    }
}
