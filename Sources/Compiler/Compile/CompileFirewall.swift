import BoxModel
import Firewall
import NetTypes
import SiteModel

/// Table `inet wggw` of a site. The number of rules depends on what kinds of policy there are, and on how many interfaces lead to
/// the LAN and out, never on the peers.
///
///     ports ──── from outside, at another of the tunnel's ports: sent on to WireGuard's
///     incoming ─ says it is the tunnel's, and comes from elsewhere: dropped; for the tunnel, and the route leads elsewhere: dropped
///     forward ── from tunnel ─▶ from-tunnel ─▶ sources ─▶ policies ─▶ lan │ group-… │ own │ full-… (─▶ internet)
///             ├─ into tunnel ─▶ to-tunnel
///             └─ neither: what the site lets others do, by family and interface
///     input ──── from tunnel ─▶ to-gateway ──▶ sources ─▶ policies ─▶ …
///     outgoing ─ into tunnel ─▶ destinations; for the tunnel, and goes elsewhere: dropped
///
/// Whatever is dropped goes to `denied`, which tells those who listen, see `DenialLog`.
///
/// A TCP connection into the tunnel begins with SYN, also the gateway's own. The kernel takes one up from any packet
/// (`nf_conntrack_tcp_loose`), and whoever serves in the LAN sends again what is not answered: that would bring a connection back
/// that was ended. One that is older than wggw's rules or than the kernel's memory of it goes on with the peer's next packet,
/// if the peer's policy lets it open one like that. UDP has no SYN: what its servers still say of those that were ended is in a
/// set for a while.
///
/// A base chain calls with `jump` and drops what comes back, so whatever a chain does not accept is dropped. `policies` goes
/// to one chain with `goto`, so that a packet is judged by one policy only.
struct FirewallCompiler {
    let facts: SiteFacts
    let tunnel: String
    let networkFamilies: Set<Family>
    let hasOwnPolicies: Bool
    /// Addresses of the gateway itself that it hands out as DNS servers: every peer may ask there, whatever its policy.
    let dns: [IPAddress]
    /// What full tunnel leaves out, of both families.
    let notInternet: [IPPrefix]
    /// DNS servers that it would leave out though the site hands them out.
    let internetDNS: [IPAddress]

    /// The set of the tunnel's ports that are not WireGuard's own.
    static let portSet = "ports"

    init(_ facts: SiteFacts) {
        self.facts = facts
        tunnel = facts.site.tunnel.interface
        networkFamilies = Set(facts.networks.map { Family($0.network.address) })
        hasOwnPolicies = facts.site.peers.contains { $0.policy != nil }
        let own = facts.site.tunnel.addresses.map(\.address)
        dns = facts.site.dns.filter(own.contains)
        let notInternet = facts.notInternet
        self.notInternet = notInternet
        internetDNS = facts.site.dns.filter { server in
            facts.hasFullTunnel && !own.contains(server) && notInternet.contains { $0.contains(server) }
                && !facts.site.lan.subnets.contains { $0.contains(server) }
        }
    }

    /// Throws `.tooManyElements`.
    func firewall() throws(CompileError) -> FirewallTable {
        FirewallTable(
            sets: try sets().sorted { $0.name < $1.name }, chains: policyChains() + dispatchChains() + baseChains())
    }

    // MARK: Chains

    private func policyChains() -> [FirewallChain] {
        var chains = [
            .denied,
            FirewallChain(
                "lan",
                rules: [FirewallRule(.toThisHost(), .accept)]
                    + perSide { side, family, set in
                        FirewallRule(.to(interface: side), .address(family, .destination, in: set), .accept)
                    }),
        ]
        for name in facts.site.groups.keys.sorted() { chains.append(accessChain("group-\(name)", [.destination])) }
        if hasOwnPolicies { chains.append(accessChain("own", [.source, .destination])) }
        guard facts.hasFullTunnel else { return chains }
        let internet = FirewallChain(
            "internet",
            rules: perUplink { uplink, family in
                FirewallRule(
                    .to(interface: uplink),
                    .address(family, .destination, in: "not-internet" + family.digit, inverted: true), .accept)
            }
                + perUplink(Self.families(of: internetDNS)) { uplink, family in
                    FirewallRule(
                        .to(interface: uplink), .access(family, [.destination], in: "internet-dns" + family.digit),
                        .accept)
                })
        let full = chains.dropFirst().map {
            FirewallChain("full-" + $0.name, rules: [FirewallRule(.jump($0.name)), FirewallRule(.goto("internet"))])
        }
        return chains + [internet] + full
    }

    private func accessChain(_ name: String, _ sides: [Side]) -> FirewallChain {
        FirewallChain(
            name, rules: Family.allCases.map { FirewallRule(.access($0, sides, in: name + $0.digit), .accept) })
    }

