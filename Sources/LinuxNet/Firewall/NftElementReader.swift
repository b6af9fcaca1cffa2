import CMnl
import CNftnl
internal import Firewall
internal import NetTypes
internal import Netlink

/// Collects the elements of one set from the messages of a dump.
struct NftElementReader {
    /// How a set keeps its keys.
    struct Layout {
        /// Bytes of each field, padded where there are several.
        var fieldLengths: [Int]
        /// Whether elements come as starts and ends, apart: so where there is but one field, and it may be a range.
        var isPaired: Bool
        /// Whether packets add elements (`NFT_SET_EVAL`).
        var isDynamic = false
        /// Whether its elements are to have one.
        var hasTimeout = false

        var keyLength: Int { fieldLengths.reduce(0, +) }
    }

    private let layout: Layout
    private var items: [Item] = []
    private var catchAll: Verdict?
    /// Whether elements ask for more than their key: a rate.
    private var isConditional = false
    /// Whether there was an element that `SetElement` cannot say.
    private var isForeign = false

    /// One element as the kernel has it.
    private struct Item {
        var lower: [UInt8] = []
        var upper: [UInt8] = []
        var isEnd = false
        var verdict: Verdict?
        var counter: Counter?
    }

    /// A reader for a set of this layout.
    init(_ layout: Layout) { self.layout = layout }

    /// Takes one message of the dump.
    mutating func read(_ payload: UnsafeRawBufferPointer) {
        guard let list = Attributes(payload, after: nfgenmsg.self).first(NFTA_SET_ELEM_LIST_ELEMENTS) else { return }
        for element in list.nested { read(element: element.nested) }
    }

    /// The elements of one of wggw's own sets, sorted; nil if one is none of wggw's making.
    func elements(of types: [FirewallSet.KeyType]) -> [SetElement]? {
        if isForeign { return nil }
        var elements: [SetElement] = []
        elements.reserveCapacity(items.count)
        for item in sorted() {
            guard let element = SetElement(types, item.lower, item.upper, item.verdict, item.counter) else {
                return nil
            }
            elements.append(element)
        }
        return elements
    }

    /// What the set holds, whoever made it.
    func contents() -> SetContents {
        SetContents(
            fieldLengths: layout.fieldLengths,
            sorted().map { SetContents.Element($0.lower, $0.upper, verdict: $0.verdict) }, catchAll: catchAll,
            isConditional: isConditional, isDynamic: layout.isDynamic)
    }

    private mutating func read(element: Attributes) {
        var item = Item()
        var flags: UInt32 = 0
        for attribute in element {
            switch UInt32(attribute.type) {
            case NFTA_SET_ELEM_KEY.rawValue: item.lower = value(attribute)
            case NFTA_SET_ELEM_KEY_END.rawValue: item.upper = value(attribute)
            case NFTA_SET_ELEM_FLAGS.rawValue: flags = attribute.big32
            case NFTA_SET_ELEM_DATA.rawValue:
                item.verdict = attribute.nested.first(NFTA_DATA_VERDICT).flatMap(Verdict.init)
                isForeign = isForeign || item.verdict == nil
            case NFTA_SET_ELEM_EXPR.rawValue: read(expression: attribute, of: &item)
            case NFTA_SET_ELEM_EXPRESSIONS.rawValue:
                for expression in attribute.nested { read(expression: expression, of: &item) }
            case NFTA_SET_ELEM_TIMEOUT.rawValue, NFTA_SET_ELEM_EXPIRATION.rawValue:
                isForeign = isForeign || !layout.hasTimeout
            default: break
            }
        }
        // 1 is NFT_SET_ELEM_INTERVAL_END, 2 is NFT_SET_ELEM_CATCHALL.
        isForeign = isForeign || flags > 1
        if flags & 2 != 0 { return catchAll = item.verdict ?? .continue }
        item.isEnd = flags & 1 != 0
        if item.upper.isEmpty { item.upper = item.lower }
        guard item.lower.count == layout.keyLength, item.upper.count == layout.keyLength else {
            return isForeign = true
        }
        items.append(item)
    }

    private func value(_ key: Attribute) -> [UInt8] { key.nested.first(NFTA_DATA_VALUE)?.bytes ?? [] }

    private mutating func read(expression: Attribute, of item: inout Item) {
        let name = expression.nested.first(NFTA_EXPR_NAME)?.string
        guard name == "counter", let data = expression.nested.first(NFTA_EXPR_DATA)?.nested else {
            isConditional = isConditional || name != "last"
            return isForeign = true
        }
        item.counter = Counter(
            packets: data.first(NFTA_COUNTER_PACKETS)?.big64 ?? 0, bytes: data.first(NFTA_COUNTER_BYTES)?.big64 ?? 0)
    }

    /// By key; starts and ends put together again. What reaches to the next start has no end of its own; nft's empty
    /// interval at zero is an end without a start.
    private func sorted() -> [Item] {
        if !layout.isPaired { return items.sorted { $0.lower.lexicographicallyPrecedes($1.lower) } }
        let sorted = items.sorted {
            $0.lower == $1.lower ? $0.isEnd && !$1.isEnd : $0.lower.lexicographicallyPrecedes($1.lower)
        }
        var elements: [Item] = []
        elements.reserveCapacity(sorted.count / 2 + 1)
        for (i, item) in sorted.enumerated() where !item.isEnd {
            var element = item
            element.upper =
                i + 1 < sorted.count
                ? sorted[i + 1].lower.beforeIt : Array(repeating: 0xff, count: layout.keyLength)
            elements.append(element)
        }
        return elements
    }
}

extension [UInt8] {
    /// The number before it, the first byte counting most.
    fileprivate var beforeIt: [UInt8] {
        var result = self
        for i in indices.reversed() {
            result[i] &-= 1
            if result[i] != 0xff { break }
        }
        return result
    }
}

extension SetElement {
    /// An element of a set of these types from the two ends of its key; nil if one of its fields is no network.
    fileprivate init?(
        _ types: [FirewallSet.KeyType], _ lower: [UInt8], _ upper: [UInt8], _ verdict: Verdict?, _ counter: Counter?
    ) {
        var fields: [Field] = []
        fields.reserveCapacity(types.count)
        var offset = 0
        for type in types {
            guard let field = Field(type, number(lower, offset, type), number(upper, offset, type)) else { return nil }
            fields.append(field)
            offset += type.paddedLength
        }
        self.init(fields, verdict: verdict, counter: counter)
    }
}

private func number(_ key: [UInt8], _ offset: Int, _ type: FirewallSet.KeyType) -> UInt128 {
    key[offset..<offset + type.length].reduce(0) { $0 << 8 | UInt128($1) }
}

extension SetElement.Field {
    fileprivate init?(_ type: FirewallSet.KeyType, _ lower: UInt128, _ upper: UInt128) {
        guard lower <= upper else { return nil }
        switch type {
        case .ipv4, .ipv6:
            let hostBits = (lower ^ upper).bitWidth - (lower ^ upper).leadingZeroBitCount
            let mask: UInt128 = hostBits == 128 ? ~0 : (1 << UInt128(hostBits)) - 1
            guard lower & mask == 0, upper & mask == mask else { return nil }
            let address: IPAddress =
                type == .ipv4
                ? .v4(IPv4Address(rawValue: UInt32(truncatingIfNeeded: lower))) : .v6(IPv6Address(rawValue: lower))
            self = .network(IPPrefix(masking: address, length: address.bitWidth - hostBits))
        case .transport, .port:
            self = .numbers(UInt16(truncatingIfNeeded: lower)...UInt16(truncatingIfNeeded: upper))
        }
    }
}
