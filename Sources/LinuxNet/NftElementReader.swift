import CMnl
import CNftnl
internal import Compiler
internal import NetTypes

/// Collects the elements of one set from the messages of a dump.
struct NftElementReader {
    private let set: FirewallSet
    private var items: [Item] = []
    /// Whether there was an element that `SetElement` cannot say.
    private(set) var isForeign = false

    /// One element as the kernel has it.
    private struct Item {
        var lower: [UInt128]
        var upper: [UInt128]
        var isEnd: Bool
        var verdict: Verdict?
        var counter: Counter?
    }

    /// A reader for `set`, whose own elements do not matter.
    init(_ set: FirewallSet) { self.set = set }

    /// Takes one message of the dump.
    mutating func read(_ payload: UnsafeRawBufferPointer) {
        guard let list = Attributes(payload, after: nfgenmsg.self).first(NFTA_SET_ELEM_LIST_ELEMENTS) else { return }
        for element in list.nested { read(element: element.nested) }
    }

    /// The elements, sorted.
    func elements() -> [SetElement]? {
        if isForeign { return nil }
        if set.isInterval && set.keyTypes.count == 1 { return pairedIntervals() }
        var elements: [SetElement] = []
        elements.reserveCapacity(items.count)
        for item in items.sorted(by: { $0.lower.lexicographicallyPrecedes($1.lower) }) {
            guard let element = element(item, upper: item.upper) else { return nil }
            elements.append(element)
        }
        return elements
    }

    private mutating func read(element: Attributes) {
        var item = Item(lower: [], upper: [], isEnd: false)
        for attribute in element {
            switch UInt32(attribute.type) {
            case NFTA_SET_ELEM_KEY.rawValue:
                item.lower = numbers(attribute)
                if item.upper.isEmpty { item.upper = item.lower }
            case NFTA_SET_ELEM_KEY_END.rawValue: item.upper = numbers(attribute)
            case NFTA_SET_ELEM_FLAGS.rawValue:
                item.isEnd = attribute.big32 & 1 != 0
                isForeign = isForeign || attribute.big32 > 1
            case NFTA_SET_ELEM_DATA.rawValue:
                item.verdict = attribute.nested.first(NFTA_DATA_VERDICT).flatMap(Nft.verdict)
                isForeign = isForeign || item.verdict == nil
            case NFTA_SET_ELEM_EXPR.rawValue: item.counter = counter(attribute.nested)
            case NFTA_SET_ELEM_TIMEOUT.rawValue, NFTA_SET_ELEM_EXPIRATION.rawValue:
                isForeign = isForeign || set.timeout == nil
            default: break
            }
        }
        guard item.lower.count == set.keyTypes.count, item.upper.count == item.lower.count else {
            isForeign = true
            return
        }
        items.append(item)
    }

    private func numbers(_ key: Attribute) -> [UInt128] {
        guard let value = key.nested.first(NFTA_DATA_VALUE)?.payload else { return [] }
        var numbers: [UInt128] = []
        numbers.reserveCapacity(set.keyTypes.count)
        var offset = 0
        for type in set.keyTypes {
            guard offset + type.length <= value.count else { return [] }
            switch type {
            case .ipv4:
                numbers.append(UInt128(value.loadUnaligned(fromByteOffset: offset, as: UInt32.self).bigEndian))
            case .ipv6:
                numbers.append(value.loadUnaligned(fromByteOffset: offset, as: UInt128.self).bigEndian)
            case .transport: numbers.append(UInt128(value[offset]))
            case .port: numbers.append(UInt128(value.loadUnaligned(fromByteOffset: offset, as: UInt16.self).bigEndian))
            }
            offset += type.paddedLength
        }
        return numbers
    }

    private func counter(_ expression: Attributes) -> Counter? {
        guard expression.first(NFTA_EXPR_NAME)?.string == "counter", let data = expression.first(NFTA_EXPR_DATA)
        else { return nil }
        return Counter(
            packets: data.nested.first(NFTA_COUNTER_PACKETS)?.big64 ?? 0,
            bytes: data.nested.first(NFTA_COUNTER_BYTES)?.big64 ?? 0)
    }

    /// Starts and ends, put together again. What reaches to the next start has no end of its own; nft's empty interval at
    /// zero is an end without a start.
    private func pairedIntervals() -> [SetElement]? {
        let sorted = items.sorted { ($0.lower[0], $0.isEnd ? 0 : 1) < ($1.lower[0], $1.isEnd ? 0 : 1) }
        var elements: [SetElement] = []
        elements.reserveCapacity(sorted.count / 2 + 1)
        for (i, item) in sorted.enumerated() where !item.isEnd {
            let type = set.keyTypes[0]
            let greatest: UInt128 = type == .ipv6 ? ~0 : (1 << UInt128(type.length * 8)) - 1
            let upper = i + 1 < sorted.count ? sorted[i + 1].lower[0] - 1 : greatest
            guard let element = element(item, upper: [upper]) else { return nil }
            elements.append(element)
        }
        return elements
    }

    private func element(_ item: Item, upper: [UInt128]) -> SetElement? {
        var fields: [SetElement.Field] = []
        fields.reserveCapacity(upper.count)
        for (i, type) in set.keyTypes.enumerated() {
            guard let field = field(type, item.lower[i], upper[i]) else { return nil }
            fields.append(field)
        }
        return SetElement(fields, verdict: item.verdict, counter: item.counter)
    }

    private func field(_ type: FirewallSet.KeyType, _ lower: UInt128, _ upper: UInt128) -> SetElement.Field? {
        guard lower <= upper else { return nil }
        switch type {
        case .ipv4, .ipv6:
            let hostBits = (lower ^ upper).bitWidth - (lower ^ upper).leadingZeroBitCount
            let mask: UInt128 = hostBits == 128 ? ~0 : (1 << UInt128(hostBits)) - 1
            guard lower & mask == 0, upper & mask == mask else { return nil }
            let address: IPAddress =
                type == .ipv4
                ? .v4(IPv4Address(rawValue: UInt32(truncatingIfNeeded: lower))) : .v6(IPv6Address(rawValue: lower))
            return .network(IPPrefix(masking: address, length: address.bitWidth - hostBits))
        case .transport, .port:
            return .numbers(UInt16(truncatingIfNeeded: lower)...UInt16(truncatingIfNeeded: upper))
        }
    }
}
