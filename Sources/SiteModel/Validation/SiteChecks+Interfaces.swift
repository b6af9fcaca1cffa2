import NetTypes

extension Site {
    /// What is wrong with the names of interfaces, in the order of the profile. A site that an older wggw took may have such.
    public func interfaceProblems() -> [SiteProblem] {
        var checks = SiteChecks(site: self, incomplete: [])
        checks.checkOtherForwarding()
        checks.checkCard(lan.interface, ["lan", "interface"])
        checks.checkTunnelInterface()
        checks.checkCard(egress.interface, ["egress", "interface"])
        return checks.problems
    }
}

extension SiteChecks {
    /// Names under net/ipv4/conf that stand for settings of every interface, of those to come, and of none that packets
    /// come in by from elsewhere.
    private static let noCards = [
        "all": "stands for every interface in the kernel's settings",
        "default": "stands for interfaces to come in the kernel's settings",
        "lo": "is the box's loopback interface",
    ]

    mutating func checkOtherForwarding() {
        let choices = [("ipv4", site.otherForwarding.ipv4), ("ipv6", site.otherForwarding.ipv6)]
        for case (let family, .from(let interfaces)?) in choices {
            let path = ["site", "other-forwarding", family]
            if interfaces.isEmpty && isWhole(path) {
                report(path, "names no interface", remedy: "name those that others may come in by, or write \"drop\"")
            }
            for (i, interface) in interfaces.enumerated() {
                if i > 0 && interfaces[i - 1] == interface {
                    report(path, index: i, "\(interface) is listed twice", remedy: "remove one of them")
                } else {
                    checkCard(interface, path, index: i)
                }
            }
        }
    }

    mutating func checkTunnelInterface() {
        let name = site.tunnel.interface
        let path = ["tunnel", "interface"]
        if isName(name, path), let reason = Self.noCards[name] {
            report(path, "\(name) \(reason)", remedy: "take a name of its own, like wg0")
        }
    }

    /// An interface that is there without wggw.
    mutating func checkCard(_ name: String?, _ path: [String], index: Int? = nil) {
        guard let name, isName(name, path, index: index) else { return }
        let reason = name == site.tunnel.interface ? "is the tunnel itself" : Self.noCards[name]
        if let reason { report(path, index: index, "\(name) \(reason)", remedy: "name the network card, like eth0") }
    }

    private mutating func isName(_ name: String, _ path: [String], index: Int? = nil) -> Bool {
        if isInterfaceName(name) { return true }
        report(
            path, index: index, "\(tomlString(name)) is no interface name",
            remedy: "Linux takes 1 to 15 characters without space, slash, colon and percent sign, like wg0")
        return false
    }
}
