import CMnl
import CNftnl
internal import BoxModel
internal import Firewall
import Glibc
internal import Netlink

/// Other people's tables.
extension NetlinkSocket {
    /// The tables of everybody but wggw that have a base chain which matters, with rules. What is in their sets is read
    /// where it matters, by `contents`.
    mutating func foreignTables(where matters: (FirewallChain) -> Bool) throws(BoxError) -> [FirewallTable] {
        var tables = try tables(family: 0).filter {
            ($0.family != .inet || $0.name != FirewallTable.tableName) && $0.chains.contains(where: matters)
        }
        if tables.isEmpty { return [] }
        let dormant = try dormantTables()
        tables.removeAll { dormant.contains(SetName($0.family, $0.name, "")) }
        for i in tables.indices { try readRules(into: &tables[i]) }
        return tables
    }

    /// Tables that are switched off (`flags dormant`), as names without a set.
    private mutating func dormantTables() throws(BoxError) -> Set<SetName> {
        var message = MessageBuffer(NFT_MSG_GETTABLE, family: 0)
        return try dump(&message, .init(.list, .tables), into: Set<SetName>()) { names, payload in
            let attributes = Attributes(payload, after: nfgenmsg.self)
            guard let flags = attributes.first(NFTA_TABLE_FLAGS)?.big32, flags & NFT_TABLE_F_DORMANT.rawValue != 0,
                let header = payload.header(nfgenmsg.self),
                let family = FirewallTable.Family(number: header.nfgen_family)
            else { return }
            names.insert(SetName(family, attributes.first(NFTA_TABLE_NAME)?.string ?? "", ""))
        }
    }

    /// What is in a set, or an empty one where it is gone.
    mutating func contents(of name: SetName) throws(BoxError) -> SetContents {
        var message = MessageBuffer(NFT_MSG_GETSET, family: name.family.number)
        message.put(NFTA_SET_TABLE, string: name.table)
        message.put(NFTA_SET_NAME, string: name.set)
        let found = try get(&message, .init(.lookUp, .set(name.set)), absent: ENOENT) { payload in
            NftElementReader.Layout(set: Attributes(payload, after: nfgenmsg.self))
        }
        guard let layout = found else { return SetContents(fieldLengths: [0], []) }
        return try elements(of: name, layout).contents()
    }
}

extension FirewallChain {
    /// Whether it is a base chain that can drop what comes in or is forwarded.
    var filtersTransit: Bool {
        hook?.kind == .filter && [.prerouting, .input, .forward, .postrouting].contains(hook?.point)
    }
}

extension NftElementReader.Layout {
    /// How a set that the kernel describes keeps its keys. Only a concatenation of ranges names its fields; all others are
    /// compared as a whole.
    fileprivate init(set: Attributes) {
        let fields = set.first(NFTA_SET_DESC)?.nested.first(NFTA_SET_DESC_CONCAT)?.nested.map { field in
            aligned(Int(field.nested.first(NFTA_SET_FIELD_LEN)?.big32 ?? 0))
        }
        let flags = set.first(NFTA_SET_FLAGS)?.big32 ?? 0
        let isInterval = flags & NFT_SET_INTERVAL.rawValue != 0
        let keyLength = Int(set.first(NFTA_SET_KEY_LEN)?.big32 ?? 0)
        let isConcatenation = isInterval && fields?.reduce(0, +) == keyLength && (fields?.count ?? 0) > 1
        self.init(
            fieldLengths: isConcatenation ? fields! : [keyLength], isPaired: isInterval && !isConcatenation,
            isDynamic: flags & NFT_SET_EVAL.rawValue != 0)
    }
}
