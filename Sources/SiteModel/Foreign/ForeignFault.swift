public import NetTypes

/// What of another program's files cannot be taken, or is taken otherwise than it stands there.
public indirect enum ForeignFault: Hashable, Sendable {
    // What cannot be read.
    case json(JSONFault), xml(XMLFault), tooDeep(most: Int)
    /// A peer without a key, which is under this name.
    case noKey(named: String)
    /// A key's own file; under which name it is asked for.
    case noKeyFile(named: String, path: String)
    /// Of networkd, for this interface.
    case noNetworkFile(String)
    /// Of WGDashboard, for this interface.
    case noGatewayFile(String)
    // What is left out; a peer is nil where it has no name.
    /// A file of a peer's, which has this fault.
    case fileLeftOut(ProfileFault)
    /// The same, with a key that no peer of the gateway's file has.
    case keyOfNobody(PublicKey, gateway: String)
    case notLookedInto(UnreadFile)
    case notTaken(FoundGateway), moreNotTaken(Int)
    case taken(FoundGateway, peers: Int)
    /// Between a peer's file and the gateway's.
    case slip(Finding)
    case keyHidden, keyInKeyring
    case noSetupVars
    /// wg-easy's own ways, where its file of wg-quick is not beside.
    case wgEasyAssumed
    case oneTimeLink(peer: String?)
    case notes(peer: String?, String)
    /// A job that ends a peer by what it counts.
    case job(peer: String?, field: String, value: String)
    // Who is let in.
    case absent(Admission, Absence)
    case wasToExpire(peer: String?, String)
    // What peers' own files say otherwise.
    case client(ClientSide)
    /// Of that kind of remark, beyond those that were told.
    case more(Int, ClientSide.Kind)

    /// What lets a peer in.
    public struct Admission: Hashable, Sendable {
        let peer: String?
        let key: PublicKey
        let addresses: [IPAddress]
        let hasPresharedKey: Bool
    }

    /// Why a peer was not let in.
    public enum Absence: Hashable, Sendable {
        case disabled, restricted, reachesNothing
        /// When, as it stands there.
        case expired(String)
    }

    /// What is said of a peer's own side.
    public enum ClientSide: Hashable, Sendable {
        /// Its private key is another's.
        case key(peer: String, PublicKey)
        case noWayOut(peer: String)
        case foreignNetwork(peer: String, IPPrefix)
        case servers([IPAddress], new: [IPAddress])
        case endpoint(Endpoint, new: Endpoint)
        case port(UInt16, listens: UInt16)
        case mtu(Int)

        /// What may be said of every peer.
        public enum Kind: String, Sendable {
            case key = "whose private key does not belong to the public one"
            case noWayOut = "that send the Internet into the tunnel"
            case foreignNetwork = "that send networks outside of the LAN into the tunnel"
            case servers = "that ask other servers"
            case endpoint = "that dial another endpoint"
            case port = "that dial another port"
            case mtu = "with another MTU"
        }

        var kind: Kind {
            switch self {
            case .key: .key
            case .noWayOut: .noWayOut
            case .foreignNetwork: .foreignNetwork
            case .servers: .servers
            case .endpoint: .endpoint
            case .port: .port
            case .mtu: .mtu
            }
        }
    }

    /// Where a text stops being JSON.
    public enum JSONFault: String, Sendable {
        case trailing = "something stands behind the JSON"
        case end = "the JSON ends too early"
        case noJSON = "this is no JSON"
        case noName = "a name in quotes is missing"
        case noColon = "a colon is missing"
        case noCommaInObject = "a comma or } is missing"
        case noCommaInArray = "a comma or ] is missing"
        case openString = "a string is not closed"
        case openStringInLine = "a string is not closed in its line"
        case escape = "an escape that JSON does not have"
        case unicodeEscape = "\\u is followed by four hexadecimal digits"
    }

    /// Where a text stops being XML.
    public enum XMLFault: Hashable, Sendable {
        case end, noName, noElement, noValue, unquotedValue, openValue, entity
        /// Of this element.
        case noEndTag(String)
    }
}

