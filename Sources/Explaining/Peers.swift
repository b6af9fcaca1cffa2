import BoxModel
import Compiler
import Firewall
import NetTypes
import SiteModel

/// What happens between a peer and the gateway.
extension Explainer {
    /// Whether the peer's own configuration, as it is written now, sends packets to a network into the tunnel.
    mutating func configuration(of peer: Peer, for network: IPPrefix) -> Bool {
        let allowed = clientAllowedIPs(of: peer, in: scene.site, branches: branches)
        guard let through = allowed.first(where: { $0.contains(network) }) else {
            return stop(
                .configuration, .sendsElsewhere(peer: peer.name, isSplit: !scene.site.goesOut(peer)),
                scene.site.goesOut(peer) || leg == .back ? .newFile(peer: peer.name) : .fullTunnel(peer: peer.name))
        }
        note(.configuration, .passes, .sendsIntoTunnel(peer: peer.name, through))
        let common = scene.site.lan.subnets.first { $0.contains(network) && $0.isCommonAtHome }
        if let common { note(.configuration, .hint, .commonNetwork(common), .elsewhere(.renumber(common))) }
        return true
    }

    private func observed(_ peer: Peer) -> ObservedPeer? {
        peer.publicKey.flatMap { map.peers[$0] }
    }

    // MARK: The session

    /// Whether the peer and the gateway have keys for each other, or may get them. `isSending`: the peer sends first.
    mutating func session(of peer: Peer, isSending: Bool) throws(BoxError) -> Bool {
        guard let observed = scene.observed, let link = observed.link else {
            return stop(.session, .noInterface(tunnel), .restore)
        }
        if observed.silence != nil { return stop(.session, .datapathSilent(tunnel), .restore) }
        if !link.isUp { return stop(.session, .interfaceDown(tunnel), .restore) }
        guard let seen = self.observed(peer) else {
            return stop(.session, .notOnInterface(peer: peer.name), .restore)
        }
        let port = observed.wireGuard?.listenPort ?? scene.desired.wireGuard.listenPort
        let age = scene.now - seen.lastHandshake
        let isAlive = seen.hasSession(at: scene.now)
        if let part = difference(seen) {
            // Keys count when the next ones are made: until then packets pass.
            guard part == .presharedKey && isAlive else {
                return stop(.session, .sessionDiffers(peer: peer.name, part), .restore)
            }
            note(.session, .hint, .sessionDiffers(peer: peer.name, part), .restore)
        }
        if let home = seen.endpoint?.address, scene.site.lan.subnets.contains(where: { $0.contains(home) }) {
            note(.session, .hint, .isAtHome(peer: peer.name, home))
        }
        guard try datagramsComeIn(port, from: seen.endpoint, isKnown: isAlive) else { return false }
        if isAlive {
            note(.session, .passes, .alive(peer: peer.name, age: max(age, 0), endpoint: seen.endpoint))
            return try reaches(peer)
        }
        guard try reaches(peer) else { return false }
        if seen.lastHandshake == 0 {
            if !isSending && seen.endpoint == nil {
                return stop(.session, .noEndpoint(peer: peer.name), .watchLog)
            }
            note(.session, .open, .neverSeen(peer: peer.name, ports: [port] + scene.site.tunnel.otherPorts), .watchLog)
        } else {
            note(.session, .open, .silent(peer: peer.name, age: age, keepalive: peer.keepaliveOfItsFile), .watchLog)
        }
        return true
    }

    private func difference(_ seen: ObservedPeer) -> Fact.SessionPart? {
        let wanted = scene.desired.wireGuard
        if let now = scene.observed?.wireGuard {
            if now.privateKey != wanted.privateKey { return .gatewayKey }
            if now.listenPort != wanted.listenPort { return .port }
        }
        return map.wanted[seen.publicKey]?.presharedKey != seen.presharedKey ? .presharedKey : nil
    }

