import CMnl
import CNftnl
internal import BoxModel
internal import Firewall
import Glibc

/// Table `inet wggw` as messages of one batch; sets and rules through libnftnl.
enum NftTableWriter {
    /// A batch that puts `firewall` in the place of whatever table is there. The counters of elements that `old` has too
    /// go on from where they were. `flags` are `NFT_TABLE_F_*`.
    static func replacing(
        with firewall: FirewallTable, carrying old: FirewallTable?, flags: UInt32 = 0
    ) -> NftBatch {
        var batch = NftBatch()
        // Deleting a table that is not there fails, adding one that is there does not.
        addTable(to: &batch)
        deleteTable(in: &batch)
        addTable(to: &batch, flags)
        for chain in firewall.chains { add(chain, to: &batch) }
        for (i, set) in firewall.sets.enumerated() { add(set, number: UInt32(i + 1), to: &batch) }
        for set in firewall.sets {
            NftElements.add(NFT_MSG_NEWSETELEM, elements(of: set, carrying: old), of: set, to: &batch)
        }
        for chain in firewall.chains {
            for rule in chain.rules { add(rule, of: chain.name, to: &batch) }
        }
        return batch
    }

    /// A batch that gives the table to the socket that sends it.
    static func adopting(flags: UInt32) -> NftBatch {
        var batch = NftBatch()
        addTable(to: &batch, flags)
        return batch
    }

    /// A batch that a kernel refuses which cannot log packets: a table of another name.
    static func logging() -> NftBatch {
        let name = FirewallTable.tableName + "-log"
        let chain = FirewallChain("denied", rules: DenialLog.allCases.map(\.rule))
        var batch = NftBatch()
        addTable(name, to: &batch)
        add(chain, of: name, to: &batch)
        for rule in chain.rules { add(rule, of: chain.name, in: name, to: &batch) }
        return batch
    }

    /// Elements that come and go by themselves stay; others are as the set has them, and go on counting.
    private static func elements(of set: FirewallSet, carrying old: FirewallTable?) -> [SetElement] {
        guard set.hasCounters || set.timeout != nil,
            let before = old?.sets.first(where: { $0.hasShape(of: set) })?.elements
        else { return set.elements }
        return set.hasCounters ? carry(set.elements, counters: before) : before
    }

    /// A batch that deletes the table, which has to be there.
    static func removing() -> NftBatch {
        var batch = NftBatch()
        deleteTable(in: &batch)
        return batch
    }

    /// A batch of additions and deletions of elements; deletions first, so that an element can change its verdict.
    static func updating(_ updates: [SetUpdate], generation: UInt32? = nil) -> NftBatch {
        var batch = NftBatch(generation: generation)
        for update in updates {
            NftElements.add(NFT_MSG_DELSETELEM, update.delete, of: update.set, to: &batch)
            NftElements.add(NFT_MSG_NEWSETELEM, update.add, of: update.set, to: &batch)
        }
        return batch
    }

    /// `elements` with the counters of those in `counted` that have the same fields; both are sorted.
    static func carry(_ elements: [SetElement], counters counted: [SetElement]) -> [SetElement] {
        if counted.isEmpty { return elements }
        var result = elements
        var at = 0
        for i in result.indices {
            while at < counted.count && counted[at] < result[i] { at += 1 }
            if at < counted.count && counted[at].fields == result[i].fields { result[i].counter = counted[at].counter }
        }
        return result
    }

    /// Without flags one that is there stays as it is.
    private static func addTable(
        _ name: String = FirewallTable.tableName, to batch: inout NftBatch, _ flags: UInt32 = 0
    ) {
        batch.add(NFT_MSG_NEWTABLE, flags: NLM_F_CREATE, .table(name)) { message in
            message.put(NFTA_TABLE_NAME, string: name)
            if flags != 0 { message.putBig(NFTA_TABLE_FLAGS, flags) }
        }
    }

    private static func deleteTable(in batch: inout NftBatch) {
        batch.add(NFT_MSG_DELTABLE, .table()) {
            $0.put(NFTA_TABLE_NAME, string: FirewallTable.tableName)
        }
    }

