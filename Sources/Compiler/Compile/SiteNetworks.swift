import NetTypes
import SiteModel

extension SiteFacts {
    /// What is the tunnel's, and goes into it or nowhere: its subnets, the networks behind peers, and addresses of peers beside
    /// them; sorted and disjoint.
    ///
    /// An unnumbered gateway's address is the LAN's. And a network behind a peer may hold one that the box is in itself, to
    /// which the kernel's routes do not lead into the tunnel.
    var tunnelNetworks: [IPPrefix] {
        let subnets = site.tunnel.addresses.map(\.network)
            .filter { subnet in !(subnet.isHost && site.lan.subnets.contains { $0.contains(subnet) }) }
        let own = surroundings.networks.map(\.prefix)
        let all = routes.flatMap { route in
            own.isEmpty ? [route] : route.subtracting(own.filter { $0 != route && route.contains($0) })
        }
        return (subnets + all).disjoint()
    }

    /// What is not the Internet to a peer with full tunnel, of both families; sorted and disjoint: what is not for anybody, the
    /// LAN, the networks at the uplinks, and where the endpoint is, since that is where the gateway or its router answers as the
    /// gateway's neighbour. IPv4 addresses also as a translator takes them.
    var notInternet: [IPPrefix] {
        let out = Set(uplinks.values.joined())
        let atEgress = surroundings.networks.filter { out.contains($0.interface) }.map(\.prefix)
        let own = surroundings.addresses(of: site.endpoint).map { IPPrefix(host: $0) }
        let all = SpecialNetworks.all + site.lan.subnets + atEgress + own
        return (all + all.compactMap(\.translated)).disjoint()
    }
}
