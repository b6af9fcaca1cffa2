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
            config.note(peer.wireguard.place, peer.reasonOfAbsence, advice: peer.wayIn)
        }
        for peer in present {
            guard let expiry = peer.expiry else { continue }
            config.note(
                peer.wireguard.place,
                "\(peer.name): was to be let in until \(expiry.quotable), and is now without an end",
                advice: "\(.peer(nil, .removal)) ends it"
            )
        }
        var result = try config.gatewaySite(
            interface: interface, lan: lan, uplink: uplink, forwarding: forwarding, publicKey: publicKey)
        var sides = ClientSides(self, present, result)
        sides.take(publicKey)
        result = sides.result
        return result
    }
}

extension Installation.Peer {
    var name: String { wireguard.name ?? "a peer without a name" }

    func isLetIn(at now: String) -> Bool { absence == nil && expiry.map { $0 > now } ?? true }

    /// Its name, and why it is left out.
    fileprivate var reasonOfAbsence: String {
        "\(name): \(absence ?? "expired \(expiry?.quotable ?? "")") there, and not let in"
    }

    /// What lets it in again.
    fileprivate var wayIn: Prose {
        let addresses = wireguard.allowed.filter(\.network.isHost).map(\.network.address)
        return
            "\(.letIn(peer: name, wireguard.publicKey, addresses)) does\(wireguard.presharedKey == nil ? "" : ", with its preshared key")"
    }
}

/// What the peers' own files tell, on its way into a site.
private struct ClientSides {
    private(set) var result: WgQuickImport
    private let installation: Installation
    private var clients: [PublicKey: Installation.Client] = [:]
    private var rules: [PublicKey: [AccessRule]] = [:]

    init(_ installation: Installation, _ peers: [Installation.Peer], _ result: WgQuickImport) {
        self.installation = installation
        self.result = result
        for peer in peers {
            clients[peer.wireguard.publicKey] = peer.client
            rules[peer.wireguard.publicKey] = peer.rules
        }
    }

    /// What may be said of every peer.
    private enum Remark: String {
        case key = "whose private key does not belong to the public one"
        case noWayOut = "that send the Internet into the tunnel"
        case foreignNetwork = "that send networks outside of the LAN into the tunnel"
        case servers = "that ask other servers"
        case endpoint = "that dial another endpoint"
        case port = "that dial another port"
        case mtu = "with another MTU"
    }
    private var counts: [Remark: Int] = [:]

    /// The first twenty of a kind, and then how many more there are: thousands of peers may have one form of file.
    private mutating func note(
        _ remark: Remark, _ place: WgQuickConfig.Place, _ message: String, advice: Prose? = nil
    ) {
        counts[remark, default: 0] += 1
        if counts[remark]! <= maximumTold {
            result.notes.append(installation.gateway.fault(place, .said(message), advice))
        }
    }

    private mutating func tellHowMany() {
        for (remark, count) in counts.sorted(by: { $0.key.rawValue < $1.key.rawValue }) where count > maximumTold {
            let more = count - maximumTold
            result.notes.append(
                installation.gateway.fault(
                    installation.gateway.interfacePlace, .said("and \(more) more \(remark.rawValue)")))
        }
    }

    mutating func take(_ publicKey: (PrivateKey) -> PublicKey) {
        let site = result.site
        let reachable = Reachable(
            inside: site.lan.subnets + site.tunnel.addresses.map(\.network),
            behindPeers: Set(site.peers.flatMap(\.routes)))
        for i in site.peers.indices {
            var peer = site.peers[i]
            guard let key = peer.publicKey else { continue }
            if let client = clients[key] { takeKey(of: client, key, peer.name, publicKey) }
            if let client = clients[key] ?? installation.defaults { takeTraffic(of: client, &peer, reachable) }
            if let rules = rules[key] { take(rules, &peer) }
            result.site.peers[i] = peer
        }
        let known = site.peers.compactMap { $0.publicKey.flatMap { clients[$0] } } + [installation.defaults]
        takeServers(known.compactMap(\.self))
        takeEndpoint(known.compactMap(\.self))
        for client in known.compactMap(\.self) {
            guard let mtu = client.mtu, mtu != site.tunnel.mtu else { continue }
            note(.mtu, client.place, "has MTU \(mtu); a new export has the tunnel's")
        }
        tellHowMany()
    }

    /// Private networks that the site knows.
    private struct Reachable {
        let inside: [IPPrefix]
        let behindPeers: Set<IPPrefix>

        func contains(_ network: IPPrefix) -> Bool {
            behindPeers.contains(network) || inside.contains { $0.contains(network) }
        }
    }

    private mutating func takeKey(
        of client: Installation.Client, _ key: PublicKey, _ name: String, _ publicKey: (PrivateKey) -> PublicKey
    ) {
        guard let privateKey = client.privateKey else { return }
        if publicKey(privateKey) == key { return result.clientKeys.append(privateKey) }
        note(.key, client.place, "\(name): its private key here does not belong to its public key \(key); not kept")
    }

    /// Who sends the Internet into the tunnel goes out, if the gateway lets it; who does not has no need to.
    private mutating func takeTraffic(of client: Installation.Client, _ peer: inout Peer, _ reachable: Reachable) {
        if peer.endpoint == nil, let seconds = client.keepalive, seconds != 25 { peer.keepalive = seconds }
        guard let allowed = client.allowedIPs else { return }
        let goesOut = allowed.contains { !$0.isPrivate }
        if result.tellsEgress {
            if !goesOut { peer.fullTunnel = false }
        } else if goesOut {
            note(
                .noWayOut, client.place,
                "\(peer.name): sends the Internet into the tunnel, and nothing here says that it gets out",
                advice: "\(.peer(peer.name, .fullTunnel)) lets it"
            )
        }
        for network in allowed where network.isPrivate && !reachable.contains(network) {
            if peer.addresses.contains(network.address) { continue }
            note(
                .foreignNetwork, client.place,
                "\(peer.name): sends \(network) into the tunnel, which is not in the LAN here",
                advice: "name it with \(.input(.lan)) if peers may reach it"
            )
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
        for client in known where client.dns.map({ $0 != servers }) ?? false {
            let own = client.dns!.map(\.description).joined(separator: ", ")
            note(
                .servers, client.place,
                "asks \(own.isEmpty ? "no server of the tunnel's" : own); a new export gives everybody \(servers.map(\.description).joined(separator: ", "))"
            )
        }
    }

    private mutating func takeEndpoint(_ known: [Installation.Client]) {
        guard let endpoint = mostUsed(known.compactMap(\.endpoint)) else { return }
        result.site.endpoint = endpoint
        for client in known where client.endpoint != nil && client.endpoint != endpoint {
            note(.endpoint, client.place, "dials \(client.endpoint!); a new export says \(endpoint)")
        }
        let port = result.site.tunnel.listenPort
        if endpoint.port != port {
            note(
                .port, installation.gateway.interfacePlace,
                "peers dial port \(endpoint.port), and the gateway listens on \(port): what leads the one to the other has to stay"
            )
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
