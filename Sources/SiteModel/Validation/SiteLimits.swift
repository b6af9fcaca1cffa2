/// How much of one kind a site may have, and what who has more can do.
struct SiteLimit {
    let most: Int
    /// In the plural: `networks`.
    let noun: String
    let remedy: String

    private init(_ most: Int, _ noun: String, _ remedy: String) {
        self.most = most
        self.noun = noun
        self.remedy = remedy
    }

    /// Of one site. The built-in datapath takes ten times as many.
    static let peers = SiteLimit(100_000, "peers", "share them out among several gateways")
    static let groups = SiteLimit(1_000, "groups", "peers that may reach the same share one")
    /// Of one policy.
    static let rules = SiteLimit(1_000, "rules", "name wider networks or ranges of ports")
    static let subnets = SiteLimit(256, "networks", "name wider networks")
    /// Of the gateway. Every address of a peer is looked for in each.
    static let tunnelAddresses = SiteLimit(64, "addresses", "one of a wider network does for all its peers")
    static let dnsServers = SiteLimit(64, "servers", "keep those that are asked first")
    /// That other traffic may come in by, of one family.
    static let interfaces = SiteLimit(64, "interfaces", "write \"allow\" if others may come in by any")
    static let checks = SiteLimit(1_000, "checks", "name networks in place of hosts")
    /// Of one peer.
    static let peerAddresses = SiteLimit(256, "addresses", "write networks behind the peer in routes")
    /// Of one peer.
    static let routes = SiteLimit(10_000, "networks", "name wider networks")

    /// `50000 networks are too many`; nil if they are not.
    func reason(against count: Int) -> String? { count > most ? "\(count) \(noun) are too many" : nil }

    /// `256 at most; name wider networks`
    var advice: String { "\(most) at most; \(remedy)" }
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
        if let reason = limit.reason(against: count) { report(path(), reason, remedy: limit.advice) }
    }
}
