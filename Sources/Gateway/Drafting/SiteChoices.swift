internal import BoxModel
internal import Compiler
internal import NetTypes
internal import SiteModel

/// What a draft finds out on the box or chooses, each with a notice of what and why.
struct SiteChoices {
    let facts: BoxFacts
    private(set) var notices: [DraftNotice] = []

    init(_ facts: BoxFacts) { self.facts = facts }

    /// Fills in what the site leaves open of what becomes of other traffic, and tells what is found of its roles here.
    ///
    /// Throws where the LAN is nowhere on this box, or ways out that are needed: what is new has to work now. Of a draft after
    /// `previous`, only what differs is new.
    mutating func complete(_ site: inout Site, after previous: Site? = nil) throws(GatewayError) {
        if !site.otherForwarding.isWhole { site.otherForwarding = otherForwarding(site) }
        let asksLAN = site.lan.interface == nil && site.lan != previous?.lan
        let asksWayOut = site.egress.interface == nil && site.hasFullTunnel && previous?.hasFullTunnel != true
        guard asksLAN || asksWayOut else { return }
        let roles = roles(site)
        if asksLAN && roles.lan.isEmpty { throw lanNotFound(site, roles) }
        if asksWayOut && roles.uplinks.isEmpty {
            throw .drafting(.noWayOut)
        }
    }

    /// Whether `complete` needs to look at the box.
    static func asksBox(_ site: Site, after previous: Site?) -> Bool {
        !site.otherForwarding.isWhole || site.lan != previous?.lan
            || site.hasFullTunnel && previous?.hasFullTunnel != true
    }

    private func roles(_ site: Site) -> FoundRoles {
        FoundRoles(site, on: facts.networks.without { $0 == site.tunnel.interface })
    }

    /// Notes what is found of the site's roles here.
    mutating func noticeRoles(_ site: Site) {
        let roles = roles(site)
        notices += absences(site, roles, interfaces: interfaces(except: site.tunnel.interface).map(\.name))
            .map { .absent($0) }
        let found = Surroundings(lan: roles.lan, uplinks: roles.uplinks)
        if !found.roleLines.isEmpty { notices.append(.roles(found)) }
        if site.egress.interface == nil && roles.uplinks.isEmpty && !site.hasFullTunnel {
            notices.append(.lanOnly)
        }
        if let mtu = roles.mtu { notices.append(.mtu(mtu)) }
    }

    private func interfaces(except tunnel: String) -> [BoxFacts.Interface] {
        facts.interfaces.filter { $0.name != tunnel }
    }

    private func lanNotFound(_ site: Site, _ roles: FoundRoles) -> GatewayError {
        if let doubt = roles.missing.first(where: { !$0.candidates.isEmpty }) {
            return .drafting(.ambiguousLAN(doubt))
        }
        return .drafting(.lanNotFound(site.lan.subnets, interfaces: interfaces(except: site.tunnel.interface)))
    }

    /// What the site does not say yet, as the box has it.
    private mutating func otherForwarding(_ site: Site) -> OtherForwarding {
        func withoutTunnel(_ choice: OtherForwarding.Choice?) -> OtherForwarding.Choice {
            guard case .from(let all)? = choice else { return choice ?? .drop }
            let others = all.filter { $0 != site.tunnel.interface }
            return others.isEmpty ? .drop : .from(others)
        }
        let said = site.otherForwarding
        let found = OtherForwarding(
            ipv4: withoutTunnel(facts.forwarding.ipv4), ipv6: withoutTunnel(facts.forwarding.ipv6))
        if said == OtherForwarding(), let both = found.ipv4, both == found.ipv6 {
            notices.append(.otherForwarding(isV6: nil, both))
        } else {
            if said.ipv4 == nil, let choice = found.ipv4 { notices.append(.otherForwarding(isV6: false, choice)) }
            if said.ipv6 == nil, let choice = found.ipv6 { notices.append(.otherForwarding(isV6: true, choice)) }
        }
        return said.completed(by: found)
    }

    // MARK: Interfaces that were named

    /// Throws where the box does not have the interface that an option names.
    func expectPresent(_ interface: String?, _ input: Remedy.Input) throws(GatewayError) {
        let known = facts.interfaces.map(\.name)
        guard let interface, !known.contains(interface) else { return }
        throw .drafting(.noSuchInterface(input, interface, known: known))
    }

    // MARK: A new site

    /// The LAN when nobody names it: the only private network that the box is in, by a card that is switched on and plugged in,
    /// and that more than its own guests are at; or by any, where there is none.
    mutating func lanSubnets(tunnel: String) throws(GatewayError) -> [IPPrefix] {
        let all = interfaces(except: tunnel)
        let likely = Self.privateNetworks(of: all.filter { $0.isReady && !$0.isForGuests })
        let found = likely.isEmpty ? Self.privateNetworks(of: all) : likely
        guard found.count == 1 else { throw .drafting(.whichLAN(found, interfaces: all)) }
        notices.append(.lan(found[0]))
        return found
    }

