internal import BoxModel
internal import NetTypes
internal import SiteModel
internal import Storage

extension ControlPlane {
    /// Makes a draft with the peers that the tunnel's interface has and that neither the applied nor the newest revision knows: somebody
    /// added them by `wg set`. They may then reach what peers may without a policy of their own. `name` is for a single one; others are
    /// called `adopted-1`, `adopted-2`…
    ///
    /// Where such a peer is dialed cannot be told from where it was heard last, so that is not taken over.
    public func adopt(name: String?, why: String?) throws(GatewayError) -> Draft {
        try locked {
            let previous = try newest()
            let applied = try applied()
            let interface = applied.site.tunnel.interface
            let observed = try box.observe(Scope(interface: interface))
            if let silence = observed.silence { throw silence }
            let known = Set((previous.site.peers + applied.site.peers).compactMap(\.publicKey))
            let strangers = (observed.wireGuard?.peers ?? []).filter { !known.contains($0.publicKey) }
            guard !strangers.isEmpty else {
                throw DraftingError.noStranger(interface: interface)
            }
            guard name == nil || strangers.count == 1 else {
                throw DraftingError.oneName(interface: interface, strangers: strangers.count)
            }
            var site = previous.site
            var keys = SiteKeys(revisions: revisions, random: random)
            var notices: [DraftNotice] = []
            for stranger in strangers {
                let name = name ?? site.nextAdoptedName()
                try site.expectFree(name)
                let peer = try adopted(stranger, name: name, into: site, &keys, &notices)
                site.peers.insert(peer, at: site.peerIndex(name))
            }
            return try record(site, after: previous, keys: keys, why: why ?? "adopt", notices: notices)
        }
    }

    private func adopted(
        _ stranger: ObservedPeer, name: String, into site: Site, _ keys: inout SiteKeys, _ notices: inout [DraftNotice]
    ) throws -> Peer {
        let subnets = site.tunnel.addresses.map(\.network) + (site.lan.replyPath == .proxyARP ? site.lan.subnets : [])
        let addresses = stranger.allowedIPs.filter { own in own.isHost && subnets.contains { $0.contains(own.address) }
        }
        let routes = stranger.allowedIPs.filter { !addresses.contains($0) && $0.length > 0 }
        if stranger.allowedIPs.contains(where: { $0.length == 0 }) {
            notices.append(.everythingLeftOut(name: name))
        }
        notices.append(.adopted(stranger.publicKey, name: name, addresses + routes))
        return Peer(
            name: name, addresses: addresses.map(\.address), isUnnumbered: addresses.isEmpty && !routes.isEmpty,
            publicKey: stranger.publicKey,
            presharedKey: try stranger.presharedKey.map { try keys.seal($0) } ?? PresharedKeyChoice.none,
            routes: routes)
    }
}

extension Site {
    fileprivate func nextAdoptedName() -> String {
        let names = Set(peers.map(\.name))
        return (1...).lazy.map { "adopted-\($0)" }.first { !names.contains($0) }!
    }
}
