/// The nodes of the tree in their memory: made, copied with one change, retired.
extension AllowedIPs {
    /// The node that a reference refers to, behind the block that says what is skipped, if there is one.
    func node(_ reference: UInt32) -> UnsafeMutablePointer<UInt64> {
        let extra: UInt32 = reference & Layout.isSkipping == 0 ? 0 : 1
        return arena.memory(reference >> 2 + extra).assumingMemoryBound(to: UInt64.self)
    }

    /// The bits that a skipping node stands for, and its level; nil for a plain node.
    func skip<Address: FixedWidthInteger>(_ reference: UInt32) -> (key: Address, level: Int)? {
        guard reference & Layout.isSkipping != 0 else { return nil }
        let word = arena.memory(reference >> 2).load(as: Address.self)
        return (word & ~Address(255), Int(word & 255))
    }

    static func words(own: UInt64, children: UInt64) -> Int {
        2 + (children.nonzeroBitCount + 1) / 2 + own.nonzeroBitCount
    }

    private static func blocks(own: UInt64, children: UInt64) -> Int { (words(own: own, children: children) + 1) / 2 }

    /// A node without values and children yet. `skip`: the bits above it, and its level.
    mutating func makeNode<Address: FixedWidthInteger & UnsignedInteger>(
        own: UInt64, children: UInt64, skip: (key: Address, level: Int)?
    ) -> UInt32 {
        let block = arena.allocate(Self.blocks(own: own, children: children) + (skip == nil ? 0 : 1))
        if let skip {
            let bits: Address = skip.key & Layout.mask(6 * skip.level)
            arena.memory(block).storeBytes(of: bits | Address(skip.level), as: Address.self)
        }
        let reference = block << 2 | (skip == nil ? 0 : Layout.isSkipping)
        node(reference)[0] = own
        node(reference)[1] = children
        return reference
    }

    /// A node with other bitmaps that skips what `old` skips.
    private mutating func makeNode(like old: UInt32, own: UInt64, children: UInt64) -> UInt32 {
        let extra = old & Layout.isSkipping == 0 ? 0 : 1
        let block = arena.allocate(Self.blocks(own: own, children: children) + extra)
        arena.memory(block).copyMemory(from: arena.memory(old >> 2), byteCount: 16 * extra)
        let reference = block << 2 | old & Layout.isSkipping
        node(reference)[0] = own
        node(reference)[1] = children
        return reference
    }

    private func size(_ reference: UInt32) -> Int {
        let node = node(reference)
        return Self.blocks(own: node[0], children: node[1]) + (reference & Layout.isSkipping == 0 ? 0 : 1)
    }

    mutating func retireNode(_ reference: UInt32) { arena.retire(reference >> 2, size: size(reference)) }

    /// A node that no worker has seen.
    mutating func discardNode(_ reference: UInt32) { arena.release([(reference >> 2, UInt32(size(reference)))]) }

    mutating func rebuilt(
        _ reference: UInt32, addingValue bit: UInt64, peer: PeerIndex, entry: UInt32
    ) -> UInt32 {
        let old = node(reference)
        let made = makeNode(like: reference, own: old[0] | 1 << bit, children: old[1])
        let rank = Layout.rank(old[0], bit)
        let (from, to) = (Layout.values(old), Layout.values(node(made)))
        Layout.children(node(made)).update(from: Layout.children(old), count: old[1].nonzeroBitCount)
        to.update(from: from, count: 2 * rank)
        to[2 * rank] = peer.rawValue
        to[2 * rank + 1] = entry
        (to + 2 * rank + 2).update(from: from + 2 * rank, count: 2 * (old[0].nonzeroBitCount - rank))
        return made
    }

    mutating func rebuilt(_ reference: UInt32, removingValue bit: UInt64) -> UInt32 {
        let old = node(reference)
        let made = makeNode(like: reference, own: old[0] & ~(1 << bit), children: old[1])
        let rank = Layout.rank(old[0], bit)
        let (from, to) = (Layout.values(old), Layout.values(node(made)))
        Layout.children(node(made)).update(from: Layout.children(old), count: old[1].nonzeroBitCount)
        to.update(from: from, count: 2 * rank)
        (to + 2 * rank).update(from: from + 2 * rank + 2, count: 2 * (old[0].nonzeroBitCount - rank - 1))
        return made
    }

    mutating func rebuilt(_ reference: UInt32, addingChild chunk: UInt64, _ child: UInt32) -> UInt32 {
        let old = node(reference)
        let made = makeNode(like: reference, own: old[0], children: old[1] | 1 << chunk)
        let rank = Layout.rank(old[1], chunk)
        let (from, to) = (Layout.children(old), Layout.children(node(made)))
        to.update(from: from, count: rank)
        to[rank] = child
        (to + rank + 1).update(from: from + rank, count: old[1].nonzeroBitCount - rank)
        Layout.values(node(made)).update(from: Layout.values(old), count: 2 * old[0].nonzeroBitCount)
        return made
    }

    mutating func rebuilt(_ reference: UInt32, removingChild chunk: UInt64) -> UInt32 {
        let old = node(reference)
        let made = makeNode(like: reference, own: old[0], children: old[1] & ~(1 << chunk))
        let rank = Layout.rank(old[1], chunk)
        let (from, to) = (Layout.children(old), Layout.children(node(made)))
        to.update(from: from, count: rank)
        (to + rank).update(from: from + rank + 1, count: old[1].nonzeroBitCount - rank - 1)
        Layout.values(node(made)).update(from: Layout.values(old), count: 2 * old[0].nonzeroBitCount)
        return made
    }

    mutating func rebuilt(_ reference: UInt32, replacingOnlyChild child: UInt32) -> UInt32 {
        let made = makeNode(like: reference, own: 0, children: node(reference)[1])
        Layout.children(node(made))[0] = child
        return made
    }
}
