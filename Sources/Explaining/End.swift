import NetTypes
public import SiteModel

/// One of the two who talk, as the site and the box know them.
enum End: Equatable {
    /// A peer, by an address of its own, or as one behind it.
    case peer(Peer, IPPrefix)
    /// This box, by one of its addresses.
    case gateway(IPAddress)
    /// Anybody else, and the address that stands for them, which is none of this box.
    case host(IPPrefix, IPAddress)

    /// Its address, or the network that it may have any of.
    var network: IPPrefix {
        switch self {
        case .peer(_, let network), .host(let network, _): network
        case .gateway(let address): IPPrefix(host: address)
        }
    }

    /// One address that stands for it.
    var address: IPAddress { if case .host(_, let address) = self { address } else { network.representative() } }

    var peer: Peer? { if case .peer(let peer, _) = self { peer } else { nil } }
    var isGateway: Bool { if case .gateway = self { true } else { false } }
}

/// Why a flow makes no sense for a site.
public enum FlowError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Nobody is called that, here or by the name service.
    case unknownName(String, near: String?)
    /// The one has addresses of one family alone, the other of the other.
    case noCommonFamily(String, String)
    /// A peer without an address of its own cannot send.
    case noAddress(peer: String)
    /// The site hands out no DNS server.
    case noDNS
    /// Neither is a peer, nor behind one.
    case notThroughTunnel(String, String)
    /// Both are the same.
    case sameEnd(String)

    /// For whoever develops.
    public var description: String { prose.description }

    /// What is wrong, and what would be right.
    public var prose: Prose {
        switch self {
        case .unknownName(let name, let near?):
            "\(name): no peer is called that, and no host that the name service knows; did you mean \(near)?"
        case .unknownName(let name, nil):
            "\(name): no peer is called that, and no host that the name service knows; \(.look(.peers)) shows the peers"
        case .noCommonFamily(let a, let b): "\(a) and \(b) have no addresses of the same family (IPv4 or IPv6)"
        case .noAddress(let peer):
            "peer \(peer) has no address of its own in the tunnel; name one of the networks behind it"
        case .noDNS: "the site hands out no DNS servers; name an address"
        case .notThroughTunnel(let a, let b):
            "neither \(a) nor \(b) is a peer or behind one, so nothing between them is the tunnel's; see \(.look(.peers))"
        case .sameEnd(let name): "both ends are \(name)"
        }
    }
}

/// Finds out who is meant.
struct EndFinder {
    let site: Site
    /// All addresses of this box.
    let own: Set<IPAddress>
    /// What a host's name stands for; empty where nobody knows.
    let lookUp: (String) -> [IPAddress]
    private let peers: [String: Peer]
    /// Whose single addresses are, and the networks behind peers: 10,000 peers may be asked about.
    private var hosts: [IPAddress: Peer] = [:]
    private var networks: [(network: IPPrefix, peer: Peer)] = []

    init(site: Site, own: Set<IPAddress>, lookUp: @escaping (String) -> [IPAddress]) {
        self.site = site
        self.own = own
        self.lookUp = lookUp
        peers = Dictionary(site.peers.map { ($0.name, $0) }) { first, _ in first }
        for peer in site.peers {
            for address in peer.addresses { hosts[address] = peer }
            networks += peer.routes.map { ($0, peer) }
        }
    }

    /// Both ends, of one family. A service that a word brings along, as `dns` does, fills in for one that was not named.
    func ends(of flow: Flow) throws(FlowError) -> (from: End, to: End, service: Flow.Service?) {
        let froms = try candidates(flow.from)
        let tos = try candidates(flow.to)
        for from in froms {
            for to in tos where from.network.isV6 == to.network.isV6 {
                if from == to { throw .sameEnd(flow.from.description) }
                if from.peer == nil && to.peer == nil {
                    throw .notThroughTunnel(flow.from.description, flow.to.description)
                }
                let isDNS = flow.to == .name("dns") && peers["dns"] == nil
                return (from, to, flow.service ?? (isDNS ? Flow.Service(.udp, port: 53) : nil))
            }
        }
        throw .noCommonFamily(flow.from.description, flow.to.description)
    }

    /// Who it may be, IPv4 first.
    private func candidates(_ party: Flow.Party) throws(FlowError) -> [End] {
        switch party {
        case .network(let network): return [end(network)]
        case .name(let name):
            if let peer = peers[name] {
                if peer.addresses.isEmpty { throw .noAddress(peer: name) }
                return peer.addresses.map { .peer(peer, IPPrefix(host: $0)) }
            }
            switch name {
            case "gateway": return site.tunnel.addresses.map { .gateway($0.address) }
            case "dns":
                if site.dns.isEmpty { throw .noDNS }
                return site.dns.map { end(IPPrefix(host: $0)) }
            default:
                let addresses = lookUp(name)
                if addresses.isEmpty {
                    throw .unknownName(name, near: nearest(name, among: site.peers.map(\.name)))
                }
                return addresses.sorted().map { end(IPPrefix(host: $0)) }
            }
        }
    }

    /// Whose an address or network is: the longest network that holds it decides, as in WireGuard.
    func end(_ network: IPPrefix) -> End {
        if network.isHost, site.tunnel.addresses.contains(where: { $0.address == network.address }) {
            return .gateway(network.address)
        }
        if network.isHost, let peer = hosts[network.address] { return .peer(peer, network) }
        let holder = networks.filter { $0.network.contains(network) }.max { $0.network.length < $1.network.length }
        if let holder { return .peer(holder.peer, network) }
        return network.isHost && own.contains(network.address)
            ? .gateway(network.address)
            : .host(network, network.representative(besides: own))
    }
}

extension IPPrefix {
    /// An address of it that a host may have, and none of those that are taken, if there is another.
    func representative(besides taken: Set<IPAddress> = []) -> IPAddress {
        if length >= address.bitWidth - 1 { return address }
        let first = address.following(1)
        return (0...taken.count).lazy.map { first.following($0) }.first { contains($0) && !taken.contains($0) } ?? first
    }
}

extension IPAddress {
    fileprivate func following(_ distance: Int) -> IPAddress {
        switch self {
        case .v4(let address): .v4(IPv4Address(rawValue: address.rawValue &+ UInt32(distance)))
        case .v6(let address): .v6(IPv6Address(rawValue: address.rawValue &+ UInt128(distance)))
        }
    }
}
