import CMnl
internal import BoxModel
import Glibc
internal import NetTypes
public import Netlink

/// A route as rtnetlink shows it.
struct KernelRoute: Equatable {
    var destination: IPPrefix
    /// A next hop: the index of its interface, and the router there, if one is between.
    struct Hop: Equatable {
        var interface: UInt32
        var gateway: IPAddress?
    }

    /// Empty for one that leads to none.
    var hops: [Hop]
    /// `RTA_PRIORITY`; the lowest wins.
    var metric: UInt32
    /// `RTN_UNICAST` and so on.
    var type: UInt8
    /// `RT_TABLE_MAIN` and so on.
    var table: UInt32
    /// Who made it.
    var proto: UInt8
    /// Its own, bytes; nil where it has none but the interface's.
    var mtu: Int?
    /// `RTA_PREFSRC`: what the box itself would take.
    var source: IPAddress?

    /// Reads an `RTM_NEWROUTE`; nil for families other than IPv4 and IPv6, and for cached routes unless they are the answer to a
    /// question.
    init?(_ payload: UnsafeRawBufferPointer, isAnswer: Bool = false) {
        guard let header = payload.header(rtmsg.self), isAnswer || header.rtm_flags & UInt32(RTM_F_CLONED) == 0
        else { return nil }
        let width: Int
        switch Int32(header.rtm_family) {
        case AF_INET: width = 4
        case AF_INET6: width = 16
        default: return nil
        }
        var octets = [UInt8](repeating: 0, count: width)
        hops = []
        var single = Hop(interface: 0)
        metric = 0
        table = UInt32(header.rtm_table)
        type = header.rtm_type
        proto = header.rtm_protocol
        for attribute in Attributes(payload, after: rtmsg.self) {
            switch UInt32(attribute.type) {
            case RTA_DST.rawValue: octets = attribute.bytes
            case RTA_OIF.rawValue: single.interface = attribute.u32
            case RTA_PRIORITY.rawValue: metric = attribute.u32
            case RTA_TABLE.rawValue: table = attribute.u32
            case RTA_METRICS.rawValue: mtu = attribute.nested.first(RTAX_MTU).map { Int($0.u32) }
            case RTA_PREFSRC.rawValue: source = IPAddress(octets: attribute.bytes)
            case RTA_MULTIPATH.rawValue: hops = Self.nextHops(attribute.payload)
            default: single.gateway = Self.gateway(attribute) ?? single.gateway
            }
        }
        if single.interface != 0 { hops = [single] }
        guard let address = IPAddress(octets: octets), Int(header.rtm_dst_len) <= address.bitWidth else { return nil }
        destination = IPPrefix(masking: address, length: Int(header.rtm_dst_len))
    }

    /// The interfaces of `rtnexthop`s: a length of 16 bits, flags, hops, the interface's index at offset 4, attributes; each
    /// begins at a multiple of four.
    private static func nextHops(_ payload: UnsafeRawBufferPointer) -> [Hop] {
        var hops: [Hop] = []
        var at = 0
        while at + 8 <= payload.count {
            let length = Int(payload.loadUnaligned(fromByteOffset: at, as: UInt16.self))
            if length < 8 { break }
            var hop = Hop(interface: payload.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self))
            let rest = UnsafeRawBufferPointer(rebasing: payload[(at + 8)..<min(at + length, payload.count)])
            for attribute in Attributes(rest) { hop.gateway = gateway(attribute) ?? hop.gateway }
            hops.append(hop)
            at += (length + 3) & ~3
        }
        return hops
    }

    /// The router that the attribute tells, if it does.
    private static func gateway(_ attribute: Attribute) -> IPAddress? {
        switch UInt32(attribute.type) {
        case RTA_GATEWAY.rawValue: IPAddress(octets: attribute.bytes)
        // struct rtvia: the family, then the address.
        case RTA_VIA.rawValue: IPAddress(octets: Array(attribute.payload.dropFirst(2)))
        default: nil
        }
    }

    /// Indices of the interfaces of its next hops.
    var interfaces: [UInt32] { hops.map(\.interface) }
    /// Whether a router is between, or several.
    var hasGateway: Bool { hops.count > 1 || hops.contains { $0.gateway != nil } }
}

