public import NetTypes

/// What a gateway's file of wg-quick becomes: a site, and beside it the secrets that go into Storage.
public struct WgQuickImport: Sendable {
    /// Its tunnel has a public key if the file has a private one; peers with a preshared key have `.none` until that is
    /// sealed and named by the caller.
    public var site: Site
    /// The gateway's private key; nil if the file has none.
    public var privateKey: PrivateKey?
    /// Of the disguise, which has `.none` until it is sealed and named by the caller.
    public var headerProtectionKey: HeaderProtectionKey?
    /// By the peer's name.
    public var presharedKeys: [String: PresharedKey]
    /// Of the peers, where they were kept beside the gateway's; each belongs to a peer's public key.
    public var clientKeys: [PrivateKey] = []
    /// Whether the file's commands let the peers out to the Internet; then the site has that in its egress.
    public var tellsEgress = false
    /// What was not taken over, or is worth a look.
    public var notes: [ProfileError]
}

extension WgQuickConfig {
    /// Who lets the peers' packets through the box.
    public enum Forwarding: Hashable, Sendable {
        /// The file's hooks, as far as they are understood.
        case hooks
        /// The same in a container, whose way out has this name in there.
        case hooksInContainer(uplink: String)
        /// A program with rules of its own, to everywhere; what it is called.
        case program(String)
    }

    /// Takes the file as the gateway's own side.
    ///
    /// - Parameters:
    ///   - interface: the tunnel's interface, which wg-quick takes from the file's name.
    ///   - lan: what the file does not tell: the LAN.
    ///   - uplink: the interface of the box's default route, if it is known.
    ///   - forwarding: who lets the peers' packets through.
    ///   - publicKey: makes a public key of a private one (X25519).
    ///
    /// An allowed IP that is a single address in the tunnel's subnet is the peer's own, every other is a network behind it. A peer
    /// gets no address that the file does not have. Throws what does not make a site, and what `Site.problems()` finds, with lines
    /// and columns of this file.
    public func gatewaySite(
        interface: String, lan: LAN, uplink: String? = nil, forwarding: Forwarding = .hooks,
        publicKey: (PrivateKey) -> PublicKey
    ) throws(ProfileErrors) -> WgQuickImport {
        var importer = GatewayImporter(
            self, interface: interface, lan: lan, publicKey: self.interface.privateKey.map(publicKey))
        importer.takeForwarding(forwarding, uplink: uplink)
        for (number, peer) in peers.enumerated() { importer.take(peer, number: number + 1) }
        return try importer.finish()
    }
}

/// One pass over a file that was read.
private struct GatewayImporter {
    private let config: WgQuickConfig
    private var result: WgQuickImport
    private var errors: [ProfileError] = []
    private var origins: WgQuickOrigins
    private var names = FreeNames()

    init(_ config: WgQuickConfig, interface: String, lan: LAN, publicKey: PublicKey?) {
        self.config = config
        let own = config.interface
        origins = WgQuickOrigins(config)
        result = WgQuickImport(
            site: Site(
                lan: lan,
                tunnel: Tunnel(
                    interface: interface, addresses: own.addresses.filter { !$0.address.isOfOneLink },
                    listenPort: own.listenPort ?? 51820, mtu: own.mtu, fwmark: own.fwmark, publicKey: publicKey),
                dns: []),
            privateKey: own.privateKey, presharedKeys: [:], notes: config.notes)
        takeDisguise(own.disguise)
        noteInterface()
    }

    private mutating func note(_ place: WgQuickConfig.Place, _ remark: ImportRemark) {
        result.notes.append(config.fault(place, .imported(remark)))
    }

    /// All peers of such a gateway speak AmneziaWG: it has no plain WireGuard beside.
    private mutating func takeDisguise(_ settings: AWGSettings) {
        var settings = settings
        result.headerProtectionKey = settings.headerProtectionKey ?? nil
        settings.headerProtectionKey = nil
        let hasKey = result.headerProtectionKey != nil
        guard hasKey || !settings.isEmpty else { return }
        result.site.tunnel.disguise = Disguise(settings, headerProtectionKey: hasKey ? .auto : .none)
    }

    private mutating func noteInterface() {
        let own = config.interface
        if own.privateKey == nil {
            note(config.interfacePlace, .noPrivateKey)
        }
        if own.listenPort == nil {
            note(config.interfacePlace, .noListenPort(result.site.tunnel.listenPort))
        }
        if let place = config.places["dns"], !own.dns.isEmpty {
            note(place, .dns)
        }
        for (address, place) in zip(own.addresses, own.addressPlaces) {
            if address.address.isOfOneLink {
                note(place, .linkLocal(address))
            } else if address.address == address.network.address, address.address.bitWidth - address.length > 1 {
                note(place, .networkAddress(address))
            }
        }
    }

