import NetTypes

/// Which set: names are unique in a table.
public struct SetName: Hashable, Sendable {
    /// The table's family.
    public var family: FirewallTable.Family
    /// The table's name.
    public var table: String
    /// The set's own.
    public var set: String

    /// Makes a name.
    public init(_ family: FirewallTable.Family, _ table: String, _ set: String) {
        self.family = family
        self.table = table
        self.set = set
    }
}

/// What a set holds, as the kernel compares it: for every element, bytes from and to, field by field.
public struct SetContents: Sendable {
    /// Bytes of each field of a key, with padding.
    public let fieldLengths: [Int]
    /// Bytes of a key.
    public let keyLength: Int
    /// The elements' keys one after another, by their lower ends' first field.
    private var lower: [UInt8] = []
    private var upper: [UInt8] = []
    /// For each element, the one up to it that reaches furthest in its first field.
    private var furthest: [Int] = []
    /// One for each element of a verdict map, else empty.
    private var verdicts: [Verdict] = []
    /// What any other key maps to; nil: nothing.
    private var catchAll: Verdict?
    /// Whether elements ask for more than the key: a rate.
    private let isConditional: Bool
    /// Whether packets add elements to it: any key may be there by now.
    private let isDynamic: Bool

    /// A key's two ends, of `keyLength` bytes each, and what it maps to in a verdict map.
    public struct Element: Sendable {
        /// Of the least key; `keyLength` bytes.
        public var lower: [UInt8]
        /// Of the greatest.
        public var upper: [UInt8]
        /// In a verdict map.
        public var verdict: Verdict?

        /// Makes an element.
        public init(_ lower: [UInt8], _ upper: [UInt8], verdict: Verdict? = nil) {
            self.lower = lower
            self.upper = upper
            self.verdict = verdict
        }
    }

    /// Makes a set. `catchAll` is what any other key maps to (`.continue` in a set without verdicts); a conditional set's
    /// elements ask for more than the key; packets add elements to a dynamic one.
    public init(
        fieldLengths: [Int], _ elements: [Element], catchAll: Verdict? = nil, isConditional: Bool = false,
        isDynamic: Bool = false
    ) {
        self.fieldLengths = fieldLengths
        keyLength = fieldLengths.reduce(0, +)
        self.catchAll = catchAll
        self.isConditional = isConditional
        self.isDynamic = isDynamic
        let first = fieldLengths[0]
        let order: [Element] = elements.sorted {
            $0.lower.prefix(first).lexicographicallyPrecedes($1.lower.prefix(first))
        }
        lower.reserveCapacity(order.count * keyLength)
        upper.reserveCapacity(order.count * keyLength)
        for (index, element) in order.enumerated() {
            lower += element.lower
            upper += element.upper
            if let verdict = element.verdict { verdicts.append(verdict) }
            let before = furthest.last ?? index
            let isFurther = precedes(upper, before, upper, index, 0..<first)
            furthest.append(isFurther ? index : before)
        }
    }

    /// How many elements.
    public var count: Int { furthest.count }

    /// What a lookup may find.
    struct Finding {
        /// Whether the key is in the set; nil: cannot be told.
        var isMember: Bool?
        /// What it may map to.
        var verdicts: Set<Verdict> = []
    }

    /// Looks a key up, of which some bits may be unknown. If one element certainly has it, no other counts.
    func find(_ key: KnownBytes) -> Finding {
        var finding = Finding(isMember: catchAll != nil ? true : isDynamic ? nil : false)
        let (least, greatest) = (key.least, key.greatest)
        let first = 0..<fieldLengths[0]
        // Elements further up begin behind the key; where nothing reaches up to the key any more, nothing further down does.
        var index = firstIndex { precedes(greatest, 0, lower, $0, first) }
        while index > 0, !precedes(upper, furthest[index - 1], least, 0, first) {
            index -= 1
            let match = matches(key, least, greatest, index)
            if match == false { continue }
            let verdict = verdicts.isEmpty ? nil : verdicts[index]
            if match == true {
                return Finding(isMember: isConditional ? nil : true, verdicts: verdict.map { [$0] } ?? [])
            }
            if finding.isMember == false { finding.isMember = nil }
            if let verdict { finding.verdicts.insert(verdict) }
        }
        if let catchAll, !verdicts.isEmpty || catchAll != .continue { finding.verdicts.insert(catchAll) }
        return finding
    }

    private func firstIndex(where isBehind: (Int) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Whether the `range` of one key comes before that of another.
    private func precedes(_ a: [UInt8], _ i: Int, _ b: [UInt8], _ j: Int, _ range: Range<Int>) -> Bool {
        for offset in range {
            let (x, y) = (a[i * keyLength + offset], b[j * keyLength + offset])
            if x != y { return x < y }
        }
        return false
    }

    private func matches(_ key: KnownBytes, _ least: [UInt8], _ greatest: [UInt8], _ index: Int) -> Bool? {
        var result: Bool? = true
        var start = 0
        for length in fieldLengths {
            let field = start..<start + length
            start += length
            if precedes(greatest, 0, lower, index, field) || precedes(upper, index, least, 0, field) { return false }
            if !precedes(least, 0, lower, index, field) && !precedes(upper, index, greatest, 0, field) { continue }
            // Of one value, known bits in the middle tell more than the two ends.
            let isOneValue = field.allSatisfy { lower[index * keyLength + $0] == upper[index * keyLength + $0] }
            if isOneValue, field.contains(where: { (lower[index * keyLength + $0] ^ least[$0]) & key.mask[$0] != 0 }) {
                return false
            }
            result = nil
        }
        return result
    }
}

extension FirewallSet {
    /// What it holds.
    public var contents: SetContents {
        let isPadded = keyTypes.count > 1
        let elements = elements.map { element in
            var (lower, upper): ([UInt8], [UInt8]) = ([], [])
            for (type, field) in zip(keyTypes, element.fields) {
                let (from, to) = field.ends(type)
                let padding = [UInt8](repeating: 0, count: isPadded ? type.paddedLength - type.length : 0)
                lower += from + padding
                upper += to + padding
            }
            return SetContents.Element(lower, upper, verdict: element.verdict)
        }
        return SetContents(fieldLengths: keyTypes.map { isPadded ? $0.paddedLength : $0.length }, elements)
    }
}

extension SetElement.Field {
    fileprivate func ends(_ type: FirewallSet.KeyType) -> ([UInt8], [UInt8]) {
        switch self {
        case .network(let network): return (network.address.octets, network.last.octets)
        case .numbers(let range):
            func bytes(_ number: UInt16) -> [UInt8] {
                type.length == 1 ? [UInt8(number)] : [UInt8(number >> 8), UInt8(number & 255)]
            }
            return (bytes(range.lowerBound), bytes(range.upperBound))
        }
    }
}