/// Routes, over rtnetlink.
extension NetlinkSocket {
    /// All routes to somewhere else, in every table.
    mutating func routes() throws(BoxError) -> [KernelRoute] {
        var message = MessageBuffer(RTM_GETROUTE, rtmsg())
        return try dump(&message, .init(.list, .routes()), into: [KernelRoute]()) { list, payload in
            if let route = KernelRoute(payload), route.type == RTN_UNICAST { list.append(route) }
        }
    }

    /// The tables that the rules lead to, of both families: not those of a VRF, which its interfaces alone use.
    mutating func ruleTables() throws(BoxError) -> Set<UInt32> {
        let tables = try rules { header, attributes in
            let isToTable = header.rtm_type == RuleAttribute.actionToTable
            return isToTable ? attributes.first(RuleAttribute.table)?.u32 ?? UInt32(header.rtm_table) : nil
        }
        // A kernel without rules has these.
        return Set(tables ?? [UInt32(RT_TABLE_MAIN.rawValue), UInt32(RT_TABLE_DEFAULT.rawValue)])
    }

    /// The routes that carry a protocol's number (`RTPROT_*`), of both families, in every table, or through one interface alone. The
    /// kernel does the choosing, so that a box with a full table of the Internet answers as fast as any.
    mutating func routes(
        madeBy proto: UInt8, through index: UInt32? = nil, _ operation: BoxError.Operation = .init(.list, .routes())
    ) throws(BoxError) -> [KernelRoute] {
        var routes: [KernelRoute] = []
        for family in [AF_INET, AF_INET6] {
            var header = rtmsg()
            header.rtm_family = UInt8(family)
            header.rtm_protocol = proto
            var message = MessageBuffer(RTM_GETROUTE, header)
            if let index { message.put(RTA_OIF, index) }
            routes += try dumpOfInterface(&message, operation, into: [KernelRoute]()) { list, payload in
                if let route = KernelRoute(payload), route.proto == proto { list.append(route) }
            }
        }
        return routes
    }

    /// Routes to networks that the box is in: made by the kernel for an address, or told by a router's advertisement.
    mutating func directRoutes() throws(BoxError) -> [KernelRoute] {
        let made = try routes(madeBy: UInt8(RTPROT_KERNEL)) + routes(madeBy: UInt8(RTPROT_RA))
        return made.filter { $0.type == RTN_UNICAST && !$0.hasGateway }
    }

    /// The routes with wggw's protocol number through one interface, sorted.
    mutating func ownRoutes(index: UInt32, interface: String) throws(BoxError) -> [Route] {
        try routes(madeBy: Route.protocolNumber, through: index, .init(.list, .routes(of: interface)))
            .filter { $0.interfaces == [index] && $0.table == UInt32(RT_TABLE_MAIN.rawValue) }
            .map { Route($0.destination, interface: interface) }.sorted()
    }

    /// Adds a route; one of wggw's own that is there already is no error.
    mutating func addRoute(_ route: Route) throws(BoxError) {
        let operation = BoxError.Operation(.add, .route(route))
        let index = try existing(route.interface, operation).index
        var message = routeMessage(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route, index: index)
        do throws(BoxError) { try request(&message, operation) } catch {
            guard error.code == EEXIST else { throw error }
            guard try ownRoutes(index: index, interface: route.interface).contains(route) else { throw error }
        }
    }

    /// Removes a route that carries wggw's protocol number; one that is not there is no error.
    mutating func removeRoute(_ route: Route) throws(BoxError) {
        guard let index = try link(route.interface)?.index else { return }
        var message = routeMessage(RTM_DELROUTE, 0, route, index: index)
        try tolerate(ESRCH, &message, .init(.remove, .route(route)))
    }

    private func routeMessage(_ type: Int, _ flags: Int32, _ route: Route, index: UInt32) -> MessageBuffer {
        var header = rtmsg()
        header.rtm_family = route.destination.address.family
        header.rtm_dst_len = UInt8(route.destination.length)
        header.rtm_table = UInt8(RT_TABLE_MAIN.rawValue)
        header.rtm_protocol = Route.protocolNumber
        header.rtm_scope = UInt8((route.destination.isV6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK).rawValue)
        header.rtm_type = UInt8(RTN_UNICAST)
        var message = MessageBuffer(type, flags: flags, header)
        message.put(RTA_DST, bytes: route.destination.address.octets)
        message.put(RTA_OIF, index)
        return message
    }
}

extension rtattr_type_t: AttributeNumber {}
