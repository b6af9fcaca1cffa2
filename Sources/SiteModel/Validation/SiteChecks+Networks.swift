import NetTypes

extension SiteChecks {
    /// A network with whom it belongs to.
    private struct Claim {
        enum Owner {
            case lan, tunnel
            case route(of: String)
            case address(of: String)
        }
        let network: IPPrefix
        let owner: Owner
        let index: Int

        var isTunnel: Bool { if case .tunnel = owner { true } else { false } }
        var isAddress: Bool { if case .address = owner { true } else { false } }
    }

    /// LAN, tunnel and the networks behind peers do not overlap, nor does a peer's address lie in another's network: the box could
    /// not tell where to send. A network behind a peer may hold the tunnel's, as at a branch the head office's does.
    ///
    /// One sweep over the networks by address, the wider first: those that hold the current one are on a stack.
    mutating func checkNetworks() {
        var open: [Claim] = []
        // Networks that hold addresses of other peers: said once, however many there are.
        var tooWide: Set<SitePath> = []
        for claim in claims() {
            while let last = open.last, !last.network.contains(claim.network) { open.removeLast() }
            if claim.isAddress {
                // What holds the tunnel's subnet holds the addresses in it; nothing lies in an address.
                if let outer = open.last(where: { !$0.isTunnel }) { judgeAddress(outer, claim, &tooWide) }
                continue
            }
            if let outer = open.last { judge(outer, claim) }
            open.append(claim)
        }
    }

    private func claims() -> [Claim] {
        var claims = site.lan.subnets.enumerated().map { Claim(network: $1, owner: .lan, index: $0) }
        claims += site.tunnel.addresses.enumerated().map { Claim(network: $1.network, owner: .tunnel, index: $0) }
        for peer in site.peers {
            claims += peer.routes.enumerated().map { Claim(network: $1, owner: .route(of: peer.name), index: $0) }
        }
        if addressesMayMeetNetworks {
            for peer in site.peers {
                for (i, address) in peer.addresses.enumerated() where !isProxied(address) {
                    claims.append(Claim(network: IPPrefix(host: address), owner: .address(of: peer.name), index: i))
                }
            }
        }
        return claims.filter { $0.network.length > 0 }.sorted {
            $0.network == $1.network ? !$0.isAddress && $1.isAddress : $0.network < $1.network
        }
    }

    /// Whether a peer's address can lie anywhere but in a subnet of the tunnel in which there is nothing else.
    private var addressesMayMeetNetworks: Bool {
        let subnets = site.tunnel.addresses.map(\.network)
        return subnets.contains(where: \.isHost)
            || site.peers.contains { peer in
                peer.routes.contains { route in subnets.contains { route.overlaps($0) } }
            }
    }

    /// Whether the LAN takes it for one of its own.
    private func isProxied(_ address: IPAddress) -> Bool {
        site.lan.replyPath == .proxyARP && site.lan.subnets.contains { $0.contains(address) }
    }

    /// `inner` lies in `outer`, or is equal to it.
    private mutating func judge(_ outer: Claim, _ inner: Claim) {
        switch (outer.owner, inner.owner) {
        case (.tunnel, .tunnel): return
        case (.lan, .lan):
            report(["lan", "subnets"], index: inner.index, Self.repetition(outer, inner))
        case (.lan, .tunnel): judgeTunnel(inner, lan: outer)
        case (.tunnel, .lan): judgeTunnel(outer, lan: inner)
        case (.route, .tunnel) where outer.network != inner.network: return
        case (.address, _), (_, .address): return
        case (.route(let first), .route(let second)):
            // The narrower is refused, so that each network gets one error at most.
            report(
                ["peers", second, "routes"], index: inner.index,
                first == second
                    ? Self.repetition(outer, inner) : .overlap(.routes(inner.network, outer.network, of: first)))
        case (.route(let peer), .lan), (.lan, .route(let peer)), (.route(let peer), .tunnel),
            (.tunnel, .route(let peer)):
            judgeRoute(outer, inner, of: peer)
        }
    }

    private mutating func judgeTunnel(_ tunnel: Claim, lan: Claim) {
        let path = ["tunnel", "addresses"]
        if site.lan.replyPath != .proxyARP {
            report(path, index: tunnel.index, .overlap(.tunnelAndLAN(tunnel.network, lan.network)))
        } else if tunnel.network.length <= lan.network.length {
            let address = site.tunnel.addresses[tunnel.index].address
            report(
                path, index: tunnel.index, .overlap(.tunnelOverLAN(tunnel.network, lan.network, gateway: address)))
        }
    }

    private mutating func judgeRoute(_ outer: Claim, _ inner: Claim, of peer: String) {
        let (route, own) = if case .route = outer.owner { (outer, inner) } else { (inner, outer) }
        report(
            ["peers", peer, "routes"], index: route.index,
            .overlap(
                own.isTunnel ? .routeAndTunnel(route.network, own.network) : .routeAndLAN(route.network, own.network)))
    }

    /// `inner` is a peer's address in the LAN or in a network behind a peer.
    private mutating func judgeAddress(_ outer: Claim, _ inner: Claim, _ tooWide: inout Set<SitePath>) {
        guard case .address(let peer) = inner.owner else { return }
        let address = inner.network.address
        switch outer.owner {
        case .route(let other) where other != peer:
            let path = ["peers", other, "routes"]
            guard tooWide.insert(SitePath(path, index: outer.index)).inserted else { return }
            report(path, index: outer.index, .overlap(.routeAndPeer(outer.network, address, peer)))
        case .lan:
            report(
                ["peers", peer, "addresses"], index: inner.index, .overlap(.peerAndLAN(address, outer.network)))
        case .route, .tunnel, .address: return
        }
    }

    /// `inner` is in the same list as `outer`.
    private static func repetition(_ outer: Claim, _ inner: Claim) -> SiteProblem.Fault {
        inner.network == outer.network
            ? .entry(.twice("\(inner.network)")) : .overlap(.within(inner.network, outer.network))
    }
}
