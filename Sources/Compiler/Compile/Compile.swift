public import BoxModel
import Firewall
import NetTypes
public import SiteModel

/// Every setting that the box needs for a site. Pure: the same site, secrets and surroundings give an equal state, and whose time is
/// over these tell as well.
///
/// The site has to be complete: key pairs, addresses. Throws `CompileError`.
public func compile(
    _ site: Site, secrets: Secrets, surroundings: Surroundings
) throws(CompileError) -> DesiredState {
    let site = site.active(in: surroundings)
    let plan = try SiteFacts(site, surroundings)
    guard let publicKey = site.tunnel.publicKey else { throw .incomplete("tunnel.public-key") }
    guard let privateKey = secrets.privateKeys[publicKey] else { throw .noPrivateKey(publicKey) }
    var peers: [WireGuardPeerConfig] = []
    peers.reserveCapacity(site.peers.count)
    var access = Access(lan: site.lan.subnets, groups: site.groups, peers: [])
    access.peers.reserveCapacity(site.peers.count)
    // In the order that they will have: small keys are sorted sooner than whole peers.
    let order = PublicKey.order(of: site.peers.map { $0.publicKey ?? publicKey }) { $0 }
    let disguises = site.tunnel.disguises
    let (egress, names) = (site.egress, disguises.map(\.name))
    for index in order {
        let peer = site.peers[index]
        peers.append(try wireGuardPeer(peer, secrets, names))
        access.peers.append(PeerAccess(peer, goesOut: egress.isFor(peer)))
    }
    let neighbours = proxyNeighbours(plan)
    return DesiredState(
        interface: site.tunnel.interface,
        // The kernel's speaks plain only.
        datapath: !disguises.isEmpty && site.tunnel.datapath == .auto ? .userspace : site.tunnel.datapath,
        wireGuard: WireGuardConfig(
            privateKey: privateKey, publicKey: publicKey, listenPort: site.tunnel.listenPort,
            fwmark: site.tunnel.fwmark,
            disguises: try disguises.map { _, disguise throws(CompileError) in try disguise.parameters(secrets) },
            peers: peers),
        link: LinkConfig(
            mtu: site.tunnel.mtu ?? site.tunnel.mtu(found: surroundings.mtu), addresses: site.tunnel.addresses.sorted()),
        routes: plan.routes.map { Route($0, interface: site.tunnel.interface) },
        firewall: try FirewallCompiler(plan).firewall(), access: access,
        sysctls: sysctls(plan, proxiesNeighbours: neighbours),
        proxyNeighbours: neighbours,
        advice: site.lan.replyPath == .routed ? advice(plan) : [],
        answers: answerWays(surroundings, port: site.tunnel.listenPort),
        addressesOut: surroundings.answers.lazy.filter { !$0.isFormer }.map(\.source).sorted(), traffic: Traffic(plan))
}

/// Of each family of which there is more than one way out, or was. With a single one all leaves by that in any case.
private func answerWays(_ surroundings: Surroundings, port: UInt16) -> [AnswerWay] {
    let families = Dictionary(grouping: surroundings.answers) { $0.source.isV6 }
    return families.values.filter { Set($0.map(\.interface)).count > 1 }.joined().map {
        AnswerWay($0.source, port: port, by: $0.interface, gateway: $0.gateway)
    }.sorted()
}

/// A complete site with what several parts of the compiler need to know of it.
struct SiteFacts {
    let site: Site
    /// The LAN by the interfaces that lead to it, sorted by name; empty where it is nowhere.
    let lan: [LANSide]
    /// The interfaces that lead out, by family; sorted.
    let uplinks: [Family: [String]]
    /// Whether anything of the tunnel is IPv6.
    let hasIPv6: Bool
    /// Whether some peer goes out to the Internet through the gateway.
    let hasFullTunnel: Bool
    /// What has to be routed into the tunnel besides the subnets of its own addresses; sorted.
    let routes: [IPPrefix]
    /// Addresses of peers, sorted, with the index of the peer.
    let addresses: [(address: IPAddress, peer: Int)]
    /// Networks behind peers, sorted and disjoint, with the index of the peer.
    let networks: [(network: IPPrefix, peer: Int)]
    /// What the site meets on its box.
    let surroundings: Surroundings