    // MARK: Hooks

    mutating func takeForwarding(_ forwarding: WgQuickConfig.Forwarding, uplink: String?) {
        let tunnel = result.site.tunnel.interface
        var meaning = HookMeaning(config.interface, tunnel: tunnel, uplink: uplink)
        var egress = meaning.egress
        var ground: ImportRemark.Ground = meaning.forwards ? .hooks : .nobody
        var source = ImportRemark.Ground.hooks
        switch forwarding {
        case .hooks: break
        case .hooksInContainer(let inner):
            guard egress == nil else { break }
            meaning = HookMeaning(config.interface, tunnel: tunnel, uplink: inner)
            if meaning.egress != nil { (egress, source) = (uplink, .hooksInContainer(inner)) }
        case .program(let name):
            egress = egress ?? uplink
            (ground, source) = (.program(name), .program(name))
        }
        for (place, remark) in meaning.notes { note(place, remark) }
        if let egress {
            result.tellsEgress = true
            result.site.egress = Egress(interface: egress, fullTunnel: true)
            note(config.interfacePlace, .egress(egress, source))
        }
        note(config.interfacePlace, .access(result.site.lan.subnets, ground, bans: meaning.leavesOutBans))
    }

    // MARK: Peers

    mutating func take(_ source: WgQuickConfig.Peer, number: Int) {
        let name = names.take(source.name ?? "peer\(number)")
        if source.name == nil { note(source.place, .unnamed(name)) }
        if let written = source.title, written != name {
            note(source.place, .renamed(written, isTaken: written == source.name, name))
        }
        var peer = Peer(
            name: name, publicKey: source.publicKey, endpoint: source.endpoint,
            keepalive: source.keepalive == 0 ? nil : source.keepalive)
        let widest = Set(source.allowedIPs.filter { !$0.isHalfTheInternet }.disjoint())
        for item in source.allowed {
            let network = item.network
            if network.isOfOneLink {
                note(item.place, .notRouted(network))
            } else if let tunnel = tunnelNetwork(in: item) {
                errors.append(config.fault(item.place, .wgQuick(.networkOfTunnel(item.written, tunnel: tunnel))))
            } else if isOwn(network) {
                peer.addresses.append(network.address)
            } else if !network.isHalfTheInternet, !widest.contains(network) {
                note(item.place, .merged(network))
            } else {
                if network.isHost { note(item.place, .outside(network, peer: name)) }
                peer.routes.append(network)
            }
        }
        peer.addresses.sort()
        peer.routes.sort()
        peer.isUnnumbered = peer.addresses.isEmpty
        if source.allowed.isEmpty {
            note(source.place, .noAllowedIPs(name))
        }
        origins.add(peer, source)
        result.presharedKeys[name] = source.presharedKey
        peer.disguise = result.site.tunnel.disguise == nil ? .none : .awg
        result.site.peers.append(peer)
    }

    /// What of the tunnel is in a network that was written like an interface's address, with a host's bits; nil if nothing is.
    /// Whoever wrote it meant the host.
    private func tunnelNetwork(in item: WgQuickConfig.AllowedIP) -> IPPrefix? {
        guard item.written.address != item.network.address else { return nil }
        return result.site.tunnel.addresses.map(\.network).first { $0.overlaps(item.network) }
    }

    /// Whether it is a peer's own address: in a subnet of the tunnel, or anywhere but in the LAN where the tunnel has none.
    private func isOwn(_ network: IPPrefix) -> Bool {
        guard network.isHost else { return false }
        let subnets = result.site.tunnel.addresses.map(\.network).filter { $0.isV6 == network.isV6 }
        if subnets.contains(where: { $0.contains(network.address) }) { return true }
        return !subnets.isEmpty && subnets.allSatisfy(\.isHost)
            && !result.site.lan.subnets.contains { $0.contains(network.address) }
    }

    consuming func finish() throws(ProfileErrors) -> WgQuickImport {
        result.site.peers.sort { $0.name < $1.name }
        for problem in result.site.problems() {
            errors.append(config.fault(origins.place(of: problem.path), .problem(problem)))
        }
        result.notes.sort { ($0.file, $0.line, $0.column) < ($1.file, $1.line, $1.column) }
        if errors.isEmpty { return result }
        throw ProfileErrors(errors)
    }
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

extension IPAddress {
    /// IPv6 link-local, which every interface has and no route leads to.
    var isOfOneLink: Bool { IPPrefix(host: self).isOfOneLink }
}

extension IPPrefix {
    /// Link-local or multicast: routing daemons have such among a peer's networks.
    fileprivate var isOfOneLink: Bool {
        ["fe80::/10", "ff00::/8", "224.0.0.0/4"].contains { IPPrefix($0)!.contains(self) }
    }
}
