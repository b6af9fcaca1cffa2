import NetTypes

extension LintRule {
    static let ofRoutes = [
        LintRule("a route to the endpoint that leads into the tunnel", file: checkSwallowing),
        LintRule("a default route to who dials in", file: checkDefaultRoute),
        LintRule("routes that nobody sets", file: checkTable),
        LintRule("a resolver outside the tunnel", file: checkDNS),
        LintRule("packets that are too large, or too small for IPv6", all: checkMTU),
        LintRule("a port that peers dial", all: checkListenPort),
        LintRule("a mapping of a NAT that is kept alive", all: checkKeepalive),
    ]

    // MARK: Routes

    /// wg-quick gives a default route a table of its own, which the tunnel's own packets pass by; what else it sets is in the main
    /// table, where they meet it.
    private static func checkSwallowing(_ file: LintedFile, _ report: inout LintReport) {
        let isMain = file.interface.table.map { ["main", "254"].contains($0.lowercased()) } ?? true
        guard isMain else { return }
        for peer in file.peers {
            guard let endpoint = peer.endpoint else { continue }
            let routed = peer.allowed.filter { $0.network.length > 0 || file.interface.table != nil }
            if case .address(let address) = endpoint.host {
                if let item = routed.first(where: { $0.network.contains(address) }) {
                    report.add(.route(.swallowsEndpoint(item.network, endpoint)), file, item.place)
                }
            } else if let item = routed.first(where: { $0.network.isHalfTheInternet }),
                isWhole(routed.map(\.network).filter { $0.isV6 == item.network.isV6 })
            {
                report.add(.route(.pieces(item.network, endpoint)), file, item.place)
            }
        }
    }

    /// Whether there is no address that is in none of these.
    private static func isWhole(_ networks: [IPPrefix]) -> Bool {
        guard let first = networks.first else { return false }
        return IPPrefixSet(networks).subtracted(from: first.isV6 ? .everyV6 : .everyV4).isEmpty
    }

    private static func checkDefaultRoute(_ file: LintedFile, _ report: inout LintReport) {
        if file.interface.table != nil { return }
        for peer in file.peers where peer.lacksEndpoint && !file.lacks("listenport") {
            guard let item = peer.allowed.first(where: { $0.network.isHalfTheInternet }) else { continue }
            report.add(.route(.everythingToDialer(item.network)), file, item.place)
        }
    }

    private static func checkTable(_ file: LintedFile, _ report: inout LintReport) {
        guard file.interface.table?.lowercased() == "off", !file.interface.hooks.contains(where: \.mayRoute) else {
            return
        }
        let connected = file.interface.addresses.map(\.network)
        let isRouted = file.peers.lazy.flatMap(\.allowedIPs).allSatisfy { network in
            connected.contains { $0.contains(network) }
        }
        if !isRouted { report.add(.route(.noRoutes), file, file.place("table")) }
    }

    // MARK: DNS and MTU

    /// Not of a gateway's own file: its resolver is in its LAN.
    private static func checkDNS(_ file: LintedFile, _ report: inout LintReport) {
        guard file.onlyDials, file.peers.allSatisfy(\.hasWholeAllowedIPs) else { return }
        let own = file.addresses.map(\.address)
        for (server, place) in zip(file.interface.dns, file.interface.dnsPlaces)
        where server.isPrivate && !own.contains(server) && !file.peers.contains(where: { $0.allows(server) }) {
            report.add(.route(.noWayToDNS(server)), file, place)
        }
    }

    /// WireGuard adds 32 bytes, UDP 8, IPv4 20 or IPv6 40.
    private static func checkMTU(_ set: LintSet, _ report: inout LintReport) {
        var endpoints = set.files.map { $0.peers.compactMap(\.endpoint) }
        for end in set.ends { if let endpoint = end.back?.endpoint { endpoints[end.here.index].append(endpoint) } }
        for file in set.files {
            guard let mtu = file.interface.mtu else { continue }
            let isV4 = endpoints[file.index].allSatisfy { if case .address(.v4) = $0.host { true } else { false } }
            let most = isV4 && !endpoints[file.index].isEmpty ? 1440 : 1420
            if mtu > most { report.add(.route(.mtuTooLarge(mtu, most: most)), file, file.place("mtu")) }
            if mtu < 1280 && file.hasIPv6 { report.add(.route(.mtuTooSmall(mtu)), file, file.place("mtu")) }
        }
    }

    // MARK: Who dials

    /// Where neither side has an endpoint, that is another fault.
    private static func checkListenPort(_ set: LintSet, _ report: inout LintReport) {
        var isDialed: [Int: Set<PublicKey>] = [:]
        var isWaiting: [Int: Set<PublicKey>] = [:]
        for end in set.ends {
            guard let entry = end.entry, let back = end.back else { continue }
            if back.lacksEndpoint {
                isWaiting[end.here.index, default: []].insert(entry.publicKey)
            } else {
                isDialed[end.here.index, default: []].insert(entry.publicKey)
            }
        }
        for file in set.files where file.lacks("listenport") {
            let needsPort = file.peers.contains { peer in
                isDialed[file.index]?.contains(peer.publicKey) == true
                    || peer.lacksEndpoint && isWaiting[file.index]?.contains(peer.publicKey) != true
            }
            if needsPort { report.add(.route(.noListenPort), file, file.config.interfacePlace) }
        }
    }

    /// A side that listens where it can be dialed needs none; whether it can, its other side knows.
    private static func checkKeepalive(_ set: LintSet, _ report: inout LintReport) {
        var isDialed: [Int: [PublicKey: Bool]] = [:]
        for end in set.ends {
            guard let entry = end.entry, let back = end.back else { continue }
            isDialed[end.here.index, default: [:]][entry.publicKey] = !back.lacksEndpoint
        }
        for file in set.files {
            for peer in file.peers {
                guard let endpoint = peer.endpoint, peer.keepalive ?? 0 == 0,
                    !peer.unread.contains("persistentkeepalive")
                else { continue }
                let isReached = isDialed[file.index]?[peer.publicKey] ?? !(file.lacks("listenport") && file.onlyDials)
                if !isReached { report.add(.route(.noKeepalive(endpoint)), file, peer.places.keepalive ?? peer.place) }
            }
        }
    }
}

extension LintedFile {
    fileprivate var hasIPv6: Bool {
        interface.addresses.contains { $0.address.isV6 } || peers.contains { $0.allowed.contains { $0.network.isV6 } }
    }
}

extension WgQuickConfig.Hook {
    /// Whether it may set routes: it speaks of them, or is a program of somebody's own.
    fileprivate var mayRoute: Bool {
        ShellWords.commands(of: command).contains { command in
            guard let words = command.words else { return true }
            return HookCommand(words) == nil
        }
    }
}

extension IPAddress {
    /// Whether it is of a network that is somebody's own (RFC 1918, 6598, 4193).
    fileprivate var isPrivate: Bool { Self.privateNetworks.contains { $0.contains(self) } }

    private static let privateNetworks = [
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7",
    ].map { IPPrefix($0)! }
}