extension ForeignFault {
    var words: String {
        switch self {
        case .json(let fault): "\(fault.rawValue); \(Self.asWritten)"
        case .xml(let fault): "\(fault.words); \(Self.asWritten)"
        case .tooDeep(let most): "is nested more than \(most) deep; \(Self.asWritten)"
        case .noKey(let name): "has no \(name); every peer has one"
        case .noKeyFile(let name, let path):
            "\(name): \(path.quotable): cannot be read; name it too, or run as root where it is"
        case .noNetworkFile(let interface):
            "no .network here matches \(interface.quotable), in which its addresses stand; name that file too"
        case .noGatewayFile(let interface):
            "the gateway's own side is not in it; name its \(interface.quotable).conf too, like /etc/wireguard/\(interface.quotable).conf"
        case .fileLeftOut(let fault): "\(fault); this file is left out"
        case .keyOfNobody(let key, let gateway): "no peer of \(gateway) has its key \(key); not taken"
        case .notLookedInto(let file): "was not looked into: \(file.description.quotable)"
        case .notTaken(let other): "not taken: \(other)"
        case .moreNotTaken(let count): "not taken: and \(count) gateways more"
        case .taken(let what, let peers): "taken as \(what), with \(peers) peer\(peers == 1 ? "" : "s")"
        case .slip(let finding): finding.message
        case .keyHidden: "private-key: is not here; `/export show-sensitive` prints it"
        case .keyInKeyring: "private-key-flags: the key is kept elsewhere, in somebody's keyring"
        case .noSetupVars:
            "no setupVars.conf here; name /etc/pivpn/wireguard/setupVars.conf too, for what PiVPN lets peers do"
        case .wgEasyAssumed:
            "no wg0.conf with this key beside it: taken are wg-easy's port 51820, and that it lets peers out as it does without WG_POST_UP"
        case .oneTimeLink(let peer): "\(named(peer)): its one-time link is not taken"
        case .notes(let peer, let text): "\(named(peer)): its notes are not taken: \(text.quotable)"
        case .job(let peer, let field, let value):
            "\(named(peer)): was to be taken off when \(field.quotable) is beyond \(value.quotable), which is not taken; wggw counts nothing"
        case .absent(let admission, let absence): "\(named(admission.peer)): \(absence.words) there, and not let in"
        case .wasToExpire(let peer, let moment):
            "\(named(peer)): was to be let in until \(moment.quotable), and is now without an end"
        case .client(let side): side.words
        case .more(let count, let kind): "and \(count) more \(kind.rawValue)"
        }
    }

    private func named(_ peer: String?) -> String { peer ?? "a peer without a name" }

    private static let asWritten = "take the file as its program wrote it"

    /// What can be done about it here.
    var advice: Prose? {
        switch self {
        case .oneTimeLink(let peer): "\(.peer(peer, .file)) writes its file"
        case .absent(let admission, _):
            "\(.letIn(peer: admission.peer, admission.key, admission.addresses)) does\(admission.hasPresharedKey ? ", with its preshared key" : "")"
        case .wasToExpire: "\(.peer(nil, .removal)) ends it"
        case .client(.noWayOut(let peer)): "\(.peer(peer, .fullTunnel)) lets it"
        case .client(.foreignNetwork): "name it with \(.input(.lan)) if peers may reach it"
        default: nil
        }
    }
}

extension ForeignFault.Absence {
    fileprivate var words: String {
        switch self {
        case .disabled: "disabled"
        case .restricted: "restricted"
        case .reachesNothing: "allowed to reach nothing"
        case .expired(let moment): "expired \(moment.quotable)"
        }
    }
}

extension ForeignFault.ClientSide {
    fileprivate var words: String {
        func list(_ addresses: [IPAddress]) -> String { addresses.map(\.description).joined(separator: ", ") }
        return switch self {
        case .key(let peer, let key):
            "\(peer): its private key here does not belong to its public key \(key); not kept"
        case .noWayOut(let peer):
            "\(peer): sends the Internet into the tunnel, and nothing here says that it gets out"
        case .foreignNetwork(let peer, let network):
            "\(peer): sends \(network) into the tunnel, which is not in the LAN here"
        case .servers(let own, let new):
            "asks \(own.isEmpty ? "no server of the tunnel's" : list(own)); a new export gives everybody \(list(new))"
        case .endpoint(let own, let new): "dials \(own); a new export says \(new)"
        case .port(let dialled, let port):
            "peers dial port \(dialled), and the gateway listens on \(port): what leads the one to the other has to stay"
        case .mtu(let mtu): "has MTU \(mtu); a new export has the tunnel's"
        }
    }
}

extension ForeignFault.XMLFault {
    fileprivate var words: String {
        switch self {
        case .end: "the XML ends too early"
        case .noName: "a name is missing"
        case .noElement: "an element is missing; declarations are not taken"
        case .noValue: "an attribute without a value"
        case .unquotedValue: "a value without quotation marks"
        case .openValue: "a value is not closed"
        case .entity: "an entity that XML itself does not have"
        case .noEndTag(let name): "</\(name.quotable)> is missing"
        }
    }
}
