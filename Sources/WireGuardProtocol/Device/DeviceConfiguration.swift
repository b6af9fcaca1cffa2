import CCrypto
public import NetTypes
import Synchronization
public import UAPI

/// What the cross-platform configuration protocol changes and shows. K netlink.c, device.c, peer.c.
extension Device {
    /// The interface went up: what is staged is sent, and keepalives are where they are configured.
    public func up(now: Now, into effects: inout Effects) {
        guard !isUp else { return }
        isUp = true
        for peer in peers {
            // What a worker wrote while it was down counts for nothing.
            stopTimers(peer)
            effects.append(.sendStaged(peer))
            if state(peer).pointee.persistentKeepalive.upper != 0 { effects.append(.sendKeepalive(peer)) }
        }
    }

    /// The interface went down: all sessions, handshakes and timers end, and what is staged is dropped.
    public func down(into effects: inout Effects) {
        guard isUp else { return }
        isUp = false
        for peer in peers {
            effects.append(.dropStaged(peer))
            stopTimers(peer)
            clearHandshake(of: peer)
            clearKeypairs(of: peer, &effects)
            tables.peer(peer).pointee.lastHandshakeSent.store(0, ordering: .relaxed)
        }
    }

    /// `private_key=`; nil takes it away. Peers stay but for one that has the key's own public key; what keypairs there are
    /// receive on, but the next packet to a peer starts a handshake.
    public func setPrivateKey(_ key: PrivateKey?, now: Now, into effects: inout Effects) {
        if let key, let privateKey, key == privateKey { return }
        if key == nil && privateKey == nil { return }
        let newPublicKey = key.map { $0.publicKey }
        if let newPublicKey, let itself = peer(newPublicKey) { remove(itself, &effects) }
        privateKey = key
        publicKey = newPublicKey
        cookies.setPublicKey(newPublicKey)
        for peer in peers {
            state(peer).pointee.hasStaticStatic = false
            state(peer).pointee.staticStatic = (0, 0, 0, 0)
            expireKeypairs(of: peer)
            reschedule(peer, now: now.monotonic)
        }
    }

    /// `fwmark=` or another route: local addresses of all peers are forgotten.
    public func clearEndpointSources(into effects: inout Effects) {
        for peer in peers { effects.append(.clearEndpointSource(peer)) }
    }

    /// `replace_peers=true`
    public func removeAllPeers(into effects: inout Effects) {
        for peer in peers { remove(peer, &effects) }
    }

    /// One peer's section. Returns the peer, nil where it does not exist afterwards (removed, `update_only`, own key).
    /// Throws where memory is out; lines before that one are in force, as in the kernel.
    @discardableResult public func configure(
        _ configuration: PeerSection, now: Now, into effects: inout Effects
    ) throws(ConfigurationError) -> PeerIndex? {
        let existing = self.peer(configuration.publicKey)
        if configuration.remove {
            if let existing { remove(existing, &effects) }
            return nil
        }
        if existing == nil && (configuration.updateOnly || configuration.publicKey == publicKey) { return nil }
        let peer: PeerIndex
        if let existing { peer = existing } else { peer = try add(configuration.publicKey, &effects) }
        let state = state(peer)
        if let dialect = configuration.dialect { setDialect(Dialect(rawValue: dialect), of: peer) }
        if let presharedKey = configuration.presharedKey { state.pointee.presharedKey = presharedKey }
        if let endpoint = configuration.endpoint { effects.append(.setEndpoint(peer, endpoint)) }
        if configuration.replaceAllowedIPs { allowedIPs.removeAll(of: peer) }
        for line in configuration.allowedIPs {
            if line.isRemoval {
                allowedIPs.remove(line.prefix, peer: peer)
            } else if !allowedIPs.insert(line.prefix, peer: peer) {
                throw .tooManyAllowedIPs
            }
        }
        if let interval = configuration.persistentKeepalive {
            let starts = state.pointee.persistentKeepalive.upper == 0 && interval.upper != 0
            state.pointee.persistentKeepalive = interval
            state.pointee.persistentDelay = 0
            if starts && isUp { effects.append(.sendKeepalive(peer)) }
        }
        if isUp { effects.append(.sendStaged(peer)) }
        reschedule(peer, now: now.monotonic)
        return peer
    }

    /// The peers in the order in which they were added.
    public var peers: [PeerIndex] {
        var all: [PeerIndex] = []
        all.reserveCapacity(peersByKey.count)
        var peer = firstPeer
        while peer != .none {
            all.append(peer)
            peer = state(peer).pointee.after
        }
        return all
    }

    /// The peer with a public key.
    public func peer(_ publicKey: PublicKey) -> PeerIndex? { peersByKey.find(publicKey, in: peerStates) }

    /// The peer's identity, to the end: of one that was removed until its index comes back after `reclaim`.
    public func publicKey(of peer: PeerIndex) -> PublicKey { state(peer).pointee.publicKey }

    /// What an answer says about a peer, apart from what its record and the datapath hold: endpoint and counters.
    public func section(of peer: PeerIndex) -> PeerSection {
        precondition(exists(peer))
        let state = state(peer)
        var section = PeerSection(state.pointee.publicKey)
        section.presharedKey = .some(state.pointee.presharedKey)
        section.namesVersion = true
        section.lastHandshake = state.pointee.lastHandshake.seconds
        section.lastHandshakeNanoseconds = state.pointee.lastHandshake.nanoseconds
        section.persistentKeepalive = state.pointee.persistentKeepalive
        section.dialect = state.pointee.configuredDialect?.rawValue
        allowedIPs.forEach(of: peer) { section.allowedIPs.append(.init($0)) }
        return section
    }

    private func add(_ publicKey: PublicKey, _ effects: inout Effects) throws(ConfigurationError) -> PeerIndex {
        let peer: PeerIndex
        if let free = freePeers.popLast() {
            peer = free
        } else if unusedPeer <= tables.capacity {
            peer = PeerIndex(rawValue: unusedPeer)
            unusedPeer += 1
        } else {
            throw .tooManyPeers
        }
        state(peer).initialize(to: Peer(publicKey))
        dialectChanged(of: peer)
        state(peer).pointee.before = lastPeer
        if lastPeer == .none { firstPeer = peer } else { state(lastPeer).pointee.after = peer }
        lastPeer = peer
        peersByKey.insert(peer, in: peerStates)
        effects.append(.peerAdded(peer))
        effects.log(.peerCreated, peer)
        return peer
    }

    private func remove(_ peer: PeerIndex, _ effects: inout Effects) {
        let state = state(peer)
        allowedIPs.removeAll(of: peer)
        clearHandshake(of: peer)
        clearKeypairs(of: peer, &effects)
        stopTimers(peer)
        let (before, after) = (state.pointee.before, state.pointee.after)
        if before == .none { firstPeer = after } else { self.state(before).pointee.after = after }
        if after == .none { lastPeer = before } else { self.state(after).pointee.before = before }
        peersByKey.remove(peer, in: peerStates)
        state.pointee.wipe()
        state.pointee.isRemoved = true
        retirement.peers.append(peer)
        effects.append(.peerRemoved(peer))
        effects.log(.peerDestroyed, peer)
    }
}

extension PrivateKey {
    /// The public key that belongs to it.
    public var publicKey: PublicKey {
        withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { bytes in
            withBytes { wgc_x25519_public(bytes.baseAddress!, $0.baseAddress!) }
            return PublicKey(loading: UnsafeRawBufferPointer(bytes))
        }
    }
}
