public import NetTypes

extension SiteProblem {
    /// What can be wrong in a place of a site.
    public indirect enum Fault: Hashable, Sendable {
        case name(NameFault)
        case entry(EntryFault)
        case address(AddressFault)
        case overlap(Overlap)
        case disguise(DisguiseFault)

        var text: FaultText {
            switch self {
            case .name(let fault): fault.text
            case .entry(let fault): fault.text
            case .address(let fault): fault.text
            case .overlap(let overlap): overlap.text
            case .disguise(let fault): fault.text
            }
        }
    }

    /// What is wrong with a name.
    public enum NameFault: Hashable, Sendable {
        /// Not one of a host, as these have.
        case noLabel(String, Owner)
        /// Not one that an interface can have.
        case noInterface(String)
        /// One that stands for other interfaces than one; `isTunnel`: it was to be the tunnel's.
        case reserved(Reserved, isTunnel: Bool)
        /// An interface that is there without wggw has the tunnel's.
        case tunnel(String)
        /// Another peer has it; in another case perhaps.
        case twice(String, other: String)
        /// Of a group that is not there; which it may be meant to be.
        case unknownGroup(String, Meant)
        /// Of a peer that is not there, in a check; which it may be meant to be.
        case unknownPeer(String, Flow, near: String?)

        /// Who has a name.
        public enum Owner: String, Sendable { case site, peer, group, disguise }

        /// Names under net/ipv4/conf that stand for settings of every interface, of those to come, and of none that packets come
        /// in by from elsewhere.
        public enum Reserved: String, Sendable {
            case every = "all"
            case toCome = "default"
            case loopback = "lo"
        }

        /// What was meant, as far as it can be told.
        public enum Meant: Hashable, Sendable {
            case one(String)
            /// One of these.
            case some([String])
            case unknown
        }
    }

    /// What is wrong with an entry, whatever it is about.
    public enum EntryFault: Hashable, Sendable {
        /// A list or table has to have something.
        case empty(Content)
        /// An element of a list, as it stands there.
        case twice(String)
        case tooMany(Int, SiteLimit)
        case noPort
        /// Bytes; with IPv6 addresses the least is another.
        case mtu(Int, least: Int, hasV6: Bool)
        /// A policy of a peer that has a group.
        case policyBesideGroup
        /// A peer's public key is the gateway's.
        case gatewayKey(PublicKey)
        /// It is another peer's.
        case keyOfPeer(PublicKey, String)
        case zeroKey

        /// What is missing from where something has to be.
        public enum Content: Sendable { case network, interface, gatewayAddress, destination }
    }

    /// What is wrong with a disguise.
    public enum DisguiseFault: Hashable, Sendable {
        /// A parameter.
        case parameter(AWGFault)
        /// Its parameters are those of plain WireGuard.
        case hidesNothing
        /// It is called as what peers without one have.
        case reservedName
        /// Of another one, whose initiations look the same.
        case confused(with: String)
        /// The kernel carries the packets, and there is this one.
        case ofKernel(String)
        /// A peer has one that is none of the site's.
        case missing(DisguiseChoice)
        /// A peer has none, and could not be answered beside this one.
        case excludesPlain(String)
    }
}

extension SiteProblem.NameFault {
    fileprivate var text: FaultText {
        switch self {
        case .noLabel(let name, let owner):
            FaultText(
                "\(tomlString(name)) is no host label",
                "a \(owner.rawValue)'s name is 1 to 63 letters, digits and inner hyphens")
        case .noInterface(let name):
            FaultText(
                "\(tomlString(name)) is no interface name",
                "Linux takes 1 to 15 characters without space, slash, colon and percent sign, like wg0")
        case .reserved(let name, let isTunnel):
            FaultText("\(name.rawValue) \(name.words)", isTunnel ? "take a name of its own, like wg0" : Self.card)
        case .tunnel(let name): FaultText("\(name) is the tunnel itself", Self.card)
        case .twice(let name, let other):
            FaultText(
                "\(name) \(other == name ? "is there twice" : "differs from \(other) only in case")",
                "rename one of them")
        case .unknownGroup(let name, let meant):
            FaultText("there is no group \(tomlString(name))", meant.words(for: name))
        case .unknownPeer(let name, let flow, let near):
            FaultText(
                "\(flow): no peer is called \(name)",
                near.map { "did you mean \($0)?" } ?? "name a peer, gateway, dns, an address or a network")
        }
    }

    private static let card = "name the network card, like eth0"
}

extension SiteProblem.NameFault.Reserved {
    fileprivate var words: String {
        switch self {
        case .every: "stands for every interface in the kernel's settings"
        case .toCome: "stands for interfaces to come in the kernel's settings"
        case .loopback: "is the box's loopback interface"
        }
    }
}

extension SiteProblem.NameFault.Meant {
    fileprivate func words(for name: String) -> String {
        switch self {
        case .one(let near): "did you mean \(near)?"
        case .some(let names): "the groups are \(abridged(names.map(tomlKey), "group").joined(separator: ", "))"
        case .unknown: "add [groups.\(tomlKey(name))]"
        }
    }
}

extension SiteProblem.EntryFault {
    var text: FaultText {
        switch self {
        case .empty(.network): FaultText("names no network", "name the LAN's network, like 192.168.1.0/24")
        case .empty(.interface):
            FaultText("names no interface", "name those that others may come in by, or write \"drop\"")
        case .empty(.gatewayAddress):
            FaultText("has no address", "give the gateway an address in the tunnel, like 192.168.2.254/24")
        case .empty(.destination):
            FaultText("allows nothing", "name at least one destination, like 192.168.1.10:443/tcp")
        case .twice(let element): FaultText("\(element) is listed twice", "remove one of them")
        case .tooMany(let count, let limit):
            FaultText("\(count) \(limit.noun) are too many", "\(limit.most) at most; \(limit.remedy)")
        case .noPort: FaultText("0 is no port", "take one from 1 to 65535, like 51820")
        case .mtu(let mtu, let least, let hasV6):
            FaultText(
                "\(mtu) bytes is out of range",
                "take \(least) to 65456, 1420 on most links" + (hasV6 ? "; IPv6 needs 1280" : ""))
        case .policyBesideGroup: FaultText("stands beside group", "keep the group's policy or this one, not both")
        case .gatewayKey(let key):
            FaultText("\(key) is the gateway's own key", "write what `wg pubkey` prints on the peer's side")
        case .keyOfPeer(let key, let peer):
            FaultText("\(key) is the key of peer \(peer) too", "make a key pair for each device")
        case .zeroKey: FaultText("is all zeros", "write what `wg pubkey` prints")
        }
    }
}

extension SiteProblem.DisguiseFault {
    fileprivate var text: FaultText {
        switch self {
        case .parameter(let fault): FaultText(fault.description, "correct it here and at the peers")
        case .hidesNothing: FaultText("hides nothing", "write parameters, or remove the table")
        case .reservedName: FaultText("none is what peers in plain WireGuard have", "take another name")
        case .confused(let other):
            FaultText(
                "nobody can tell its initiations from those of [disguise.\(other)]",
                "take another s1, or an h1 that has no number in common with that one's")
        case .ofKernel(let name):
            FaultText(
                "the kernel's WireGuard speaks no AmneziaWG", "write auto or userspace, or remove [disguise.\(name)]")
        case .missing(let choice): FaultText("there is no [disguise.\(choice)]", "write one, or none here")
        case .excludesPlain(let name):
            FaultText(
                "a plain initiation is one of the disguise too, but nothing that answers it",
                "write \(name) for all peers, or an s1 of 1 or more in [disguise.\(name)]")
        }
    }
}
