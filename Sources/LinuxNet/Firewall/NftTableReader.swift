import CMnl
import CNftnl
internal import BoxModel
internal import Firewall
import Glibc
internal import Netlink

/// Lists of nf_tables.
extension NetlinkSocket {
    /// The number of the ruleset's generation: another one after every change by anybody.
    mutating func rulesetGeneration() throws(BoxError) -> UInt32 {
        var message = MessageBuffer(NFT_MSG_GETGEN, family: 0)
        return try get(&message, .init(.read, .generation)) {
            Attributes($0, after: nfgenmsg.self).first(NFTA_GEN_ID)?.big32
        } ?? 0
    }

    /// Runs `read` until no change of the ruleset came in between.
    mutating func consistently<Value>(
        _ read: (inout NetlinkSocket) throws(BoxError) -> Value
    ) throws(BoxError) -> Value {
        for _ in 0..<32 {
            let before = try rulesetGeneration()
            let value = try read(&self)
            if try rulesetGeneration() == before { return value }
        }
        throw BoxError(.init(.read, .firewall), .restless(isList: false))
    }

    /// Whether table `inet wggw` is there.
    mutating func hasTable() throws(BoxError) -> Bool { try table { _ in true } ?? false }

    /// What its attributes say; nil where it is not there.
    mutating func table<Value>(_ body: (Attributes) -> Value) throws(BoxError) -> Value? {
        var message = MessageBuffer(NFT_MSG_GETTABLE)
        message.put(NFTA_TABLE_NAME, string: FirewallTable.tableName)
        return try get(&message, .init(.lookUp, .table()), absent: ENOENT) {
            body(Attributes($0, after: nfgenmsg.self))
        }
    }

    /// The tables of a family, or of all families with 0, with their chains in the order in which they were made, and no
    /// rules yet.
    mutating func tables(family: UInt8) throws(BoxError) -> [FirewallTable] {
        var message = MessageBuffer(NFT_MSG_GETCHAIN, family: family)
        return try dump(&message, .init(.list, .chains), into: [FirewallTable]()) { tables, payload in
            let attributes = Attributes(payload, after: nfgenmsg.self)
            guard let header = payload.header(nfgenmsg.self),
                let family = FirewallTable.Family(number: header.nfgen_family),
                let name = attributes.first(NFTA_CHAIN_TABLE)?.string
            else { return }
            // All chains of a table come one after the other.
            if tables.last?.family != family || tables.last?.name != name {
                tables.append(FirewallTable(family, name, chains: []))
            }
            tables[tables.count - 1].chains.append(FirewallChain(attributes))
        }
    }

    /// Puts their rules into a table's chains.
    mutating func readRules(into table: inout FirewallTable) throws(BoxError) {
        var message = MessageBuffer(NFT_MSG_GETRULE, family: table.family.number)
        message.put(NFTA_RULE_TABLE, string: table.name)
        let (name, family) = (table.name, table.family)
        let rules = try dump(&message, .init(.list, .rules(of: name)), into: [String: [FirewallRule]]()) {
            rules, payload in
            let attributes = Attributes(payload, after: nfgenmsg.self)
            guard attributes.first(NFTA_RULE_TABLE)?.string == name,
                let chain = attributes.first(NFTA_RULE_CHAIN)?.string
            else { return }
            let expressions = attributes.first(NFTA_RULE_EXPRESSIONS).map {
                NftExpressionDecoder.decode(rule: $0, family)
            }
            rules[chain, default: []].append(FirewallRule(expressions: expressions ?? []))
        }
        for i in table.chains.indices { table.chains[i].rules = rules[table.chains[i].name] ?? [] }
    }

    /// The sets of table `inet wggw` without their elements, sorted by name. One that wggw could not have made has no key
    /// types, and so equals none that is wanted.
    mutating func sets() throws(BoxError) -> [FirewallSet] {
        var message = MessageBuffer(NFT_MSG_GETSET)
        message.put(NFTA_SET_TABLE, string: FirewallTable.tableName)
        return try dump(&message, .init(.list, .sets), into: [FirewallSet]()) { sets, payload in
            let attributes = Attributes(payload, after: nfgenmsg.self)
            guard attributes.first(NFTA_SET_TABLE)?.string == FirewallTable.tableName else { return }
            sets.append(set(attributes))
        }.sorted { $0.name < $1.name }
    }

