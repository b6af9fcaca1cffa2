import NetTypes

extension SiteChecks {
    mutating func checkPeers() {
        var names: [String: String] = [:]
        var keys: [PublicKey: String] = [:]
        var addresses: [IPAddress: String] = [:]
        names.reserveCapacity(site.peers.count)
        keys.reserveCapacity(site.peers.count)
        addresses.reserveCapacity(2 * site.peers.count)
        let homes = (v4: homes(isV6: false), v6: homes(isV6: true))
        for peer in site.peers {
            // Made only for a report: most peers have none.
            var path: [String] { ["peers", peer.name] }
            checkLabel(peer.name, path, "a peer's name")
            if let other = names.updateValue(peer.name, forKey: peer.name.lowercased()) {
                let how = other == peer.name ? "is there twice" : "differs from \(other) only in case"
                report(path, "\(peer.name) \(how)", remedy: "rename one of them")
            }
            if let key = peer.publicKey {
                if key == site.tunnel.publicKey {
                    report(
                        path + ["public-key"], "\(key) is the gateway's own key",
                        remedy: "write what `wg pubkey` prints on the peer's side")
                } else if let other = keys.updateValue(peer.name, forKey: key) {
                    report(
                        path + ["public-key"], "\(key) is the key of peer \(other) too",
                        remedy: "make a key pair for each device")
                }
                if key == .zero {
                    report(path + ["public-key"], "is all zeros", remedy: "write what `wg pubkey` prints")
                }
            }
            for (i, address) in peer.addresses.enumerated() {
                let first = addresses[address]
                if first == nil { addresses[address] = peer.name }
                check(
                    address, index: i, of: peer, firstOwner: first, homes: address.isV6 ? homes.v6 : homes.v4)
            }
            checkAccess(of: peer)
            checkRoutes(of: peer)
        }
    }

    private mutating func check(
        _ address: IPAddress, index: Int, of peer: Peer, firstOwner: String?, homes: Homes
    ) {
        var path: [String] { ["peers", peer.name, "addresses"] }
        if let firstOwner {
            let reason = firstOwner == peer.name ? "is listed twice" : "belongs to peer \(firstOwner) already"
            let remedy = firstOwner == peer.name ? "remove one of them" : "give \(peer.name) another one"
            return report(path, index: index, "\(address) \(reason)", remedy: remedy)
        }
        if site.tunnel.addresses.contains(where: { $0.address == address }) {
            return report(path, index: index, "\(address) is the gateway's own address", remedy: "take another one")
        }
        if !homes.isKnown { return }
        guard let home = homes.networks.first(where: { $0.contains(address) }) else {
            if homes.isAnywhere {
                if let reason = AddressObstacle(ofNetwork: IPPrefix(host: address)) {
                    report(path, index: index, "\(address) \(reason)", remedy: "take a private address")
                }
                return
            }
            // Every peer may be outside: not all of many networks each time.
            let more = homes.networks.count > 4 ? " and \(homes.networks.count - 4) more" : ""
            let names = homes.networks.prefix(4).map(\.description).joined(separator: " and ") + more
            let remedy =
                names.isEmpty
                ? "give the gateway an \(address.isV6 ? "IPv6" : "IPv4") address in tunnel.addresses first"
                : Self.range(of: homes.networks[0])
            let place = homes.isLAN ? "the LAN" : "the tunnel's subnets"
            return report(
                path, index: index, "\(address) is outside \(place)\(names.isEmpty ? "" : ", \(names)")", remedy: remedy
            )
        }
        let reasons = site.tunnel.addresses.lazy.compactMap { AddressObstacle(of: address, in: $0.network) }
        if let reason = AddressObstacle(of: address, in: home) ?? reasons.first {
            report(path, index: index, "\(address) \(reason)", remedy: Self.range(of: home))
        }
    }

    /// The networks that a peer's address of one family may be in. Where the gateway has single addresses only, the tunnel has no
    /// subnet, and a peer's may be anywhere.
    private struct Homes {
        let networks: [IPPrefix]
        let isLAN: Bool
        let isKnown: Bool

        var isAnywhere: Bool { !isLAN && !networks.isEmpty && networks.allSatisfy(\.isHost) }
    }

    /// The LAN's with proxy-arp, if it has that family, else the tunnel's.
    private func homes(isV6: Bool) -> Homes {
        if site.lan.replyPath == .proxyARP {
            let subnets = site.lan.subnets.filter { $0.isV6 == isV6 }
            if !subnets.isEmpty { return Homes(networks: subnets, isLAN: true, isKnown: isWhole(["lan", "subnets"])) }
        }
        let networks = site.tunnel.addresses.filter { $0.address.isV6 == isV6 }.map(\.network)
        return Homes(networks: networks, isLAN: false, isKnown: isWhole(["tunnel", "addresses"]))
    }

    private mutating func checkAccess(of peer: Peer) {
        if peer.group == nil && peer.policy == nil { return }
        let path = ["peers", peer.name]
        if let group = peer.group, site.groups[group] == nil, isWhole(["groups"]) {
            report(
                path + ["group"], "there is no group \(tomlString(group))", remedy: remedy(forUnknownGroup: group))
        }
        if let policy = peer.policy {
            checkPolicy(policy, path + ["allow"])
            if peer.group != nil {
                report(
                    path + ["allow"], "stands beside group",
                    remedy: "keep the group's policy or this one, not both")
            }
        }
    }

    /// Many peers may name the same one, or each another one; few of them are told.
    private mutating func remedy(forUnknownGroup group: String) -> String {
        if let said = unknownGroups[group] { return said }
        let add = "add [groups.\(tomlKey(group))]"
        guard unknownGroups.count < maximumTold else { return add }
        let known = site.groups.keys.sorted()
        let close = nearest(group, among: known).map { "did you mean \($0)?" }
        let names = abridged(known.map(tomlKey), "group").joined(separator: ", ")
        let said = close ?? (known.isEmpty ? add : "the groups are \(names)")
        unknownGroups[group] = said
        return said
    }

    private mutating func checkRoutes(of peer: Peer) {
        if peer.routes.isEmpty { return }
        let path = ["peers", peer.name, "routes"]
        for (i, route) in peer.routes.enumerated() {
            if route.isHalfTheInternet {
                report(
                    path, index: i,
                    "\(route) would send \(route.length == 0 ? "all" : "a large part") of the gateway's own traffic to this peer",
                    remedy: "name the networks behind it; for a peer's way out to the Internet there is full-tunnel")
            } else if let reason = AddressObstacle(ofNetwork: route) {
                report(path, index: i, "\(route) \(reason)", remedy: "name a network behind the peer")
            } else if case .address(let address)? = peer.endpoint?.host, route.contains(address) {
                report(
                    path, index: i,
                    "\(route) contains the peer's own endpoint \(address), so the tunnel would go into itself",
                    remedy: "leave that address out of the routes")
            }
        }
    }
}

extension IPPrefix {
    /// Whether it is the Internet, or a piece as those who write it in pieces have: nobody has a network as wide as that. Private
    /// networks are at most an IPv4 /8 (RFC 1918), and unique local ones lie in fc00::/7 (RFC 4193).
    var isHalfTheInternet: Bool {
        length < 8 && (!isV6 || !IPPrefix("fc00::/7")!.contains(self))
    }
}
