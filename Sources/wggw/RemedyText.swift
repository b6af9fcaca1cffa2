import Explaining
import NetTypes
import SiteModel

extension Remedy {
    /// A command, or what is to be done elsewhere.
    var text: String {
        switch self {
        case .restore: "wggw up"
        case .apply: "wggw apply"
        case .fullTunnel(let peer): "wggw set-peer \(peer) --full-tunnel && wggw apply, then give \(peer) its new file"
        case .prolong(let peer): "wggw set-peer \(peer) --expires 7d && wggw apply"
        case .policy(let peer, let rules):
            "wggw set-peer \(peer) --allow \(rules.map { "'\($0)'" }.joined(separator: " ")) && wggw apply"
        case .groupRule(let group, let rule):
            "wggw profile edit: add \"\(rule)\" to allow of [groups.\(group)], then wggw apply"
        case .newFile(let peer): "wggw export \(peer): give \(peer) its file anew"
        case .watchLog: "wggw log: shows whether its tries arrive, and why they are refused"
        case .command(let command): command
        case .routerRoute(let network, let gateway):
            "on the LAN's router: ip route add \(network) via \(gateway.map { "\($0)" } ?? "(this box)"); `wggw plan` has it for others"
        case .elsewhere(let advice): advice.text
        }
    }
}

extension Remedy.Advice {
    fileprivate var text: String {
        switch self {
        case .connect(let interface): "ip link set \(interface) up, and look at its cable"
        case .switchOn(let address): "see whether \(address) is on, and whether this is its address"
        case .serve(let service): "start what should answer at \(service), or let it listen at all addresses"
        case .hostFirewall(let address): "on \(address): let its own firewall answer addresses of other networks"
        case .renumber: "give this LAN a network that few have, like 10.83.29.0/24, or dial from elsewhere"
        case .removeRoute(let address, let table):
            "ip route get \(address) shows the route"
                + (table.map { "; ip rule and ip route show table \($0), what leads there" } ?? "") + "; take it away"
        case .addRoute(let address): "ip route add \(address) via (the router)"
        case .changeAddress(let address): "give one of the two another address than \(address)"
        }
    }
}