    /// The elements of a set of table `inet wggw`, sorted; nil if one is none of wggw's making.
    mutating func elements(of set: FirewallSet) throws(BoxError) -> [SetElement]? {
        let types = set.keyTypes
        let layout = NftElementReader.Layout(
            fieldLengths: types.count == 1 ? [types[0].length] : types.map(\.paddedLength),
            isPaired: set.isInterval && types.count == 1, hasTimeout: set.timeout != nil)
        return try elements(of: SetName(.inet, FirewallTable.tableName, set.name), layout).elements(of: types)
    }

    /// The elements of any set.
    mutating func elements(
        of name: SetName, _ layout: NftElementReader.Layout
    ) throws(BoxError) -> NftElementReader {
        var message = MessageBuffer(NFT_MSG_GETSETELEM, family: name.family.number)
        message.put(NFTA_SET_ELEM_LIST_TABLE, string: name.table)
        message.put(NFTA_SET_ELEM_LIST_SET, string: name.set)
        return try dump(&message, .init(.list, .elements(of: name.set)), into: NftElementReader(layout)) {
            reader, payload in reader.read(payload)
        }
    }

    /// Table `inet wggw`, if it is there, with counters.
    mutating func firewall() throws(BoxError) -> FirewallTable? {
        try consistently { socket throws(BoxError) in
            guard try socket.hasTable() else { return nil }
            var sets = try socket.sets()
            for i in sets.indices where !sets[i].keyTypes.isEmpty {
                guard let elements = try socket.elements(of: sets[i]) else {
                    sets[i].keyTypes = []
                    continue
                }
                sets[i].elements = elements
            }
            let own = try socket.tables(family: FirewallTable.Family.inet.number).first {
                $0.name == FirewallTable.tableName
            }
            var table = own ?? FirewallTable(chains: [])
            try socket.readRules(into: &table)
            table.sets = sets
            return table
        }
    }
}

private func set(_ attributes: Attributes) -> FirewallSet {
    var set = FirewallSet("", [])
    var flags: UInt32 = 0
    for attribute in attributes {
        switch UInt32(attribute.type) {
        case NFTA_SET_NAME.rawValue: set.name = attribute.string
        case NFTA_SET_KEY_TYPE.rawValue: set.keyTypes = FirewallSet.KeyType.list(attribute.big32)
        case NFTA_SET_FLAGS.rawValue: flags = attribute.big32
        case NFTA_SET_TIMEOUT.rawValue: set.timeout = UInt32(clamping: attribute.big64 / 1000)
        case NFTA_SET_EXPR.rawValue: set.hasCounters = attribute.nested.first(NFTA_EXPR_NAME)?.string == "counter"
        default: break
        }
    }
    set.isInterval = flags & NFT_SET_INTERVAL.rawValue != 0
    set.isVerdictMap = flags & NFT_SET_MAP.rawValue != 0
    let known = [NFT_SET_INTERVAL, NFT_SET_MAP, NFT_SET_TIMEOUT, NFT_SET_CONCAT, NFT_SET_EXPR].reduce(0) {
        $0 | $1.rawValue
    }
    let isOtherMap = set.isVerdictMap && attributes.first(NFTA_SET_DATA_TYPE)?.big32 != Nft.verdictData
    if flags & ~known != 0 || isOtherMap { set.keyTypes = [] }
    return set
}

extension FirewallChain {
    /// Reads an `NFT_MSG_NEWCHAIN`, without rules.
    fileprivate init(_ attributes: Attributes) {
        self.init("", rules: [])
        var kind: Hook.Kind?
        var point: Hook.Point?
        var priority: Int32 = 0
        var drops = false
        for attribute in attributes {
            switch UInt32(attribute.type) {
            case NFTA_CHAIN_NAME.rawValue: name = attribute.string
            case NFTA_CHAIN_TYPE.rawValue: kind = Hook.Kind(rawValue: attribute.string)
            case NFTA_CHAIN_POLICY.rawValue: drops = attribute.big32 == 0
            case NFTA_CHAIN_HOOK.rawValue:
                let number = attribute.nested.first(NFTA_HOOK_HOOKNUM).map { Int($0.big32) }
                point = number.flatMap { Hook.Point.numbered.indices.contains($0) ? Hook.Point.numbered[$0] : nil }
                priority = Int32(bitPattern: attribute.nested.first(NFTA_HOOK_PRIORITY)?.big32 ?? 0)
            default: break
            }
        }
        if let kind, let point { hook = Hook(kind: kind, point: point, priority: priority, drops: drops) }
    }
}
