/// The index in messages is a slot and ten random bits, shuffled so that it tells nobody how many slots there are.
///
/// A bijection on 32 bits made of two odd multipliers that are drawn once per device; receiving undoes it, no hashing.
@frozen public struct KeypairIndex: Sendable {
    /// Bits of the slot: four slots (previous, current, next, handshake) for each possible peer.
    @inlinable public static var slotBits: UInt32 { 22 }
    @usableFromInline let multiplier: (UInt32, UInt32)
    @usableFromInline let inverse: (UInt32, UInt32)

    init(randomA: UInt32, randomB: UInt32) {
        multiplier = (randomA | 1, randomB | 1)
        inverse = (Self.inverse(of: randomA | 1), Self.inverse(of: randomB | 1))
    }

    /// Newton's iteration modulo 2^32: each round doubles the bits that are right, three at first.
    private static func inverse(of odd: UInt32) -> UInt32 {
        var x = odd
        for _ in 0..<4 { x = x &* (2 &- odd &* x) }
        return x
    }

    /// The slot that an index from the wire names; the slot's `receiveIndex` must then be equal to the index.
    @inlinable public func slot(of index: UInt32) -> KeypairSlot {
        var x = index &* inverse.1
        x ^= x >> 16
        x = x &* inverse.0
        x ^= x >> 16
        return x & (1 << Self.slotBits - 1)
    }

    /// The index of a slot in its `generation`, of which 10 bits count.
    func index(slot: KeypairSlot, generation: UInt32) -> UInt32 {
        var x = generation << Self.slotBits | slot
        x ^= x >> 16
        x = x &* multiplier.0
        x ^= x >> 16
        return x &* multiplier.1
    }
}
