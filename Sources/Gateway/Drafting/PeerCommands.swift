public import NetTypes
public import SiteModel
internal import Storage

/// A setting of a peer as a command names it.
public enum Setting<Value: Sendable>: Sendable {
    /// Not named: stays as it is.
    case keep
    /// Taken away.
    case clear
    /// Set.
    case set(Value)

    fileprivate func apply(_ value: inout Value?) {
        switch self {
        case .keep: break
        case .clear: value = nil
        case .set(let new): value = new
        }
    }

    fileprivate func apply(_ value: inout Value, empty: Value) {
        switch self {
        case .keep: break
        case .clear: value = empty
        case .set(let new): value = new
        }
    }
}

/// What `add-peer` and `set-peer` were told about a peer.
public struct PeerOptions: Sendable {
    /// `--preshared-key`
    public enum PresharedKeyOption: Sendable {
        /// Make one.
        case auto
        /// None.
        case none
        /// This one.
        case key(PresharedKey)
    }

    /// `--name`: another name.
    public var name: String?
    /// `--address`; cleared, new ones are chosen; set to no address, it is unnumbered.
    public var addresses: Setting<[IPAddress]> = .keep
    /// `--public-key`; cleared, a new key pair is made here.
    public var publicKey: Setting<PublicKey> = .keep
    /// `--preshared-key`
    public var presharedKey: PresharedKeyOption?
    /// `--full-tunnel`, `--split-tunnel`; cleared, the site's default.
    public var fullTunnel: Setting<Bool> = .keep
    /// `--route`
    public var routes: Setting<[IPPrefix]> = .keep
    /// `--allow`
    public var allow: Setting<[AccessRule]> = .keep
    /// `--group`
    public var group: Setting<String> = .keep
    /// `--endpoint`
    public var endpoint: Setting<Endpoint> = .keep
    /// `--keepalive`
    public var keepalive: Setting<UInt16> = .keep
    /// `--disguise`
    public var disguise: DisguiseChoice?

    /// Nothing told.
    public init() {}
}

extension ControlPlane {
    /// Adds a peer: with the next free addresses, and with a key pair and a preshared key unless it brings its public key.
    public func addPeer(_ name: String, _ options: PeerOptions, why: String?) throws(GatewayError) -> Draft {
        try locked {
            let previous = try newest()
            var site = previous.site
            let index = site.peerIndex(name)
            try site.expectFree(name)
            var publicKey: PublicKey?
            options.publicKey.apply(&publicKey)
            var peer = Peer(name: name, publicKey: publicKey)
            var keys = SiteKeys(store: store, random: random)
            try change(&peer, options, &keys)
            site.peers.insert(peer, at: index)
            return try record(site, after: previous, keys: keys, why: why ?? "add-peer \(name)")
        }
    }

    /// Changes what the options name of a peer.
    public func setPeer(_ name: String, _ options: PeerOptions, why: String?) throws(GatewayError) -> Draft {
        try locked {
            let previous = try newest()
            var site = previous.site
            let index = try site.index(of: name)
            var keys = SiteKeys(store: store, random: random)
            var peer = site.peers[index]
            options.publicKey.apply(&peer.publicKey)
            if peer.publicKey == nil { peer.publicKey = keys.seal(PrivateKey { random($0) }) }
            try change(&peer, options, &keys)
            if let other = options.name, other != name {
                try site.expectFree(other)
                site.peers.remove(at: index)
                peer.name = other
                site.peers.insert(peer, at: site.peerIndex(other))
            } else {
                site.peers[index] = peer
            }
            return try record(site, after: previous, keys: keys, why: why ?? "set-peer \(name)")
        }
    }

    /// Removes peers. Their sealed keys stay, so that a rollback brings them back whole.
    public func removePeers(_ names: [String], why: String?) throws(GatewayError) -> Draft {
        try locked {
            let previous = try newest()
            var site = previous.site
            for name in names { site.peers.remove(at: try site.index(of: name)) }
            return try record(site, after: previous, why: why ?? "remove-peer \(names.joined(separator: " "))")
        }
    }

    private func change(_ peer: inout Peer, _ options: PeerOptions, _ keys: inout SiteKeys) throws {
        switch options.addresses {
        case .keep: break
        case .clear: (peer.addresses, peer.isUnnumbered) = ([], false)
        case .set(let addresses): (peer.addresses, peer.isUnnumbered) = (addresses.sorted(), addresses.isEmpty)
        }
        options.fullTunnel.apply(&peer.fullTunnel)
        options.endpoint.apply(&peer.endpoint)
        options.keepalive.apply(&peer.keepalive)
        peer.disguise = options.disguise ?? peer.disguise
        options.routes.apply(&peer.routes, empty: [])
        peer.routes.sort()
        options.group.apply(&peer.group)
        if case .set = options.group { peer.policy = nil }
        switch options.allow {
        case .keep: break
        case .clear: peer.policy = nil
        case .set(let rules):
            peer.policy = Policy(allow: rules)
            if case .keep = options.group { peer.group = nil }
        }
        switch options.presharedKey {
        case nil: break
        case .auto?: peer.presharedKey = try keys.seal(PresharedKey { random($0) })
        case .none?: peer.presharedKey = .none
        case .key(let key)?: peer.presharedKey = try keys.seal(key)
        }
    }
}

extension Site {
    /// Where a peer of that name is or would be: the peers are sorted by name.
    func peerIndex(_ name: String) -> Int {
        var low = 0
        var high = peers.count
        while low < high {
            let middle = (low + high) / 2
            if peers[middle].name < name { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Throws if there is a peer of that name.
    func expectFree(_ name: String) throws(GatewayError) {
        let index = peerIndex(name)
        guard index < peers.count, peers[index].name == name else { return }
        throw .refused(
            "there is a peer \(name) already; change it with `wggw set-peer \(name)`, or take another name")
    }

    /// Where a peer is. Throws `.noSuchPeer`.
    func index(of name: String) throws(GatewayError) -> Int {
        let index = peerIndex(name)
        if index < peers.count, peers[index].name == name { return index }
        throw .noSuchPeer(name, known: peers.map(\.name))
    }
}
