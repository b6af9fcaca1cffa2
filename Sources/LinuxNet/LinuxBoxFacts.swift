import CMnl
public import BoxModel
import Glibc
public import NetTypes
internal import SiteModel

extension LinuxBox {
    /// What a draft needs to know. `routes` are those to somewhere in particular: default routes are not among them.
    public func facts() throws(BoxError) -> BoxFacts {
        var socket = try NetlinkSocket(NETLINK_ROUTE)
        let links = try socket.links()
        let addresses = try socket.addresses(index: 0)
        let routes = try socket.routes()
        let cards = links.filter { !$0.isLoopback }
        let sysctls = try Sysctl.read(OtherForwarding.sysctls)
        return BoxFacts(
            interfaces: cards.map { link in
                BoxFacts.Interface(
                    name: link.name, mtu: link.mtu,
                    addresses: addresses.filter { $0.index == link.index }.map(\.address),
                    isForGuests: links.isForGuests(link), isReady: link.isUp && link.hasCarrier)
            },
            ways: try socket.ways(routes, cards),
            routes: Set(routes.map(\.destination)).filter { $0.length > 0 }.sorted(),
            forwarding: OtherForwarding(sysctls: sysctls, interfaces: cards.map(\.name)),
            hasIPv6: try hasIPv6("default"))
    }

    /// As `Box` says.
    public func hasIPv6(_ interface: String) throws(BoxError) -> Bool {
        let (own, other) = ("net/ipv6/conf/\(interface)/disable_ipv6", "net/ipv6/conf/default/disable_ipv6")
        let values = try Sysctl.read([own, other])
        // None of them is there: neither is IPv6.
        return (values[own] ?? values[other]).map { $0 == 0 } ?? false
    }

    /// By the addresses and the kernel's own routes: the other end of a point-to-point link is in no address. Link-local
    /// networks, which every interface has, are not among them.
    ///
    /// All routes are read only with `reaching`, and few of them are kept.
    public func networks(reaching prefixes: [IPPrefix]?) throws(BoxError) -> BoxNetworks {
        var socket = try NetlinkSocket(NETLINK_ROUTE)
        let links = try socket.links()
        let cards = links.filter { !$0.isLoopback }
        var networks: [UInt32: Set<IPPrefix>] = [:]
        let addresses = try socket.addresses(index: 0).filter { !$0.address.address.isLinkLocal }
        let held = addresses.map { ([$0.index], $0.address.network) }
        for (indices, network) in try held + socket.directRoutes().map({ ($0.interfaces, $0.destination) })
        where network.length > 0 && !network.address.isLinkLocal {
            for index in indices { networks[index, default: []].insert(network) }
        }
        var ways: [BoxNetworks.Way] = []
        if let prefixes {
            ways = try socket.ways(socket.routes(), cards).filter { way in
                way.leadsOut || prefixes.contains { $0.overlaps(way.destination) }
            }
        }
        return BoxNetworks(
            interfaces: cards.map { link in
                BoxNetworks.Interface(
                    link.name, networks: (networks[link.index] ?? []).sorted(),
                    addresses: addresses.filter { $0.index == link.index && !$0.isTemporary }.map(\.address.address)
                        .sorted(),
                    mtu: link.mtu,
                    isForGuests: links.isForGuests(link), isReady: link.isUp && link.hasCarrier)
            }, ways: ways)
    }

    /// As `Box` says.
    public func links() throws(BoxError) -> [String: UInt32] {
        var socket = try NetlinkSocket(NETLINK_ROUTE)
        return Dictionary(uniqueKeysWithValues: try socket.links().map { ($0.name, $0.index) })
    }

    /// By the system's resolver, as far as it answers in time: within two seconds, unless the box was made for who has less.
    public func addresses(of name: String) throws(BoxError) -> [IPAddress] {
        try EndpointResolver.addresses(of: name, within: nameWait ?? .seconds(2))
    }
}

extension NetlinkSocket {
    /// Of these routes, those that the box goes by and that the kernel has not made for an address; by interfaces among `cards`.
    fileprivate mutating func ways(_ routes: [KernelRoute], _ cards: [Link]) throws(BoxError) -> [BoxNetworks.Way] {
        let names = Dictionary(uniqueKeysWithValues: cards.map { ($0.index, $0.name) })
        let tables = try ruleTables()
        var gateways: [BoxNetworks.Way: (metric: UInt32, gateway: IPAddress?)] = [:]
        for route in routes.filter({
            tables.contains($0.table) && $0.proto != UInt8(RTPROT_KERNEL) && $0.proto != Route.protocolNumber
                && !$0.destination.address.isLinkLocal
        }) {
            for hop in route.hops {
                guard let name = names[hop.interface] else { continue }
                let way = BoxNetworks.Way(route.destination, by: name, mtu: route.mtu)
                // Of several routers on an interface the box goes by that of the lowest metric.
                if let known = gateways[way], known.metric <= route.metric { continue }
                gateways[way] = (route.metric, way.leadsOut ? hop.gateway : nil)
            }
        }
        return gateways.map { way, last in
            BoxNetworks.Way(way.destination, by: way.interface, mtu: way.mtu, gateway: last.gateway)
        }.sorted()
    }
}
