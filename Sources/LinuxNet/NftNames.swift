import CMnl
import CNftnl
internal import Compiler

extension nft_table_attributes: AttributeNumber {}
extension nft_chain_attributes: AttributeNumber {}
extension nft_hook_attributes: AttributeNumber {}
extension nft_rule_attributes: AttributeNumber {}
extension nft_list_attributes: AttributeNumber {}
extension nft_expr_attributes: AttributeNumber {}
extension nft_set_attributes: AttributeNumber {}
extension nft_set_elem_attributes: AttributeNumber {}
extension nft_set_elem_list_attributes: AttributeNumber {}
extension nft_data_attributes: AttributeNumber {}
extension nft_verdict_attributes: AttributeNumber {}
extension nft_counter_attributes: AttributeNumber {}
extension nft_gen_attributes: AttributeNumber {}
extension nft_meta_attributes: AttributeNumber {}
extension nft_cmp_attributes: AttributeNumber {}
extension nft_payload_attributes: AttributeNumber {}
extension nft_bitwise_attributes: AttributeNumber {}
extension nft_ct_attributes: AttributeNumber {}
extension nft_lookup_attributes: AttributeNumber {}
extension nft_immediate_attributes: AttributeNumber {}
extension nft_masq_attributes: AttributeNumber {}
extension nft_fib_attributes: AttributeNumber {}
extension nft_rt_attributes: AttributeNumber {}
extension nft_exthdr_attributes: AttributeNumber {}
extension nft_byteorder_attributes: AttributeNumber {}
extension nft_reject_attributes: AttributeNumber {}
extension nfnl_batch_attributes: AttributeNumber {}

/// What nft and the kernel agree on in numbers.
enum Nft {
    /// `NFPROTO_INET` of linux/netfilter.h, which Swift cannot import beside glibc's own netinet/in.h.
    static let inet: UInt8 = 1
    /// `NFPROTO_IPV4`.
    static let ip: UInt8 = 2
    /// `NFPROTO_IPV6`.
    static let ip6: UInt8 = 10

    /// The message type of an nf_tables command.
    static func type(_ command: nf_tables_msg_types) -> UInt16 {
        UInt16(NFNL_SUBSYS_NFTABLES) << 8 | UInt16(command.rawValue)
    }

    /// The header of an nf_tables message.
    static func header(family: UInt8 = inet) -> nfgenmsg {
        nfgenmsg(nfgen_family: family, version: 0, res_id: 0)
    }

    /// `NFT_DATA_VERDICT`: a set with this data type maps to verdicts.
    static let verdictData: UInt32 = 0xffff_ff00

    /// A verdict's code: nf_tables' own are below zero.
    static func code(_ verdict: Verdict) -> Int32 {
        switch verdict {
        case .drop: 0
        case .accept: 1
        case .jump: -3
        case .goto: -4
        case .return: -5
        }
    }

    /// The verdict in an `NFTA_DATA_VERDICT`; nil for those that wggw does not use.
    static func verdict(_ attribute: Attribute) -> Verdict? {
        let chain = attribute.nested.first(NFTA_VERDICT_CHAIN)?.string ?? ""
        switch attribute.nested.first(NFTA_VERDICT_CODE).map({ Int32(bitPattern: $0.big32) }) {
        case 0: return .drop
        case 1: return .accept
        case -3: return .jump(chain)
        case -4: return .goto(chain)
        case -5: return .return
        default: return nil
        }
    }

    /// Hooks by their number (`enum nf_inet_hooks`).
    static let hooks: [FirewallChain.Hook.Point] = [.prerouting, .input, .forward, .output, .postrouting]
}

extension FirewallSet.KeyType {
    /// The number by which nft prints the type (`enum datatypes` in its datatype.h).
    var number: UInt32 {
        switch self {
        case .ipv4: 7
        case .ipv6: 8
        case .transport: 12
        case .port: 13
        }
    }

    /// Bytes in a concatenation, where every field fills whole 32-bit registers.
    var paddedLength: Int { aligned(length) }

    private static let every: [FirewallSet.KeyType] = [.ipv4, .ipv6, .transport, .port]

    /// The types in a set's key type: 6 bits each, the first one highest. Empty if one is unknown to wggw.
    static func list(_ number: UInt32) -> [FirewallSet.KeyType] {
        var types: [FirewallSet.KeyType] = []
        var rest = number
        while rest != 0 {
            guard let type = every.first(where: { $0.number == rest & 63 }) else { return [] }
            types.insert(type, at: 0)
            rest >>= 6
        }
        return types
    }
}

extension [FirewallSet.KeyType] {
    /// A set's key type as nft numbers it.
    var number: UInt32 { reduce(0) { $0 << 6 | $1.number } }

    /// Bytes of a key.
    var keyLength: Int { count == 1 ? self[0].length : reduce(0) { $0 + $1.paddedLength } }
}