    /// Whether other people's tables let a peer's datagrams in; of one that is not known, the first.
    private mutating func datagramsComeIn(
        _ port: UInt16, from endpoint: SocketAddress?, isKnown: Bool
    ) throws(BoxError) -> Bool {
        let address = endpoint?.address
        let family: Family = address?.isV6 == true ? .v6 : .v4
        var packet = KnownPacket(datagramTo: port, from: address, family)
        packet.destinationType = Nft.AddressType.local
        packet.sourceType = Nft.AddressType.unicast
        packet.hasRouteBack = true
        if isKnown {
            packet.connection = KnownPacket.Connection(Nft.ConnectionState.established, isReply: nil)
            packet.connection.mark = KnownBytes([0, 0, 0, 0])
        }
        let away = address ?? (scene.desired.traffic.outside.isEmpty ? nil : Self.somewhere)
        if let away, let name = try map.interface(towards: IPPrefix(host: away)) { packet.input = map.known(name) }
        return try passes(packet, [.prerouting, .input], port: port)
    }

    /// Whether no table drops a datagram of the tunnel's own, nor sends one that comes in elsewhere.
    private mutating func passes(
        _ datagram: KnownPacket, _ points: [FirewallChain.Hook.Point], port: UInt16?
    ) throws(BoxError) -> Bool {
        var packet = datagram
        for chain in points.flatMap({ map.filter.baseChains(at: $0, datagram.family) }) {
            if chain.hook.kind == .nat {
                if let port, chain.hook.point == .prerouting, try !leaves(packet, chain, port) { return false }
                continue
            }
            let walk = try map.walk(packet, through: chain)
            packet = walk.packet
            guard case .drops(let place, let rejecting) = walk.fate else { continue }
            return stop(
                .session, .drops(place, owner: map.owner(of: chain.place)?.name, rejecting: rejecting),
                remedy(for: chain, port: port))
        }
        return true
    }

    /// Whether somebody's port forwarding leaves a datagram to the tunnel's port where it is.
    private mutating func leaves(
        _ datagram: KnownPacket, _ chain: PacketFilter.BaseChain, _ port: UInt16
    ) throws(BoxError) -> Bool {
        let walk = try map.walk(datagram, through: chain)
        guard walk.translations.contains(where: { ($0.kind == .destination || $0.kind == .redirect) && $0.isCertain })
        else { return true }
        let target = (address: walk.packet.address(.destination), port: walk.packet.destinationPort)
        if target.port == port, target.address.map(map.addresses.contains) ?? true { return true }
        let remedy = map.owner(of: chain.place)?.remedy(leaving: port, target, chain.place)
        return stop(
            .session, .redirected(to: target.address, walk.steps.last?.place), remedy.map { .command($0) } ?? .restore)
    }

    /// Stands for the Internet where a route is looked for (documentation, RFC 5737).
    private static var somewhere: IPAddress { .v4(IPv4Address(rawValue: 0xc633_6401)) }

    /// Whether what is encrypted finds its way to where the peer is.
    mutating func reaches(_ peer: Peer) throws(BoxError) -> Bool {
        guard let endpoint = observed(peer)?.endpoint else { return true }
        let mark = scene.desired.wireGuard.fwmark
        switch try map.terrain.route(RouteQuestion(endpoint.address, mark: mark)) {
        case .leads(let way) where way.interface == tunnel:
            return stop(
                .session, .endpointInTunnel(peer: peer.name, endpoint),
                .elsewhere(.removeRoute(endpoint.address, in: way)))
        case .leads(let way):
            guard link(way.interface) else { return false }
            return try datagramsLeave(to: endpoint, way)
        case .local: return true
        case .none, .refused, .martian:
            return stop(
                .session, .endpointUnreachable(peer: peer.name, endpoint), .elsewhere(.addRoute(endpoint.address)))
        }
    }

