import BoxModel
import Firewall
import NetTypes
import SiteModel

extension Fact: CustomStringConvertible {
    /// One line for people.
    public var description: String {
        switch self {
        case .granted(let grant): grant.description
        case .refused(let refusal): refusal.description
        case .grantedInPart(let rules, let peer, let group):
            "\(Self.policy(peer, group)) allows \(list(rules)) of it"
        case .nothingApplied: "nothing of wggw's is on the box"
        case .sendsIntoTunnel(let peer, let network): "\(peer)'s file sends \(bare(network)) into the tunnel"
        case .sendsElsewhere(let peer, let isSplit):
            isSplit
                ? "\(peer) is split tunnel: its file sends this out by its own network, and not into the tunnel"
                : "\(peer)'s file does not send this into the tunnel"
        case .commonNetwork(let network):
            "\(network) is the network of many homes: who is in one of them does not reach this one"
        case .isAtHome(let peer, let address): "\(peer) dials from \(address), which is inside the LAN"
        case .routerNeedsRoute(let network):
            "the LAN's router has to send \(network) to this box; whether it does cannot be seen"
        case .hostSendsHere(let network): "the host has to send what is for \(bare(network)) to this box"
        default: session ?? box ?? live
        }
    }

    /// Between a peer and the gateway.
    private var session: String? {
        switch self {
        case .noInterface(let name): "interface \(name) is gone"
        case .interfaceDown(let name): "interface \(name) is down"
        case .datapathSilent(let name): "the datapath of \(name) does not answer"
        case .notOnInterface(let peer): "the interface does not know \(peer)"
        case .sessionDiffers(_, .gatewayKey): "the interface has another private key than the site"
        case .sessionDiffers(_, .port): "the interface listens at another port than the site says"
        case .sessionDiffers(let peer, .presharedKey):
            "the interface has another preshared key for \(peer) than the site"
        case .alive(_, let age, let endpoint):
            "last handshake \(Self.duration(age)) ago" + (endpoint.map { ", from \($0)" } ?? "")
        case .neverSeen(let peer, let ports):
            "\(peer) has not shaken hands since the interface is up: UDP port \(ports.map(String.init).joined(separator: ", ")) does not get here, a key is wrong, or it is off"
        case .silent(let peer, let age, let keepalive):
            "no session: \(peer) was last heard \(Self.duration(age)) ago"
                + (keepalive == 0
                    ? "; it shakes hands with its next packet, if it is on"
                    : ", though its file says something every \(keepalive) s; it is off, or its network lets nothing through")
        case .noEndpoint(let peer): "\(peer) has not come in, and nobody knows where to dial it"
        case .endpointUnreachable(let peer, let endpoint): "no route leads to \(endpoint), where \(peer) is"
        case .endpointInTunnel(let peer, let endpoint):
            "the route to \(endpoint), where \(peer) is, leads into the tunnel itself"
        case .belongs(let address, let peer): "\(address) is \(peer)'s"
        case .belongsToOther(let address, let peer, let instead):
            "\(address) is \(peer ?? "a stranger")'s on the interface, and not \(instead)'s"
        case .belongsToNobody(let address): "\(address) is in no peer's allowed IPs on the interface"
        default: nil
        }
    }

    /// On the box, and on the way back.
    private var box: String? {
        switch self {
        case .chainsPass(let names): "\(list(names)) \(names.count == 1 ? "lets" : "let") it through"
        case .drops(let place, let owner, let rejecting):
            "\(place)\(Self.by(owner)) \(rejecting ? "rejects" : "drops") it"
        case .mayDrop(let doubt, let owner):
            "\(doubt.place)\(Self.by(owner)) may drop it: it asks for \(list(doubt.causes.map(\.text).sorted()))"
        case .redirected(let address, let place):
            "\(place.map { "\($0)" } ?? "a rule") sends it to \(address.map { "\($0)" } ?? "another address or port")"
        case .ownTableGone: "table inet wggw is gone"
        case .ownTableDiffers: "somebody changed table inet wggw"
        case .boxMoved(let revision):
            "the interfaces that carry the LAN or lead out are others than when revision \(revision) was applied"
        case .reversePath(let interface, let value):
            value == 1 ? "strict on \(interface), and the way back leaves by it" : "loose on \(interface)"
        case .reversePathDrops(let interface, let key, let back):
            "\(Self.sysctl(key)) drops what comes in by \(interface): the way back \(back.text)"
        case .forwards(let interface): "on for \(interface)"
        case .forwardsNot(let key): "\(Self.sysctl(key)) is 0: the box forwards nothing"
        case .routed(let way): way.text
        case .routedToThisBox(let address): "\(address) is this box's own"
        case .routeRefuses(let address, let refusal): "a route says that \(address) is \(refusal.text)"
        case .noRoute(let address): "no route leads to \(address)"
        case .martian(let address, let interface): "the kernel takes nothing from \(address) by \(interface)"
        case .routedAstray(let way, let expected): "it goes \(way.text), and should go by \(expected)"
        case .keepsSource(let address): "it leaves as \(address)"
        case .masquerades(let address, let interface):
            "it leaves as \(address.map { "\($0)" } ?? "an address of \(interface)")"
        case .linkGone(let name): "there is no interface \(name)"
        case .linkDown(let name): "interface \(name) is down"
        case .noCarrier(let name): "interface \(name) has no carrier: nobody is at the other end of the cable"
        case .neighbour(let address, let state): Self.neighbour(address, state)
        case .exceeds(let mtu, let size, let interface):
            "\(interface) takes \(mtu) bytes, and the tunnel brings up to \(size): TCP is told, other large packets come in pieces or not"
        case .tunnelSize(let mtu, let wanted): "the tunnel's interface takes \(mtu) bytes, and should take \(wanted)"
        case .served(_, let service): "a program of this box answers at \(service)"
        case .notServed(let address, let service): "nothing on this box answers at \(service) of \(address)"
        case .answersGateway(let address):
            "the host answers \(address.map { "\($0)" } ?? "this box"), which is this box"
        case .answeredFor(let address, let interface): "this box answers for \(address) on \(interface)"
        case .notAnsweredFor(let address, let interface, let key):
            "nobody answers for \(address) on \(interface): \(Self.sysctl(key)) is 0, or the address is not named there"
        case .wayBackSeen(let host, let network): "\(bare(host)) finds back to \(network)"
        default: nil
        }
    }

