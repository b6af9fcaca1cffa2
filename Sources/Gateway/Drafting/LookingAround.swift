internal import BoxModel
internal import Compiler
internal import NetTypes
internal import SiteModel
internal import Storage

/// What a site meets on its box now, and what there is to say about it.
struct Outlook {
    let surroundings: Surroundings
    /// What is not there that the site needs.
    let absences: [Absence]
    /// What else there is to say.
    let doubts: [ApplyNotice]

    var notices: [ApplyNotice] { absences.map { .absent($0) } + doubts }
}

extension ControlPlane {
    /// Looks at the box as a site will meet it. What cannot be found out is said, and holds nothing up: at boot there may be
    /// neither name servers nor all of the interfaces yet. Without `asksNames` the endpoint's name stands for what it stood for last.
    func lookAround(_ target: StoredSite, previous: AppliedState?, asksNames: Bool = true) throws -> Outlook {
        let site = target.site
        let tunnels = [site.tunnel.interface, previous?.site.tunnel.interface].compactMap { $0 }
        let hasRoles = site.lan.interface == nil || site.egress.interface == nil
        let networks = try box.networks(reaching: hasRoles ? site.lan.subnets : nil).without { name in
            tunnels.contains { $0 == name || successorName(of: $0) == name }
        }
        let last = try records.surroundings(of: target.revision.id)
        let roles = FoundRoles(site, on: networks, known: previous?.surroundings ?? last)
        let (endpoint, doubts) = try addresses(of: site, last, previous, asksNames)
        let all = Surroundings(
            networks: networks.interfaces.flatMap { interface in
                interface.networks.map { Surroundings.Network($0, on: interface.name) }
            },
            lan: roles.lan, uplinks: roles.uplinks, answers: roles.answers, mtu: roles.mtu, endpoint: endpoint,
            expired: site.expired(at: clock.now()),
            own: ownAddresses(site, networks, roles, known: previous?.surroundings.own ?? last?.own ?? []),
            hasIPv6: try box.hasIPv6(site.tunnel.interface))
        let moved = all.own.filter { $0.now != $0.written }.map { ApplyNotice.ownAddress($0) }
        let lacks: [ApplyNotice] = all.relevant(to: site).hasIPv6 ? [] : [.noIPv6(site.tunnel.interface)]
        return Outlook(
            surroundings: all.relevant(to: site),
            absences: absences(site, roles, interfaces: networks.interfaces.map(\.name)),
            doubts: doubts + moved + lacks + droppedGuests(site, networks, all))
    }

    /// With proxy-arp the tunnel has the box's address in the LAN, and DHCP may give it another one. What was never the LAN's card's is
    /// the tunnel's alone, and stays; so does what the card had, while it has none.
    private func ownAddresses(
        _ site: Site, _ networks: BoxNetworks, _ roles: FoundRoles, known: [Surroundings.Own]
    ) -> [Surroundings.Own] {
        guard site.lan.replyPath == .proxyARP else { return [] }
        let cards = Set(Surroundings(lan: roles.lan).lan(of: site).map(\.interface))
        let held = networks.interfaces.filter { cards.contains($0.name) }.flatMap(\.addresses)
        return site.tunnel.addresses.map(\.address).compactMap { written in
            guard let subnet = site.lan.subnets.first(where: { $0.contains(written) }) else { return nil }
            if held.contains(written) { return Surroundings.Own(written, now: written) }
            guard let before = known.first(where: { $0.written == written }) else { return nil }
            if held.contains(before.now) { return before }
            return held.first { subnet.contains($0) }.map { Surroundings.Own(written, now: $0) } ?? before
        }
    }

    private func addresses(
        of site: Site, _ last: Surroundings?, _ previous: AppliedState?, _ asksNames: Bool
    ) throws -> ([IPAddress], doubts: [ApplyNotice]) {
        guard case .name(let name) = site.endpoint?.host, site.hasFullTunnel else { return ([], []) }
        guard asksNames else { return (lastAddresses(of: name, last, previous), []) }
        do throws(BoxError) { return (try box.addresses(of: name), []) } catch {
            let endpoint = lastAddresses(of: name, last, previous)
            return (endpoint, [.unknownEndpoint(error, known: endpoint)])
        }
    }

    /// What the name stood for when somebody knew.
    private func lastAddresses(of name: String, _ last: Surroundings?, _ previous: AppliedState?) -> [IPAddress] {
        if let known = last?.endpoint, !known.isEmpty { return known }
        return previous?.site.endpoint?.host == .name(name) ? previous!.surroundings.endpoint : []
    }

    /// What another family's or interface's traffic gains by an apply, since nobody may have meant it.
    func grants(_ site: Site, _ plan: Plan) -> [ApplyNotice] {
        [(false, site.otherForwarding.ipv4), (true, site.otherForwarding.ipv6)]
            .filter { isV6, choice in choice == .allow && plan.startsForwarding(isV6: isV6) }
            .map { .forwardsOthers(isV6: $0.0) }
    }
}

/// What the site needs and the box does not have: interfaces that it names, networks of the LAN's, a way out.
func absences(_ site: Site, _ roles: FoundRoles, interfaces: [String]) -> [Absence] {
    let named = [("lan.interface", site.lan.interface), ("egress.interface", site.egress.interface)]
    let cards = named.compactMap { member, name -> Absence? in
        guard let name, !interfaces.contains(name) else { return nil }
        return .interface(member: member, name, known: interfaces)
    }
    let hasNoWay = site.hasFullTunnel && site.egress.interface == nil && roles.uplinks.isEmpty
    return cards + roles.missing.map { .network($0, known: interfaces) } + (hasNoWay ? [.wayOut] : [])
}
