import NetTypes

extension Site {
    /// Everything that is wrong with this site, in the order of the profile; empty when it can be drafted and compiled.
    ///
    /// It does not ask for what a draft still finds out. O(n log n) in peers and routes.
    public func problems() -> [SiteProblem] { problems(incomplete: []) }

    /// The same, for a site that was read from a text in which the lists in `incomplete` (`tunnel.addresses`,
    /// `lan.subnets`, `groups`) had elements that could not be read: what depends on them is not judged.
    func problems(incomplete: Set<SitePath>) -> [SiteProblem] {
        var checks = SiteChecks(site: self, incomplete: incomplete)
        checks.run()
        return checks.problems
    }
}

/// One pass over a site. Each rule appends what it finds.
struct SiteChecks {
    let site: Site
    let incomplete: Set<SitePath>
    var problems: [SiteProblem] = []
    /// Groups that peers name and that are not there, of which it was said already what was meant.
    var unknownGroups: [String: String] = [:]

    mutating func run() {
        guard isWithinLimits() else { return }
        checkSite()
        checkLAN()
        checkTunnel()
        checkCard(site.egress.interface, ["egress", "interface"])
        checkDNS()
        checkDisguise()
        for (name, policy) in site.groups.sorted(by: { $0.key < $1.key }) {
            checkLabel(name, ["groups", name], "a group's name")
            checkPolicy(policy, ["groups", name, "allow"])
        }
        checkPeers()
        checkNetworks()
        if isWhole(["check"]) { checkChecks() }
    }

    mutating func report(_ path: [String], index: Int? = nil, _ reason: String, remedy: String) {
        problems.append(SiteProblem(SitePath(path, index: index), reason, remedy: remedy))
    }

    /// Whether all of the list at `path` could be read.
    func isWhole(_ path: [String]) -> Bool {
        incomplete.isEmpty || !(1...path.count).contains { incomplete.contains(SitePath(Array(path.prefix($0)))) }
    }

    // MARK: Sections

    private mutating func checkSite() {
        checkLabel(site.name, ["site", "name"], "a site's name")
        checkOtherForwarding()
    }

    private mutating func checkLAN() {
        checkCard(site.lan.interface, ["lan", "interface"])
        if site.lan.subnets.isEmpty && isWhole(["lan", "subnets"]) {
            report(["lan", "subnets"], "names no network", remedy: "name the LAN's network, like 192.168.1.0/24")
        }
        for (i, subnet) in site.lan.subnets.enumerated() {
            if let reason = AddressObstacle(ofNetwork: subnet) {
                report(
                    ["lan", "subnets"], index: i, "\(subnet) \(reason)", remedy: "name the LAN's own network")
            }
        }
    }

    private mutating func checkTunnel() {
        let tunnel = site.tunnel
        checkTunnelInterface()
        if tunnel.listenPort == 0 {
            report(["tunnel", "listen-port"], "0 is no port", remedy: "take one from 1 to 65535, like 51820")
        }
        if let mtu = tunnel.mtu {
            let hasV6 = tunnel.addresses.contains { $0.address.isV6 }
            let least = hasV6 ? 1280 : 576
            if !(least...65456).contains(mtu) {
                report(
                    ["tunnel", "mtu"], "\(mtu) bytes is out of range",
                    remedy: "take \(least) to 65456, 1420 on most links" + (hasV6 ? "; IPv6 needs 1280" : ""))
            }
        }
        let path = ["tunnel", "addresses"]
        if tunnel.addresses.isEmpty && isWhole(["tunnel", "addresses"]) {
            report(path, "has no address", remedy: "give the gateway an address in the tunnel, like 192.168.2.254/24")
        }
        for (i, own) in tunnel.addresses.enumerated() {
            if tunnel.addresses[..<i].contains(where: { $0.address == own.address }) {
                report(path, index: i, "\(own.address) is listed twice", remedy: "remove one of them")
            } else if let reason = AddressObstacle(ofNetwork: own.network) {
                report(path, index: i, "\(own) \(reason)", remedy: "take a private address, like 192.168.2.254/24")
            } else if own.address != own.network.address, let reason = AddressObstacle(of: own.address, in: own.network)
            {
                // A network's own address is one for its gateway: Linux and wg-quick take it, and much-used pages hand it out.
                report(path, index: i, "\(own.address) \(reason)", remedy: Self.range(of: own.network))
            }
        }
    }

    private mutating func checkDNS() {
        for (i, server) in site.dns.enumerated() where site.dns[..<i].contains(server) {
            report(["dns", "servers"], index: i, "\(server) is listed twice", remedy: "remove one of them")
        }
    }

    // MARK: Parts

    mutating func checkPolicy(_ policy: Policy, _ path: [String]) {
        if policy.allow.isEmpty && isWhole(path) {
            report(path, "allows nothing", remedy: "name at least one destination, like 192.168.1.10:443/tcp")
        }
        for i in policy.allow.indices.dropFirst() where policy.allow[i] == policy.allow[i - 1] {
            report(path, index: i, "\(policy.allow[i]) is listed twice", remedy: "remove one of them")
        }
    }

    mutating func checkLabel(_ name: String, _ path: @autoclosure () -> [String], _ what: String) {
        if !isHostLabel(name) {
            report(
                path(), "\(tomlString(name)) is no host label",
                remedy: "\(what) is 1 to 63 letters, digits and inner hyphens")
        }
    }

    // MARK: Addresses

    /// `take one from 192.168.2.1 to 192.168.2.254`
    static func range(of network: IPPrefix) -> String {
        let isSmall = network.length >= network.address.bitWidth - 1
        let first = isSmall ? network.address : neighbour(network.address, 1)
        let last = isSmall || network.isV6 ? network.last : neighbour(network.last, -1)
        return first == last ? "there is only \(first)" : "take one from \(first) to \(last)"
    }

    private static func neighbour(_ address: IPAddress, _ step: Int) -> IPAddress {
        switch address {
        case .v4(let a): .v4(IPv4Address(rawValue: step > 0 ? a.rawValue + 1 : a.rawValue - 1))
        case .v6(let a): .v6(IPv6Address(rawValue: step > 0 ? a.rawValue + 1 : a.rawValue - 1))
        }
    }
}