    init(_ site: Site, _ surroundings: Surroundings) throws(CompileError) {
        self.site = site
        self.surroundings = surroundings
        lan = LANSide.all(site, surroundings)
        hasFullTunnel = site.hasFullTunnel
        uplinks = [
            .v4: surroundings.uplinks(of: site, isV6: false).sorted(),
            .v6: surroundings.uplinks(of: site, isV6: true).sorted(),
        ]
        for peer in site.peers {
            if let group = peer.group, site.groups[group] == nil { throw .unknownGroup(peer: peer.name, group: group) }
        }
        addresses = Self.sortedAddresses(site.peers)
        networks = try Self.disjointNetworks(site.peers, addresses)
        let addresses = addresses
        let subnets = site.tunnel.addresses.map(\.network)
        let uncovered = addresses.filter { address, _ in !subnets.contains { $0.contains(address) } }
        routes = (networks.map(\.network) + uncovered.map { IPPrefix(host: $0.address) }).sorted()
        hasIPv6 =
            subnets.contains(where: \.isV6) || addresses.last?.address.isV6 ?? false
            || networks.contains { $0.network.isV6 }
    }

    /// The interfaces that lead out in any family, sorted.
    var outside: [String] { Set(uplinks.values.joined()).sorted() }

    /// Those of them that lead to the LAN as well.
    var oneArms: [String] { outside.filter { out in lan.contains { $0.interface == out } } }

    /// What is inside where the LAN is at the way out: its networks, and those that the box is in there.
    var near: [IPPrefix] {
        let arms = oneArms
        let met = surroundings.networks.filter { arms.contains($0.interface) && $0.prefix.length > 0 }
        return (lan.filter { arms.contains($0.interface) }.flatMap(\.subnets) + met.map(\.prefix) + [Self.linkLocal])
            .disjoint()
    }

    /// RFC 4291 2.5.6
    private static let linkLocal = IPPrefix("fe80::/10")!

    /// Sorted as numbers per family: the order of `IPAddress`, at a fraction of the time.
    private static func sortedAddresses(_ peers: [Peer]) -> [(address: IPAddress, peer: Int)] {
        var v4: [(address: UInt32, peer: Int)] = []
        var v6: [(address: UInt128, peer: Int)] = []
        for (index, peer) in peers.enumerated() {
            for address in peer.addresses {
                switch address {
                case .v4(let a): v4.append((a.rawValue, index))
                case .v6(let a): v6.append((a.rawValue, index))
                }
            }
        }
        v4.sort { $0 < $1 }
        v6.sort { $0 < $1 }
        return v4.map { (.v4(IPv4Address(rawValue: $0.address)), $0.peer) }
            + v6.map { (.v6(IPv6Address(rawValue: $0.address)), $0.peer) }
    }

    /// Networks of one peer that lie in another of its networks are left out; two peers' must not overlap.
    private static func disjointNetworks(
        _ peers: [Peer], _ addresses: [(address: IPAddress, peer: Int)]
    ) throws(CompileError) -> [(network: IPPrefix, peer: Int)] {
        var all: [(network: IPPrefix, peer: Int)] = []
        for (index, peer) in peers.enumerated() {
            for network in peer.routes { all.append((network, index)) }
        }
        all.sort { $0.network == $1.network ? $0.peer < $1.peer : $0.network < $1.network }
        var disjoint: [(network: IPPrefix, peer: Int)] = []
        for next in all {
            if let last = disjoint.last, last.network.contains(next.network) {
                if last.peer == next.peer { continue }
                throw .overlap(
                    next.network, peer: peers[next.peer].name, last.network, other: peers[last.peer].name)
            }
            disjoint.append(next)
        }
        try refuseDoubles(peers, addresses, disjoint)
        return disjoint
    }

    /// An address belongs to one peer, and lies in no other peer's network. One pass over both sorted lists.
    private static func refuseDoubles(
        _ peers: [Peer], _ addresses: [(address: IPAddress, peer: Int)], _ networks: [(network: IPPrefix, peer: Int)]
    ) throws(CompileError) {
        var at = 0
        for (index, (address, peer)) in addresses.enumerated() {
            if index > 0, addresses[index - 1].address == address {
                let other = peers[addresses[index - 1].peer].name
                throw .overlap(IPPrefix(host: address), peer: peers[peer].name, IPPrefix(host: address), other: other)
            }
            while at < networks.count, networks[at].network.last < address { at += 1 }
            if at < networks.count, networks[at].peer != peer, networks[at].network.contains(address) {
                throw .overlap(
                    IPPrefix(host: address), peer: peers[peer].name, networks[at].network,
                    other: peers[networks[at].peer].name)
            }
        }
    }
}

