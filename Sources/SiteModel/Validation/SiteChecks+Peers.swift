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
            checkLabel(peer.name, path, .peer)
            if let other = names.updateValue(peer.name, forKey: peer.name.lowercased()) {
                report(path, .name(.twice(peer.name, other: other)))
            }
            if let key = peer.publicKey {
                if key == site.tunnel.publicKey {
                    report(path + ["public-key"], .entry(.gatewayKey(key)))
                } else if let other = keys.updateValue(peer.name, forKey: key) {
                    report(path + ["public-key"], .entry(.keyOfPeer(key, other)))
                }
                if key == .zero { report(path + ["public-key"], .entry(.zeroKey)) }
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
            return report(
                path, index: index,
                firstOwner == peer.name
                    ? .entry(.twice("\(address)")) : .address(.taken(address, by: firstOwner, peer: peer.name)))
        }
        if site.tunnel.addresses.contains(where: { $0.address == address }) {
            return report(path, index: index, .address(.gateway(address)))
        }
        if !homes.isKnown { return }
        guard let home = homes.networks.first(where: { $0.contains(address) }) else {
            if !homes.isAnywhere {
                report(path, index: index, .address(.outside(address, homes.networks, isLAN: homes.isLAN)))
            } else if let obstacle = AddressObstacle(ofNetwork: IPPrefix(host: address)) {
                report(path, index: index, .address(.unusable("\(address)", obstacle, .peer)))
            }
            return
        }
        let obstacles = site.tunnel.addresses.lazy.compactMap { AddressObstacle(of: address, in: $0.network) }
        if let obstacle = AddressObstacle(of: address, in: home) ?? obstacles.first {
            report(path, index: index, .address(.unusable("\(address)", obstacle, .host(home))))
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
            report(path + ["group"], .name(.unknownGroup(group, meant(by: group))))
        }
        if let policy = peer.policy {
            checkPolicy(policy, path + ["allow"])
            if peer.group != nil { report(path + ["allow"], .entry(.policyBesideGroup)) }
        }
    }

    /// Many peers may name the same one, or each another one; few of them are told.
    private mutating func meant(by group: String) -> SiteProblem.NameFault.Meant {
        if let said = unknownGroups[group] { return said }
        guard unknownGroups.count < maximumTold else { return .unknown }
        let known = site.groups.keys.sorted()
        let said: SiteProblem.NameFault.Meant =
            nearest(group, among: known).map { .one($0) } ?? (known.isEmpty ? .unknown : .some(known))
        unknownGroups[group] = said
        return said
    }

    private mutating func checkRoutes(of peer: Peer) {
        if peer.routes.isEmpty { return }
        let path = ["peers", peer.name, "routes"]
        for (i, route) in peer.routes.enumerated() {
            if route.isHalfTheInternet {
                report(path, index: i, .address(.tooWide(route)))
            } else if let obstacle = AddressObstacle(ofNetwork: route) {
                report(path, index: i, .address(.unusable("\(route)", obstacle, .route)))
            } else if case .address(let address)? = peer.endpoint?.host, route.contains(address) {
                report(path, index: i, .address(.holdsEndpoint(route, address)))
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