    private static func add(
        _ chain: FirewallChain, of table: String = FirewallTable.tableName, to batch: inout NftBatch
    ) {
        batch.add(NFT_MSG_NEWCHAIN, flags: NLM_F_CREATE, .chain(chain.name)) { message in
            message.put(NFTA_CHAIN_TABLE, string: table)
            message.put(NFTA_CHAIN_NAME, string: chain.name)
            guard let hook = chain.hook else { return }
            message.nest(NFTA_CHAIN_HOOK) {
                $0.putBig(NFTA_HOOK_HOOKNUM, hook.point.number)
                $0.putBig(NFTA_HOOK_PRIORITY, hook.priority)
            }
            message.putBig(NFTA_CHAIN_POLICY, hook.drops ? 0 : 1 as UInt32)
            message.put(NFTA_CHAIN_TYPE, string: hook.kind.rawValue)
        }
    }

    private static func add(
        _ rule: FirewallRule, of chain: String, in table: String = FirewallTable.tableName, to batch: inout NftBatch
    ) {
        batch.add(NFT_MSG_NEWRULE, flags: NLM_F_CREATE | NLM_F_APPEND, .rule(rule.text, of: chain)) {
            message in
            let r = nftnl_rule_alloc()
            defer { nftnl_rule_free(r) }
            nftnl_rule_set_str(r, UInt16(NFTNL_RULE_TABLE.rawValue), table)
            nftnl_rule_set_str(r, UInt16(NFTNL_RULE_CHAIN.rawValue), chain)
            for expression in rule.expressions { nftnl_rule_add_expr(r, NftExpressionEncoder.encode(expression)) }
            message.extend { nftnl_rule_nlmsg_build_payload($0, r) }
        }
    }

    private static func add(_ set: FirewallSet, number: UInt32, to batch: inout NftBatch) {
        batch.add(NFT_MSG_NEWSET, flags: NLM_F_CREATE, .set(set.name)) { message in
            let s = nftnl_set_alloc()
            defer { nftnl_set_free(s) }
            func put(_ attribute: nftnl_set_attr, _ value: UInt32) {
                nftnl_set_set_u32(s, UInt16(attribute.rawValue), value)
            }
            nftnl_set_set_str(s, UInt16(NFTNL_SET_TABLE.rawValue), FirewallTable.tableName)
            nftnl_set_set_str(s, UInt16(NFTNL_SET_NAME.rawValue), set.name)
            put(NFTNL_SET_ID, number)
            put(NFTNL_SET_FLAGS, flags(set))
            put(NFTNL_SET_KEY_TYPE, set.keyTypes.number)
            put(NFTNL_SET_KEY_LEN, UInt32(set.keyTypes.keyLength))
            if let timeout = set.timeout {
                nftnl_set_set_u64(s, UInt16(NFTNL_SET_TIMEOUT.rawValue), UInt64(timeout) * 1000)
            }
            if set.isVerdictMap {
                put(NFTNL_SET_DATA_TYPE, Nft.verdictData)
                put(NFTNL_SET_DATA_LEN, 0)
            }
            if set.isInterval && set.keyTypes.count > 1 {
                let lengths = set.keyTypes.map { UInt8($0.length) }
                nftnl_set_set_data(s, UInt16(NFTNL_SET_DESC_CONCAT.rawValue), lengths, UInt32(lengths.count))
            }
            let userData = userData(set)
            nftnl_set_set_data(s, UInt16(NFTNL_SET_USERDATA.rawValue), userData, UInt32(userData.count))
            if set.hasCounters { nftnl_set_add_expr(s, NftExpressionEncoder.encode(.counter)) }
            message.extend { nftnl_set_nlmsg_build_payload($0, s) }
        }
    }

    private static func flags(_ set: FirewallSet) -> UInt32 {
        var flags: UInt32 = 0
        if set.isInterval { flags |= NFT_SET_INTERVAL.rawValue }
        if set.isVerdictMap { flags |= NFT_SET_MAP.rawValue }
        if set.timeout != nil { flags |= NFT_SET_TIMEOUT.rawValue }
        if set.isInterval && set.keyTypes.count > 1 { flags |= NFT_SET_CONCAT.rawValue }
        return flags
    }

    /// nft's own notes on a set, which it wants back for printing: the byte order of the key (2 is big-endian, 0 is that of
    /// a concatenation) and, in a map, of the data. Type, length, value, as `NFTNL_UDATA_SET_*`.
    private static func userData(_ set: FirewallSet) -> [UInt8] {
        let key: [UInt8] = [UInt8(NFTNL_UDATA_SET_KEYBYTEORDER.rawValue), 4, set.keyTypes.count == 1 ? 2 : 0, 0, 0, 0]
        return key + (set.isVerdictMap ? [UInt8(NFTNL_UDATA_SET_DATABYTEORDER.rawValue), 4, 0, 0, 0, 0] : [])
    }
}
