import NetTypes
public import SiteModel

/// What a site cannot say of the gateway at its other end.
public enum OtherGatewayError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A peer without networks behind it is a device and no gateway.
    case noNetworks(peer: String)
    /// It has no address in the tunnel, which a gateway of its own needs.
    case unnumbered(peer: String)

    /// `branch has no networks behind it; …`
    public var description: String {
        switch self {
        case .noNetworks(let peer):
            "\(peer) has no networks behind it, so it is no gateway of a site; "
                + "name them with `wggw set-peer \(peer) --route NETWORK`, or write another form"
        case .unnumbered(let peer):
            "\(peer) has no address in the tunnel; give it one with `wggw set-peer \(peer) --address auto`"
        }
    }
}

extension Site {
    /// The site at the other end of a peer that is a gateway itself: its networks are the LAN there, this site is the one peer, and
    /// either side reaches the other's LAN. Without secrets: its private key stays with whoever has it, and a preshared key is
    /// named `auto`, which somebody has to replace.
    ///
    /// Complete but for what is found out there: interfaces, MTU, datapath.
    public func otherGateway(_ peer: Peer) throws(OtherGatewayError) -> Site {
        guard !peer.routes.isEmpty else { throw .noNetworks(peer: peer.name) }
        guard !peer.addresses.isEmpty else { throw .unnumbered(peer: peer.name) }
        let here = Peer(
            name: name == peer.name ? "\(name)-gateway" : name, addresses: tunnel.addresses.map(\.address),
            publicKey: tunnel.publicKey, presharedKey: PresharedKeyChoice.none,
            routes: lan.subnets, endpoint: endpoint, keepalive: endpoint == nil ? nil : peer.keepalive ?? 25)
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
        func secret(_ line: String?, _ name: String) -> String { line ?? "# \(name) = \(ClientConfig.ownKey)" }
        let privateKey = peer.publicKey.flatMap { secrets.privateKeys[$0] }
        var lines = ["# At the other gateway: wggw profile import FILE --lan \(joined(other.lan.subnets, by: " "))"]
        lines += ["[Interface]", secret(privateKey.map { "PrivateKey = \($0.exposedBase64)" }, "PrivateKey")]
        lines.append("Address = \(joined(other.tunnel.addresses, by: ", "))")
        lines.append("ListenPort = \(other.tunnel.listenPort)")
        for there in other.peers {
            lines += ["", "[Peer]", "# Name = \(there.name)"]
            if let key = there.publicKey { lines.append("PublicKey = \(key)") }
            if case .sealed(let id) = peer.presharedKey {
                lines.append(
                    secret(secrets.presharedKeys[id].map { "PresharedKey = \($0.exposedBase64)" }, "PresharedKey"))
            }
            let networks = there.addresses.map { IPPrefix(masking: $0, length: $0.bitWidth) } + there.routes
            lines.append("AllowedIPs = \(joined(networks, by: ", "))")
            if let endpoint = there.endpoint { lines.append("Endpoint = \(endpoint)") }
            if let keepalive = there.keepalive, keepalive > 0 { lines.append("PersistentKeepalive = \(keepalive)") }
        }
        return lines.map { $0 + "\n" }.joined()
    }
}
