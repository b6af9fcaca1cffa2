import CMnl
import CNftnl
internal import Firewall
public import Netlink

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

extension nft_range_attributes: AttributeNumber {}
extension nft_dynset_attributes: AttributeNumber {}
extension nft_limit_attributes: AttributeNumber {}
extension nft_log_attributes: AttributeNumber {}
extension nft_quota_attributes: AttributeNumber {}
extension nft_connlimit_attributes: AttributeNumber {}
extension nft_objref_attributes: AttributeNumber {}
extension nft_nat_attributes: AttributeNumber {}
extension nft_redir_attributes: AttributeNumber {}
extension nft_set_desc_attributes: AttributeNumber {}
extension nft_set_field_attributes: AttributeNumber {}

extension Nft {
    static func type(_ command: nf_tables_msg_types) -> UInt16 {
        UInt16(NFNL_SUBSYS_NFTABLES) << 8 | UInt16(command.rawValue)
    }

    /// The header of an nf_tables message; 0 is every family.
    static func header(family: UInt8 = FirewallTable.Family.inet.number) -> nfgenmsg {
        nfgenmsg(nfgen_family: family, version: 0, res_id: 0)
    }
}

extension MessageBuffer {
    /// A request of nf_tables, of one family or, with 0, of all.
    init(_ command: nf_tables_msg_types, family: UInt8 = FirewallTable.Family.inet.number) {
        self.init(Nft.type(command), Nft.header(family: family))
    }
}

extension Verdict {
    /// The verdict in an `NFTA_DATA_VERDICT`; nil for those that are none.
    init?(_ attribute: Attribute) {
        guard let code = attribute.nested.first(NFTA_VERDICT_CODE) else { return nil }
        self.init(
            code: Int32(bitPattern: code.big32), chain: attribute.nested.first(NFTA_VERDICT_CHAIN)?.string ?? "")
    }
}
