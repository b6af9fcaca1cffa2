internal import BoxModel
public import NetTypes
public import SiteModel
internal import Storage

/// What `init` was told; what it was not told is found out, or stays as it is when there is a site already.
public struct InitOptions: Sendable {
    /// `--tunnel6`.
    public enum IPv6Choice: Hashable, Sendable {
        /// A random unique local network.
        case auto
        /// No IPv6 in the tunnel.
        case none
        /// This one.
        case network(InterfaceAddress)
    }

    /// `--lan`
    public var lan: [IPPrefix] = []
    /// `--tunnel`: a network, or the gateway's address in one.
    public var tunnel: InterfaceAddress?
    /// `--tunnel6`
    public var tunnel6: IPv6Choice?
    /// `--lan-interface`: the profile names it then, and no other is looked for.
    public var lanInterface: String?
    /// `--egress-interface`: as with the LAN's.
    public var egressInterface: String?
    /// `--endpoint`: without a port, the listen port.
    public var endpoint: String?
    /// `--interface`
    public var interface: String?
    /// `--mtu`
    public var mtu: Int?
    /// `--profile`: what the flags are laid over.
    public var profile: Site?
    private var edits: [@Sendable (inout Site) -> Void] = []

    /// Nothing told.
    public init() {}

    /// Whatever else was told of the site, from which nothing follows; nil was not.
    public mutating func set<Value: Sendable>(_ member: any WritableKeyPath<Site, Value> & Sendable, to value: Value?) {
        if let value { edits.append { $0[keyPath: member] = value } }
    }
}

extension ControlPlane {
    /// Makes the first site, or changes what the options name of the one that is there; its peers and keys stay.
    public func initialize(_ options: InitOptions, why: String?) throws(GatewayError) -> Draft {
        try locked {
            let previous = try revisions.newest()
            let facts = try box.facts()
            var choices = SiteChoices(facts)
            var site = try options.profile ?? previous?.site ?? newSite(options, &choices)
            site.otherForwarding = site.otherForwarding.completed(by: previous?.site.otherForwarding)
            let replaced = previous != nil && options.profile == nil
            if replaced { try change(&site, options, &choices) }
            try options.lay(over: &site)
            // A name that is none is refused as such, with all else that is wrong.
            if site.interfaceProblems().isEmpty {
                try choices.expectPresent(options.lanInterface, .lanInterface)
                try choices.expectPresent(options.egressInterface, .egressInterface)
            }
            try choices.complete(&site)
            choices.noticeRoles(site)
            if site.tunnel.addresses.isEmpty { site.tunnel.addresses = try tunnelAddresses(site, options, &choices) }
            var notices = choices.notices
            notices += SiteChoices.hints(site)
            if site.endpoint == nil {
                notices.append(.hint(.noEndpoint))
            }
            if replaced {
                notices.insert(.changed, at: 0)
            }
            return try write(site, after: previous, why: why ?? "init", notices: notices)
        }
    }

    private func newSite(_ options: InitOptions, _ choices: inout SiteChoices) throws -> Site {
        let interface = options.interface ?? "wg0"
        let lan = options.lan.isEmpty ? try choices.lanSubnets(tunnel: interface) : options.lan
        return Site(lan: LAN(subnets: lan), tunnel: Tunnel(interface: interface, addresses: []))
    }

    /// On a site that is there, what depends on something that changes is found out again.
    private func change(_ site: inout Site, _ options: InitOptions, _ choices: inout SiteChoices) throws {
        if !options.lan.isEmpty && options.lanInterface == nil { site.lan.interface = nil }
        if options.egressInterface != nil && options.mtu == nil { site.tunnel.mtu = nil }
        guard options.tunnel != nil || options.tunnel6 != nil else { return }
        let old = site.tunnel.addresses
        var new: [InterfaceAddress] = []
        new += options.tunnel.map { [$0.asGateway] } ?? old.filter { !$0.address.isV6 }
        switch options.tunnel6 {
        case nil: new += old.filter(\.address.isV6)
        case .none?: break
        case .auto?: new.append(old.first(where: \.address.isV6) ?? choices.uniqueLocal(random))
        case .network(let network)?: new.append(network.asGateway)
        }
        site.tunnel.addresses = new.sorted()
    }

    private func tunnelAddresses(
        _ site: Site, _ options: InitOptions, _ choices: inout SiteChoices
    ) throws -> [InterfaceAddress] {
        var addresses: [InterfaceAddress] = []
        if let tunnel = options.tunnel {
            addresses.append(tunnel.asGateway)
        } else if site.lan.replyPath == .proxyARP, let own = choices.unnumbered(site) {
            addresses.append(own)
        } else {
            addresses.append(try choices.tunnelSubnet(lan: site.lan.subnets))
        }
        switch options.tunnel6 ?? choices.ipv6() {
        case .none: break
        case .auto: addresses.append(choices.uniqueLocal(random))
        case .network(let network): addresses.append(network.asGateway)
        }
        return addresses.sorted()
    }
}

extension InitOptions {
    fileprivate func lay(over site: inout Site) throws(GatewayError) {
        for edit in edits { edit(&site) }
        if !lan.isEmpty { site.lan.subnets = lan.sorted() }
        if let lanInterface { site.lan.interface = lanInterface }
        if let egressInterface { site.egress.interface = egressInterface }
        if let interface { site.tunnel.interface = interface }
        if let mtu { site.tunnel.mtu = mtu }
        if let endpoint {
            do { site.endpoint = try Endpoint(parsing: endpoint, defaultPort: site.tunnel.listenPort) } catch {
                throw .drafting(.endpoint(error))
            }
        }
    }
}

extension InterfaceAddress {
    /// A network given as such stands for the gateway's usual address in it.
    fileprivate var asGateway: InterfaceAddress {
        network.address == address && !network.isHost ? SiteChoices.gateway(in: network) : self
    }
}
