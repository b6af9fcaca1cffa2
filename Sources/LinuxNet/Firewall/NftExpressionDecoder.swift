import CMnl
import CNftnl
internal import Firewall
internal import Netlink

/// Reads expressions from the kernel's attributes. Not through libnftnl, which refuses a whole rule for one expression
/// that it does not know: other people's tables have such, and so has a newer kernel.
enum NftExpressionDecoder {
    static func decode(rule expressions: Attribute, _ family: FirewallTable.Family) -> [FirewallExpression] {
        expressions.nested.flatMap { decode(expression: $0, family) }
    }

    private static func decode(
        expression: Attribute, _ family: FirewallTable.Family
    ) -> [FirewallExpression] {
        let name = expression.nested.first(NFTA_EXPR_NAME)?.string ?? ""
        let f = Fields(expression.nested.first(NFTA_EXPR_DATA))
        // What iptables-nft puts into a rule: name, revision, data (nf_tables_compat.h).
        switch name {
        case "match":
            return XtExtension.match(
                f.attribute(1)?.string ?? "", revision: UInt8(truncatingIfNeeded: f[2] ?? 0),
                f.attribute(3)?.bytes ?? [],
                family)
        case "target":
            return XtExtension.target(
                f.attribute(1)?.string ?? "", revision: UInt8(truncatingIfNeeded: f[2] ?? 0),
                f.attribute(3)?.bytes ?? [])
        case "dynset": return dynamicSet(f, family)
        // Less than one unit, and so nothing. nft 1.0.6 makes it of `meta l4proto` in a concatenation, and wggw did, as long as all
        // kernels took it.
        case "byteorder" where f[NFTA_BYTEORDER_LEN] ?? 0 < f[NFTA_BYTEORDER_SIZE] ?? 0: return []
        default: return [matching(name, f) ?? acting(name, f) ?? .opaque(name)]
        }
    }

    /// What looks at the packet.
    private static func matching(_ name: String, _ f: Fields) -> FirewallExpression? {
        switch name {
        case "meta":
            guard let key = f[NFTA_META_KEY] else { return nil }
            if let register = f[NFTA_META_SREG] { return .setMeta(key: key, register: register) }
            return f[NFTA_META_DREG].map { .meta(key: key, register: $0) }
        case "ct":
            guard let key = f[NFTA_CT_KEY] else { return nil }
            if let register = f[NFTA_CT_SREG] { return .setConntrack(key: key, register: register) }
            let direction = f.attribute(NFTA_CT_DIRECTION)?.u8
            return f[NFTA_CT_DREG].map { .conntrack(key: key, register: $0, direction: direction) }
        case "cmp":
            guard let op = f[NFTA_CMP_OP], let register = f[NFTA_CMP_SREG], let bytes = f.value(NFTA_CMP_DATA)
            else { return nil }
            return .compare(op: op, register: register, bytes: bytes)
        case "range":
            guard let register = f[NFTA_RANGE_SREG], let from = f.value(NFTA_RANGE_FROM_DATA),
                let to = f.value(NFTA_RANGE_TO_DATA), from.count == to.count
            else { return nil }
            return .ranges(register: register, [ByteRange(from, to)], inverted: f[NFTA_RANGE_OP] == 1)  // NFT_RANGE_NEQ
        case "payload":
            guard let base = f[NFTA_PAYLOAD_BASE], let offset = f[NFTA_PAYLOAD_OFFSET],
                let length = f[NFTA_PAYLOAD_LEN], offset < 1 << 16, length <= 64
            else { return nil }
            if f[NFTA_PAYLOAD_SREG] != nil { return .setPayload(base: base, offset: offset, length: length) }
            return f[NFTA_PAYLOAD_DREG].map { .payload(base: base, offset: offset, length: length, register: $0) }
        case "bitwise":
            guard let source = f[NFTA_BITWISE_SREG], let register = f[NFTA_BITWISE_DREG] else { return nil }
            guard f[NFTA_BITWISE_OP] ?? 0 == 0, let mask = f.value(NFTA_BITWISE_MASK),
                let xor = f.value(NFTA_BITWISE_XOR), mask.count == xor.count
            else { return .chance(name, register: register) }
            return .bitwise(source: source, register: register, mask: mask, xor: xor)
        case "byteorder":
            guard let source = f[NFTA_BYTEORDER_SREG], let register = f[NFTA_BYTEORDER_DREG],
                let op = f[NFTA_BYTEORDER_OP], let length = f[NFTA_BYTEORDER_LEN], let size = f[NFTA_BYTEORDER_SIZE]
            else { return nil }
            return .byteorder(source: source, register: register, op: op, length: length, size: size)
        case "lookup":
            guard let register = f[NFTA_LOOKUP_SREG], let set = f.attribute(NFTA_LOOKUP_SET)?.string else { return nil }
            let target = f[NFTA_LOOKUP_DREG]
            if let target, target != NFT_REG_VERDICT.rawValue {
                return .map(set: set, source: register, register: target)
            }
            let inverted = (f[NFTA_LOOKUP_FLAGS] ?? 0) & 1 != 0
            return .lookup(set: set, register: register, inverted: inverted, verdictMap: target != nil)
        case "fib":
            guard let result = f[NFTA_FIB_RESULT], let flags = f[NFTA_FIB_FLAGS], let register = f[NFTA_FIB_DREG]
            else { return nil }
            return .fib(result: result, flags: flags, register: register)
        case "rt":
            guard let key = f[NFTA_RT_KEY], let register = f[NFTA_RT_DREG] else { return nil }
            return .route(key: key, register: register)
        case "exthdr": return extensionHeader(f)
        // Their first or second attribute is the register that they load.
        case "numgen", "osf", "xfrm": return f[1].map { .chance(name, register: $0) }
        case "hash", "socket": return f[2].map { .chance(name, register: $0) }
        case "limit": return limit(f)
        case "quota": return .limit(over: (f[NFTA_QUOTA_FLAGS] ?? 0) & 1 != 0)
        case "connlimit": return .limit(over: (f[NFTA_CONNLIMIT_FLAGS] ?? 0) & 1 != 0)
        default: return nil
        }
    }

