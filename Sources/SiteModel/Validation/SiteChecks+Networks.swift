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
            let isSame = outer.network == inner.network
            report(
                ["lan", "subnets"], index: inner.index,
                "\(inner.network) is \(isSame ? "listed twice" : "in \(outer.network) already")",
                remedy: "remove one of them")
        case (.lan, .tunnel): judgeTunnel(inner, lan: outer)
        case (.tunnel, .lan): judgeTunnel(outer, lan: inner)
        case (.route, .tunnel) where outer.network != inner.network: return
        case (.address, _), (_, .address): return
        case (.route(let first), .route(let second)): judgeRoutes(outer, of: first, inner, of: second)
        case (.route(let peer), .lan), (.lan, .route(let peer)), (.route(let peer), .tunnel),
            (.tunnel, .route(let peer)):
            judgeRoute(outer, inner, of: peer)
        }
    }

    private mutating func judgeTunnel(_ tunnel: Claim, lan: Claim) {
        let path = ["tunnel", "addresses"]
        let overlap = "\(tunnel.network) overlaps the LAN's \(lan.network)"
        guard site.lan.replyPath == .proxyARP else {
            return report(
                path, index: tunnel.index, overlap,
                remedy: "take a network of its own for the tunnel, or reply-path \"proxy-arp\"")
        }
        if tunnel.network.length <= lan.network.length {
            let address = site.tunnel.addresses[tunnel.index].address
            report(
                path, index: tunnel.index, "\(overlap) whole, so the LAN would be on two interfaces",
                remedy: "with proxy-arp write \(IPPrefix(host: address))")
        }
    }

    private mutating func judgeRoute(_ outer: Claim, _ inner: Claim, of peer: String) {
        let (route, own) = if case .route = outer.owner { (outer, inner) } else { (inner, outer) }
        let whose = if case .lan = own.owner { "LAN" } else { "tunnel" }
        let isWholeTunnel = if case .tunnel = own.owner { route.network == own.network } else { false }
        report(
            ["peers", peer, "routes"], index: route.index, "\(route.network) overlaps the \(whose)'s \(own.network)",
            remedy: isWholeTunnel
                ? "if all of the tunnel is behind this peer, give the gateway its address as a single one, /32 or /128"
                : "name only what is behind the peer; two sites need different networks")
    }

    /// `inner` is a peer's address in the LAN or in a network behind a peer.
    private mutating func judgeAddress(_ outer: Claim, _ inner: Claim, _ tooWide: inout Set<SitePath>) {
        guard case .address(let peer) = inner.owner else { return }
        let address = inner.network.address
        switch outer.owner {
        case .route(let other) where other != peer:
            let path = ["peers", other, "routes"]
            guard tooWide.insert(SitePath(path, index: outer.index)).inserted else { return }
            report(
                path, index: outer.index, "\(outer.network) holds \(address), which is peer \(peer)'s",
                remedy: "name only what is behind the peer; an address belongs to one peer")
        case .lan:
            report(
                ["peers", peer, "addresses"], index: inner.index, "\(address) is in the LAN's \(outer.network)",
                remedy: "take an address of another network, or reply-path \"proxy-arp\"")
        case .route, .tunnel, .address: return
        }
    }

    /// The narrower is refused, so that each network gets one error at most.
    private mutating func judgeRoutes(_ outer: Claim, of first: String, _ inner: Claim, of second: String) {
        let reason =
            if first != second {
                "\(inner.network) overlaps \(outer.network) behind peer \(first)"
            } else {
                "\(inner.network) is \(inner.network == outer.network ? "listed twice" : "in \(outer.network) already")"
            }
        report(
            ["peers", second, "routes"], index: inner.index, reason,
            remedy: first == second ? "remove one of them" : "a network is behind one peer only")
    }
}
