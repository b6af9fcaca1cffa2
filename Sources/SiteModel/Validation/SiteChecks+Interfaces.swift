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
    mutating func checkOtherForwarding() {
        let choices = [("ipv4", site.otherForwarding.ipv4), ("ipv6", site.otherForwarding.ipv6)]
        for case (let family, .from(let interfaces)?) in choices {
            let path = ["site", "other-forwarding", family]
            if interfaces.isEmpty && isWhole(path) {
                report(path, .entry(.empty(.interface)))
            }
            for (i, interface) in interfaces.enumerated() {
                if i > 0 && interfaces[i - 1] == interface {
                    report(path, index: i, .entry(.twice(interface)))
                } else {
                    checkCard(interface, path, index: i)
                }
            }
        }
    }

    mutating func checkTunnelInterface() {
        let name = site.tunnel.interface
        let path = ["tunnel", "interface"]
        if isName(name, path), let reserved = SiteProblem.NameFault.Reserved(rawValue: name) {
            report(path, .name(.reserved(reserved, isTunnel: true)))
        }
    }

    /// An interface that is there without wggw.
    mutating func checkCard(_ name: String?, _ path: [String], index: Int? = nil) {
        guard let name, isName(name, path, index: index) else { return }
        if name == site.tunnel.interface {
            report(path, index: index, .name(.tunnel(name)))
        } else if let reserved = SiteProblem.NameFault.Reserved(rawValue: name) {
            report(path, index: index, .name(.reserved(reserved, isTunnel: false)))
        }
    }

    private mutating func isName(_ name: String, _ path: [String], index: Int? = nil) -> Bool {
        if isInterfaceName(name) { return true }
        report(path, index: index, .name(.noInterface(name)))
        return false
    }
}