    /// What does something.
    private static func acting(_ name: String, _ f: Fields) -> FirewallExpression? {
        switch name {
        case "immediate":
            guard let register = f[NFTA_IMMEDIATE_DREG] else { return nil }
            guard register == NFT_REG_VERDICT.rawValue else {
                return f.value(NFTA_IMMEDIATE_DATA).map { .data(register: register, bytes: $0) }
            }
            return f.attribute(NFTA_IMMEDIATE_DATA)?.nested.first(NFTA_DATA_VERDICT).flatMap(Verdict.init).map {
                .verdict($0)
            }
        case "counter": return .counter
        case "log":
            guard let group = f.attribute(NFTA_LOG_GROUP)?.big16 else { return .effect(name) }
            return .log(group: group, bytes: f[NFTA_LOG_SNAPLEN] ?? 0)
        case "last", "dup": return .effect(name)
        case "objref":
            // A counter, a helper, a tunnel, a time-out, a security mark, an expected connection.
            return f[NFTA_OBJREF_IMM_TYPE].map { [1, 3, 6, 7, 8, 9].contains($0) ? .effect(name) : .condition(name) }
                ?? .condition(name)
        case "flow_offload": return .condition(name)
        case "notrack": return .notrack
        case "reject":
            guard let type = f[NFTA_REJECT_TYPE] else { return nil }
            return .reject(type: type, code: f.attribute(NFTA_REJECT_ICMP_CODE)?.u8 ?? 0)
        case "masq":
            return f.isEmpty
                ? .masquerade : .translate(Translation(.masquerade, port: f[NFTA_MASQ_REG_PROTO_MIN]))
        case "redir": return .translate(Translation(.redirect, port: f[NFTA_REDIR_REG_PROTO_MIN]))
        case "nat":
            // NFT_NAT_SNAT is 0.
            let kind: Translation.Kind = f[NFTA_NAT_TYPE] == 0 ? .source : .destination
            return .translate(
                Translation(kind, address: f[NFTA_NAT_REG_ADDR_MIN], port: f[NFTA_NAT_REG_PROTO_MIN]))
        default: return nil
        }
    }

    /// `NFT_LIMIT_F_INV`, and a rate by the packet and the second.
    private static func limit(_ f: Fields) -> FirewallExpression {
        let isOver = (f[NFTA_LIMIT_FLAGS] ?? 0) & 1 != 0
        guard !isOver, f[NFTA_LIMIT_TYPE] ?? 0 == NFT_LIMIT_PKTS.rawValue, f.attribute(NFTA_LIMIT_UNIT)?.big64 == 1,
            let rate = f.attribute(NFTA_LIMIT_RATE)?.big64, let burst = f[NFTA_LIMIT_BURST]
        else { return .limit(over: isOver) }
        return .rate(perSecond: rate, burst: burst)
    }

    private static func extensionHeader(_ f: Fields) -> FirewallExpression? {
        let isPresent = (f[NFTA_EXTHDR_FLAGS] ?? 0) & 1 != 0
        guard f[NFTA_EXTHDR_OP] == NFT_EXTHDR_OP_TCPOPT.rawValue else {
            return f[NFTA_EXTHDR_DREG].map { .extensionHeader(register: $0, isPresent: isPresent) }
        }
        if isPresent { return f[NFTA_EXTHDR_DREG].map { .chance("exthdr", register: $0) } }
        guard let type = f.attribute(NFTA_EXTHDR_TYPE)?.u8, let offset = f[NFTA_EXTHDR_OFFSET],
            let length = f[NFTA_EXTHDR_LEN], let register = f[NFTA_EXTHDR_SREG] ?? f[NFTA_EXTHDR_DREG]
        else { return nil }
        return .tcpOption(
            type: type, offset: offset, length: length, register: register, write: f[NFTA_EXTHDR_SREG] != nil)
    }

    /// A rule that adds an element: it goes on if there is room, and if what the element asks for goes on.
    private static func dynamicSet(_ f: Fields, _ family: FirewallTable.Family) -> [FirewallExpression] {
        let inner =
            f.attribute(NFTA_DYNSET_EXPRESSIONS).map { decode(rule: $0, family) }
            ?? f.attribute(NFTA_DYNSET_EXPR).map { decode(expression: $0, family) } ?? []
        // A set that is full is the exception, as is a rate that is exceeded.
        return [.limit(over: false)] + inner.filter { $0 != .counter }
    }

    private struct Fields {
        private let attributes: Attributes

        init(_ data: Attribute?) { attributes = data?.nested ?? Attributes(.init(start: nil, count: 0)) }

        var isEmpty: Bool { attributes.first { _ in true } == nil }

        func attribute(_ number: some AttributeNumber) -> Attribute? { attributes.first(number) }

        subscript(number: some AttributeNumber) -> UInt32? { attributes.first(number)?.big32 }

        /// The bytes in an `NFTA_DATA_VALUE`.
        func value(_ number: some AttributeNumber) -> [UInt8]? {
            attributes.first(number)?.nested.first(NFTA_DATA_VALUE)?.bytes
        }
    }
}
