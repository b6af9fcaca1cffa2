import CMnl
public import Compiler
import Glibc
public import NetTypes
internal import SiteModel

extension LinuxBox {
    /// What a draft needs to know. `routes` are those to somewhere in particular: default routes are not among them.
    public func facts() throws(BoxError) -> BoxFacts {
        var socket = try NetlinkSocket(NETLINK_ROUTE)
        let links = try socket.links().filter { !$0.isLoopback }
        let addresses = try socket.addresses(index: 0)
        let routes = try socket.routes()
        func defaultInterface(isV6: Bool) -> String? {
            let every = isV6 ? IPPrefix.everyV6 : .everyV4
            let best = routes.filter { $0.destination == every && $0.table == UInt32(RT_TABLE_MAIN.rawValue) }
                .min { $0.metric < $1.metric }
            return links.first { $0.index == best?.interface }?.name
        }
        let sysctls = try Sysctl.read(OtherForwarding.sysctls)
        return BoxFacts(
            interfaces: links.map { link in
                BoxFacts.Interface(
                    name: link.name, mtu: link.mtu,
                    addresses: addresses.filter { $0.index == link.index }.map(\.address))
            },
            defaultInterfaceV4: defaultInterface(isV6: false), defaultInterfaceV6: defaultInterface(isV6: true),
            routes: Set(routes.map(\.destination)).filter { $0.length > 0 }.sorted(),
            forwarding: OtherForwarding(sysctls: sysctls, interfaces: links.map(\.name)))
    }

    /// By the addresses and the kernel's own routes: the other end of a point-to-point link is in no address. Link-local
    /// networks, which every interface has, are not among them.
    public func networks() throws(BoxError) -> [String: [IPPrefix]] {
        var socket = try NetlinkSocket(NETLINK_ROUTE)
        var names: [UInt32: String] = [:]
        for link in try socket.links() where !link.isLoopback { names[link.index] = link.name }
        var networks = Dictionary(uniqueKeysWithValues: names.values.map { ($0, Set<IPPrefix>()) })
        let held = try socket.addresses(index: 0).map { ($0.index, $0.address.network) }
        for (index, network) in try held + socket.directRoutes().map({ ($0.interface, $0.destination) }) {
            guard let name = names[index], network.length > 0, !network.address.isLinkLocal else { continue }
            networks[name]!.insert(network)
        }
        return networks.mapValues { $0.sorted() }
    }

    /// By the system's resolver, as far as it answers within two seconds.
    public func addresses(of name: String) throws(BoxError) -> [IPAddress] {
        try NameLookUp.addresses(of: name, seconds: 2)
    }
}