    private static func privateNetworks(of interfaces: [BoxFacts.Interface]) -> [IPPrefix] {
        let own = interfaces.flatMap(\.addresses).filter { isPrivate($0.address) && $0.length < 31 }
        return Set(own.map(\.network)).sorted()
    }

    private static func isPrivate(_ address: IPAddress) -> Bool {
        ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].contains { IPPrefix($0)!.contains(address) }
    }

    /// An IPv4 /24 that nothing on this box knows: 10.77.0.0/24 or the next one that is free, and where all of 10.0.0.0/8 is taken
    /// one of the other private networks. Networks of homes, hotels and containers are elsewhere.
    mutating func tunnelSubnet(lan: [IPPrefix]) throws(GatewayError) -> InterfaceAddress {
        let taken =
            facts.routes.filter { $0.length > 0 } + facts.interfaces.flatMap { $0.addresses.map(\.network) } + lan
        for address in Self.tunnelCandidates {
            let network = IPPrefix(masking: .v4(address), length: 24)
            if taken.contains(where: { $0.overlaps(network) }) { continue }
            let own = Self.gateway(in: network)
            notices.append(.tunnel(own))
            return own
        }
        throw .drafting(.noFreeNetwork)
    }

    /// Of all three private networks (RFC 1918), in the order of preference.
    private static var tunnelCandidates: [IPv4Address] {
        var candidates: [IPv4Address] = []
        for i in 0..<256 { candidates.append(IPv4Address(10, UInt8((77 + i) & 255), 0, 0)) }
        for i in 0..<16 { candidates.append(IPv4Address(172, UInt8(16 | (11 + i) & 15), 77, 0)) }
        for i in 0..<256 { candidates.append(IPv4Address(192, 168, UInt8((177 + i) & 255), 0)) }
        return candidates
    }

    /// A box without IPv6 has none in the tunnel either.
    mutating func ipv6() -> InitOptions.IPv6Choice {
        if facts.hasIPv6 { return .auto }
        notices.append(.noIPv6)
        return .none
    }

    /// RFC 4193: fd, 40 random bits, subnet 0.
    mutating func uniqueLocal(_ random: RandomSource) -> InterfaceAddress {
        var value: UInt128 = 0xfd
        withUnsafeTemporaryAllocation(byteCount: 5, alignment: 1) { bytes in
            random(bytes)
            for byte in bytes { value = value << 8 | UInt128(byte) }
        }
        let own = InterfaceAddress(.v6(IPv6Address(rawValue: value << 80 | 1)), length: 64)
        notices.append(.tunnel6(own.network))
        return own
    }

    /// With proxy-arp the tunnel needs no IPv4 network: the gateway shows its LAN address there as well.
    mutating func unnumbered(_ site: Site) -> InterfaceAddress? {
        let inside = Surroundings(lan: roles(site).lan).lan(of: site).map(\.interface)
        let own = facts.interfaces.filter { inside.contains($0.name) }.flatMap(\.addresses).first { own in
            !own.address.isV6 && site.lan.subnets.contains { $0.contains(own.address) }
        }
        guard let own else { return nil }
        notices += [.unnumbered(own.address), .hint(.dhcp)]
        return InterfaceAddress(own.address, length: 32)
    }

    /// The gateway's address in a network that was given as such: the last host for IPv4, the first for IPv6.
    static func gateway(in network: IPPrefix) -> InterfaceAddress {
        switch (network.address, network.last) {
        case (.v4, .v4(let last)) where network.length < 31:
            InterfaceAddress(.v4(IPv4Address(rawValue: last.rawValue - 1)), length: network.length)
        case (.v6(let first), _) where network.length < 127:
            InterfaceAddress(.v6(IPv6Address(rawValue: first.rawValue + 1)), length: network.length)
        default: InterfaceAddress(network.address, length: network.length)
        }
    }

    /// What is allowed and still likely to disappoint.
    static func hints(_ site: Site) -> [DraftNotice] {
        var hints: [DraftHint] = []
        // A laptop in a home that has the same network cannot tell that LAN from this one.
        if let subnet = site.lan.subnets.first(where: \.isCommonAtHome) { hints.append(.commonLAN(subnet)) }
        // A peer that dials an address inside what it sends through the tunnel would send the tunnel into itself.
        let inside = site.lan.subnets + site.tunnel.addresses.map(\.network)
        if case .address(let address)? = site.endpoint?.host, let subnet = inside.first(where: { $0.contains(address) })
        {
            hints.append(.endpointInside(address, subnet))
        }
        // Somebody who named a network may have meant an address in it.
        let own = site.tunnel.addresses.first {
            $0.network.address == $0.address && $0.address.bitWidth - $0.length > 1
        }
        if let own { hints.append(.networkAddress(own)) }
        return hints.map { .hint($0) }
    }
}
