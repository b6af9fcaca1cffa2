import NetTypes
import SiteModel

/// Table `inet wggw` of a site. The number of rules depends on what kinds of policy there are, never on the peers.
///
///     forward ── from tunnel ─▶ from-tunnel ─▶ sources ─▶ policies ─▶ lan │ group-… │ own │ full-… (─▶ internet)
///             └─ into tunnel ─▶ to-tunnel
///     input ──── from tunnel ─▶ to-gateway ──▶ sources ─▶ policies ─▶ …
///
/// A base chain calls with `jump` and drops what comes back, so whatever a chain does not accept is dropped. `policies` goes
/// to one chain with `goto`, so that a packet is judged by one policy only.
struct FirewallCompiler {
    private let facts: SiteFacts
    private let tunnel: String
    private let lan: String
    private let networkFamilies: Set<Family>
    private let hasOwnPolicies: Bool
    /// Addresses of the gateway itself that it hands out as DNS servers: every peer may ask there, whatever its policy.
    private let dns: [IPAddress]

    init(_ facts: SiteFacts) {
        self.facts = facts
        tunnel = facts.site.tunnel.interface
        lan = facts.lanInterface
        networkFamilies = Set(facts.networks.map { Family($0.network.address) })
        hasOwnPolicies = facts.site.peers.contains { $0.policy != nil }
        let own = facts.site.tunnel.addresses.map(\.address)
        dns = facts.site.dns.filter(own.contains)
    }

    func firewall() -> Firewall {
        Firewall(sets: sets().sorted { $0.name < $1.name }, chains: policyChains() + dispatchChains() + baseChains())
    }

    // MARK: Chains

    private func policyChains() -> [FirewallChain] {
        var chains = [
            FirewallChain(
                "lan",
                rules: [FirewallRule(.toThisHost, .accept)]
                    + Family.allCases.map {
                        FirewallRule(
                            .to(interface: lan), .address($0, .destination, in: "lan" + $0.digit), .accept)
                    })
        ]
        for name in facts.site.groups.keys.sorted() { chains.append(accessChain("group-\(name)", [.destination])) }
        if hasOwnPolicies { chains.append(accessChain("own", [.source, .destination])) }
        guard facts.hasFullTunnel, let egress = facts.egressInterface else { return chains }
        let internet = FirewallChain(
            "internet",
            rules: Family.allCases.map {
                FirewallRule(
                    .to(interface: egress), .address($0, .destination, in: "lan" + $0.digit, inverted: true), .accept)
            })
        let full = chains.map {
            FirewallChain("full-" + $0.name, rules: [FirewallRule(.jump($0.name)), FirewallRule(.goto("internet"))])
        }
        return chains + [internet] + full
    }

    private func accessChain(_ name: String, _ sides: [Side]) -> FirewallChain {
        FirewallChain(
            name, rules: Family.allCases.map { FirewallRule(.access($0, sides, in: name + $0.digit), .accept) })
    }

    private func dispatchChains() -> [FirewallChain] {
        let dnsRules = Family.allCases.filter { family in dns.contains { Family($0) == family } }
            .map { FirewallRule(.access($0, [.destination], in: "dns" + $0.digit), .accept) }
        return [
            FirewallChain(
                "policies",
                rules: [FirewallRule(.state(.invalid), .drop)] + dnsRules
                    + perSet { FirewallRule(.address($0, .source, decidedBy: "policy" + $1)) }),
            FirewallChain(
                "sources",
                rules: perSet { FirewallRule(.address($0, .source, in: "from" + $1), .giveBack) }
                    + [FirewallRule(.drop)]),
            FirewallChain(
                "destinations", rules: perSet { FirewallRule(.address($0, .destination, in: "to" + $1)) }),
            FirewallChain(
                "from-tunnel",
                rules: [
                    FirewallRule(.jump("sources")), FirewallRule(.opensTCP, .clampMSS),
                    FirewallRule(.state(.established, .related), .accept), FirewallRule(.goto("policies")),
                ]),
            FirewallChain(
                "to-tunnel",
                rules: [
                    FirewallRule(.opensTCP, .clampMSS), FirewallRule(.state(.established, .related), .accept),
                    FirewallRule(.state(.invalid), .drop),
                ]
                    + Family.allCases.map {
                        FirewallRule(.from(interface: lan), .address($0, .source, in: "lan" + $0.digit), .accept)
                    }),
            FirewallChain(
                "to-gateway",
                rules: [
                    FirewallRule(.jump("sources")), FirewallRule(.state(.established, .related), .accept),
                    FirewallRule(.echoRequest4, .accept), FirewallRule(.echoRequest6, .accept),
                    FirewallRule(.goto("policies")),
                ]),
        ]
    }

