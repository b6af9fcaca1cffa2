public import BoxModel
public import Compiler
public import NetTypes
public import SiteModel

/// Why the site cannot become what was asked for.
public indirect enum DraftingError: Error, Sendable {
    /// There is a peer of that name.
    case peerIsThere(String)
    /// The interface has no peer that nobody drafted.
    case noStranger(interface: String)
    /// It has several, and one name was given for them.
    case oneName(interface: String, strangers: Int)
    /// The site has a disguise of that name.
    case disguiseIsThere(DisguiseChoice)
    /// No address of a network is free.
    case noFreeAddress(in: IPPrefix)
    /// No network is free for the tunnel.
    case noFreeNetwork
    /// The endpoint is none.
    case endpoint(ParseError)
    /// An interface that was named is not there, but these are.
    case noSuchInterface(Remedy.Input, String, known: [String])
    /// Peers are to go out, and the box itself does not.
    case noWayOut
    /// Several interfaces are in a part of a network of the LAN.
    case ambiguousLAN(FoundRoles.Missing)
    /// No interface is in these networks, and no route leads there. `interfaces`: but the tunnel's.
    case lanNotFound([IPPrefix], interfaces: [BoxFacts.Interface])
    /// Nobody named the LAN, and none or several of the box's networks may be it.
    case whichLAN([IPPrefix], interfaces: [BoxFacts.Interface])

    /// The fault and the remedy.
    public var prose: Prose {
        switch self {
        case .peerIsThere(let name):
            "there is a peer \(name) already; change it with \(.peer(name, .any)), or take another name"
        case .noStranger(let interface):
            "\(interface) has no peer that wggw does not know; there is nothing to adopt"
        case .oneName(let interface, let strangers):
            """
            \(interface) has \(strangers) peers that wggw does not know; leave the name out, and give them \
            others afterwards by \(.site(.profile))
            """
        case .disguiseIsThere(let choice):
            """
            this site has a disguise\(choice == .awg ? "" : " \(choice)") already; \(.disguiseAnew(choice.name)) draws another one, and \
            each disguised peer needs its file anew then
            """
        case .noFreeAddress(let network):
            """
            every address of \(network) is taken; widen the tunnel's subnet with \(.site(.profile)), \
            or give the peer an address with \(.input(.address))
            """
        case .noFreeNetwork: "no network is free for the tunnel on this box; name one with \(.input(.tunnel))"
        case .endpoint(let error): "\(.input(.endpoint)) \(error.description)"
        case .noSuchInterface(let input, let name, let known):
            "\(.input(input)) \(name): there is no such interface on this box; \(thoseThere(known))"
        case .noWayOut:
            """
            full tunnel needs a way out, and this box has no default route; \
            name the interface with \(.input(.egressInterface)), or leave \(.input(.fullTunnel)) out
            """
        case .ambiguousLAN(let missing):
            "\(missing.text); name the one that is meant with \(.input(.lanInterface))"
        case .lanNotFound(let subnets, let interfaces):
            """
            no interface of this box has an address in \(subnets.map(\.description).joined(separator: ", ")), \
            and no route leads there (\(overview(interfaces))); \
            if that is the LAN's network all the same, name the interface that leads there with \(.input(.lanInterface))
            """
        case .whichLAN(let networks, let interfaces):
            """
            which network is the LAN? (\(networks.isEmpty
                ? overview(interfaces) : networks.map(\.description).joined(separator: ", "))); \
            say it with \(.input(.lan)), like \(.input(.lan)) 192.168.1.0/24
            """
        }
    }
}

/// `eth0: 192.168.1.7/24; eth1: no address`
private func overview(_ interfaces: [BoxFacts.Interface]) -> String {
    let all = interfaces.map { interface in
        let addresses = interface.addresses.filter { !$0.address.isLinkLocal }
        return
            "\(interface.name): \(addresses.isEmpty ? "no address" : addresses.map(\.description).joined(separator: " "))"
    }
    return all.isEmpty ? "it has none but loopback" : all.joined(separator: "; ")
}

/// `there are eth0, eth1`
func thoseThere(_ interfaces: [String]) -> String {
    interfaces.isEmpty ? "it has none but loopback" : "there are \(interfaces.joined(separator: ", "))"
}
