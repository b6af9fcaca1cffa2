import CMnl
public import Compiler
import Glibc
internal import NetTypes

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
        return BoxFacts(
            interfaces: links.map { link in
                BoxFacts.Interface(
                    name: link.name, mtu: link.mtu,
                    addresses: addresses.filter { $0.index == link.index }.map(\.address))
            },
            defaultInterfaceV4: defaultInterface(isV6: false), defaultInterfaceV6: defaultInterface(isV6: true),
            routes: Set(routes.map(\.destination)).filter { $0.length > 0 }.sorted(),
            forwardsIPv4: try Sysctl.read("net/ipv4/ip_forward") == 1,
            kernelHasWireGuard: try kernelHasWireGuard())
    }
}
