internal import Compiler
public import NetTypes
public import SiteModel

/// What there is to say of a draft: what was found out and chosen for it, and what may disappoint.
public indirect enum DraftNotice: Hashable, Sendable {
    /// There was a site, and only what was given of it is changed.
    case changed
    /// What is found of the site's roles on this box.
    case roles(Surroundings)
    /// What the site needs and the box does not have.
    case absent(Absence)
    /// The box has no IPv6.
    case noIPv6
    /// There is no way out, and none is needed.
    case lanOnly
    /// Bytes of the tunnel's packets.
    case mtu(Int)
    /// What becomes of traffic that is not the tunnel's; nil: of both families.
    case otherForwarding(isV6: Bool?, OtherForwarding.Choice)
    /// The LAN, the only private network of the box.
    case lan(IPPrefix)
    /// The tunnel's network, and the gateway in it.
    case tunnel(InterfaceAddress)
    /// The same of IPv6.
    case tunnel6(IPPrefix)
    /// The gateway keeps its LAN address in the tunnel, and peers get theirs from the LAN.
    case unnumbered(IPAddress)
    /// A peer of the interface's was taken over.
    case adopted(PublicKey, name: String, [IPPrefix])
    /// All addresses are the peer's there, which a profile cannot say.
    case everythingLeftOut(name: String)
    /// The file's name is none for an interface.
    case renamed(interface: String, site: String)
    /// What is worth a look in a file.
    case file(ProfileError)
    /// What keeps two sides from making a tunnel.
    case finding(Finding)
    /// What may disappoint.
    case hint(DraftHint)

    /// Mostly one line.
    var lines: [Prose] { if case .roles(let found) = self { found.roleLines.map { Prose($0) } } else { [prose] } }

    private var prose: Prose {
        switch self {
        case .changed: "there is a site already: changed what was given, peers and keys stay"
        case .roles: ""
        case .absent(let absence): "warning: \(absence.prose)"
        case .noIPv6: "no IPv6 in the tunnel: it is switched off on this box, or its kernel has none"
        case .lanOnly: "this box has no default route, so peers reach the LAN only"
        case .mtu(let mtu): "MTU \(mtu): the tunnel's headers take up to 80 bytes on the way out"
        case .otherForwarding(let isV6, let choice): Self.otherForwarding(isV6, choice)
        case .lan(let network): "LAN \(network): the only private network of this box"
        case .tunnel(let own): "tunnel \(own.network): nothing on this box uses it; the gateway is \(own.address)"
        case .tunnel6(let network): "IPv6 tunnel \(network): a random unique local network (RFC 4193)"
        case .unnumbered(let address):
            "tunnel \(address)/32: with proxy-arp the gateway keeps its LAN address, peers get theirs from the LAN"
        case .adopted(let key, let name, let networks):
            """
            adopted \(key) as \(name), with \
            \(networks.isEmpty ? "no address yet" : networks.map(\.description).joined(separator: ", "))
            """
        case .everythingLeftOut(let name):
            "warning: \(name): a profile cannot say that all addresses are a peer's; that is left out"
        case .renamed(let interface, let site):
            "the name there is none for an interface; the tunnel's is \(interface), and the site is called \(site)"
        case .file(let note): note.prose
        case .finding(let finding): Prose(finding.description)
        case .hint(let hint): "hint: \(hint.prose)"
        }
    }

    private static func otherForwarding(_ isV6: Bool?, _ choice: OtherForwarding.Choice) -> Prose {
        let traffic = isV6.map { $0 ? "IPv6 traffic" : "IPv4 traffic" } ?? "traffic"
        switch choice {
        case .allow: return "other \(traffic) is left alone: this box was forwarding it before wggw came"
        case .drop: return "other \(traffic) is not forwarded: forwarding is on for the tunnel only"
        case .from(let interfaces):
            return """
                other \(traffic) is left alone where it comes in by \(interfaces.joined(separator: ", ")): \
                from there this box was forwarding it before wggw came, and from nowhere else
                """
        }
    }
}

/// What is allowed and still likely to disappoint.
public enum DraftHint: Hashable, Sendable {
    /// Peers cannot dial in.
    case noEndpoint
    /// The LAN hands out addresses by itself.
    case dhcp
    /// The gateway's address is that of its network.
    case networkAddress(InterfaceAddress)
    /// Many homes have the LAN's network, too.
    case commonLAN(IPPrefix)
    /// The endpoint is inside what peers send through the tunnel.
    case endpointInside(IPAddress, IPPrefix)

    fileprivate var prose: Prose {
        switch self {
        case .noEndpoint: "peers cannot dial in yet; give the public name or address with \(.input(.endpoint)) HOST"
        case .dhcp: "see to it that the LAN's DHCP server does not hand out the addresses of peers"
        case .networkAddress(let own):
            """
            the gateway's address \(own.address) is that of its network \(own.network); \
            Linux takes it, and some peers' systems do not
            """
        case .commonLAN(let subnet):
            "many homes use \(subnet) too; from such a home a peer may not reach this LAN by its addresses"
        case .endpointInside(let address, let subnet):
            """
            the endpoint \(address) is inside \(subnet), which peers send through the tunnel; \
            give the address or name by which this box is reached from outside
            """
        }
    }
}
