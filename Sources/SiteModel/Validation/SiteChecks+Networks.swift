import NetTypes

extension SiteChecks {
    /// A network with whom it belongs to.
    private struct Claim {
        enum Owner {
            case lan, tunnel
            case route(of: String)
        }
        let network: IPPrefix
        let owner: Owner
        let index: Int
    }

    /// LAN, tunnel and the networks behind peers do not overlap: the box could not tell where to send.
    ///
    /// One sweep over the networks by address, the wider first: those that hold the current one are on a stack.
    mutating func checkNetworks() {
        var open: [Claim] = []
        for claim in claims() {
            while let last = open.last, !last.network.contains(claim.network) { open.removeLast() }
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
        return claims.filter { $0.network.length > 0 }.sorted { $0.network < $1.network }
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
        report(
            ["peers", peer, "routes"], index: route.index, "\(route.network) overlaps the \(whose)'s \(own.network)",
            remedy: "name only what is behind the peer; two sites need different networks")
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
