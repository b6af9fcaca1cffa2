public import NetTypes
internal import SiteModel
internal import Storage

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
    /// `--preshared-key`
    public var presharedKey: PresharedKeyOption?
    /// By the key of the field that each changes.
    private var edits: [String: @Sendable (inout Peer) -> Void] = [:]

    /// Nothing told.
    public init() {}

    /// Sets a field of the peer, as a profile calls it, to what an option's words say, or clears it: `routes`, `["10.0.0.0/8"]`. Throws
    /// for words that are no such value.
    public mutating func set(_ key: String, _ words: [String]) throws(ParseError) {
        guard let field = Peer.fields.first(where: { $0.key == key }) else {
            throw ParseError(key, .noField)
        }
        edits[key] = try field.edit(words)
    }

    /// In the fields' order, whatever the options' was.
    fileprivate func apply(to peer: inout Peer) { for field in Peer.fields { edits[field.key]?(&peer) } }
}

extension ControlPlane {
    /// Adds a peer: with the next free addresses, and with a key pair and a preshared key unless it brings its public key.
    public func addPeer(_ name: String, _ options: PeerOptions, why: String?) throws(GatewayError) -> Draft {
        try draft(why: why ?? "add-peer \(name)") { site, keys in
            try site.expectFree(name)
            var peer = Peer(name: name)
            options.apply(to: &peer)
            peer.presharedKey = try presharedKey(options, &keys) ?? peer.usualPresharedKey
            site.peers.insert(peer, at: site.peerIndex(name))
        }
    }

    /// Changes what the options name of a peer.
    public func setPeer(_ name: String, _ options: PeerOptions, why: String?) throws(GatewayError) -> Draft {
        try draft(why: why ?? "set-peer \(name)") { site, keys in
            let index = try site.index(of: name)
            var peer = site.peers[index]
            options.apply(to: &peer)
            if peer.publicKey == nil { peer.publicKey = keys.seal(PrivateKey { random($0) }) }
            peer.presharedKey = try presharedKey(options, &keys) ?? peer.presharedKey
            if let other = options.name, other != name {
                try site.expectFree(other)
                site.peers.remove(at: index)
                peer.name = other
                site.peers.insert(peer, at: site.peerIndex(other))
            } else {
                site.peers[index] = peer
            }
        }
    }

    /// Removes peers. Their sealed keys stay, so that a rollback brings them back whole.
    public func removePeers(_ names: [String], why: String?) throws(GatewayError) -> Draft {
        try draft(why: why ?? "remove-peer \(names.joined(separator: " "))") { site, _ in
            for name in names { site.peers.remove(at: try site.index(of: name)) }
        }
    }

    private func presharedKey(_ options: PeerOptions, _ keys: inout SiteKeys) throws -> PresharedKeyChoice? {
        switch options.presharedKey {
        case nil: nil
        case .auto?: try keys.seal(PresharedKey { random($0) })
        case .none?: PresharedKeyChoice.none
        case .key(let key)?: try keys.seal(key)
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
        throw .drafting(.peerIsThere(name))
    }

    /// Where a peer is. Throws `.noSuchPeer`.
    func index(of name: String) throws(GatewayError) -> Int {
        let index = peerIndex(name)
        if index < peers.count, peers[index].name == name { return index }
        throw .noSuchPeer(name, known: peers.map(\.name))
    }
}
