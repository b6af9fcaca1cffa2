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
    var unknownGroups: [String: SiteProblem.NameFault.Meant] = [:]

    mutating func run() {
        guard isWithinLimits() else { return }
        checkLabel(site.name, ["site", "name"], .site)
        checkOtherForwarding()
        checkLAN()
        checkTunnel()
        checkCard(site.egress.interface, ["egress", "interface"])
        checkDNS()
        checkDisguise()
        for (name, policy) in site.groups.sorted(by: { $0.key < $1.key }) {
            checkLabel(name, ["groups", name], .group)
            checkPolicy(policy, ["groups", name, "allow"])
        }
        checkPeers()
        checkNetworks()
        if isWhole(["check"]) { checkChecks() }
    }

    mutating func report(_ path: [String], index: Int? = nil, _ fault: SiteProblem.Fault) {
        problems.append(SiteProblem(SitePath(path, index: index), fault))
    }

    /// Whether all of the list at `path` could be read.
    func isWhole(_ path: [String]) -> Bool {
        incomplete.isEmpty || !(1...path.count).contains { incomplete.contains(SitePath(Array(path.prefix($0)))) }
    }

    // MARK: Sections

    private mutating func checkLAN() {
        checkCard(site.lan.interface, ["lan", "interface"])
        if site.lan.subnets.isEmpty && isWhole(["lan", "subnets"]) {
            report(["lan", "subnets"], .entry(.empty(.network)))
        }
        for (i, subnet) in site.lan.subnets.enumerated() {
            if let obstacle = AddressObstacle(ofNetwork: subnet) {
                report(["lan", "subnets"], index: i, .address(.unusable("\(subnet)", obstacle, .lan)))
            }
        }
    }

    private mutating func checkTunnel() {
        let tunnel = site.tunnel
        checkTunnelInterface()
        for (i, port) in tunnel.ports.enumerated() {
            let path = ["tunnel", tunnel.otherPorts.isEmpty ? "listen-port" : "listen-ports"]
            if port == 0 {
                report(path, index: i, .entry(.noPort))
            } else if tunnel.ports[..<i].contains(port) {
                report(path, index: i, .entry(.twice("\(port)")))
            }
        }
        if let mtu = tunnel.mtu {
            let hasV6 = tunnel.addresses.contains { $0.address.isV6 }
            let least = hasV6 ? 1280 : 576
            if !(least...65456).contains(mtu) {
                report(["tunnel", "mtu"], .entry(.mtu(mtu, least: least, hasV6: hasV6)))
            }
        }
        let path = ["tunnel", "addresses"]
        if tunnel.addresses.isEmpty && isWhole(["tunnel", "addresses"]) {
            report(path, .entry(.empty(.gatewayAddress)))
        }
        for (i, own) in tunnel.addresses.enumerated() {
            if tunnel.addresses[..<i].contains(where: { $0.address == own.address }) {
                report(path, index: i, .entry(.twice("\(own.address)")))
            } else if let obstacle = AddressObstacle(ofNetwork: own.network) {
                report(path, index: i, .address(.unusable("\(own)", obstacle, .gateway)))
            } else if own.address != own.network.address,
                let obstacle = AddressObstacle(of: own.address, in: own.network)
            {
                // A network's own address is one for its gateway: Linux and wg-quick take it, and much-used pages hand it out.
                report(path, index: i, .address(.unusable("\(own.address)", obstacle, .host(own.network))))
            }
        }
    }

    private mutating func checkDNS() {
        for (i, server) in site.dns.enumerated() where site.dns[..<i].contains(server) {
            report(["dns", "servers"], index: i, .entry(.twice("\(server)")))
        }
    }

    // MARK: Parts

    mutating func checkPolicy(_ policy: Policy, _ path: [String]) {
        if policy.allow.isEmpty && isWhole(path) {
            report(path, .entry(.empty(.destination)))
        }
        for i in policy.allow.indices.dropFirst() where policy.allow[i] == policy.allow[i - 1] {
            report(path, index: i, .entry(.twice("\(policy.allow[i])")))
        }
    }

    mutating func checkLabel(_ name: String, _ path: @autoclosure () -> [String], _ owner: SiteProblem.NameFault.Owner)
    {
        if !isHostLabel(name) { report(path(), .name(.noLabel(name, owner))) }
    }
}
