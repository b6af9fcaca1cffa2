import BoxModel
import Firewall
import NetTypes
import SiteModel

/// The sets of table `inet wggw`: what the site and its peers are in numbers, so that the rules need not be.
extension FirewallCompiler {
    func sets() throws(CompileError) -> [FirewallSet] {
        var sets: [FirewallSet] = []
        let verdicts = facts.site.peers.map { Verdict.goto(policyChain($0)) }
        for family in Family.allCases {
            let digit = family.digit
            sets += peerSets(
                digit, family, isInterval: false,
                facts.addresses.filter { Family($0.address) == family }.map { (IPPrefix(host: $0.address), $0.peer) },
                verdicts)
            if networkFamilies.contains(family) {
                sets += peerSets(
                    digit + "-networks", family, isInterval: true,
                    facts.networks.filter { Family($0.network.address) == family }, verdicts)
            }
            sets.append(networkSet("lan", facts.site.lan.subnets.disjoint(), family))
            sets += facts.lan.filter { !$0.setSuffix.isEmpty }.map {
                networkSet("lan", $0.subnets.disjoint(), family, suffix: $0.setSuffix)
            }
            sets.append(networkSet("tunnel", facts.tunnelNetworks, family))
            sets.append(.ended(family))
            if facts.hasFullTunnel { sets.append(networkSet("not-internet", notInternet, family)) }
            if !facts.oneArms.isEmpty && !facts.site.tunnel.otherPorts.isEmpty {
                sets.append(networkSet("near", facts.near, family))
            }
            sets += try accessSets(family)
        }
        let ports = facts.site.tunnel.otherPorts
        if !ports.isEmpty {
            sets.append(FirewallSet(Self.portSet, [.port], elements: ports.map { SetElement([.numbers($0...$0)]) }))
        }
        return sets
    }

    /// Networks of one family, out of sorted and disjoint ones of both.
    private func networkSet(
        _ name: String, _ networks: [IPPrefix], _ family: Family, suffix: String = ""
    ) -> FirewallSet {
        FirewallSet(
            name + family.digit + suffix, [family.keyType], isInterval: true,
            sorted: networks.filter { Family($0.address) == family }.map { SetElement([.network($0)]) })
    }

    /// `from…`, `to…` and `policy…`; the fields are made once and shared by the three.
    private func peerSets(
        _ suffix: String, _ family: Family, isInterval: Bool, _ prefixes: [(IPPrefix, Int)], _ verdicts: [Verdict]
    ) -> [FirewallSet] {
        let elements = prefixes.map { SetElement([.network($0.0)]) }
        var decided = elements
        for (index, (_, peer)) in prefixes.enumerated() { decided[index].verdict = verdicts[peer] }
        return [
            FirewallSet("from" + suffix, [family.keyType], isInterval: isInterval, hasCounters: true, sorted: elements),
            FirewallSet("to" + suffix, [family.keyType], isInterval: isInterval, hasCounters: true, sorted: elements),
            FirewallSet(
                "policy" + suffix, [family.keyType], isInterval: isInterval, isVerdictMap: true, sorted: decided),
        ]
    }

    /// Pieces of all policies of one family: a kernel takes seconds for them, and some 100 MB.
    private static let maximumAccess = 500_000

    private func accessSets(_ family: Family) throws(CompileError) -> [FirewallSet] {
        let access: [FirewallSet.KeyType] = [family.keyType, .transport, .port]
        var sets: [FirewallSet] = []
        var room = Self.maximumAccess
        func expectRoom(for count: Int, _ policy: String) throws(CompileError) {
            room -= count
            if room < 0 { throw .tooManyElements(policy: policy, limit: Self.maximumAccess) }
        }
        for (name, policy) in facts.site.groups.sorted(by: { $0.key < $1.key }) {
            let elements = AccessBoxes(policy).elements(family)
            try expectRoom(for: elements.count, "groups.\(name).allow")
            sets.append(FirewallSet("group-\(name)" + family.digit, access, isInterval: true, elements: elements))
        }
        if hasOwnPolicies {
            var elements: [SetElement] = []
            for peer in facts.site.peers {
                guard let policy = peer.policy else { continue }
                let sources = (peer.addresses.map { IPPrefix(host: $0) } + peer.routes).disjoint()
                let boxes = AccessBoxes(policy)
                // Counted first: each source of the peer has all pieces of its policy.
                try expectRoom(for: boxes.count(from: sources, family), "peers.\(peer.name).allow")
                elements += boxes.elements(from: sources, family)
            }
            sets.append(
                FirewallSet("own" + family.digit, [family.keyType] + access, isInterval: true, elements: elements))
        }
        for (name, servers) in [("dns", dns), ("internet-dns", internetDNS)] {
            let elements = servers.filter { Family($0) == family }.flatMap { server in
                [6, 17].map { SetElement([.network(IPPrefix(host: server)), .numbers($0...$0), .numbers(53...53)]) }
            }
            if !elements.isEmpty { sets.append(FirewallSet(name + family.digit, access, elements: elements)) }
        }
        return sets
    }

    private func policyChain(_ peer: Peer) -> String {
        let chain = peer.group.map { "group-\($0)" } ?? (peer.policy == nil ? "lan" : "own")
        return facts.site.goesOut(peer) ? "full-" + chain : chain
    }
}

extension FirewallSet {
    /// Whether a set of this name holds what belongs to single peers or to policies, and not to all of the site. What is the
    /// tunnel's counts as theirs: that is asked of every packet, also of one whose connection is known.
    static func isOfPeers(_ name: String) -> Bool {
        let kind = name.prefix { !$0.isNumber }
        return name.hasPrefix("group-") || ["from", "to", "policy", "own", "tunnel"].contains(kind)
    }
}
