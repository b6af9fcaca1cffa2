import NetTypes

extension LintRule {
    static let ofAddresses = [
        LintRule("addresses that nobody can have", file: checkUnusable),
        LintRule("peers without networks, or with the file's own address", file: checkAllowedIPs),
        LintRule("networks of peers in each other", file: checkNesting),
        LintRule("networks that are at home in many places", file: checkCommonNetworks),
    ]

    private static func checkUnusable(_ file: LintedFile, _ report: inout LintReport) {
        for (own, place) in zip(file.interface.addresses, file.interface.addressPlaces)
        where !own.network.isLinkLocal {
            let obstacle =
                AddressObstacle(ofNetwork: IPPrefix(host: own.address))
                ?? AddressObstacle(of: own.address, in: own.network)
            if let obstacle {
                report.add(.address(.unusable(setting: "Address", own, obstacle)), file, place)
            }
        }
        let subnets = file.addresses.map(\.network)
        for item in file.peers.lazy.flatMap(\.allowed) where item.network.isHost {
            let host = item.network.address
            guard let obstacle = subnets.lazy.compactMap({ AddressObstacle(of: host, in: $0) }).first else { continue }
            report.add(.address(.unusable(setting: "AllowedIPs", item.written, obstacle)), file, item.place)
        }
    }

    private static func checkAllowedIPs(_ file: LintedFile, _ report: inout LintReport) {
        let own = Set(file.addresses.map(\.address))
        for peer in file.peers {
            if peer.allowed.isEmpty && peer.hasWholeAllowedIPs && file.lost(by: peer).isEmpty {
                report.add(.address(.noAllowedIPs), file, peer.place)
            }
            for item in peer.allowed where item.network.isHost && own.contains(item.network.address) {
                report.add(.address(.own(item.network.address)), file, item.place)
            }
        }
    }

    /// One sweep over the networks by address, the wider first: those that hold the current one are on a stack. Each is told of once.
    private static func checkNesting(_ file: LintedFile, _ report: inout LintReport) {
        typealias Claim = (peer: Int, item: WgQuickConfig.AllowedIP)
        let claims = file.peers.enumerated().flatMap { number, peer in peer.allowed.map { (number, $0) as Claim } }
        var open: [(claim: Claim, isTold: Bool)] = []
        for claim in claims.sorted(by: { $0.item.network < $1.item.network }) {
            let network = claim.item.network
            while let last = open.last, !last.claim.item.network.contains(network) { open.removeLast() }
            if let i = open.lastIndex(where: { $0.claim.peer != claim.peer }), !open[i].isTold {
                open[i].isTold = true
                let outer = open[i].claim.item
                // What is left for everything else, and what was said already.
                if !outer.network.isHalfTheInternet && outer.written.address == outer.network.address {
                    report.add(
                        .address(.holdsOther(outer.network, network, line: file.peers[claim.peer].place.line)), file,
                        outer.place)
                }
            }
            open.append((claim, false))
        }
    }

    private static func checkCommonNetworks(_ file: LintedFile, _ report: inout LintReport) {
        guard file.onlyDials else { return }
        for item in file.peers.lazy.flatMap(\.allowed)
        where !item.network.isHost && item.network.length >= 16 && item.network.isCommonAtHome {
            report.add(.address(.commonNetwork(item.network)), file, item.place)
        }
    }
}
