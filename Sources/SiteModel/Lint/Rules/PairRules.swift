import NetTypes

extension LintRule {
    static let betweenFiles = [
        LintRule("one private key in several files", all: { reportKeys($0, &$1, ofOneFile: false) }),
        LintRule("files that have to do with no other", all: checkStrangers),
        LintRule("who is whose peer", end: checkEntry),
        LintRule("the port that is dialed", end: checkPort),
        LintRule("who dials", end: checkDialing),
        LintRule("preshared keys of both sides", end: checkPresharedKey),
        LintRule("addresses that the other side lets in", end: checkAddresses),
        LintRule("one address in several files", all: checkSameAddress),
        LintRule("one network on both sides", end: checkLAN),
        LintRule("the same MTU on both sides", end: checkMTU),
    ]

    private static func checkStrangers(_ set: LintSet, _ report: inout LintReport) {
        guard set.files.count > 1 else { return }
        for file in set.strangers {
            let peer = file.peers[0]
            report.add(.pair(.stranger(peer.publicKey)), file, peer.places.publicKey ?? peer.place)
        }
    }

    private static func checkEntry(_ end: LintEnd, _ report: inout LintReport) {
        let right = end.key
        if let entry = end.entry {
            // Where the other side has no key that could be told, nothing is known of this one.
            guard !end.isByKey, entry.hasKey, end.there.publicKey != nil else { return }
            report.add(
                .pair(.wrongKey(entry.publicKey, right: right, file: end.there.name)), end.here,
                entry.places.publicKey ?? entry.place)
        } else if let right, !end.here.config.lacksPeers {
            report.add(
                .pair(
                    .missingPeer(right, end.there.addresses.map { IPPrefix(host: $0.address) }, file: end.there.name)),
                end.here, end.here.config.interfacePlace)
        }
    }

    private static func checkPort(_ end: LintEnd, _ report: inout LintReport) {
        guard let entry = end.entry, let endpoint = entry.endpoint, let port = end.there.interface.listenPort,
            port != endpoint.port
        else { return }
        report.add(
            .pair(.wrongPort(endpoint, listens: port, file: end.there.name)), end.here,
            entry.places.endpoint ?? entry.place)
    }

    /// Told of the side that is the likelier to dial: the one that does not listen on a port of its own.
    private static func checkDialing(_ end: LintEnd, _ report: inout LintReport) {
        guard let entry = end.entry, let back = end.back, entry.lacksEndpoint, back.lacksEndpoint else { return }
        let (here, there) = (end.here.lacks("listenport"), end.there.lacks("listenport"))
        if here == there ? end.isSecond : here {
            report.add(.pair(.nobodyDials(file: end.there.name)), end.here, entry.place)
        }
    }

    private static func checkPresharedKey(_ end: LintEnd, _ report: inout LintReport) {
        guard let entry = end.entry, let back = end.back, let place = entry.places.presharedKey,
            let key = entry.presharedKey, !back.unread.contains("presharedkey")
        else { return }
        if back.presharedKey == nil {
            if back.places.presharedKey == nil {
                report.add(.pair(.presharedKeyMissing(file: end.there.name)), end.here, place)
            }
        } else if end.isSecond && back.presharedKey != key {
            report.add(.pair(.presharedKeyDiffers(file: end.there.name)), end.here, place)
        }
    }

    private static func checkAddresses(_ end: LintEnd, _ report: inout LintReport) {
        guard let entry = end.entry, entry.hasWholeAllowedIPs, let first = entry.allowed.first else { return }
        let lost = end.here.lost(by: entry)
        // Of IPv6 nothing comes to a side that has none.
        let families = Set(end.here.addresses.map(\.address.isV6))
        for address in end.there.addresses.map(\.address)
        where families.contains(address.isV6) && !entry.allows(address)
            && !lost.contains(where: { $0.contains(address) })
            && !end.here.addresses.contains(where: { $0.address == address })
        {
            report.add(
                .pair(.addressOutside(address, file: end.there.name, dialsHere: entry.lacksEndpoint)), end.here,
                first.place)
        }
    }

    private static func checkSameAddress(_ set: LintSet, _ report: inout LintReport) {
        struct Claim: Hashable {
            let tunnel: Int
            let address: IPAddress
        }
        let tunnels = set.tunnels
        var first: [Claim: Int] = [:]
        for file in set.files {
            for (own, place) in zip(file.interface.addresses, file.interface.addressPlaces)
            where !own.network.isLinkLocal {
                let claim = Claim(tunnel: tunnels[file.index], address: own.address)
                let owner = first[claim] ?? file.index
                first[claim] = owner
                if owner != file.index {
                    report.add(.pair(.sameAddress(own.address, file: set.files[owner].name)), file, place)
                }
            }
        }
    }

    /// What lies in a network that the other side says is behind here, and is no address of the tunnel.
    private static func checkLAN(_ end: LintEnd, _ report: inout LintReport) {
        guard let entry = end.entry, let back = end.back else { return }
        let tunnel = (end.here.addresses + end.there.addresses).map(\.network)
        let others = back.allowedIPs.filter { !$0.isHalfTheInternet && !$0.isHost }
        for item in entry.allowed {
            let network = item.network
            guard !network.isHost, !network.isHalfTheInternet, !tunnel.contains(where: { $0.overlaps(network) }),
                others.contains(where: { $0 == network ? end.isSecond : $0.contains(network) })
            else { continue }
            report.add(.pair(.sameLAN(network, file: end.there.name)), end.here, item.place)
        }
    }

    private static func checkMTU(_ end: LintEnd, _ report: inout LintReport) {
        guard end.isSecond, end.entry != nil || end.back != nil, let own = end.here.interface.mtu,
            let other = end.there.interface.mtu, own != other
        else { return }
        report.add(.pair(.mtuDiffers(own, other, file: end.there.name)), end.here, end.here.place("mtu"))
    }
}
