import NetTypes
public import SiteModel

/// What a site cannot say of the gateway at its other end.
public enum OtherGatewayError: Error, Hashable, Sendable, ToldInProse {
    /// A peer without networks behind it is a device and no gateway.
    case noNetworks(peer: String)
    /// It has no address in the tunnel, which a gateway of its own needs.
    case unnumbered(peer: String)

    /// `branch has no networks behind it; …`
    public var prose: Prose {
        switch self {
        case .noNetworks(let peer):
            """
            \(peer) has no networks behind it, so it is no gateway of a site; \
            name them with \(.peer(peer, .networks)), or write another form
            """
        case .unnumbered(let peer):
            "\(peer) has no address in the tunnel; give it one with \(.peer(peer, .address))"
        }
    }
}

extension Site {
    /// The site at the other end of a peer that is a gateway itself: its networks are the LAN there, this site is the one peer, and
    /// either side reaches the other's LAN. Without secrets: its private key stays with whoever has it, and of a preshared key
    /// nothing is said.
    ///
    /// Complete but for what is found out there: interfaces, MTU, datapath.
    public func otherGateway(_ peer: Peer) throws(OtherGatewayError) -> Site {
        guard !peer.routes.isEmpty else { throw .noNetworks(peer: peer.name) }
        guard !peer.addresses.isEmpty else { throw .unnumbered(peer: peer.name) }
        let here = Peer(
            name: name == peer.name ? "\(name)-gateway" : name, addresses: tunnel.addresses.map(\.address),
            publicKey: tunnel.publicKey, presharedKey: PresharedKeyChoice.none,
            routes: lan.subnets, endpoint: endpoint, keepalive: endpoint == nil ? nil : peer.keepaliveOfItsFile)
        return Site(
            name: peer.name, endpoint: peer.endpoint, lan: LAN(subnets: peer.routes),
            tunnel: Tunnel(
                interface: tunnel.interface,
                addresses: peer.addresses.map { address in
                    let network = tunnel.addresses.first { $0.network.contains(address) }
                    return InterfaceAddress(address, length: network?.length ?? address.bitWidth)
                }, listenPort: peer.endpoint?.port ?? tunnel.listenPort, publicKey: peer.publicKey),
            peers: [here])
    }

    /// The same as a gateway's wg-quick file, which can carry the secrets: `wggw profile import` takes it at the other end with
    /// `--lan`, as its first line says, and wg-quick runs it. Holds secrets.
    public func otherGatewayText(_ peer: Peer, secrets: Secrets) throws(OtherGatewayError) -> String {
        let other = try otherGateway(peer)
        var presharedKey: PresharedKey?
        if case .sealed(let id) = peer.presharedKey { presharedKey = secrets.presharedKeys[id] }
        let privateKey = peer.publicKey.flatMap { secrets.privateKeys[$0] }
        var lines = ["# At the other gateway: wggw profile import FILE --lan \(joined(other.lan.subnets, by: " "))"]
        lines.append("[Interface]")
        lines.append(
            privateKey.map { "PrivateKey = \($0.exposedBase64)" } ?? "# PrivateKey = \(ClientConfig.ownKey)")
        lines.append("Address = \(joined(other.tunnel.addresses, by: ", "))")
        lines.append("ListenPort = \(other.tunnel.listenPort)")
        for there in other.peers {
            guard let key = there.publicKey else { continue }
            lines += ["", "# \(there.name)"]
            lines += wgQuickPeer(
                key, presharedKey, there.addresses.map { IPPrefix(host: $0) } + there.routes, there.endpoint,
                keepalive: there.keepalive ?? 0)
        }
        return lines.map { $0 + "\n" }.joined()
    }
}
