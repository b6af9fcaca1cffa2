import CMnl
internal import BoxModel
import Glibc
internal import NetTypes
internal import Netlink

/// Single questions to the kernel, over rtnetlink.
extension NetlinkSocket {
    /// Where a packet would go.
    mutating func route(_ question: RouteQuestion) throws(BoxError) -> RouteAnswer {
        let operation = BoxError.Operation(.lookUp, .routeTo(question.destination))
        var header = rtmsg()
        header.rtm_family = question.destination.family
        header.rtm_dst_len = UInt8(question.destination.bitWidth)
        // IPv6 says the table in any case, and takes no such flag.
        if !question.destination.isV6 { header.rtm_flags = UInt32(RTM_F_LOOKUP_TABLE) }
        if let source = question.source { header.rtm_src_len = UInt8(source.bitWidth) }
        let input = try question.input.map { name throws(BoxError) in try existing(name, operation).index }
        var message = MessageBuffer(RTM_GETROUTE, header)
        message.put(RTA_DST, bytes: question.destination.octets)
        if let source = question.source { message.put(RTA_SRC, bytes: source.octets) }
        if let input { message.put(RTA_IIF, input) }
        if question.mark != 0 { message.put(RTA_MARK, question.mark) }
        let found: KernelRoute?
        do throws(BoxError) {
            found = try get(&message, operation) { KernelRoute($0, isAnswer: true) }
        } catch {
            switch error.code {
            case EXDEV: return .martian
            case EINVAL: return .refused(.blackhole)
            case EACCES: return .refused(.prohibit)
            case EHOSTUNREACH: return .refused(.unreachable)
            case ENETUNREACH: return .none
            default: throw error
            }
        }
        guard let found else { return .none }
        switch found.type {
        case UInt8(RTN_LOCAL), UInt8(RTN_ANYCAST), UInt8(RTN_BROADCAST): return .local
        case UInt8(RTN_UNREACHABLE): return .refused(.unreachable)
        case UInt8(RTN_PROHIBIT): return .refused(.prohibit)
        case UInt8(RTN_BLACKHOLE): return .refused(.blackhole)
        default:
            guard let hop = found.hops.first, let name = interfaceName(hop.interface) else { return .none }
            return .leads(
                RouteWay(name, gateway: hop.gateway, source: found.source, table: found.table, mtu: found.mtu))
        }
    }

    /// What the box knows of a neighbour; nil if it has not asked lately.
    mutating func neighbour(_ address: IPAddress, index: UInt32) throws(BoxError) -> NeighbourState? {
        var message = neighbourMessage(RTM_GETNEIGH, 0, address, index: index)
        let state = try get(&message, .init(.lookUp, .neighbour(address)), absent: ENOENT, ENODEV) { payload in
            payload.header(ndmsg.self)?.ndm_state
        }
        switch Int32(state ?? 0) {
        case 0x02, 0x40, 0x80: return .reachable  // NUD_REACHABLE, NUD_NOARP, NUD_PERMANENT
        case 0x04, 0x08, 0x10: return .stale  // NUD_STALE, NUD_DELAY, NUD_PROBE
        case 0x01: return .incomplete
        case 0x20: return .failed
        default: return nil
        }
    }
}