    /// What the host itself said.
    private var live: String {
        switch self {
        case .answered(let address, let milliseconds): "\(address) answers after \(milliseconds) ms"
        case .noNeighbour(let address): "\(address) does not say that it is there (\(address.isV6 ? "ND" : "ARP"))"
        case .twoNeighbours(let address): "two hosts say that they are \(address)"
        case .connectionRefused(let address, let service): "\(address) is there, and refuses \(service)"
        case .unreachable(let address, let by): "\(by) says that \(address) cannot be reached"
        case .noAnswer(let address): "\(address) is silent"
        case .takesNothingFrom(let peer, let address):
            "\(peer) answers this box, and not \(address): the allowed IPs in its own file leave that out"
        case .answersGatewayOnly(let address, let from):
            "\(address) answers this box, and not \(from): its way back, or its own firewall, knows only its own network"
        default: ""
        }
    }

    // MARK: Words

    static func policy(_ peer: String, _ group: String?) -> String {
        group.map { "\(peer)'s group \($0)" } ?? "\(peer)'s policy"
    }

    private static func by(_ owner: String?) -> String { owner.map { " (\($0))" } ?? "" }

    private static func sysctl(_ key: String) -> String {
        key.split(separator: "/").joined(separator: ".")
    }

    /// `12 s`, `3 min`, `5 h`, `4 days`
    public static func duration(_ seconds: Int64) -> String {
        switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86_400) days"
        }
    }

    private static func neighbour(_ address: IPAddress, _ state: NeighbourState?) -> String {
        let asks = address.isV6 ? "ND" : "ARP"
        return switch state {
        case .reachable?: "\(address) is there"
        case .stale?: "\(address) was there"
        case nil: "\(address); nobody asked lately whether it is there"
        case .incomplete?, .failed?: "\(address) does not answer \(asks)"
        }
    }
}

extension Fact.Grant: CustomStringConvertible {
    /// One line for people.
    public var description: String {
        switch self {
        case .wholeLAN(let peer): "\(peer) reaches the whole LAN and this box"
        case .rule(let rule, let peer, let group): "\(Fact.policy(peer, group)) allows \(rule)"
        case .dns(let address): "everybody may ask \(address) for names"
        case .fullTunnel(let peer): "\(peer) goes out to the Internet through the tunnel"
        case .echo: "everybody may ping the gateway"
        case .fromLAN: "the LAN may open connections to peers"
        case .fromGateway: "this box may open connections to peers"
        }
    }
}

extension Fact.Refusal: CustomStringConvertible {
    /// One line for people.
    public var description: String {
        switch self {
        case .policy(let peer, let group): "\(Fact.policy(peer, group)) does not allow it"
        case .otherPeer(let peer, let other): "\(peer) may not reach \(other): no rule names it"
        case .expired(let peer, let moment): "\(peer) may come in until \(moment), which is over"
        case .splitTunnel(let peer): "\(peer) is split tunnel: it does not go out to the Internet through the gateway"
        case .notInternet(let network):
            "\(bare(network)) is neither the LAN's nor the Internet's: full tunnel leaves private networks out"
        case .notFromLAN(let network): "\(bare(network)) is not the LAN: only the LAN opens connections to peers"
        case .other: "the site's rules do not allow it"
        }
    }
}

extension RouteWay {
    fileprivate var text: String {
        "by \(interface)" + (gateway.map { ", through \($0)" } ?? "") + (table == 254 ? "" : " (table \(table))")
    }
}

extension RouteAnswer {
    fileprivate var text: String {
        switch self {
        case .leads(let way): "leads by \(way.interface)"
        case .local: "is this box's own"
        case .refused(let refusal): "is \(refusal.text)"
        case .none, .martian: "leads nowhere"
        }
    }
}

extension RouteAnswer.Refusal {
    fileprivate var text: String {
        switch self {
        case .unreachable: "unreachable"
        case .prohibit: "prohibited"
        case .blackhole: "a black hole"
        }
    }
}

extension Unknown {
    fileprivate var text: String {
        switch self {
        case .field(let field): field.description
        case .limit: "a rate"
        case .elements(let set): "what is in set \(set.set)"
        case .expression(let name): "\(name), which wggw does not understand"
        }
    }
}

private func bare(_ network: IPPrefix) -> String { network.isHost ? network.address.description : network.description }

/// `a`, `a and b`, `a, b and 3 more`
private func list(_ items: [some CustomStringConvertible]) -> String {
    let texts = items.map(\.description)
    switch texts.count {
    case 0...1: return texts.first ?? ""
    case 2...3: return texts.dropLast().joined(separator: ", ") + " and " + texts.last!
    default: return texts.prefix(2).joined(separator: ", ") + " and \(texts.count - 2) more"
    }
}
