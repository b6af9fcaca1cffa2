public import Synchronization

/// One prefix that is alone in its subtree.
@frozen @usableFromInline struct AllowedIPsLeaf<Address: FixedWidthInteger & UnsignedInteger> {
    /// The address, host bits zero.
    @usableFromInline var key: Address
    @usableFromInline var length: UInt32
    /// Changes in place when the prefix moves to another peer.
    @usableFromInline var peer: UInt32
    @usableFromInline var entry: UInt32

    @usableFromInline init(key: Address, length: UInt32, peer: UInt32, entry: UInt32) {
        self.key = key
        self.length = length
        self.peer = peer
        self.entry = entry
    }
}

/// Where things are in the arena. A block is 16 bytes; a reference is `block number << 2 | kind`, 0 is none.
///
///     header   generation, root of IPv4, root of IPv6 (UInt32 each), in block 0
///     node     own prefixes (bitmap), children (bitmap), children (UInt32 each, padded to 8), values (peer, entry) each
///     skipping a block with the bits above the node and its level in the lowest byte, then a node
///     leaf     key, length, peer, entry
///
/// The bit of a node's own prefix of 0…5 bits is `2^bits - 1 + those bits`: longer ones are higher.
@usableFromInline enum AllowedIPsLayout {
    /// The reference is to a leaf.
    @inlinable static var isLeaf: UInt32 { 1 }
    /// The reference is to a node that levels above lead to without nodes of their own.
    @inlinable static var isSkipping: UInt32 { 2 }

    /// The deepest level that can be skipped to: below the bits above it, a byte is left for the level.
    static func deepestSkip<Address: FixedWidthInteger>(_: Address.Type) -> Int { (Address.bitWidth - 8) / 6 }

    @inlinable @inline(__always)
    static func generation(_ arena: UnsafeMutableRawPointer) -> UnsafeMutablePointer<UInt32> {
        arena.assumingMemoryBound(to: UInt32.self)
    }

    @inlinable @inline(__always)
    static func rootV4(_ arena: UnsafeMutableRawPointer) -> UnsafeMutablePointer<UInt32> {
        arena.assumingMemoryBound(to: UInt32.self) + 1
    }

    @inlinable @inline(__always)
    static func rootV6(_ arena: UnsafeMutableRawPointer) -> UnsafeMutablePointer<UInt32> {
        arena.assumingMemoryBound(to: UInt32.self) + 2
    }

    @inlinable @inline(__always)
    static func children(_ node: UnsafeMutablePointer<UInt64>) -> UnsafeMutablePointer<UInt32> {
        UnsafeMutableRawPointer(node + 2).assumingMemoryBound(to: UInt32.self)
    }

    @inlinable @inline(__always)
    static func values(_ node: UnsafeMutablePointer<UInt64>) -> UnsafeMutablePointer<UInt32> {
        children(node) + (node[1].nonzeroBitCount &+ 1) & ~1
    }

    /// The word of a leaf that names its peer: behind the key and the length.
    @inlinable @inline(__always)
    static func peer<Address>(of leaf: UnsafeMutablePointer<AllowedIPsLeaf<Address>>) -> UnsafeMutablePointer<UInt32> {
        (UnsafeMutableRawPointer(leaf) + Address.bitWidth / 8 + 4).assumingMemoryBound(to: UInt32.self)
    }

    /// How many bits below `bit` are set: the place of its value or child.
    @inlinable @inline(__always)
    static func rank(_ bitmap: UInt64, _ bit: UInt64) -> Int { (bitmap & (1 &<< bit &- 1)).nonzeroBitCount }

    /// The bits of all prefixes of 0…5 bits that hold these six.
    @inlinable @inline(__always)
    static func covering(_ chunk: UInt64) -> UInt64 {
        let shorter: UInt64 = 1 | 2 &<< (chunk &>> 5) | 8 &<< (chunk &>> 4)
        return shorter | 0x80 &<< (chunk &>> 3) | 0x8000 &<< (chunk &>> 2) | 0x8000_0000 &<< (chunk &>> 1)
    }

    /// The network bits of a prefix.
    @inlinable @inline(__always)
    static func mask<Address: FixedWidthInteger>(_ length: Int) -> Address {
        length == 0 ? 0 : ~0 &<< Address(truncatingIfNeeded: Address.bitWidth &- length)
    }
}

/// Reads a word that the control thread may be changing; what it refers to was written before.
@inlinable @inline(__always)
func loadShared(_ word: UnsafeMutablePointer<UInt32>) -> UInt32 {
    UnsafeMutableRawPointer(word).assumingMemoryBound(to: Atomic<UInt32>.self).pointee.load(ordering: .acquiring)
}

/// Publishes a word and everything that was written before.
func storeShared(_ word: UnsafeMutablePointer<UInt32>, _ value: UInt32) {
    UnsafeMutableRawPointer(word).assumingMemoryBound(to: Atomic<UInt32>.self).pointee.store(
        value, ordering: .releasing)
}
