internal import BoxModel
internal import Compiler
internal import NetTypes
internal import SiteModel
internal import Storage

/// What a site meets on its box now, and what there is to say about it.
struct Outlook {
    let surroundings: Surroundings
    /// What is not there that the site needs, in sentences: nothing that it is needed for works.
    let absences: [String]
    /// What else there is to say.
    let doubts: [String]

    var notices: [String] { (absences + doubts).map { "warning: \($0)" } }
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
        let roles = FoundRoles(site, on: networks, known: previous?.surroundings ?? target.revision.surroundings)
        let (endpoint, doubts) = try addresses(of: site, target, previous, asksNames)
        let all = Surroundings(
            networks: networks.interfaces.flatMap { interface in
                interface.networks.map { Surroundings.Network($0, on: interface.name) }
            },
            lan: roles.lan, uplinks: roles.uplinks, mtu: roles.mtu, endpoint: endpoint,
            expired: site.expired(at: clock.now()))
        return Outlook(
            surroundings: all.relevant(to: site),
            absences: absences(site, roles, interfaces: networks.interfaces.map(\.name)), doubts: doubts)
    }

    private func addresses(
        of site: Site, _ target: StoredSite, _ previous: AppliedState?, _ asksNames: Bool
    ) throws -> ([IPAddress], doubts: [String]) {
        guard case .name(let name) = site.endpoint?.host, site.hasFullTunnel else { return ([], []) }
        guard asksNames else { return (lastAddresses(of: name, target, previous), []) }
        do throws(BoxError) { return (try box.addresses(of: name), []) } catch {
            let endpoint = lastAddresses(of: name, target, previous)
            let known = endpoint.map(\.description).joined(separator: ", ")
            let doubt =
                "\(error), the endpoint of this site; "
                + (endpoint.isEmpty
                    ? "until an apply knows its address, full tunnel leads there as well"
                    : "full tunnel goes on leaving out \(known), as it did")
            return (endpoint, [doubt])
        }
    }

    /// What the name stood for when somebody knew.
    private func lastAddresses(of name: String, _ target: StoredSite, _ previous: AppliedState?) -> [IPAddress] {
        if let known = target.revision.surroundings?.endpoint, !known.isEmpty { return known }
        return previous?.site.endpoint?.host == .name(name) ? previous!.surroundings.endpoint : []
    }

    /// What another family's or interface's traffic gains by an apply, since nobody may have meant it.
    func grants(_ site: Site, _ plan: Plan) -> [String] {
        let families = [("IPv4", false, site.otherForwarding.ipv4), ("IPv6", true, site.otherForwarding.ipv6)]
        return families.filter { _, isV6, choice in choice == .allow && plan.startsForwarding(isV6: isV6) }.map {
            "note: this box forwards other \($0.0) traffic from now on, which it did not before: "
                + "site.other-forwarding says \"allow\"; write \"drop\" if only the tunnel's is meant"
        }
    }
}

/// What the site needs and the box does not have: interfaces that it names, networks of the LAN's, a way out; in sentences.
func absences(_ site: Site, _ roles: FoundRoles, interfaces: [String]) -> [String] {
    let named = [("lan.interface", site.lan.interface), ("egress.interface", site.egress.interface)]
    let cards = named.compactMap { member, name -> String? in
        guard let name, !interfaces.contains(name) else { return nil }
        return "\(member): there is no \(name) on this box (\(thoseThere(interfaces))); "
            + "nothing comes or goes there until there is"
    }
    let networks = roles.missing.map { missing in
        missing.text
            + (missing.candidates.isEmpty
                ? " (\(thoseThere(interfaces))); peers do not reach it until one does"
                : "; name the one that is meant in lan.interface")
    }
    let ways =
        site.hasFullTunnel && site.egress.interface == nil && roles.uplinks.isEmpty
        ? ["this box has no default route; peers with full tunnel do not get out until it has one"] : []
    return cards + networks + ways
}

/// `there are eth0, eth1`
func thoseThere(_ interfaces: [String]) -> String {
    interfaces.isEmpty ? "it has none but loopback" : "there are \(interfaces.joined(separator: ", "))"
}
