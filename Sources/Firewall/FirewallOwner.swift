package import NetTypes

/// Who made a table, by the names in it, and how they want to be told.
package enum FirewallOwner {
    case docker, ufw, firewalld, iptables, nft

    /// Of a base chain of a table.
    package init(of chain: FirewallChain, in table: FirewallTable) {
        let names = table.chains.map(\.name)
        if table.name == "firewalld" {
            self = .firewalld
        } else if names.contains("DOCKER-USER") && chain.name == "FORWARD"
            || names.contains("DOCKER") && chain.hook?.kind == .nat
        {
            self = .docker
        } else if names.contains(where: { $0.hasPrefix("ufw") }) {
            self = .ufw
        } else {
            let tables = ["filter", "mangle", "raw", "nat", "security"]
            let isIptables = table.isLegacy || table.family != .inet && tables.contains(table.name)
            let builtIn = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"]
            self = isIptables && builtIn.contains(chain.name) ? .iptables : .nft
        }
    }

    /// For people; nil where the names say nothing.
    package var name: String? {
        switch self {
        case .docker: "Docker"
        case .ufw: "ufw"
        case .firewalld: "firewalld"
        case .iptables, .nft: nil
        }
    }

    /// Lets through what comes from the tunnel and what goes into it: wggw's own table says what of it may.
    package func remedy(interface: String, _ place: RulePlace) -> String {
        let tool = tool(place)
        func iptables(_ chain: String) -> String {
            ["-i", "-o"].filter { place.knows($0) }.map { "\(tool) -I \(chain) \($0) \(interface) -j ACCEPT" }
                .joined(separator: " && ")
        }
        switch self {
        case .docker: return iptables("DOCKER-USER")
        case .ufw: return "ufw route allow in on \(interface) && ufw route allow out on \(interface)"
        case .firewalld:
            return "firewall-cmd --permanent --zone=trusted --add-interface=\(interface) && firewall-cmd --reload"
        case .iptables: return iptables(place.chain)
        case .nft:
            return ["iifname", "oifname"].map { "nft insert rule \(place.chainName) \($0) '\"\(interface)\"' accept" }
                .joined(separator: " && ")
        }
    }

    private func tool(_ place: RulePlace) -> String {
        let table = place.table.split(separator: " ").first ?? ""
        return place.iptables + (table == "filter" || self == .docker ? "" : " -t \(table)")
    }

    /// Leaves WireGuard's datagrams at a port where they are. `target`: where the owner sends them.
    package func remedy(leaving port: UInt16, _ target: (address: IPAddress?, port: UInt16?), _ place: RulePlace)
        -> String
    {
        switch self {
        case .firewalld:
            let to = (target.port.map { ":toport=\($0)" } ?? "") + (target.address.map { ":toaddr=\($0)" } ?? "")
            return "firewall-cmd --permanent --remove-forward-port=port=\(port):proto=udp\(to) && firewall-cmd --reload"
        case .docker, .ufw, .iptables:
            return "\(place.iptables) -t nat -I \(place.chain) -p udp --dport \(port) -j ACCEPT"
        case .nft: return "nft insert rule \(place.chainName) udp dport \(port) accept"
        }
    }

    /// Lets WireGuard's own datagrams in.
    package func remedy(port: UInt16, _ place: RulePlace) -> String {
        switch self {
        case .ufw: "ufw allow \(port)/udp"
        case .firewalld: "firewall-cmd --permanent --add-port=\(port)/udp && firewall-cmd --reload"
        case .docker: "\(tool(place)) -I INPUT -p udp --dport \(port) -j ACCEPT"
        case .iptables: "\(tool(place)) -I \(place.chain) -p udp --dport \(port) -j ACCEPT"
        case .nft: "nft insert rule \(place.chainName) udp dport \(port) accept"
        }
    }
}

extension RulePlace {
    /// The program that knows the table.
    fileprivate var iptables: String {
        (family == .ip6 ? "ip6tables" : "iptables") + (FirewallTable.isLegacy(table) ? "-legacy" : "")
    }

    /// Whether iptables takes the option in this built-in chain: what comes in has no way out yet, and the other way round.
    fileprivate func knows(_ option: String) -> Bool {
        switch chain {
        case "PREROUTING", "INPUT": option == "-i"
        case "OUTPUT", "POSTROUTING": option == "-o"
        default: true
        }
    }
}
