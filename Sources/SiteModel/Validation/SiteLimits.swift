/// How much of one kind a site may have.
public enum SiteLimit: Hashable, Sendable {
    /// Of one site. The built-in datapath takes ten times as many.
    case peers
    case groups
    /// Of one policy.
    case rules
    case subnets
    /// Of the gateway. Every address of a peer is looked for in each.
    case tunnelAddresses
    /// That the tunnel is dialled at.
    case ports
    /// That a datapath tells apart.
    case disguises
    case dnsServers
    /// That other traffic may come in by, of one family.
    case interfaces
    case checks
    /// Of one peer.
    case peerAddresses
    /// Of one peer.
    case routes

    /// So many may be there.
    public var most: Int { facts.most }
    /// In the plural: `networks`.
    var noun: String { facts.noun }
    /// What who has more can do.
    var remedy: String { facts.remedy }

    private var facts: (most: Int, noun: String, remedy: String) {
        switch self {
        case .peers: (100_000, "peers", "share them out among several gateways")
        case .groups: (1_000, "groups", "peers that may reach the same share one")
        case .rules: (1_000, "rules", "name wider networks or ranges of ports")
        case .subnets: (256, "networks", "name wider networks")
        case .tunnelAddresses: (64, "addresses", "one of a wider network does for all its peers")
        case .ports: (15, "ports", "name those that the networks of your peers let through")
        case .disguises: (3, "disguises", "one that old apps take serves newer ones, too")
        case .dnsServers: (64, "servers", "keep those that are asked first")
        case .interfaces: (64, "interfaces", "write \"allow\" if others may come in by any")
        case .checks: (1_000, "checks", "name networks in place of hosts")
        case .peerAddresses: (256, "addresses", "write networks behind the peer in routes")
        case .routes: (10_000, "networks", "name wider networks")
        }
    }
}

extension SiteChecks {
    /// Whether there is no more of anything than its limit says; else notes what there is. What goes beyond is refused as a whole
    /// and not looked at one by one: nothing that checks or compiles a site ever meets more.
    mutating func isWithinLimits() -> Bool {
        for case (let family, .from(let interfaces)?) in [
            ("ipv4", site.otherForwarding.ipv4), ("ipv6", site.otherForwarding.ipv6),
        ] {
            expect(interfaces.count, .interfaces, ["site", "other-forwarding", family])
        }
        expect(site.lan.subnets.count, .subnets, ["lan", "subnets"])
        expect(site.tunnel.addresses.count, .tunnelAddresses, ["tunnel", "addresses"])
        expect(site.tunnel.ports.count, .ports, ["tunnel", "listen-ports"])
        expect(site.tunnel.disguises.count, .disguises, ["disguise"])
        expect(site.dns.count, .dnsServers, ["dns", "servers"])
        expect(site.groups.count, .groups, ["groups"])
        for (name, policy) in site.groups.sorted(by: { $0.key < $1.key }) {
            expect(policy.allow.count, .rules, ["groups", name, "allow"])
        }
        expect(site.peers.count, .peers, ["peers"])
        expect(site.checks.count, .checks, ["check"])
        for peer in site.peers {
            expect(peer.addresses.count, .peerAddresses, ["peers", peer.name, "addresses"])
            expect(peer.policy?.allow.count ?? 0, .rules, ["peers", peer.name, "allow"])
            expect(peer.routes.count, .routes, ["peers", peer.name, "routes"])
        }
        return problems.isEmpty
    }

    private mutating func expect(_ count: Int, _ limit: SiteLimit, _ path: @autoclosure () -> [String]) {
        if count > limit.most { report(path(), .entry(.tooMany(count, limit))) }
    }
}
