internal import BoxModel
import CMnl
import CNftnl
internal import Firewall
import Glibc
internal import NetTypes
internal import Netlink

/// Elements of sets, as netlink attributes. Not through libnftnl: there may be many thousands in one batch, and it would
/// make two objects of each.
enum NftElements {
    /// Adds messages that add (`NFT_MSG_NEWSETELEM`) or delete (`NFT_MSG_DELSETELEM`) `elements`, as many as it takes: an
    /// attribute is at most 64 KB long.
    static func add(
        _ command: nf_tables_msg_types, _ elements: [SetElement], of set: FirewallSet, to batch: inout NftBatch
    ) {
        var next = 0
        while next < elements.count {
            let flags = command == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0
            batch.add(command, flags: flags, .changes(of: set.name)) { message in
                message.put(NFTA_SET_ELEM_LIST_TABLE, string: FirewallTable.tableName)
                message.put(NFTA_SET_ELEM_LIST_SET, string: set.name)
                let list = message.openNest(NFTA_SET_ELEM_LIST_ELEMENTS)
                let start = message.count
                while next < elements.count && message.count - start < 64_000 {
                    put(elements[next], of: set, adding: command == NFT_MSG_NEWSETELEM, into: &message)
                    next += 1
                }
                message.closeNest(list)
            }
        }
    }

    /// An interval of a set with one key type is two elements for the kernel, its start and what comes after its end; with
    /// several, it is one element with two keys.
    private static func put(
        _ element: SetElement, of set: FirewallSet, adding: Bool, into message: inout MessageBuffer
    ) {
        let types = set.keyTypes
        let item = message.openNest(NFTA_LIST_ELEM)
        putKey(NFTA_SET_ELEM_KEY, element, types, .lower, into: &message)
        if set.isInterval && types.count > 1 { putKey(NFTA_SET_ELEM_KEY_END, element, types, .upper, into: &message) }
        if adding {
            if let verdict = element.verdict { put(verdict, into: &message) }
            if set.hasCounters, let counter = element.counter { put(counter, into: &message) }
        }
        guard set.isInterval && types.count == 1 else { return message.closeNest(item) }
        if isLast(element.fields[0]) {
            // Nothing comes after the end: nft marks the start as an open interval, for `nft list` alone.
            if adding { message.put(NFTA_SET_ELEM_USERDATA, bytes: [1, 4, 1, 0, 0, 0]) }
            message.closeNest(item)
        } else {
            message.closeNest(item)
            let end = message.openNest(NFTA_LIST_ELEM)
            message.putBig(NFTA_SET_ELEM_FLAGS, UInt32(1))  // NFT_SET_ELEM_INTERVAL_END
            putKey(NFTA_SET_ELEM_KEY, element, types, .afterUpper, into: &message)
            message.closeNest(end)
        }
    }

    private static func put(_ verdict: Verdict, into message: inout MessageBuffer) {
        message.nest(NFTA_SET_ELEM_DATA) {
            $0.nest(NFTA_DATA_VERDICT) {
                $0.putBig(NFTA_VERDICT_CODE, verdict.code)
                switch verdict {
                case .jump(let chain), .goto(let chain): $0.put(NFTA_VERDICT_CHAIN, string: chain)
                case .accept, .drop, .continue, .return: break
                }
            }
        }
    }

    private static func put(_ counter: Counter, into message: inout MessageBuffer) {
        message.nest(NFTA_SET_ELEM_EXPR) {
            $0.put(NFTA_EXPR_NAME, string: "counter")
            $0.nest(NFTA_EXPR_DATA) {
                $0.putBig(NFTA_COUNTER_BYTES, counter.bytes)
                $0.putBig(NFTA_COUNTER_PACKETS, counter.packets)
            }
        }
    }

    private enum Bound { case lower, upper, afterUpper }

    private static func putKey(
        _ attribute: nft_set_elem_attributes, _ element: SetElement, _ types: [FirewallSet.KeyType], _ bound: Bound,
        into message: inout MessageBuffer
    ) {
        let key = message.openNest(attribute)
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 16) { buffer in
            buffer.initializeMemory(as: UInt8.self, repeating: 0)
            var start = 0
            for (type, field) in zip(types, element.fields) {
                withUnsafeBytes(of: number(field, bound).bigEndian) { bytes in
                    buffer[start...].copyBytes(from: bytes.suffix(type.length))
                }
                start += types.count > 1 ? type.paddedLength : type.length
            }
            message.put(NFTA_DATA_VALUE, bytes: UnsafeRawBufferPointer(rebasing: buffer[..<start]))
        }
        message.closeNest(key)
    }

    private static func number(_ field: SetElement.Field, _ bound: Bound) -> UInt128 {
        let (lower, upper) =
            switch field {
            case .network(let network): (raw(network.address), raw(network.last))
            case .numbers(let range): (UInt128(range.lowerBound), UInt128(range.upperBound))
            }
        return switch bound {
        case .lower: lower
        case .upper: upper
        case .afterUpper: upper &+ 1
        }
    }

    private static func isLast(_ field: SetElement.Field) -> Bool {
        switch field {
        case .network(let network): raw(network.last) == (network.isV6 ? ~0 : 0xffff_ffff)
        case .numbers(let range): range.upperBound == 0xffff
        }
    }

    private static func raw(_ address: IPAddress) -> UInt128 {
        switch address {
        case .v4(let a): UInt128(a.rawValue)
        case .v6(let a): a.rawValue
        }
    }
}
