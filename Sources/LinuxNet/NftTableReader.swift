import CMnl
import CNftnl
internal import Compiler
import Glibc

/// A chain of any table, as the kernel lists it.
struct KernelChain: Equatable {
    /// `NFPROTO_*`.
    var family: UInt8
    var table: String
    var name: String
    /// nil: a chain to jump to.
    var hook: Hook?
    var rules: [[FirewallExpression]] = []

    /// Where it hooks in.
    struct Hook: Equatable {
        /// `filter`, `nat`, `route`.
        var type: String
        /// `NF_INET_*`.
        var number: UInt32
        var priority: Int32
        var drops: Bool
    }

    /// A chain to jump to, without rules.
    init(family: UInt8, table: String, name: String) {
        self.family = family
        self.table = table
        self.name = name
    }

    /// Reads an `NFT_MSG_NEWCHAIN`.
    init?(_ payload: UnsafeRawBufferPointer) {
        guard let header = payload.header(nfgenmsg.self) else { return nil }
        family = header.nfgen_family
        table = ""
        name = ""
        var type = ""
        var number: UInt32?
        var priority: Int32 = 0
        var drops = false
        for attribute in Attributes(payload, after: nfgenmsg.self) {
            switch UInt32(attribute.type) {
            case NFTA_CHAIN_TABLE.rawValue: table = attribute.string
            case NFTA_CHAIN_NAME.rawValue: name = attribute.string
            case NFTA_CHAIN_TYPE.rawValue: type = attribute.string
            case NFTA_CHAIN_POLICY.rawValue: drops = attribute.big32 == 0
            case NFTA_CHAIN_HOOK.rawValue:
                number = attribute.nested.first(NFTA_HOOK_HOOKNUM)?.big32
                priority = Int32(bitPattern: attribute.nested.first(NFTA_HOOK_PRIORITY)?.big32 ?? 0)
            default: break
            }
        }
        if let number { hook = Hook(type: type, number: number, priority: priority, drops: drops) }
    }
}

/// Lists of nf_tables.
extension NetlinkSocket {
    /// The number of the ruleset's generation: another one after every change by anybody.
    mutating func rulesetGeneration() throws(BoxError) -> UInt32 {
        var message = MessageBuffer()
        message.begin(type: Nft.type(NFT_MSG_GETGEN), flags: 0, header: Nft.header(family: 0))
        do throws(BoxError) {
            return try get(&message, "read the firewall's generation") {
                Attributes($0, after: nfgenmsg.self).first(NFTA_GEN_ID)?.big32
            } ?? 0
        } catch {
            var error = error
            if error.code == EINVAL { error.remedy = "the kernel has to have nf_tables (module nf_tables)" }
            throw error
        }
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
        throw BoxError(
            "read the firewall", cause: "it kept changing while it was read",
            remedy: "find out what keeps changing it (`nft monitor`), and try again", code: EAGAIN)
    }

    /// Whether table `inet wggw` is there.
    mutating func hasTable() throws(BoxError) -> Bool {
        var message = MessageBuffer()
        message.begin(type: Nft.type(NFT_MSG_GETTABLE), flags: 0, header: Nft.header())
        message.put(NFTA_TABLE_NAME, string: Firewall.tableName)
        return try get(&message, "look up table inet \(Firewall.tableName)", absent: ENOENT) { _ in true } ?? false
    }

    /// All chains of a family, or of all families with 0, without their rules, in the order in which they were made.
    mutating func chains(family: UInt8) throws(BoxError) -> [KernelChain] {
        var message = MessageBuffer()
        message.begin(type: Nft.type(NFT_MSG_GETCHAIN), flags: 0, header: Nft.header(family: family))
        return try dump(&message, "list firewall chains", into: [KernelChain]()) { chains, payload in
            if let chain = KernelChain(payload) { chains.append(chain) }
        }
    }

    /// The rules of one table, by chain, in order.
    mutating func rules(family: UInt8, table: String) throws(BoxError) -> [String: [[FirewallExpression]]] {
        var message = MessageBuffer()
        message.begin(type: Nft.type(NFT_MSG_GETRULE), flags: 0, header: Nft.header(family: family))
        message.put(NFTA_RULE_TABLE, string: table)
        return try dump(&message, "list the rules of table \(table)", into: [String: [[FirewallExpression]]]()) {
            rules, payload in
            let attributes = Attributes(payload, after: nfgenmsg.self)
            guard attributes.first(NFTA_RULE_TABLE)?.string == table,
                let chain = attributes.first(NFTA_RULE_CHAIN)?.string
            else { return }
            let expressions = attributes.first(NFTA_RULE_EXPRESSIONS).map { NftExpressionDecoder.decode(rule: $0) }
            rules[chain, default: []].append(expressions ?? [])
        }
    }

    /// The sets of table `inet wggw` without their elements, sorted by name. One that wggw could not have made has no key
    /// types, and so equals none that is wanted.
    mutating func sets() throws(BoxError) -> [FirewallSet] {
        var message = MessageBuffer()
        message.begin(type: Nft.type(NFT_MSG_GETSET), flags: 0, header: Nft.header())
        message.put(NFTA_SET_TABLE, string: Firewall.tableName)
        return try dump(&message, "list the firewall's sets", into: [FirewallSet]()) { sets, payload in
            let attributes = Attributes(payload, after: nfgenmsg.self)
            guard attributes.first(NFTA_SET_TABLE)?.string == Firewall.tableName else { return }
            sets.append(set(attributes))
        }.sorted { $0.name < $1.name }
    }

    /// The elements of a set of table `inet wggw`, sorted; nil if one is none of wggw's making.
    mutating func elements(of set: FirewallSet) throws(BoxError) -> [SetElement]? {
        var message = MessageBuffer()
        message.begin(type: Nft.type(NFT_MSG_GETSETELEM), flags: 0, header: Nft.header())
        message.put(NFTA_SET_ELEM_LIST_TABLE, string: Firewall.tableName)
        message.put(NFTA_SET_ELEM_LIST_SET, string: set.name)
        return try dump(&message, "list the elements of set \(set.name)", into: NftElementReader(set)) {
            reader, payload in reader.read(payload)
        }.elements()
    }

    /// Table `inet wggw`, if it is there, with counters.
    mutating func firewall() throws(BoxError) -> Firewall? {
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
            let rules = try socket.rules(family: Nft.inet, table: Firewall.tableName)
            let chains = try socket.chains(family: Nft.inet).filter { $0.table == Firewall.tableName }
            return Firewall(sets: sets, chains: chains.map { firewallChain($0, rules[$0.name] ?? []) })
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

/// A hook of a kind or at a point that wggw does not use makes the chain one that it does not want: its rules turn foreign.
private func firewallChain(_ chain: KernelChain, _ rules: [[FirewallExpression]]) -> FirewallChain {
    let rules = rules.map { FirewallRule(expressions: $0) }
    guard let hook = chain.hook else { return FirewallChain(chain.name, rules: rules) }
    guard let kind = FirewallChain.Hook.Kind(rawValue: hook.type), hook.number < UInt32(Nft.hooks.count) else {
        let foreign = FirewallRule(expressions: [.foreign("hook \(hook.type) \(hook.number)")])
        return FirewallChain(chain.name, rules: [foreign] + rules)
    }
    return FirewallChain(
        chain.name,
        hook: .init(kind: kind, point: Nft.hooks[Int(hook.number)], priority: hook.priority, drops: hook.drops),
        rules: rules)
}
