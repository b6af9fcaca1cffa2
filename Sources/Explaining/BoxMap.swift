import BoxModel
import Firewall
import NetTypes

/// The box, asked once for what every packet needs.
final class BoxMap {
    let terrain: any Terrain
    let links: [String: TerrainLink]
    /// All addresses of this box.
    let addresses: Set<IPAddress>
    /// Other people's tables, and wggw's own as it is on the box.
    private let tables: [FirewallTable]
    private var sets: [SetName: SetContents] = [:]
    private(set) var filter: PacketFilter
    /// The tunnel's peers as the interface has them.
    let peers: [PublicKey: ObservedPeer]
    /// The same as they should be.
    let wanted: [PublicKey: WireGuardPeerConfig]
    /// Whose single addresses are, and networks, for the longest of them.
    private var hosts: [IPAddress: PublicKey] = [:]
    private var networks: [(network: IPPrefix, peer: PublicKey)] = []

    init(_ scene: Scene) throws(BoxError) {
        terrain = scene.terrain
        let all = try terrain.links()
        links = Dictionary(all.map { ($0.name, $0) }) { first, _ in first }
        addresses = Set(all.lazy.flatMap(\.addresses).map(\.address))
        var tables = try terrain.foreignTables()
        // Where it is as desired, that one has words for its rules.
        if let own = scene.observed?.firewall {
            tables.append(own == scene.desired.firewall ? scene.desired.firewall : own)
        }
        self.tables = tables
        filter = PacketFilter(tables)
        let seen = scene.observed?.wireGuard?.peers ?? []
        peers = Dictionary(seen.map { ($0.publicKey, $0) }) { first, _ in first }
        wanted = Dictionary(scene.desired.wireGuard.peers.map { ($0.publicKey, $0) }) { first, _ in first }
        for peer in seen {
            for network in peer.allowedIPs {
                if network.isHost {
                    hosts[network.address] = peer.publicKey
                } else {
                    networks.append((network, peer.publicKey))
                }
            }
        }
    }

    /// To whom an address belongs for WireGuard: the longest network that holds it decides.
    func owner(of address: IPAddress) -> PublicKey? {
        hosts[address]
            ?? networks.filter { $0.network.contains(address) }.max { $0.network.length < $1.network.length }?.peer
    }

    /// This box's address on an interface; link-local ones are nobody's way.
    func ownAddress(on interface: String, isV6: Bool) -> IPAddress? {
        links[interface]?.addresses.map(\.address).first { $0.isV6 == isV6 && !$0.isLinkLocal }
    }

    /// As rules ask for it.
    func known(_ name: String?) -> KnownPacket.Interface {
        guard let name else { return .none }
        return links[name]?.known ?? KnownPacket.Interface(name)
    }

    /// The interface by which a packet of a network's would come in; nil where no route says.
    func interface(towards network: IPPrefix) throws(BoxError) -> String? {
        guard case .leads(let way) = try terrain.route(RouteQuestion(network.representative(besides: addresses))) else {
            return nil
        }
        return way.interface
    }

    /// Whether wggw's own table is on the box.
    var hasOwnTable: Bool { tables.contains { $0.family == .inet && $0.name == FirewallTable.tableName } }

    /// What one chain does to a packet. Reads what is in the sets that the answer hangs on.
    func walk(_ packet: KnownPacket, through chain: PacketFilter.BaseChain) throws(BoxError) -> Walk {
        while true {
            let walk = filter.walk(packet, through: [chain], assuming: isMatchOfUsual)
            guard case .cannotTell(let doubts) = walk.fate else { return walk }
            let unread = doubts.flatMap(\.causes).compactMap { cause -> SetName? in
                if case .elements(let name) = cause, sets[name] == nil { name } else { nil }
            }
            if unread.isEmpty { return walk }
            for name in unread { sets[name] = try terrain.contents(of: name) }
            filter = PacketFilter(tables, sets: sets)
        }
    }

    /// Who made the chain of a place.
    func owner(of place: RulePlace) -> FirewallOwner? {
        guard let table = tables.first(where: { $0.family == place.family && $0.name == place.table }),
            let chain = table.chains.first(where: { $0.name == place.chain })
        else { return nil }
        return FirewallOwner(of: chain, in: table)
    }
}