    private func dispatchChains() -> [FirewallChain] {
        let dnsRules = Self.families(of: dns).map {
            FirewallRule(.access($0, [.destination], in: "dns" + $0.digit), .accept)
        }
        return [
            FirewallChain(
                "policies",
                rules: [FirewallRule(.state(.invalid), .denied)] + dnsRules
                    + perSet { FirewallRule(.address($0, .source, decidedBy: "policy" + $1)) }),
            FirewallChain(
                "sources",
                rules: perSet { FirewallRule(.address($0, .source, in: "from" + $1), .giveBack) }
                    + [FirewallRule(.denied)]),
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
                    FirewallRule(.state(.invalid), .denied),
                ]
                    + perSide { side, family, set in
                        FirewallRule(.from(interface: side), .address(family, .source, in: set), .accept)
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

    /// A rule per interface that leads to the LAN and family, with the set of what is there.
    private func perSide(
        _ rule: (_ interface: String, _ family: Family, _ set: String) -> FirewallRule
    ) -> [FirewallRule] {
        facts.lan.flatMap { side in
            Family.allCases.map { rule(side.interface, $0, "lan" + $0.digit + side.setSuffix) }
        }
    }

    /// A rule per family and interface that leads out in it.
    private func perUplink(
        _ families: [Family] = Family.allCases, _ rule: (_ interface: String, _ family: Family) -> FirewallRule
    ) -> [FirewallRule] {
        families.flatMap { family in facts.uplinks[family]!.map { rule($0, family) } }
    }

    private static func families(of addresses: [IPAddress]) -> [Family] {
        Family.allCases.filter { family in addresses.contains { Family($0) == family } }
    }

    private func baseChains() -> [FirewallChain] {
        let other = facts.site.otherForwarding
        return [
            // Before connections are tracked: a stranger must not even touch those of a peer. And before routes are followed:
            // in a LAN with one arm the kernel would answer what goes back where it came from with a redirect, which leads
            // the sender past the gateway for minutes.
            FirewallChain(
                "incoming", hook: .init(kind: .filter, point: .prerouting, priority: -300, drops: false),
                rules: [
                    FirewallRule(.from(interface: tunnel), .accept), FirewallRule(.from(interface: "lo"), .accept),
                ] + Family.allCases.map { FirewallRule(.address($0, .source, in: "tunnel" + $0.digit), .denied) }
                    + Family.allCases.map {
                        FirewallRule(
                            .address($0, .destination, in: "tunnel" + $0.digit), .notRouted(to: tunnel),
                            .toThisHost(false),
                            .denied)
                    })
        ] + ports() + [
            FirewallChain(
                "forward", hook: .init(kind: .filter, point: .forward, priority: 0, drops: other != .allow),
                rules: [
                    FirewallRule(.from(interface: tunnel), .jump("from-tunnel")),
                    FirewallRule(.from(interface: tunnel), .denied),
                    FirewallRule(.to(interface: tunnel), .jump("to-tunnel")),
                    FirewallRule(.to(interface: tunnel), .denied),
                ] + (other == .allow ? [] : others(.v4, other.ipv4) + others(.v6, other.ipv6) + [FirewallRule(.denied)])
            ),
            FirewallChain(
                "input", hook: .init(kind: .filter, point: .input, priority: 0, drops: false),
                rules: [
                    FirewallRule(.from(interface: tunnel), .jump("to-gateway")),
                    FirewallRule(.from(interface: tunnel), .denied),
                ]),
            // Where both forwarded packets and the gateway's own come by: counted after everything that may drop them. While
            // the tunnel is away, routes lead its packets elsewhere; here they end, before anybody translates addresses.
            FirewallChain(
                "outgoing", hook: .init(kind: .filter, point: .postrouting, priority: 0, drops: false),
                rules: [
                    FirewallRule(.to(interface: tunnel), .state(.new), .opensNoTCP, .denied)
                ]
                    + Family.allCases.map {
                        FirewallRule(
                            .to(interface: tunnel), .state(.new), .isAnswer($0, in: "ended" + $0.digit), .denied)
                    } + [
                        FirewallRule(.to(interface: tunnel), .goto("destinations")),
                        FirewallRule(.to(interface: "lo"), .accept),
                    ]
                    + Family.allCases.map { FirewallRule(.address($0, .destination, in: "tunnel" + $0.digit), .denied) }
            ),
            FirewallChain(
                "postrouting", hook: .init(kind: .nat, point: .postrouting, priority: 100, drops: false),
                rules: masquerades()),
        ]
    }

    /// Sends on what comes to another of the tunnel's ports, and the kernel shows the answers to come from there. Only what comes by
    /// a way out: whoever serves at such a port inside, a resolver at 53 above all, goes on. Where the LAN is at the way out as well,
    /// its own networks count as inside, and those that the box is in there. Before anybody else's translation: the first one counts,
    /// and of two at one priority the kernel takes whichever was loaded last.
    private func ports() -> [FirewallChain] {
        if facts.site.tunnel.otherPorts.isEmpty { return [] }
        return [
            FirewallChain(
                "ports",
                hook: .init(kind: .nat, point: .prerouting, priority: FirewallTable.portsPriority, drops: false),
                rules: facts.oneArms.flatMap { interface in
                    Family.allCases.map { family in
                        FirewallRule(
                            .from(interface: interface), .address(family, .source, in: "near" + family.digit), .giveBack
                        )
                    }
                }
                    + facts.outside.map { interface in
                        FirewallRule(
                            .from(interface: interface), .toThisHost(), .udpPort(in: Self.portSet),
                            .translate(toPort: facts.site.tunnel.listenPort))
                    })
        ]
    }

    /// What one family's other traffic may do in a chain that drops. Who has not said whether the box was a router before gets
    /// the safe answer.
    private func others(_ family: Family, _ choice: OtherForwarding.Choice?) -> [FirewallRule] {
        switch choice {
        case nil, .drop: []
        case .allow: [FirewallRule(.family(family), .accept)]
        case .from(let interfaces): interfaces.map { FirewallRule(.from(interface: $0), .family(family), .accept) }
        }
    }

    private func masquerades() -> [FirewallRule] {
        func rule(_ interface: String, _ family: Family, _ set: String, inverted: Bool) -> FirewallRule {
            FirewallRule(
                .from(interface: tunnel), .to(interface: interface),
                .address(family, .destination, in: set, inverted: inverted), .masquerade)
        }
        var all: [FirewallRule] = []
        if facts.site.lan.replyPath == .masquerade { all += perSide { rule($0, $1, $2, inverted: false) } }
        if facts.hasFullTunnel { all += perUplink { rule($0, $1, "lan" + $1.digit, inverted: true) } }
        return all
    }
}
