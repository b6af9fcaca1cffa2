import Explaining
import NetTypes
import SiteModel

extension Remedy {
    /// A command, or what is to be done elsewhere.
    var text: String {
        switch self {
        case .fullTunnel(let peer): "wggw set-peer \(peer) --full-tunnel && wggw apply, then give \(peer) its new file"
        case .prolong(let peer): "wggw set-peer \(peer) --expires 7d && wggw apply"
        case .disguiseAnew(let name): "wggw disguise on\(name == "awg" ? "" : " --name \(name)") --anew"
        case .disguise(let name, let version): "wggw disguise on --name \(name) --for \(version.rawValue)"
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
        case .restore: "wggw up"
        case .apply: "wggw apply"
        case .restart: "wggw apply --restart"
        case .restoreAnew: "wggw up --restart"
        case .takeDown: "wggw down"
        case .confirm: "wggw confirm"
        case .rollBack: "wggw rollback"
        case .look(let view): "wggw \(view.command)"
        case .follow: "wggw watch"
        case .site(let edit): "wggw \(edit.command)"
        case .addPeer: "wggw add-peer"
        case .letIn(let peer, let key, let addresses):
            (["wggw add-peer \(peer ?? "NAME") --public-key \(key)"] + addresses.map { "--address \($0)" })
                .joined(separator: " ")
        case .peer(let peer, let edit): "wggw \(edit.command(peer))"
        case .backUp: "wggw backup FILE"
        case .input(let input): input.option
        }
    }

    /// The same between other words: a command stands out, an option is a word.
    var phrase: String { if case .input(let input) = self { input.option } else { "`\(text)`" } }
}

extension Remedy.View {
    fileprivate var command: String {
        switch self {
        case .status: "status"
        case .plan: "plan"
        case .history: "history"
        case .peers: "list"
        case .log: "log"
        case .denied: "log --denied"
        }
    }
}

extension Remedy.SiteEdit {
    fileprivate var command: String {
        switch self {
        case .first: "init"
        case .whole: "init --lan 192.168.1.0/24 --endpoint HOST"
        case .interface: "init --interface"
        case .anyDatapath: "init --datapath auto"
        case .endpoint: "init --endpoint vpn.example.org"
        case .otherForwarding: "init --other-forwarding allow"
        case .keepingDenied: "init --log-denied"
        case .profile: "profile edit"
        }
    }
}

extension Remedy.PeerEdit {
    /// `peer`: whose; nil: of any.
    fileprivate func command(_ peer: String?) -> String {
        let name = peer.map { " \($0)" } ?? ""
        return switch self {
        case .any: "set-peer\(name)"
        case .address: "set-peer\(name) --address auto"
        case .networks: "set-peer\(name) --route NETWORK"
        case .plain: "set-peer\(name) --disguise none"
        case .disguise(let disguise): "set-peer\(name) --disguise \(disguise)"
        case .presharedKey: "set-peer\(name) --preshared-key"
        case .policy: "set-peer\(peer.map { " \($0)" } ?? " NAME") --allow"
        case .fullTunnel: "set-peer\(name) --full-tunnel"
        case .removal: "remove-peer\(name)"
        case .file: "export\(name)"
        case .gatewayFile: "export\(name) --as gateway"
        }
    }
}

extension Remedy.Input {
    fileprivate var option: String {
        switch self {
        case .lan: "--lan"
        case .lanInterface: "--lan-interface"
        case .egressInterface: "--egress-interface"
        case .fullTunnel: "--full-tunnel"
        case .tunnel: "--tunnel"
        case .endpoint: "--endpoint"
        case .address: "--address"
        case .confirmation: "--confirm"
        case .stateDirectory: "--state-dir"
        case .replacing: "--force"
        case .configuration: "--conf"
        case .origin: "--from"
        case .interface: "--interface"
        }
    }
}

extension Prose {
    /// With commands for what helps.
    var text: String { told(by: \.phrase) }
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
