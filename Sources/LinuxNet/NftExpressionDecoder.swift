import CMnl
import CNftnl
internal import Compiler

/// Reads expressions from the kernel's attributes. Not through libnftnl, which refuses a whole rule for one expression
/// that it does not know: other people's tables have such, and so has a newer kernel.
enum NftExpressionDecoder {
    /// The expressions of a rule, in order.
    static func decode(rule expressions: Attribute) -> [FirewallExpression] {
        expressions.nested.map { element in
            let name = element.nested.first(NFTA_EXPR_NAME)?.string ?? ""
            guard let data = element.nested.first(NFTA_EXPR_DATA) else {
                return decode(name, Attributes(.init(start: nil, count: 0)))
            }
            return decode(name, data.nested)
        }
    }

    static func decode(_ name: String, _ data: Attributes) -> FirewallExpression {
        let fields = Fields(data)
        if let expression = known(name, fields) { return expression }
        // Of what iptables-nft puts into a rule, the first attribute is the name of its match or target.
        let isCompat = name == "match" || name == "target"
        return .foreign(isCompat ? "\(name) \(fields.attribute(1)?.string ?? "")" : name)
    }

    private static func known(_ name: String, _ f: Fields) -> FirewallExpression? {
        switch name {
        case "meta":
            guard let key = f[NFTA_META_KEY], let register = f[NFTA_META_DREG] else { return nil }
            return .meta(key: key, register: register)
        case "cmp":
            guard let op = f[NFTA_CMP_OP], let register = f[NFTA_CMP_SREG], let bytes = f.value(NFTA_CMP_DATA)
            else { return nil }
            return .compare(op: op, register: register, bytes: bytes)
        case "payload":
            guard let base = f[NFTA_PAYLOAD_BASE], let offset = f[NFTA_PAYLOAD_OFFSET],
                let length = f[NFTA_PAYLOAD_LEN],
                let register = f[NFTA_PAYLOAD_DREG]
            else { return nil }
            return .payload(base: base, offset: offset, length: length, register: register)
        case "bitwise":
            guard f[NFTA_BITWISE_OP] ?? 0 == 0, let source = f[NFTA_BITWISE_SREG], let register = f[NFTA_BITWISE_DREG],
                let mask = f.value(NFTA_BITWISE_MASK), let xor = f.value(NFTA_BITWISE_XOR)
            else { return nil }
            return .bitwise(source: source, register: register, mask: mask, xor: xor)
        case "ct":
            guard f[NFTA_CT_DIRECTION] == nil, let key = f[NFTA_CT_KEY], let register = f[NFTA_CT_DREG]
            else { return nil }
            return .conntrack(key: key, register: register)
        case "lookup":
            guard let register = f[NFTA_LOOKUP_SREG], let set = f.attribute(NFTA_LOOKUP_SET)?.string else { return nil }
            let target = f[NFTA_LOOKUP_DREG]
            guard target == nil || target == NFT_REG_VERDICT.rawValue else { return nil }
            return .lookup(
                set: set, register: register, inverted: f[NFTA_LOOKUP_FLAGS] ?? 0 & 1 != 0, verdictMap: target != nil)
        case "immediate":
            guard f[NFTA_IMMEDIATE_DREG] == NFT_REG_VERDICT.rawValue,
                let code = f.attribute(NFTA_IMMEDIATE_DATA)?.nested.first(NFTA_DATA_VERDICT),
                let verdict = Nft.verdict(code)
            else { return nil }
            return .verdict(verdict)
        case "masq": return f.isEmpty ? .masquerade : nil
        case "counter": return .counter
        case "fib":
            guard let result = f[NFTA_FIB_RESULT], let flags = f[NFTA_FIB_FLAGS], let register = f[NFTA_FIB_DREG]
            else { return nil }
            return .fib(result: result, flags: flags, register: register)
        case "rt":
            guard let key = f[NFTA_RT_KEY], let register = f[NFTA_RT_DREG] else { return nil }
            return .route(key: key, register: register)
        case "exthdr": return tcpOption(f)
        case "byteorder":
            guard let source = f[NFTA_BYTEORDER_SREG], let register = f[NFTA_BYTEORDER_DREG],
                let op = f[NFTA_BYTEORDER_OP], let length = f[NFTA_BYTEORDER_LEN], let size = f[NFTA_BYTEORDER_SIZE]
            else { return nil }
            return .byteorder(source: source, register: register, op: op, length: length, size: size)
        case "reject":
            guard let type = f[NFTA_REJECT_TYPE] else { return nil }
            return .reject(type: type, code: f.attribute(NFTA_REJECT_ICMP_CODE)?.u8 ?? 0)
        default: return nil
        }
    }

    private static func tcpOption(_ f: Fields) -> FirewallExpression? {
        guard f[NFTA_EXTHDR_OP] == NFT_EXTHDR_OP_TCPOPT.rawValue, f[NFTA_EXTHDR_FLAGS] ?? 0 == 0,
            let type = f.attribute(NFTA_EXTHDR_TYPE)?.u8, let offset = f[NFTA_EXTHDR_OFFSET],
            let length = f[NFTA_EXTHDR_LEN]
        else { return nil }
        if let register = f[NFTA_EXTHDR_SREG] {
            return .tcpOption(type: type, offset: offset, length: length, register: register, write: true)
        }
        guard let register = f[NFTA_EXTHDR_DREG] else { return nil }
        return .tcpOption(type: type, offset: offset, length: length, register: register, write: false)
    }

    /// The attributes of one expression.
    private struct Fields {
        private let attributes: Attributes

        init(_ attributes: Attributes) { self.attributes = attributes }

        var isEmpty: Bool { attributes.first { _ in true } == nil }

        func attribute(_ number: some AttributeNumber) -> Attribute? { attributes.first(number) }

        subscript(number: some AttributeNumber) -> UInt32? { attributes.first(number)?.big32 }

        /// The bytes in an `NFTA_DATA_VALUE`.
        func value(_ number: some AttributeNumber) -> [UInt8]? {
            attributes.first(number)?.nested.first(NFTA_DATA_VALUE)?.bytes
        }
    }
}
