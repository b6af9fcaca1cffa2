internal import NetTypes
internal import SiteModel
internal import Storage

/// The keys and addresses that a site still lacks: those that an earlier revision has, else new ones.
struct SiteKeys {
    let revisions: any Revisions
    let random: RandomSource
    private(set) var secrets = NewSecrets()

    /// Makes the gateway and every peer whole. `previous` is the newest revision: what was made for it is taken over, so
    /// that taking the same profile twice changes nothing.
    mutating func complete(_ site: inout Site, previous: Site?) throws {
        if site.tunnel.publicKey == nil { site.tunnel.publicKey = previous?.tunnel.publicKey ?? newKeyPair() }
        for (name, disguise) in site.tunnel.disguises where disguise.headerProtectionKey == .auto {
            let choice = try DisguiseChoice(parsing: name)
            let before = previous?.tunnel[disguise: choice]?.headerProtectionKey
            site.tunnel[disguise: choice]?.headerProtectionKey = try presharedKey(keeping: before)
        }
        var old: [String: Peer] = [:]
        var pool: AddressPool?
        for i in site.peers.indices {
            let peer = site.peers[i]
            let lacksAddress = peer.addresses.isEmpty && !peer.isUnnumbered
            if peer.publicKey != nil, peer.presharedKey != .auto, !lacksAddress { continue }
            if old.isEmpty, let previous {
                old = Dictionary(previous.peers.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
            }
            let before = old[peer.name]
            if lacksAddress {
                if pool == nil { pool = AddressPool(site, freed: try freedAddresses(previous)) }
                site.peers[i].addresses = try pool!.takeAgain(before?.addresses ?? [])
            }
            try completeKeys(&site.peers[i], before)
        }
    }

    /// What peers had in earlier revisions; the newest one's peers, of which some may go now, had theirs last.
    private func freedAddresses(_ previous: Site?) throws -> [IPAddress: Int] {
        var freed = try revisions.formerAddresses()
        for peer in previous?.peers ?? [] { for address in peer.addresses { freed[address] = Int.max } }
        return freed
    }

    private mutating func completeKeys(_ peer: inout Peer, _ before: Peer?) throws {
        if peer.publicKey == nil {
            // Only a key pair that was made here: a key that the peer brought was taken out of the profile on purpose.
            if let key = before?.publicKey, try revisions.holdsPrivateKey(of: key) {
                peer.publicKey = key
            } else {
                peer.publicKey = newKeyPair()
            }
        }
        guard peer.presharedKey == .auto else { return }
        let isSame = before?.publicKey == peer.publicKey
        peer.presharedKey = try presharedKey(keeping: isSame ? before?.presharedKey : nil)
    }

    /// One that was made before, or else a new one.
    private mutating func presharedKey(keeping before: PresharedKeyChoice?) throws -> PresharedKeyChoice {
        if let before, case .sealed = before { return before }
        return try seal(PresharedKey { random($0) })
    }

    /// Notes the key for sealing; its name goes into the site.
    mutating func seal(_ key: PresharedKey) throws -> PresharedKeyChoice {
        let id = try revisions.name(of: key)
        secrets.presharedKeys.append((id, key))
        return .sealed(id)
    }

    /// Notes a private key for sealing.
    mutating func seal(_ key: PrivateKey) -> PublicKey {
        let publicKey = PublicKey(of: key)
        secrets.privateKeys.append((publicKey, key))
        return publicKey
    }

    private mutating func newKeyPair() -> PublicKey { seal(PrivateKey { random($0) }) }
}
