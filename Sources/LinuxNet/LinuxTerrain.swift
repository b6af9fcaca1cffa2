import CMnl
public import BoxModel
public import Firewall
import Glibc
public import NetTypes

/// What the kernel says of the way of a packet.
extension LinuxBox: Terrain {
    /// All interfaces, loopback as well.
    public func links() throws(BoxError) -> [TerrainLink] {
        var socket = try NetlinkSocket(NETLINK_ROUTE)
        let addresses = Dictionary(grouping: try socket.addresses(index: 0)) { $0.index }
        return try socket.links().map { link in
            TerrainLink(
                link.name, index: link.index, isUp: link.isUp, hasCarrier: link.hasCarrier, mtu: link.mtu,
                addresses: addresses[link.index]?.map(\.address) ?? [], group: link.group, hardware: link.hardware)
        }
    }

    /// `RTM_GETROUTE` of one address: what `ip route get` shows.
    public func route(_ question: RouteQuestion) throws(BoxError) -> RouteAnswer {
        var socket = try NetlinkSocket(NETLINK_ROUTE)
        return try socket.route(question)
    }

    /// By an address on an interface.
    public func neighbour(_ address: IPAddress, on interface: String) throws(BoxError) -> NeighbourState? {
        var socket = try NetlinkSocket(NETLINK_ROUTE)
        guard let link = try socket.link(interface) else { return nil }
        return try socket.neighbour(address, index: link.index)
    }

    /// A file under /proc/sys.
    public func setting(_ key: String) throws(BoxError) -> Int? { try Sysctl.read(key) }

    /// Those of nf_tables that have a base chain, and of the older packet filter.
    public func foreignTables() throws(BoxError) -> [FirewallTable] {
        var socket = try NetlinkSocket(NETLINK_NETFILTER)
        return try socket.consistently { socket throws(BoxError) in
            try socket.foreignTables { $0.hook != nil }
        } + LegacyFirewall.tables()
    }

    /// What is in a set.
    public func contents(of set: SetName) throws(BoxError) -> SetContents {
        var socket = try NetlinkSocket(NETLINK_NETFILTER)
        return try socket.contents(of: set)
    }

    /// By the kernel's list of sockets.
    public func isServed(_ address: IPAddress, _ transport: UInt8, port: UInt16) throws(BoxError) -> Bool? {
        ListeningSockets.isServed(address, transport, port: port)
    }
}
