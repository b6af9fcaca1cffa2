public import NetTypes

/// What a site meets on its box that no profile tells: which interfaces carry the LAN and lead out, the networks that the box is
/// in, where the endpoint's name leads, and whose time is over.
///
/// Seen when an apply is planned, and kept with the revision that was applied. As text: networks as `eth0/198.51.100.0/24`,
/// where the LAN is as `lan:eth0/192.168.1.0/24`, the ways out as `uplink:eth1/0.0.0.0/0`, the box's addresses there as
/// `answer:eth1/198.51.100.2>198.51.100.1`, or where the box led out once as `former:…`, the tunnel's MTU as `mtu:1420`,
/// peers whose time is over as `expired:guest`, addresses that the tunnel shares with the LAN's card as `own:192.168.1.2`, or where
/// that has another one now as `own:192.168.1.2>192.168.1.7`, no IPv6 as `no-ipv6`, and addresses of the endpoint; each sorted, a space between two.
public struct Surroundings: Hashable, Sendable {
    /// A network, and an interface that it was met by.
    public struct Network: Hashable, Comparable, Sendable {
        /// Not loopback, not the tunnel.
        public var interface: String
        /// Only a way out has a default route's.
        public var prefix: IPPrefix

        /// Makes a network.
        public init(_ prefix: IPPrefix, on interface: String) {
            self.interface = interface
            self.prefix = prefix
        }

        /// By interface.
        public static func < (a: Self, b: Self) -> Bool { (a.interface, a.prefix) < (b.interface, b.prefix) }
    }

    /// An address of the tunnel's that is the box's own in the LAN (proxy-arp).
    public struct Own: Hashable, Sendable {
        /// As the profile has it.
        public var written: IPAddress
        /// As the box has it: DHCP may have given it another one since.
        public var now: IPAddress

        /// Makes one.
        public init(_ written: IPAddress, now: IPAddress) {
            self.written = written
            self.now = now
        }
    }

    /// An address of the box's on a way out, and how what is sent from it leaves there.
    public struct Answer: Hashable, Comparable, Sendable {
        /// The way out.
        public var interface: String
        /// The box's address there.
        public var source: IPAddress
        /// The router there; nil where none is between, as behind a modem (ppp).
        public var gateway: IPAddress?
        /// Whether the box's own routing leads out there no more. Whoever was heard at the address may be there all the same.
        public var isFormer: Bool

        /// Makes an answer.
        public init(_ source: IPAddress, by interface: String, gateway: IPAddress?, isFormer: Bool = false) {
            self.interface = interface
            self.source = source
            self.gateway = gateway
            self.isFormer = isFormer
        }

        /// By address.
        public static func < (a: Self, b: Self) -> Bool { (a.source, a.interface) < (b.source, b.interface) }
    }

    /// Networks that the box is in: no router is between. Sorted.
    public var networks: [Network]
    /// The LAN's networks, each with an interface that leads there; sorted. Empty where the profile names the interface.
    public var lan: [Network]
    /// Interfaces by which the box's own routing leads out, with the default route's prefix of the family; sorted. Empty where the
    /// profile names the interface.
    public var uplinks: [Network]
    /// The box's addresses on its ways out, also on those that it left and that are still there. Sorted; empty where the profile names
    /// the interface.
    public var answers: [Answer]
    /// Bytes of an inner packet that fits on the way out; nil where the profile says it, and where there is none.
    public var mtu: Int?
    /// What the endpoint's name stands for, sorted; empty where the endpoint is no name, and where nobody knew it.
    public var endpoint: [IPAddress]
    /// Peers whose time is over, by name; sorted.
    public var expired: [String]
    /// The tunnel's addresses that were, when they were seen first, the box's own in the LAN; in the profile's order.
    public var own: [Own]
    /// Whether the tunnel's interface has IPv6; true where the tunnel wants none.
    public var hasIPv6: Bool

    /// Makes surroundings; all lists are sorted here.
    public init(
        networks: [Network] = [], lan: [Network] = [], uplinks: [Network] = [],
        answers: [Answer] = [], mtu: Int? = nil, endpoint: [IPAddress] = [], expired: [String] = [], own: [Own] = [],
        hasIPv6: Bool = true
    ) {
        self.networks = networks.sorted()
        self.lan = lan.sorted()
        self.uplinks = uplinks.sorted()
        self.answers = answers.sorted()
        self.mtu = mtu
        self.endpoint = endpoint.sorted()
        self.expired = expired.sorted()
        self.own = own
        self.hasIPv6 = hasIPv6
    }

    /// The addresses that `endpoint` has by itself, or that its name stands for.
    public func addresses(of endpoint: Endpoint?) -> [IPAddress] {
        switch endpoint?.host {
        case nil: []
        case .address(let address): [address]
        case .name: self.endpoint
        }
    }

