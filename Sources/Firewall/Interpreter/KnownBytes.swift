/// Bytes of which some bits may be unknown.
public struct KnownBytes: Hashable, Sendable {
    /// Unknown bits are zero.
    public private(set) var value: [UInt8]
    /// Bits that are known.
    public private(set) var mask: [UInt8]

    /// Bytes that are known.
    public init(_ value: [UInt8]) {
        self.value = value
        mask = Array(repeating: 0xff, count: value.count)
    }

    /// Bytes of which the bits in `mask` are known; both are of the same length.
    public init(_ value: [UInt8], mask: [UInt8]) {
        self.value = value.indices.map { value[$0] & mask[$0] }
        self.mask = mask
    }

    /// Bytes of which nothing is known.
    public init(unknown count: Int) {
        value = Array(repeating: 0, count: count)
        mask = value
    }

    /// How many bytes.
    public var count: Int { value.count }
    /// Whether all bits are known.
    public var isKnown: Bool { mask.allSatisfy { $0 == 0xff } }
    /// Whether no bit is.
    public var isUnknown: Bool { mask.allSatisfy { $0 == 0 } }
    /// The least and the greatest that they can be.
    var least: [UInt8] { value }
    var greatest: [UInt8] { value.indices.map { value[$0] | ~mask[$0] } }

    /// A piece of them; what lies behind their end is unknown.
    public subscript(range: Range<Int>) -> KnownBytes {
        get {
            let inside = range.clamped(to: 0..<count)
            var piece = KnownBytes(unknown: range.count)
            for i in inside {
                (piece.value[i - range.lowerBound], piece.mask[i - range.lowerBound]) = (value[i], mask[i])
            }
            return piece
        }
        set {
            for i in range.clamped(to: 0..<count) {
                (value[i], mask[i]) = (newValue.value[i - range.lowerBound], newValue.mask[i - range.lowerBound])
            }
        }
    }

    /// Puts bytes that are known there, of which only so many bits count.
    mutating func put(_ bytes: [UInt8], at offset: Int, bits: Int = .max) {
        for i in bytes.indices {
            let known = UInt8(truncatingIfNeeded: 0xff00 >> min(max(bits - 8 * i, 0), 8))
            (value[offset + i], mask[offset + i]) = (bytes[i] & known, known)
        }
    }

    /// Puts a piece of others there; what lies behind the end of those is unknown, and what does not fit is left out.
    mutating func put(_ other: KnownBytes, _ range: Range<Int>, at offset: Int) {
        let room = min(range.count, count - offset)
        let inside = min(room, max(other.count - range.lowerBound, 0))
        for i in 0..<inside { value[offset + i] = other.value[range.lowerBound + i] }
        for i in 0..<inside { mask[offset + i] = other.mask[range.lowerBound + i] }
        clear(offset + inside..<offset + room, isKnown: false)
    }

    /// Makes a piece of them zeros, known or not.
    mutating func clear(_ range: Range<Int>, isKnown: Bool) {
        let known: UInt8 = isKnown ? 0xff : 0
        for i in range { value[i] = 0 }
        for i in range { mask[i] = known }
    }

    /// What is known if it is either this or that.
    func joined(_ other: KnownBytes) -> KnownBytes {
        KnownBytes(value, mask: mask.indices.map { mask[$0] & other.mask[$0] & ~(value[$0] ^ other.value[$0]) })
    }

    /// `(bytes & mask) ^ xor`. A bit that the mask takes away is known to be that of `xor`.
    func masked(_ mask: [UInt8], xor: [UInt8]) -> KnownBytes {
        let known = mask.indices.map { self.mask[$0] | ~mask[$0] }
        return KnownBytes(mask.indices.map { value[$0] & mask[$0] ^ xor[$0] }, mask: known)
    }

    /// The same in place, from an offset on.
    mutating func mask(_ mask: [UInt8], xor: [UInt8], at offset: Int) {
        for i in mask.indices {
            value[offset + i] = value[offset + i] & mask[i] ^ xor[i]
            self.mask[offset + i] |= ~mask[i]
            value[offset + i] &= self.mask[offset + i]
        }
    }

    /// Each piece of `size` bytes turned around.
    func reversed(by size: Int) -> KnownBytes {
        var result = self
        for start in stride(from: 0, to: count - count % max(size, 1), by: max(size, 1)) {
            for i in 0..<size {
                (result.value[start + i], result.mask[start + i]) =
                    (value[start + size - 1 - i], mask[start + size - 1 - i])
            }
        }
        return result
    }

    /// Whether they are `bytes` from an offset on, as far as those reach; nil: cannot be told.
    func equals(_ bytes: [UInt8], at offset: Int = 0) -> Bool? {
        var isCertain = offset + bytes.count <= count
        for (i, byte) in zip(offset..<count, bytes) {
            if (value[i] ^ byte) & mask[i] != 0 { return false }
            isCertain = isCertain && mask[i] == 0xff
        }
        return isCertain ? true : nil
    }

    /// Whether they lie in a range; nil: cannot be told.
    func lies(in range: ByteRange) -> Bool? {
        if range.lower == range.upper { return equals(range.lower) }
        let (least, greatest) = (least, greatest)
        if greatest.lexicographicallyPrecedes(range.lower) || range.upper.lexicographicallyPrecedes(least) {
            return false
        }
        return least.lexicographicallyPrecedes(range.lower) || range.upper.lexicographicallyPrecedes(greatest)
            ? nil : true
    }

    /// `cmp` with an `NFT_CMP_*`; nil: cannot be told.
    func compares(_ op: UInt32, _ bytes: [UInt8], at offset: Int = 0) -> Bool? {
        if op == Nft.Compare.equal { return equals(bytes, at: offset) }
        if op == Nft.Compare.notEqual { return equals(bytes, at: offset).map { !$0 } }
        let piece = self[offset..<offset + bytes.count]
        switch op {
        case Nft.Compare.less: return piece.precedes(bytes, orEquals: false)
        case Nft.Compare.lessOrEqual: return piece.precedes(bytes, orEquals: true)
        case Nft.Compare.greater: return piece.precedes(bytes, orEquals: true).map { !$0 }
        case Nft.Compare.greaterOrEqual: return piece.precedes(bytes, orEquals: false).map { !$0 }
        default: return nil
        }
    }

    private func precedes(_ bytes: [UInt8], orEquals: Bool) -> Bool? {
        let all = orEquals ? !bytes.lexicographicallyPrecedes(greatest) : greatest.lexicographicallyPrecedes(bytes)
        let some = orEquals ? !bytes.lexicographicallyPrecedes(least) : least.lexicographicallyPrecedes(bytes)
        return all ? true : some ? nil : false
    }
}
