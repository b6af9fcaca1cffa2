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
public final class SetContents: Sendable {
    /// Bytes of each field of a key, with padding.
    public let fieldLengths: [Int]
    /// Bytes of a key.
    public let keyLength: Int
    /// How many of a key's bytes order the elements: the first field's, 16 at most.
    private let headLength: Int
    /// The elements' keys one after another, by the lower ends of their heads.
    private let lower: [UInt8]
    private let upper: [UInt8]
    /// Each element's head, from and to.
    private let leastHeads: [UInt128]
    private let greatestHeads: [UInt128]
    /// Elements in order are a tree, with the middle one of each range above the two halves; here is how far any in the range
    /// below an element reaches.
    private let reach: [UInt128]
    /// One for each element of a verdict map, else empty.
    private let verdicts: [Verdict]
    /// What any other key maps to; nil: nothing.
    private let catchAll: Verdict?
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
        headLength = min(fieldLengths[0], 16)
        let headLength = headLength
        let heads = elements.map { Self.head($0.lower[..<headLength]) }
        let order = elements.indices.sorted { heads[$0] < heads[$1] }
        leastHeads = order.map { heads[$0] }
        greatestHeads = order.map { Self.head(elements[$0].upper[..<headLength]) }
        verdicts = order.compactMap { elements[$0].verdict }
        lower = order.flatMap { elements[$0].lower }
        upper = order.flatMap { elements[$0].upper }
        var reach = greatestHeads
        _ = Self.spread(&reach, 0..<reach.count)
        self.reach = reach
    }

    /// The first bytes of a key as a number.
    private static func head(_ bytes: some Sequence<UInt8>) -> UInt128 { bytes.reduce(0) { $0 << 8 | UInt128($1) } }

    /// Turns how far each element reaches into how far any below it does; returns the most.
    private static func spread(_ reach: inout [UInt128], _ range: Range<Int>) -> UInt128 {
        if range.isEmpty { return 0 }
        let middle = (range.lowerBound + range.upperBound) / 2
        let below = spread(&reach, range.lowerBound..<middle)
        let above = spread(&reach, middle + 1..<range.upperBound)
        reach[middle] = max(reach[middle], below, above)
        return reach[middle]
    }

    /// How many elements.
    public var count: Int { leastHeads.count }

    /// What a lookup may find.
    struct Finding {
        /// Whether the key is in the set; nil: cannot be told.
        var isMember: Bool?
        /// What it may map to; nil where nothing is known of that.
        var verdicts: Verdicts?

        fileprivate mutating func add(_ verdict: Verdict) {
            if verdicts == nil { verdicts = Verdicts(verdict) } else { verdicts?.insert(verdict) }
        }
    }

    /// A key that is looked for: some bytes of others, and the least and greatest head that it can have.
    private struct Key {
        var bytes: KnownBytes
        var offset: Int
        var leastHead: UInt128 = 0
        var greatestHead: UInt128 = 0

        init(_ bytes: KnownBytes, at offset: Int, headLength: Int) {
            (self.bytes, self.offset) = (bytes, offset)
            for index in 0..<headLength {
                leastHead = leastHead << 8 | UInt128(least(index))
                greatestHead = greatestHead << 8 | UInt128(greatest(index))
            }
        }

        func mask(_ index: Int) -> UInt8 { bytes.mask[offset + index] }
        func least(_ index: Int) -> UInt8 { bytes.value[offset + index] }
        func greatest(_ index: Int) -> UInt8 { bytes.value[offset + index] | ~mask(index) }
    }

    /// Looks up the key that begins at an offset, and of which some bits may be unknown. If one element certainly has it, no
    /// other counts.
    func find(_ bytes: KnownBytes, at offset: Int) -> Finding {
        guard offset + keyLength <= bytes.count else { return Finding() }
        var finding = Finding(isMember: catchAll != nil ? true : isDynamic ? nil : false)
        if search(0..<count, Key(bytes, at: offset, headLength: headLength), &finding) { return finding }
        if let catchAll, !verdicts.isEmpty || catchAll != .continue { finding.add(catchAll) }
        return finding
    }

    /// Takes in the elements of a range that the key may have; true if one certainly is it.
    private func search(_ range: Range<Int>, _ key: Key, _ finding: inout Finding) -> Bool {
        let middle = (range.lowerBound + range.upperBound) / 2
        if range.isEmpty || reach[middle] < key.leastHead { return false }
        if search(range.lowerBound..<middle, key, &finding) { return true }
        if key.greatestHead < leastHeads[middle] { return false }
        return take(middle, key, &finding) || search(middle + 1..<range.upperBound, key, &finding)
    }

    private func take(_ index: Int, _ key: Key, _ finding: inout Finding) -> Bool {
        if greatestHeads[index] < key.leastHead { return false }
        switch matches(key, index) {
        case false?: return false
        case true?:
            finding = Finding(
                isMember: isConditional ? nil : true, verdicts: verdicts.isEmpty ? nil : .init(verdicts[index]))
            return true
        case nil:
            if finding.isMember == false { finding.isMember = nil }
            if !verdicts.isEmpty { finding.add(verdicts[index]) }
            return false
        }
    }

    private func matches(_ key: Key, _ index: Int) -> Bool? {
        var result: Bool? = true
        var start = 0
        let element = index * keyLength
        for length in fieldLengths {
            let field = start..<start + length
            start += length
            var (isKnown, isOneValue) = (true, true)
            // How the field's greatest value compares with the lower end, and its least with the upper one.
            var (fromLower, fromUpper) = (0, 0)
            for offset in field {
                let (low, high) = (lower[element + offset], upper[element + offset])
                let (least, greatest) = (key.least(offset), key.greatest(offset))
                if fromLower == 0 && greatest != low { fromLower = greatest < low ? -1 : 1 }
                if fromUpper == 0 && least != high { fromUpper = least < high ? -1 : 1 }
                isKnown = isKnown && least == greatest
                isOneValue = isOneValue && low == high
            }
            if fromLower < 0 || fromUpper > 0 { return false }
            if isKnown { continue }
            if isOneValue {
                // Known bits in the middle tell more than the two ends.
                if field.contains(where: { (lower[element + $0] ^ key.least($0)) & key.mask($0) != 0 }) { return false }
            } else if contains(key, field, element) {
                continue
            }
            result = nil
        }
        return result
    }

    /// Whether a field of an element holds all that the key's may be.
    private func contains(_ key: Key, _ field: Range<Int>, _ element: Int) -> Bool {
        !field.lazy.map { key.least($0) }.lexicographicallyPrecedes(lower[field.shifted(by: element)])
            && !upper[field.shifted(by: element)].lexicographicallyPrecedes(field.lazy.map { key.greatest($0) })
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

extension Range<Int> {
    fileprivate func shifted(by distance: Int) -> Range<Int> { lowerBound + distance..<upperBound + distance }
}