    /// Where the LAN's networks are: as the profile names it, else as it was found.
    public func lan(of site: Site) -> [Network] {
        site.lan.interface.map { name in site.lan.subnets.map { Network($0, on: name) } } ?? lan
    }

    /// The interfaces that lead out in a family: the one that the profile names, else those that were found.
    public func uplinks(of site: Site, isV6: Bool) -> [String] {
        if let pinned = site.egress.interface { return [pinned] }
        return uplinks.filter { $0.prefix.isV6 == isV6 }.map(\.interface)
    }

    /// Without what makes no difference to the site, so that a bridge of somebody's container is none.
    public func relevant(to site: Site) -> Surroundings {
        let out = Set([false, true].flatMap { uplinks(of: site, isV6: $0) })
        let behindPeers = site.peers.flatMap(\.routes)
        // Where the LAN is as well, its hosts are told from strangers, see `FirewallCompiler.ports`.
        let oneArms = site.tunnel.otherPorts.isEmpty ? [] : out.intersection(lan(of: site).map(\.interface))
        var relevant = self
        relevant.networks = networks.filter { network in
            site.hasFullTunnel && out.contains(network.interface) || oneArms.contains(network.interface)
                || behindPeers.contains { $0.contains(network.prefix) }
        }
        if !site.hasFullTunnel { relevant.endpoint = [] }
        if !site.tunnel.addresses.contains(where: \.address.isV6) { relevant.hasIPv6 = true }
        return relevant
    }
}

extension Surroundings: LosslessStringConvertible {
    /// Reads what `description` gives; nil for anything else.
    public init?(_ description: String) {
        self.init()
        for word in description.split(separator: " ") {
            // The name of an interface has no colon and no slash.
            if let text = word.dropping("lan:") {
                guard let network = Network(text) else { return nil }
                lan.append(network)
            } else if let text = word.dropping("uplink:") {
                guard let network = Network(text) else { return nil }
                uplinks.append(network)
            } else if let text = word.dropping("answer:") ?? word.dropping("former:") {
                guard let answer = Answer(text, isFormer: word.hasPrefix("former:")) else { return nil }
                answers.append(answer)
            } else if let text = word.dropping("mtu:") {
                guard let bytes = Int(text) else { return nil }
                mtu = bytes
            } else if let name = word.dropping("expired:") {
                expired.append(String(name))
            } else if word == "no-ipv6" {
                hasIPv6 = false
            } else if let text = word.dropping("own:") {
                guard let address = Own(text) else { return nil }
                own.append(address)
            } else if let network = Network(word) {
                networks.append(network)
            } else if let address = IPAddress(String(word)) {
                endpoint.append(address)
            } else {
                return nil
            }
        }
    }

    /// `eth0/198.51.100.0/24 lan:eth1/192.168.1.0/24 uplink:eth0/0.0.0.0/0 mtu:1420 198.51.100.2`
    public var description: String {
        let words =
            networks.map(\.text) + lan.map { "lan:" + $0.text } + uplinks.map { "uplink:" + $0.text }
            + answers.map(\.text) + (mtu.map { ["mtu:\($0)"] } ?? []) + expired.map { "expired:" + $0 }
            + own.map(\.text)
            + (hasIPv6 ? [] : ["no-ipv6"])
            + endpoint.map(\.description)
        return words.joined(separator: " ")
    }
}

extension Surroundings.Network {
    fileprivate init?(_ text: Substring) {
        let parts = text.split(separator: "/", maxSplits: 1)
        guard parts.count == 2, let prefix = IPPrefix(String(parts[1])) else { return nil }
        self.init(prefix, on: String(parts[0]))
    }

    fileprivate var text: String { "\(interface)/\(prefix)" }
}

extension Surroundings.Answer {
    fileprivate init?(_ text: Substring, isFormer: Bool) {
        let parts = text.split(separator: "/", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        let addresses = parts[1].split(separator: ">", maxSplits: 1).map { IPAddress(String($0)) }
        guard !addresses.contains(nil), let source = addresses.first ?? nil else { return nil }
        self.init(
            source, by: String(parts[0]), gateway: addresses.count > 1 ? addresses[1] : nil, isFormer: isFormer)
    }

    fileprivate var text: String {
        "\(isFormer ? "former" : "answer"):\(interface)/\(source)\(gateway.map { ">\($0)" } ?? "")"
    }
}

extension Surroundings.Own {
    fileprivate init?(_ text: Substring) {
        let addresses = text.split(separator: ">", maxSplits: 1).map { IPAddress(String($0)) }
        guard let written = addresses.first ?? nil, let now = addresses.last ?? nil else { return nil }
        self.init(written, now: now)
    }

    fileprivate var text: String { written == now ? "own:\(written)" : "own:\(written)>\(now)" }
}

extension Substring {
    /// What follows the prefix; nil without it.
    fileprivate func dropping(_ prefix: String) -> Substring? { hasPrefix(prefix) ? dropFirst(prefix.count) : nil }
}