    /// A rule per set of single addresses, then one per set of networks.
    private func perSet(_ rule: (_ family: Family, _ suffix: String) -> FirewallRule) -> [FirewallRule] {
        Family.allCases.map { rule($0, $0.digit) }
            + Family.allCases.filter(networkFamilies.contains).map { rule($0, $0.digit + "-networks") }
    }

    private func baseChains() -> [FirewallChain] {
        // Who has not said whether the box was a router before gets the safe answer.
        let dropsOther = facts.site.otherForwarding != .allow
        return [
            FirewallChain(
                "forward", hook: .init(kind: .filter, point: .forward, priority: 0, drops: dropsOther),
                rules: [
                    FirewallRule(.from(interface: tunnel), .jump("from-tunnel")),
                    FirewallRule(.from(interface: tunnel), .drop),
                    FirewallRule(.to(interface: tunnel), .jump("to-tunnel")),
                    FirewallRule(.to(interface: tunnel), .drop),
                ]),
            FirewallChain(
                "input", hook: .init(kind: .filter, point: .input, priority: 0, drops: false),
                rules: [
                    FirewallRule(.from(interface: tunnel), .jump("to-gateway")),
                    FirewallRule(.from(interface: tunnel), .drop),
                ]),
            // Counted where both forwarded packets and the gateway's own come by, after everything that may drop them.
            FirewallChain(
                "outgoing", hook: .init(kind: .filter, point: .postrouting, priority: 0, drops: false),
                rules: [FirewallRule(.to(interface: tunnel), .jump("destinations"))]),
            FirewallChain(
                "postrouting", hook: .init(kind: .nat, point: .postrouting, priority: 100, drops: false),
                rules: masquerades()),
        ]
    }

    private func masquerades() -> [FirewallRule] {
        func rules(_ interface: String, inverted: Bool) -> [FirewallRule] {
            Family.allCases.map {
                FirewallRule(
                    .from(interface: tunnel), .to(interface: interface),
                    .address($0, .destination, in: "lan" + $0.digit, inverted: inverted), .masquerade)
            }
        }
        var all: [FirewallRule] = []
        if facts.site.lan.replyPath == .masquerade { all += rules(lan, inverted: false) }
        if facts.hasFullTunnel, let egress = facts.egressInterface { all += rules(egress, inverted: true) }
        return all
    }

    // MARK: Sets

    private func sets() -> [FirewallSet] {
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
            sets.append(
                FirewallSet(
                    "lan" + digit, [family.keyType], isInterval: true,
                    elements: disjoint(facts.site.lan.subnets, family).map { SetElement([.network($0)]) }))
            sets += accessSets(family)
        }
        return sets
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

    private func accessSets(_ family: Family) -> [FirewallSet] {
        let access: [FirewallSet.KeyType] = [family.keyType, .transport, .port]
        var sets = facts.site.groups.map { name, policy in
            FirewallSet(
                "group-\(name)" + family.digit, access, isInterval: true,
                elements: AccessBoxes(policy).elements(family))
        }
        if hasOwnPolicies {
            var elements: [SetElement] = []
            for peer in facts.site.peers {
                guard let policy = peer.policy else { continue }
                let sources = disjoint(peer.addresses.map { IPPrefix(host: $0) } + peer.routes, family)
                elements += AccessBoxes(policy).elements(from: sources, family)
            }
            sets.append(
                FirewallSet("own" + family.digit, [family.keyType] + access, isInterval: true, elements: elements))
        }
        let servers = dns.filter { Family($0) == family }
        if !servers.isEmpty {
            let elements = servers.flatMap { server in
                [6, 17].map { SetElement([.network(IPPrefix(host: server)), .numbers($0...$0), .numbers(53...53)]) }
            }
            sets.append(FirewallSet("dns" + family.digit, access, elements: elements))
        }
        return sets
    }

    private func policyChain(_ peer: Peer) -> String {
        let chain = peer.group.map { "group-\($0)" } ?? (peer.policy == nil ? "lan" : "own")
        return peer.fullTunnel ?? facts.site.egress.fullTunnel ? "full-" + chain : chain
    }

    /// The networks of one family, without those that lie in others: an interval set must not overlap.
    private func disjoint(_ networks: [IPPrefix], _ family: Family) -> [IPPrefix] {
        var all: [IPPrefix] = []
        for network in networks.sorted() where Family(network.address) == family {
            if let last = all.last, last.contains(network) { continue }
            all.append(network)
        }
        return all
    }
}
