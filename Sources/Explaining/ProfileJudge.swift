import BoxModel
import Firewall
import NetTypes
import SiteModel

/// What a site allows, by the rules that it compiles to, and in the profile's words. Asks nothing of the box.
struct ProfileJudge {
    let site: Site
    let desired: DesiredState
    private let filter: PacketFilter
    let finder: EndFinder

    /// `own`: the box's addresses beside the tunnel's. `lookUp`: what a host's name stands for.
    init(_ site: Site, _ desired: DesiredState, own: Set<IPAddress>, lookUp: @escaping (String) -> [IPAddress]) {
        self.site = site
        self.desired = desired
        filter = PacketFilter([desired.firewall])
        finder = EndFinder(site: site, own: own, lookUp: lookUp)
    }

    /// Whose an address is.
    func end(_ address: IPAddress) -> End { finder.end(IPPrefix(host: address)) }

    /// Whether nobody outside the tunnel may have it.
    func isOfTunnel(_ address: IPAddress) -> Bool {
        end(address).peer != nil || site.tunnel.addresses.contains { $0.network.contains(address) }
    }

    /// What the profile says, and of what service; where several may be asked for, of the first that may.
    func judge(_ from: End, _ to: End, _ service: Flow.Service?) -> (
        outcome: Step.Outcome, fact: Fact, service: Flow.Service?
    ) {
        if passes(from, to, service) { return (.passes, .granted(grant(from, to, service)), service) }
        if service == nil, let peer = from.peer, let policy = policy(of: peer) {
            let rules = policy.rules.allow.filter { $0.destination.contains(to.network) }
            let named = rules.map { Flow.Service($0.transport ?? .tcp, port: $0.ports?.lowerBound) }
            if let first = named.first(where: { passes(from, to, $0) }) {
                return (.passes, .grantedInPart(rules, peer: peer.name, group: policy.group), first)
            }
        }
        return (.stops, .refused(refusal(from, to)), service)
    }

    // MARK: By the rules

    private func passes(_ from: End, _ to: End, _ service: Flow.Service?) -> Bool {
        var packet = KnownPacket(opening: service, from: from.network, to: to.network)
        let tunnel = KnownPacket.Interface(desired.interface)
        func passes(_ input: KnownPacket.Interface?, _ output: KnownPacket.Interface?) -> Bool {
            packet.input = input ?? .none
            packet.output = output ?? .none
            packet.route = packet.output
            packet.destinationType = output == nil ? Nft.AddressType.local : Nft.AddressType.unicast
            let way: PacketWay = input == nil ? .fromThisHost : output == nil ? .toThisHost : .through
            return filter.fate(packet, way) == .passes
        }
        func any(_ passes: (KnownPacket.Interface) -> Bool, _ network: IPPrefix) -> Bool {
            desired.interfaces(of: network).contains { passes(KnownPacket.Interface($0)) }
        }
        return switch (from, to) {
        case (.peer, .peer): passes(tunnel, tunnel)
        case (.peer, .gateway): passes(tunnel, nil)
        case (.gateway, .peer): passes(nil, tunnel)
        case (.peer, .host(let network, _)): any({ passes(tunnel, $0) }, network)
        case (.host(let network, _), .peer): any({ passes($0, tunnel) }, network)
        case (.gateway, _), (.host, _): true
        }
    }

    // MARK: In the profile's words

    private func policy(of peer: Peer) -> (rules: Policy, group: String?)? {
        if let group = peer.group { return site.groups[group].map { ($0, group) } }
        return peer.policy.map { ($0, nil) }
    }

    private func grant(_ from: End, _ to: End, _ service: Flow.Service?) -> Fact.Grant {
        guard let peer = from.peer else { return from.isGateway ? .fromGateway : .fromLAN }
        if let policy = policy(of: peer),
            let rule = policy.rules.allow.first(where: { $0.allows(to.network, service) })
        {
            return .rule(rule, peer: peer.name, group: policy.group)
        }
        if to.isGateway && service?.transport == .icmp { return .echo }
        if to.isGateway && site.dns.contains(to.address) && service?.port == 53 { return .dns(to.address) }
        let isInside = to.isGateway || site.lan.subnets.contains { $0.contains(to.network) }
        return isInside || !site.goesOut(peer) ? .wholeLAN(peer: peer.name) : .fullTunnel(peer: peer.name)
    }

    /// The one of the two whose time is over.
    private func expired(_ from: End, _ to: End) -> (peer: Peer, at: UTCTime)? {
        for peer in [from.peer, to.peer].compactMap({ $0 }) {
            // By the rules, as all else.
            if let end = peer.expires, !desired.wireGuard.peers.contains(where: { $0.publicKey == peer.publicKey }) {
                return (peer, end)
            }
        }
        return nil
    }

    private func refusal(_ from: End, _ to: End) -> Fact.Refusal {
        if let (peer, end) = expired(from, to) { return .expired(peer: peer.name, end) }
        guard let peer = from.peer else { return from.isGateway ? .other : .notFromLAN(from.network) }
        if let other = to.peer {
            if let policy = policy(of: peer) { return .policy(peer: peer.name, group: policy.group) }
            return .otherPeer(peer: peer.name, other: other.name)
        }
        let isInside = to.isGateway || site.lan.subnets.contains { $0.contains(to.network) }
        if isInside { return policy(of: peer).map { .policy(peer: peer.name, group: $0.group) } ?? .other }
        return site.goesOut(peer) ? .notInternet(to.network) : .splitTunnel(peer: peer.name)
    }

    /// What would let it through; nil where a profile cannot, or should not.
    func remedy(_ from: End, _ to: End, _ service: Flow.Service?) -> Remedy? {
        if let (peer, _) = expired(from, to) { return .prolong(peer: peer.name) }
        guard let peer = from.peer else { return nil }
        let rule = AccessRule(to.network, transport: service?.transport, ports: service?.port.map { $0...$0 })
        let isInside = to.peer != nil || to.isGateway || site.lan.subnets.contains { $0.contains(to.network) }
        if !isInside && !site.goesOut(peer) { return .fullTunnel(peer: peer.name) }
        switch policy(of: peer) {
        case (_, let group?)?: return .groupRule(group: group, rule)
        case (let rules, nil)?: return .policy(peer: peer.name, rules.allow + [rule])
        // Whoever had the LAN keeps it.
        case nil: return .policy(peer: peer.name, site.lan.subnets.map { AccessRule($0) } + [rule])
        }
    }
}

extension AccessRule {
    /// Whether it lets all of this through.
    fileprivate func allows(_ network: IPPrefix, _ service: Flow.Service?) -> Bool {
        guard destination.contains(network) else { return false }
        guard let transport else { return true }
        guard transport == service?.transport else { return false }
        guard let ports else { return true }
        return service?.port.map(ports.contains) ?? false
    }
}

extension DesiredState {
    /// The interfaces by which a network outside the tunnel may be, one of which is none of those that rules name.
    func interfaces(of network: IPPrefix) -> [String] {
        let reaches = traffic.reaches.filter { $0.networks.contains { $0.contains(network) } }
        // The narrowest reach decides: the LAN's networks lie in the Internet's.
        let narrowest = reaches.map { reach in
            (reach, reach.networks.filter { $0.contains(network) }.map(\.length).max()!)
        }
        guard let longest = narrowest.map(\.1).max() else { return traffic.outside.isEmpty ? ["-"] : traffic.outside }
        return narrowest.filter { $0.1 == longest }.map(\.0.interface)
    }
}