    private mutating func datagramsLeave(to endpoint: SocketAddress, _ way: RouteWay) throws(BoxError) -> Bool {
        let family: Family = endpoint.address.isV6 ? .v6 : .v4
        var packet = KnownPacket(datagramTo: endpoint.port, from: nil, family)
        packet.set(destination: IPPrefix(host: endpoint.address))
        packet.set(sourcePort: scene.observed?.wireGuard?.listenPort ?? scene.desired.wireGuard.listenPort)
        packet.destinationType = Nft.AddressType.unicast
        packet.sourceType = Nft.AddressType.local
        packet.connection = KnownPacket.Connection(Nft.ConnectionState.established, isReply: nil)
        packet.connection.mark = KnownBytes([0, 0, 0, 0])
        packet.output = map.known(way.interface)
        packet.route = packet.output
        return try passes(packet, [.output, .postrouting], port: nil)
    }

    // MARK: Allowed IPs

    /// Whether an address is the peer's for WireGuard: the longest network that holds it decides, on the interface as it is.
    mutating func owner(of address: IPAddress, is peer: Peer) -> Bool {
        guard let owner = map.owner(of: address) else {
            return stop(
                .owner, observed(peer) == nil ? .notOnInterface(peer: peer.name) : .belongsToNobody(address), .restore)
        }
        guard owner == peer.publicKey else {
            let other = scene.site.peers.first { $0.publicKey == owner }?.name
            return stop(.owner, .belongsToOther(address, peer: other, instead: peer.name), .restore)
        }
        note(.owner, .passes, .belongs(address, peer: peer.name))
        return true
    }

    // MARK: The way back

    /// Whether whoever answers sends it here.
    mutating func replyPath(_ there: Crossing) throws(BoxError) -> Bool {
        guard case .host(let network, _) = to, let way = there.way else { return true }
        if there.isMasqueraded {
            note(.replyPath, .passes, .answersGateway(there.seenSource?.address))
            return true
        }
        let isInLAN = scene.site.lan.subnets.contains { $0.contains(there.source) }
        if isInLAN && way.gateway == nil { return try answersForPeer(there.source, way.interface) }
        guard scene.site.lan.subnets.contains(where: { $0.contains(network) }) || way.gateway == nil else {
            // Out to the Internet with a tunnel's address: nobody there knows it.
            return stop(.replyPath, .keepsSource(there.source), .restore)
        }
        let behind = scene.site.tunnel.addresses.map(\.network).first { $0.contains(there.source) && !$0.isHost }
        let needed = behind ?? IPPrefix(host: there.source)
        let own = map.ownAddress(on: way.interface, isV6: there.source.isV6)
        if scene.site.lan.replyPath == .masquerade {
            return stop(.replyPath, .keepsSource(there.source), .restore)
        }
        if scene.prober != nil {
            // It answered to that address: the way back is there.
            note(.replyPath, .passes, .wayBackSeen(network, to: needed))
        } else {
            note(.replyPath, .open, .routerNeedsRoute(needed), .routerRoute(needed, via: own))
        }
        return true
    }

    /// The peer's address is one of the LAN's: its hosts ask who has it (ARP), and this box has to say that it does.
    private mutating func answersForPeer(_ address: IPAddress, _ interface: String) throws(BoxError) -> Bool {
        let isV6 = address.isV6
        let key = isV6 ? "net/ipv6/conf/\(interface)/proxy_ndp" : "net/ipv4/conf/\(interface)/proxy_arp"
        let isOn = try map.terrain.setting(key) ?? 0 != 0
        // IPv6 answers for single addresses that somebody named.
        let isNamed = !isV6 || scene.observed?.proxyNeighbours.contains { $0.address == address } == true
        guard isOn && isNamed else {
            return stop(.replyPath, .notAnsweredFor(address, interface: interface, key: key), .restore)
        }
        note(.replyPath, .passes, .answeredFor(address, interface: interface))
        return true
    }
}
