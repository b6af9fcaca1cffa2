internal import Compiler
internal import NetTypes
internal import SiteModel
internal import Storage

/// What a site meets on its box now, and what there is to say about it.
struct Outlook {
    let surroundings: Surroundings
    let notices: [String]
}

extension ControlPlane {
    /// Looks at the box as a site will meet it. What cannot be found out is said, and holds nothing up: at boot there may be
    /// neither name servers nor all of the interfaces yet.
    func lookAround(_ target: StoredSite, previous: AppliedState?) throws -> Outlook {
        let site = target.site
        let tunnels = [site.tunnel.interface, previous?.site.tunnel.interface].compactMap { $0 }
        let networks = try box.networks().filter { name, _ in
            !tunnels.contains { $0 == name || successorName(of: $0) == name }
        }
        var notices = absences(site, interfaces: networks.keys.sorted())
        var endpoint: [IPAddress] = []
        if case .name(let name) = site.endpoint?.host, site.hasFullTunnel {
            do throws(BoxError) { endpoint = try box.addresses(of: name) } catch {
                endpoint = lastAddresses(of: name, target, previous)
                let known = endpoint.map(\.description).joined(separator: ", ")
                notices.append(
                    "warning: \(error), the endpoint of this site; "
                        + (endpoint.isEmpty
                            ? "until an apply knows its address, full tunnel leads there as well"
                            : "full tunnel goes on leaving out \(known), as it did"))
            }
        }
        let all = Surroundings(
            networks: networks.flatMap { name, prefixes in prefixes.map { Surroundings.Network($0, on: name) } },
            endpoint: endpoint)
        return Outlook(surroundings: all.relevant(to: site), notices: notices)
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

/// The site's interfaces that the box does not have, in sentences.
func absences(_ site: Site, interfaces: [String]) -> [String] {
    [("lan.interface", site.lan.interface), ("egress.interface", site.egress.interface)].compactMap { member, name in
        guard let name, !interfaces.contains(name) else { return nil }
        return "warning: \(member): there is no \(name) on this box (\(thoseThere(interfaces))); "
            + "nothing comes or goes there until there is"
    }
}

/// `there are eth0, eth1`
func thoseThere(_ interfaces: [String]) -> String {
    interfaces.isEmpty ? "it has none but loopback" : "there are \(interfaces.joined(separator: ", "))"
}
