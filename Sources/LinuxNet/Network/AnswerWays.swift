import CMnl
internal import BoxModel
import Glibc
internal import NetTypes
internal import Netlink

/// Answers by the way out that has their source (`AnswerWay`), over rtnetlink: for each address two routing rules, right before those that
/// every box has, and a table with a default route.
///
/// The first rule takes what the main table knows to be nearer, as hosts of the LAN's: without its default routes, nor their halves.
extension NetlinkSocket {
    /// Of the rules that every box has, `main` is at 32766. Who adds one by `ip rule` without a number gets the one below the lowest.
    private static var priorities: (near: UInt32, out: UInt32) { (32764, 32765) }

    /// A table of its own for each address: far from the numbers that people give, and from wg-quick's, which are ports.
    private static func table(_ source: IPAddress) -> UInt32 {
        var folded: UInt32 = 0
        for (i, octet) in source.octets.enumerated() { folded ^= UInt32(octet) << UInt32(24 - i % 4 * 8) }
        return folded & 0x3fff_ffff | 0x4000_0000
    }

    /// Those of wggw's, sorted.
    mutating func answerWays() throws(BoxError) -> [AnswerWay] {
        let rules = try ownRules()
        if rules.isEmpty { return [] }
        let routes = try routes(madeBy: Route.protocolNumber).filter { $0.destination.length == 0 }
        return Dictionary(grouping: rules) { $0.source }.map { source, rules in
            let route = routes.first { $0.table == Self.table(source) && $0.destination.isV6 == source.isV6 }
            let isWhole = Set(rules.map(\.priority)) == [Self.priorities.near, Self.priorities.out] && rules.count == 2
            guard isWhole, rules[0].port == rules[1].port, let hop = route?.hops.first,
                let interface = interfaceName(hop.interface)
            else { return AnswerWay(source, port: rules[0].port, by: "", gateway: nil) }
            return AnswerWay(source, port: rules[0].port, by: interface, gateway: hop.gateway)
        }.sorted()
    }

    /// Adds one; where it is there already, its route is set.
    mutating func addAnswerWay(_ way: AnswerWay) throws(BoxError) {
        let operation = BoxError.Operation(.add, .answers(from: way.source))
        let index = try existing(way.interface, operation).index
        var message = routeMessage(
            RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, way.source, isOnLink: way.gateway != nil)
        if let gateway = way.gateway {
            if gateway.isV6 == way.source.isV6 {
                message.put(RTA_GATEWAY, bytes: gateway.octets)
            } else {
                // struct rtvia
                let family = UInt16(gateway.family)
                message.put(RTA_VIA, bytes: [UInt8(family & 0xff), UInt8(family >> 8)] + gateway.octets)
            }
        }
        message.put(RTA_OIF, index)
        try request(&message, operation)
        for priority in [Self.priorities.out, Self.priorities.near] {
            var message = ruleMessage(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, way.source, priority)
            message.put(RuleAttribute.incoming, string: "lo")
            message.put(RuleAttribute.transport, UInt8(IPPROTO_UDP))
            message.put(RuleAttribute.sourcePorts, UInt32(way.port) << 16 | UInt32(way.port))
            if priority == Self.priorities.near {
                message.put(RuleAttribute.table, UInt32(RT_TABLE_MAIN.rawValue))
                // As `BoxNetworks.Way.leadsOut` has it.
                message.put(RuleAttribute.longerThan, UInt32(way.source.isV6 ? 3 : 1))
            } else {
                message.put(RuleAttribute.table, Self.table(way.source))
            }
            try tolerate(EEXIST, &message, operation)
        }
    }

    /// Removes it; what is not there is no error.
    mutating func removeAnswerWay(_ way: AnswerWay) throws(BoxError) {
        let operation = BoxError.Operation(.remove, .answers(from: way.source))
        // With another port there may be others at the same place.
        for rule in try ownRules() where rule.source == way.source {
            var message = ruleMessage(RTM_DELRULE, 0, way.source, rule.priority)
            try tolerate(ENOENT, &message, operation)
        }
        var message = routeMessage(RTM_DELROUTE, 0, way.source)
        try tolerate(ESRCH, &message, operation)
    }

    private struct Rule {
        let source: IPAddress
        let port: UInt16
        let priority: UInt32
    }

    /// Those that carry wggw's number.
    private mutating func ownRules() throws(BoxError) -> [Rule] {
        try rules { _, attributes in
            guard attributes.first(RuleAttribute.maker)?.u8 == Route.protocolNumber,
                let octets = attributes.first(RuleAttribute.source)?.payload, let source = IPAddress(octets: octets)
            else { return nil }
            return Rule(
                source: source, port: attributes.first(RuleAttribute.sourcePorts)?.u16 ?? 0,
                priority: attributes.first(RuleAttribute.priority)?.u32 ?? 0)
        } ?? []
    }

    /// What `read` makes of each routing rule, of both families; nil from a kernel without rules.
    mutating func rules<Value>(_ read: (rtmsg, Attributes) -> Value?) throws(BoxError) -> [Value]? {
        var message = MessageBuffer(RTM_GETRULE, rtmsg())
        do throws(BoxError) {
            return try dump(&message, .init(.list, .routingRules), into: [Value]()) { rules, payload in
                // A fib_rule_hdr, which begins as a rtmsg does and has the action where that has the type.
                guard let header = payload.header(rtmsg.self) else { return }
                if let rule = read(header, Attributes(payload, after: rtmsg.self)) { rules.append(rule) }
            }
        } catch {
            guard error.code == EOPNOTSUPP else { throw error }
            return nil
        }
    }

    /// A default route. `isOnLink`: the router may be in no network of the box's, as of a provider who gives single addresses.
    private func routeMessage(
        _ type: Int, _ flags: Int32, _ source: IPAddress, isOnLink: Bool = false
    ) -> MessageBuffer {
        var header = rtmsg()
        header.rtm_family = source.family
        header.rtm_protocol = Route.protocolNumber
        header.rtm_type = UInt8(RTN_UNICAST)
        if isOnLink { header.rtm_flags = UInt32(RTNH_F_ONLINK) }
        var message = MessageBuffer(type, flags: flags, header)
        message.put(RTA_TABLE, Self.table(source))
        return message
    }

    private func ruleMessage(
        _ type: Int, _ flags: Int32, _ source: IPAddress, _ priority: UInt32
    ) -> MessageBuffer {
        var header = rtmsg()
        header.rtm_family = source.family
        header.rtm_src_len = UInt8(source.bitWidth)
        header.rtm_type = RuleAttribute.actionToTable
        var message = MessageBuffer(type, flags: flags, header)
        message.put(RuleAttribute.source, bytes: source.octets)
        message.put(RuleAttribute.priority, priority)
        message.put(RuleAttribute.maker, Route.protocolNumber)
        return message
    }
}

/// `FRA_*`, whose header cannot be had beside that of sockets.
enum RuleAttribute: UInt16, AttributeNumber {
    case source = 2
    case incoming = 3
    case priority = 6
    /// Only routes to networks with longer prefixes.
    case longerThan = 14
    case table = 15
    case maker = 21
    case transport = 22
    /// From and to, 16 bits each.
    case sourcePorts = 23

    /// `FR_ACT_TO_TBL`
    static let actionToTable: UInt8 = 1

    var attributeNumber: UInt16 { rawValue }
}
