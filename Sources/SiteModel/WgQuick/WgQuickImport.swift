public import NetTypes

/// What a gateway's file of wg-quick becomes: a site, and beside it the secrets that go into Storage.
public struct WgQuickImport: Sendable {
    /// Its tunnel has a public key if the file has a private one; peers with a preshared key have `.none` until that is
    /// sealed and named by the caller.
    public var site: Site
    /// The gateway's private key; nil if the file has none.
    public var privateKey: PrivateKey?
    /// By the peer's name.
    public var presharedKeys: [String: PresharedKey]
    /// What was not taken over, or is worth a look.
    public var notes: [ProfileError]
}

extension WgQuickConfig {
    /// Takes the file as the gateway's own side.
    ///
    /// - Parameters:
    ///   - interface: the tunnel's interface, which wg-quick takes from the file's name.
    ///   - lan: what the file does not tell: the LAN.
    ///   - publicKey: makes a public key of a private one (X25519).
    ///
    /// An allowed IP that is a single address in the tunnel's subnet is the peer's own, every other is a network behind it.
    /// Throws what `Site.problems()` finds, with lines and columns of this file.
    public func gatewaySite(
        interface: String, lan: LAN, publicKey: (PrivateKey) -> PublicKey
    ) throws(ProfileErrors) -> WgQuickImport {
        var result = WgQuickImport(
            site: Site(
                lan: lan,
                tunnel: Tunnel(
                    interface: interface, addresses: self.interface.addresses,
                    listenPort: self.interface.listenPort ?? 51820, mtu: self.interface.mtu,
                    fwmark: self.interface.fwmark, publicKey: self.interface.privateKey.map(publicKey)),
                dns: []),
            privateKey: self.interface.privateKey, presharedKeys: [:], notes: notes)
        func note(_ place: Place, _ message: String) {
            result.notes.append(ProfileError(file: file, line: place.line, column: place.column, message: message))
        }
        if self.interface.privateKey == nil {
            note(interfacePlace, "no PrivateKey; the gateway gets a new key pair, which the peers have to be told")
        }
        if self.interface.listenPort == nil {
            note(interfacePlace, "no ListenPort; the gateway listens on \(result.site.tunnel.listenPort)")
        }
        if let place = places["dns"], !self.interface.dns.isEmpty {
            note(place, "DNS: not taken over; in a gateway's own file it is the gateway's resolver, not the peers'")
        }
        var origins = Origins(keys: places, section: interfacePlace)
        var names = FreeNames()
        for (number, source) in peers.enumerated() {
            let name = names.take(source.name ?? "peer\(number + 1)")
            if source.name == nil { note(source.place, "no comment names this peer; it becomes \(name)") }
            let peer = source.sitePeer(name, tunnels: self.interface.addresses)
            origins.add(peer, source)
            result.presharedKeys[name] = source.presharedKey
            result.site.peers.append(peer)
        }
        result.site.peers.sort { $0.name < $1.name }
        let problems = result.site.problems()
        if problems.isEmpty { return result }
        throw ProfileErrors(
            problems.map { problem in
                let place = origins.place(of: problem.path)
                return ProfileError(
                    file: file, line: place.line, column: place.column, message: problem.description)
            })
    }

    /// Names that no peer has yet.
    private struct FreeNames {
        private var taken: Set<String> = []
        /// What comes next behind a name that many want.
        private var next: [String: Int] = [:]

        /// `wanted`, or `wanted-2` and so on.
        mutating func take(_ wanted: String) -> String {
            var name = wanted
            let base = String(wanted.prefix(57))
            while !taken.insert(name.lowercased()).inserted {
                let number = next[base.lowercased(), default: 2]
                next[base.lowercased()] = number + 1
                name = "\(base)-\(number)"
            }
            return name
        }
    }

    /// Where parts of the site came from.
    private struct Origins {
        let keys: [String: Place]
        let section: Place
        var places: [SitePath: Place] = [:]

        mutating func add(_ peer: SiteModel.Peer, _ source: WgQuickConfig.Peer) {
            let path = ["peers", peer.name]
            places[SitePath(path)] = source.place
            let routes = Dictionary(zip(peer.routes, 0...), uniquingKeysWith: { first, _ in first })
            let addresses = Dictionary(zip(peer.addresses, 0...), uniquingKeysWith: { first, _ in first })
            for (prefix, place) in zip(source.allowedIPs, source.allowedPlaces) {
                if let i = routes[prefix] {
                    places[SitePath(path + ["routes"], index: i)] = place
                } else if let i = addresses[prefix.address] {
                    places[SitePath(path + ["addresses"], index: i)] = place
                }
            }
        }

        /// The place of the path, or of what it is in.
        func place(of path: SitePath) -> Place {
            if path.keys.first == "tunnel" {
                let names = ["addresses": "address", "listen-port": "listenport", "public-key": "privatekey"]
                return keys[names[path.keys[1]] ?? path.keys[1]] ?? section
            }
            return places[path] ?? places[SitePath(Array(path.keys.prefix(2)))] ?? section
        }
    }
}

extension WgQuickConfig.Peer {
    fileprivate func sitePeer(_ name: String, tunnels: [InterfaceAddress]) -> SiteModel.Peer {
        let isOwn = { (prefix: IPPrefix) in
            prefix.isHost && tunnels.contains { $0.network.contains(prefix.address) }
        }
        return SiteModel.Peer(
            name: name, addresses: allowedIPs.filter(isOwn).map(\.address), publicKey: publicKey,
            routes: allowedIPs.filter { !isOwn($0) }, endpoint: endpoint, keepalive: keepalive == 0 ? nil : keepalive)
    }
}
