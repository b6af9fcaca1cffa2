internal import Firewall

/// Who made a table, by the names in it, and how they want to be told.
enum FirewallOwner {
    case docker, ufw, firewalld, iptables, nft

    /// Of a base chain of a table.
    init(of chain: FirewallChain, in table: FirewallTable) {
        let names = table.chains.map(\.name)
        if table.name == "firewalld" {
            self = .firewalld
        } else if names.contains("DOCKER-USER") && chain.name == "FORWARD" {
            self = .docker
        } else if names.contains(where: { $0.hasPrefix("ufw") }) {
            self = .ufw
        } else {
            let isFilter = table.name == "filter" || table.name == LegacyFirewall.table
            self = isFilter && ["FORWARD", "INPUT"].contains(chain.name) ? .iptables : .nft
        }
    }

    var name: String? {
        switch self {
        case .docker: "Docker"
        case .ufw: "ufw"
        case .firewalld: "firewalld"
        case .iptables, .nft: nil
        }
    }

    /// Lets through what comes from the tunnel and what goes into it: wggw's own table says what of it may.
    func remedy(interface: String, _ place: RulePlace) -> String {
        let tool = tool(place)
        func iptables(_ chain: String) -> String {
            ["-i", "-o"].map { "\(tool) -I \(chain) \($0) \(interface) -j ACCEPT" }.joined(separator: " && ")
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
        (place.family == .ip6 ? "ip6tables" : "iptables") + (place.table == LegacyFirewall.table ? "-legacy" : "")
    }

    /// Lets WireGuard's own datagrams in.
    func remedy(port: UInt16, _ place: RulePlace) -> String {
        switch self {
        case .ufw: "ufw allow \(port)/udp"
        case .firewalld: "firewall-cmd --permanent --add-port=\(port)/udp && firewall-cmd --reload"
        case .docker, .iptables: "\(tool(place)) -I INPUT -p udp --dport \(port) -j ACCEPT"
        case .nft: "nft insert rule \(place.chainName) udp dport \(port) accept"
        }
    }
}
