public import NetTypes

extension Installation {
    /// Makes a site of it, as `WgQuickConfig.gatewaySite` does; `now` is today in the form of `Peer.expiry`.
    ///
    /// Who was not let in is left out and named. What the peers' own files tell is taken: keys, DNS servers, the endpoint, who goes
    /// out to the Internet. Nobody gets what the gateway did not let them have.
    public func site(
        interface: String, lan: LAN, uplink: String?, now: String, publicKey: (PrivateKey) -> PublicKey
    ) throws(ProfileErrors) -> WgQuickImport {
        var config = gateway
        let present = peers.filter { $0.isLetIn(at: now) }
        config.take(present.map { PeerSection($0.wireguard) })
        for peer in peers where !peer.isLetIn(at: now) {
            config.note(
                peer.wireguard.place,
                .absent(peer.admission, peer.absence ?? .expired(peer.expiry ?? "")))
        }
        for peer in present {
            guard let expiry = peer.expiry else { continue }
            config.note(peer.wireguard.place, .wasToExpire(peer: peer.name, expiry))
        }
        let own = try config.gatewaySite(
            interface: interface, lan: lan, uplink: uplink, forwarding: forwarding, publicKey: publicKey)
        var sides = ClientSides(self, present, own)
        sides.take(publicKey)
        return sides.result
    }
}

extension Installation.Peer {
    var name: String? { wireguard.name }

    func isLetIn(at now: String) -> Bool { absence == nil && expiry.map { $0 > now } ?? true }

    /// What lets it in again.
    fileprivate var admission: ForeignFault.Admission {
        ForeignFault.Admission(
            peer: name, key: wireguard.publicKey,
            addresses: wireguard.allowed.filter(\.network.isHost).map(\.network.address),
            hasPresharedKey: wireguard.presharedKey != nil)
    }
}

/// What the peers' own files tell, on its way into a site.
private struct ClientSides {
    private(set) var result: WgQuickImport
    private let installation: Installation
    private var clients: [PublicKey: Installation.Client] = [:]
    private var rules: [PublicKey: [AccessRule]] = [:]
    /// Networks that the site knows: its own, and those behind its peers.
    private let inside: [IPPrefix]
    private let behindPeers: Set<IPPrefix>

    init(_ installation: Installation, _ peers: [Installation.Peer], _ result: WgQuickImport) {
        self.installation = installation
        self.result = result
        inside = result.site.lan.subnets + result.site.tunnel.addresses.map(\.network)
        behindPeers = Set(result.site.peers.flatMap(\.routes))
        for peer in peers {
            clients[peer.wireguard.publicKey] = peer.client
            rules[peer.wireguard.publicKey] = peer.rules
        }
    }

    private var counts: [ForeignFault.ClientSide.Kind: Int] = [:]

    /// The first twenty of a kind, and then how many more there are: thousands of peers may have one form of file.
    private mutating func note(_ place: WgQuickConfig.Place, _ side: ForeignFault.ClientSide) {
        counts[side.kind, default: 0] += 1
        if counts[side.kind]! <= maximumTold { add(place, .client(side)) }
    }

    private mutating func add(_ place: WgQuickConfig.Place, _ fault: ForeignFault) {
        result.notes.append(installation.gateway.fault(place, .foreign(fault)))
    }

    mutating func take(_ publicKey: (PrivateKey) -> PublicKey) {
        let site = result.site
        for i in site.peers.indices {
            var peer = site.peers[i]
            guard let key = peer.publicKey else { continue }
            if let client = clients[key] { takeKey(of: client, key, peer.name, publicKey) }
            if let client = clients[key] ?? installation.defaults { takeTraffic(of: client, &peer) }
            if let rules = rules[key] { take(rules, &peer) }
            result.site.peers[i] = peer
        }
        let sides = site.peers.map { $0.publicKey.flatMap { clients[$0] } } + [installation.defaults]
        let known = sides.compactMap(\.self)
        takeServers(known)
        takeEndpoint(known)
        for client in known {
            guard let mtu = client.mtu, mtu != site.tunnel.mtu else { continue }
            note(client.place, .mtu(mtu))
        }
        for (kind, count) in counts.sorted(by: { $0.key.rawValue < $1.key.rawValue }) where count > maximumTold {
            add(installation.gateway.interfacePlace, .more(count - maximumTold, kind))
        }
    }

    private mutating func takeKey(
        of client: Installation.Client, _ key: PublicKey, _ name: String, _ publicKey: (PrivateKey) -> PublicKey
    ) {
        guard let privateKey = client.privateKey else { return }
        if publicKey(privateKey) == key { return result.clientKeys.append(privateKey) }
        note(client.place, .key(peer: name, key))
    }

    /// Who sends the Internet into the tunnel goes out, if the gateway lets it; who does not has no need to.
    private mutating func takeTraffic(of client: Installation.Client, _ peer: inout Peer) {
        if peer.endpoint == nil, let seconds = client.keepalive, seconds != 25 { peer.keepalive = seconds }
        guard let allowed = client.allowedIPs else { return }
        let goesOut = allowed.contains { !$0.isPrivate }
        if result.tellsEgress {
            if !goesOut { peer.fullTunnel = false }
        } else if goesOut {
            note(client.place, .noWayOut(peer: peer.name))
        }
        for network in allowed where network.isPrivate && !behindPeers.contains(network) {
            if inside.contains(where: { $0.contains(network) }) || peer.addresses.contains(network.address) { continue }
            note(client.place, .foreignNetwork(peer: peer.name, network))
        }
    }

    /// Keeps it to what it was kept to, unless that was everything.
    private func take(_ rules: [AccessRule], _ peer: inout Peer) {
        let families = Set(result.site.tunnel.addresses.map(\.address.isV6))
        let isEverything = families.allSatisfy { isV6 in
            rules.contains { $0 == AccessRule(isV6 ? .everyV6 : .everyV4) }
        }
        if isEverything { return }
        peer.policy = Policy(allow: rules.ordered())
        peer.fullTunnel = false
    }

    /// The servers that most of them ask.
    private mutating func takeServers(_ known: [Installation.Client]) {
        guard let servers = mostUsed(known.compactMap(\.dns).filter { !$0.isEmpty }) else { return }
        result.site.dns = servers.ordered()
        for client in known {
            if let own = client.dns, own != servers { note(client.place, .servers(own, new: servers)) }
        }
    }

    private mutating func takeEndpoint(_ known: [Installation.Client]) {
        guard let endpoint = mostUsed(known.compactMap(\.endpoint)) else { return }
        result.site.endpoint = endpoint
        for client in known where client.endpoint != nil && client.endpoint != endpoint {
            note(client.place, .endpoint(client.endpoint!, new: endpoint))
        }
        let port = result.site.tunnel.listenPort
        if endpoint.port != port {
            note(installation.gateway.interfacePlace, .port(endpoint.port, listens: port))
        }
    }

    /// Of several that are used as often, the first.
    private func mostUsed<Value: Hashable>(_ values: [Value]) -> Value? {
        var counts: [Value: Int] = [:]
        for value in values { counts[value, default: 0] += 1 }
        let most = counts.values.max()
        return values.first { counts[$0] == most }
    }
}

extension IPPrefix {
    /// In what nobody on the Internet has (RFC 1918, RFC 6598, RFC 4193, link-local).
    fileprivate var isPrivate: Bool {
        [
            "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10",
        ].contains { IPPrefix($0)!.contains(self) }
    }
}