extension Tunnel {
    /// Bytes of an inner packet where the profile does not say, for what was found on the way out: less what a disguise adds at most, but
    /// no less than IPv6 needs; then the outer packets come in fragments.
    public func mtu(found: Int?) -> Int {
        max((found ?? FoundRoles.usualMTU) - (disguises.map(\.disguise.overhead).max() ?? 0), 1280)
    }
}

extension Disguise {
    /// With the key that it names.
    func parameters(_ secrets: Secrets) throws(CompileError) -> AWGParameters {
        var key: HeaderProtectionKey?
        switch headerProtectionKey {
        case .none: break
        case .auto: throw .incomplete("disguise.header-protection-key")
        case .sealed(let id):
            guard let sealed = secrets.presharedKeys[id] else { throw .noHeaderProtectionKey(id) }
            key = HeaderProtectionKey(bytesOf: sealed)
        }
        do throws(AWGFault) { return try parameters(key: key) } catch { throw .disguise(error) }
    }
}

private func wireGuardPeer(
    _ peer: Peer, _ secrets: Secrets, _ disguises: [String]
) throws(CompileError) -> WireGuardPeerConfig {
    guard let publicKey = peer.publicKey else { throw .incomplete("peers.\(peer.name).public-key") }
    guard !peer.addresses.isEmpty || !peer.routes.isEmpty || peer.isUnnumbered else {
        throw .incomplete("peers.\(peer.name).addresses")
    }
    var presharedKey: PresharedKey?
    switch peer.presharedKey {
    case .none: break
    case .auto: throw .incomplete("peers.\(peer.name).preshared-key")
    case .sealed(let id):
        presharedKey = secrets.presharedKeys[id]
        if presharedKey == nil { throw .noPresharedKey(peer: peer.name, id) }
    }
    var allowedIPs: [IPPrefix] = []
    allowedIPs.reserveCapacity(peer.addresses.count + peer.routes.count)
    for address in peer.addresses { allowedIPs.append(IPPrefix(host: address)) }
    // Routes are sorted; one may be an address as well.
    for route in peer.routes where route != allowedIPs.last && !(route.isHost && peer.addresses.contains(route.address))
    {
        allowedIPs.append(route)
    }
    // A peer that comes in keeps its own way open; only one that the gateway dials is kept alive from here.
    let keepalive = peer.endpoint == nil ? 0 : peer.keepalive ?? 0
    return WireGuardPeerConfig(
        publicKey: publicKey, presharedKey: presharedKey, endpoint: peer.endpoint, keepalive: keepalive,
        dialect: disguises.isEmpty ? 1 : UInt8((disguises.firstIndex(of: peer.disguise.name) ?? -1) + 1),
        allowedIPs: allowedIPs)
}

/// What the LAN's router has to send to the gateway: the tunnel's networks and those behind peers, of the families that the LAN has.
private func advice(_ facts: SiteFacts) -> [IPPrefix] {
    let subnets = facts.site.tunnel.addresses.map(\.network).filter { !$0.isHost }
    let networks = Set(subnets + facts.routes).sorted()
    let lan = facts.site.lan.subnets
    return networks.filter { network in
        lan.contains { $0.isV6 == network.isV6 } && !lan.contains { $0.contains(network) }
    }
}

/// IPv6 addresses of peers that LAN hosts take for neighbours, because they are inside the LAN's range.
private func proxyNeighbours(_ facts: SiteFacts) -> [ProxyNeighbour] {
    guard facts.site.lan.replyPath == .proxyARP else { return [] }
    return facts.lan.flatMap { side in
        let subnets = side.subnets.filter(\.isV6)
        return facts.addresses.filter { address, _ in subnets.contains { $0.contains(address) } }
            .map { ProxyNeighbour($0.address, interface: side.interface) }
    }.sorted()
}
