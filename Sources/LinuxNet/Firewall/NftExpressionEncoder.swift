import CNftnl
internal import Firewall

/// Writes expressions through libnftnl.
enum NftExpressionEncoder {
    /// The expression as libnftnl holds it; whoever adds it to a rule gives it away. Traps on those that wggw never makes.
    static func encode(_ expression: FirewallExpression) -> OpaquePointer {
        switch expression {
        case .meta(let key, let register):
            return make("meta", (NFTNL_EXPR_META_KEY, key), (NFTNL_EXPR_META_DREG, register))
        case .compare(let op, let register, let bytes):
            return make(
                "cmp", (NFTNL_EXPR_CMP_SREG, register), (NFTNL_EXPR_CMP_OP, op), data: (NFTNL_EXPR_CMP_DATA, bytes))
        case .payload(let base, let offset, let length, let register):
            return make(
                "payload", (NFTNL_EXPR_PAYLOAD_DREG, register), (NFTNL_EXPR_PAYLOAD_BASE, base),
                (NFTNL_EXPR_PAYLOAD_OFFSET, offset), (NFTNL_EXPR_PAYLOAD_LEN, length))
        case .bitwise(let source, let register, let mask, let xor):
            return make(
                "bitwise", (NFTNL_EXPR_BITWISE_SREG, source), (NFTNL_EXPR_BITWISE_DREG, register),
                (NFTNL_EXPR_BITWISE_LEN, UInt32(mask.count)),
                data: (NFTNL_EXPR_BITWISE_MASK, mask), (NFTNL_EXPR_BITWISE_XOR, xor))
        case .conntrack(let key, let register, nil):
            return make("ct", (NFTNL_EXPR_CT_KEY, key), (NFTNL_EXPR_CT_DREG, register))
        case .lookup(let set, let register, let inverted, let verdictMap):
            let e = make("lookup", (NFTNL_EXPR_LOOKUP_SREG, register))
            nftnl_expr_set_str(e, UInt16(NFTNL_EXPR_LOOKUP_SET), set)
            if verdictMap { nftnl_expr_set_u32(e, UInt16(NFTNL_EXPR_LOOKUP_DREG), NFT_REG_VERDICT.rawValue) }
            if inverted { nftnl_expr_set_u32(e, UInt16(NFTNL_EXPR_LOOKUP_FLAGS), 1) }  // NFT_LOOKUP_F_INV
            return e
        case .verdict(let verdict):
            let e = make(
                "immediate", (NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT.rawValue),
                (NFTNL_EXPR_IMM_VERDICT, UInt32(bitPattern: verdict.code)))
            switch verdict {
            case .jump(let chain), .goto(let chain): nftnl_expr_set_str(e, UInt16(NFTNL_EXPR_IMM_CHAIN), chain)
            case .accept, .drop, .continue, .return: break
            }
            return e
        case .masquerade: return make("masq")
        case .counter: return make("counter")
        case .fib(let result, let flags, let register):
            return make(
                "fib", (NFTNL_EXPR_FIB_DREG, register), (NFTNL_EXPR_FIB_RESULT, result),
                (NFTNL_EXPR_FIB_FLAGS, flags))
        case .route(let key, let register):
            return make("rt", (NFTNL_EXPR_RT_KEY, key), (NFTNL_EXPR_RT_DREG, register))
        case .tcpOption(let type, let offset, let length, let register, let write):
            return make(
                "exthdr", (write ? NFTNL_EXPR_EXTHDR_SREG : NFTNL_EXPR_EXTHDR_DREG, register),
                (NFTNL_EXPR_EXTHDR_OFFSET, offset), (NFTNL_EXPR_EXTHDR_LEN, length),
                (NFTNL_EXPR_EXTHDR_OP, NFT_EXTHDR_OP_TCPOPT.rawValue), data: (NFTNL_EXPR_EXTHDR_TYPE, [type]))
        case .byteorder(let source, let register, let op, let length, let size):
            return make(
                "byteorder", (NFTNL_EXPR_BYTEORDER_SREG, source), (NFTNL_EXPR_BYTEORDER_DREG, register),
                (NFTNL_EXPR_BYTEORDER_OP, op), (NFTNL_EXPR_BYTEORDER_LEN, length), (NFTNL_EXPR_BYTEORDER_SIZE, size))
        case .reject(let type, let code):
            return make("reject", (NFTNL_EXPR_REJECT_TYPE, type), data: (NFTNL_EXPR_REJECT_CODE, [code]))
        case .rate(let perSecond, let burst):
            let e = make("limit", (NFTNL_EXPR_LIMIT_BURST, burst), (NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS.rawValue))
            nftnl_expr_set_u64(e, UInt16(NFTNL_EXPR_LIMIT_RATE), perSecond)
            nftnl_expr_set_u64(e, UInt16(NFTNL_EXPR_LIMIT_UNIT), 1)
            return e
        case .data(let register, let bytes):
            return make("immediate", (NFTNL_EXPR_IMM_DREG, register), data: (NFTNL_EXPR_IMM_DATA, bytes))
        case .translate(Translation(.destination, address: nil, port: 1)):
            // Of both families: NFPROTO_INET.
            return make(
                "nat", (NFTNL_EXPR_NAT_TYPE, NFT_NAT_DNAT.rawValue), (NFTNL_EXPR_NAT_FAMILY, 1),
                (NFTNL_EXPR_NAT_REG_PROTO_MIN, 1))
        case .log(let group, let bytes):
            let e = make("log", (NFTNL_EXPR_LOG_SNAPLEN, bytes))
            nftnl_expr_set_u16(e, UInt16(NFTNL_EXPR_LOG_GROUP), group)
            return e
        default: preconditionFailure("a desired rule holds the foreign expression \(expression)")
        }
    }

    private static func make(
        _ name: String, _ numbers: (Int, UInt32)..., data: (Int, [UInt8])...
    ) -> OpaquePointer {
        // It fails for a name that libnftnl does not know (all of these are older than 1.2) or without memory.
        guard let expression = nftnl_expr_alloc(name) else { preconditionFailure("libnftnl lacks \(name)") }
        for (attribute, value) in numbers { nftnl_expr_set_u32(expression, UInt16(attribute), value) }
        for (attribute, bytes) in data { nftnl_expr_set(expression, UInt16(attribute), bytes, UInt32(bytes.count)) }
        return expression
    }
}
