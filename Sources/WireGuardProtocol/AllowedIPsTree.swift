/// The tree's changes. A node is never changed but for the references to its children and the owners of its values: every
/// other change makes a new node, publishes it by one store into its parent, and retires the old one.
extension AllowedIPs {
    private typealias Layout = AllowedIPsLayout

    private func root<Address: FixedWidthInteger>(_: Address.Type) -> UnsafeMutablePointer<UInt32> {
        Address.bitWidth == 32 ? Layout.rootV4(arena.base) : Layout.rootV6(arena.base)
    }

    private func node(_ reference: UInt32) -> UnsafeMutablePointer<UInt64> {
        arena.memory(reference >> 1).assumingMemoryBound(to: UInt64.self)
    }

    private func leaf<Address>(_ reference: UInt32) -> UnsafeMutablePointer<AllowedIPsLeaf<Address>> {
        arena.memory(reference >> 1).assumingMemoryBound(to: AllowedIPsLeaf<Address>.self)
    }

    private static func chunk<Address: FixedWidthInteger>(_ key: Address, level: Int) -> UInt64 {
        UInt64(truncatingIfNeeded: (key << Address(6 * level)) >> (Address(Address.bitWidth - 6)))
    }

    /// The bit of a prefix in the node at its level.
    private static func ownBit<Address: FixedWidthInteger>(_ key: Address, length: Int, level: Int) -> UInt64 {
        let bits = UInt64(length - 6 * level)
        return 1 << bits - 1 + chunk(key, level: level) >> (6 - bits)
    }

    private static func blocks(own: UInt64, children: UInt64) -> Int {
        (16 + (children.nonzeroBitCount + 1) / 2 * 8 + own.nonzeroBitCount * 8 + 15) / 16
    }

    // MARK: Inserting

    /// Returns the entry that had exactly this prefix, 0 for none.
    mutating func insertLeaf<Address: FixedWidthInteger & UnsignedInteger>(
        _ key: Address, length: Int, peer: PeerIndex, entry: UInt32
    ) -> UInt32 {
        var slot = root(Address.self)
        var level = 0
        while true {
            let reference = slot.pointee
            if reference == 0 {
                storeShared(slot, makeLeaf(key, length: length, peer: peer, entry: entry))
                return 0
            }
            if reference & 1 != 0 {
                let other: UnsafeMutablePointer<AllowedIPsLeaf<Address>> = leaf(reference)
                if other.pointee.key == key && Int(other.pointee.length) == length {
                    return replace(Layout.peer(of: other), peer: peer, entry: entry)
                }
                storeShared(slot, split(reference, key, length: length, peer: peer, entry: entry, level: level))
                return 0
            }
            let node = node(reference)
            if length - 6 * level < 6 {
                let bit = Self.ownBit(key, length: length, level: level)
                if node[0] >> bit & 1 != 0 {
                    return replace(Layout.values(node) + 2 * Layout.rank(node[0], bit), peer: peer, entry: entry)
                }
                storeShared(slot, rebuilt(node, addingValue: bit, peer: peer, entry: entry))
                retireNode(reference)
                return 0
            }
            let chunk = Self.chunk(key, level: level)
            if node[1] >> chunk & 1 == 0 {
                let child = makeLeaf(key, length: length, peer: peer, entry: entry)
                storeShared(slot, rebuilt(node, addingChild: chunk, child))
                retireNode(reference)
                return 0
            }
            slot = Layout.children(node) + Layout.rank(node[1], chunk)
            level += 1
        }
    }

    /// Gives a value to another peer in place. Workers read the peer only; the entry behind it is the control thread's.
    private func replace(_ value: UnsafeMutablePointer<UInt32>, peer: PeerIndex, entry: UInt32) -> UInt32 {
        let old = value[1]
        value[1] = entry
        storeShared(value, peer.rawValue)
        return old
    }

    private mutating func makeLeaf<Address: FixedWidthInteger & UnsignedInteger>(
        _ key: Address, length: Int, peer: PeerIndex, entry: UInt32
    ) -> UInt32 {
        let block = arena.allocate(Self.leafBlocks(Address.self))
        arena.memory(block).initializeMemory(
            as: AllowedIPsLeaf<Address>.self,
            to: AllowedIPsLeaf(key: key, length: UInt32(length), peer: peer.rawValue, entry: entry))
        return block << 1 | 1
    }

    private static func leafBlocks<Address: FixedWidthInteger & UnsignedInteger>(_: Address.Type) -> Int {
        (MemoryLayout<AllowedIPsLeaf<Address>>.size + 15) / 16
    }

    /// A node at `level` for a leaf that is there and a prefix that is new.
    private mutating func split<Address: FixedWidthInteger & UnsignedInteger>(
        _ reference: UInt32, _ key: Address, length: Int, peer: PeerIndex, entry: UInt32, level: Int
    ) -> UInt32 {
        let old: UnsafeMutablePointer<AllowedIPsLeaf<Address>> = leaf(reference)
        let (oldKey, oldLength) = (old.pointee.key, Int(old.pointee.length))
        let isOwn = length - 6 * level < 6
        let oldIsOwn = oldLength - 6 * level < 6
        var made: UInt32
        if oldIsOwn {
            made = makeNode(own: 1 << Self.ownBit(oldKey, length: oldLength, level: level), children: 0)
            Layout.values(node(made))[0] = old.pointee.peer
            Layout.values(node(made))[1] = old.pointee.entry
            arena.retire(reference >> 1, size: Self.leafBlocks(Address.self))
        } else {
            made = makeNode(own: 0, children: 1 << Self.chunk(oldKey, level: level))
            Layout.children(node(made))[0] = reference
        }
        let first = node(made)
        if isOwn {
            let bit = Self.ownBit(key, length: length, level: level)
            let both = rebuilt(first, addingValue: bit, peer: peer, entry: entry)
            discardNode(made)
            return both
        }
        let chunk = Self.chunk(key, level: level)
        if first[1] >> chunk & 1 != 0 {
            let child = split(reference, key, length: length, peer: peer, entry: entry, level: level + 1)
            Layout.children(first)[0] = child
            return made
        }
        let both = rebuilt(first, addingChild: chunk, makeLeaf(key, length: length, peer: peer, entry: entry))
        discardNode(made)
        return both
    }

    // MARK: Removing

    /// Returns the entry of the prefix, 0 where this peer does not have it.
    mutating func removeLeaf<Address: FixedWidthInteger & UnsignedInteger>(
        _ key: Address, length: Int, peer: PeerIndex
    ) -> UInt32 {
        var slots: [UnsafeMutablePointer<UInt32>] = [root(Address.self)]
        while true {
            let level = slots.count - 1
            let slot = slots[level]
            let reference = slot.pointee
            if reference == 0 { return 0 }
            if reference & 1 != 0 {
                let found: UnsafeMutablePointer<AllowedIPsLeaf<Address>> = leaf(reference)
                guard found.pointee.key == key, Int(found.pointee.length) == length, found.pointee.peer == peer.rawValue
                else { return 0 }
                let entry = found.pointee.entry
                removeChild(of: Address.self, key, slots)
                arena.retire(reference >> 1, size: Self.leafBlocks(Address.self))
                return entry
            }
            let node = node(reference)
            if length - 6 * level < 6 {
                let bit = Self.ownBit(key, length: length, level: level)
                guard node[0] >> bit & 1 != 0 else { return 0 }
                let value = Layout.values(node) + 2 * Layout.rank(node[0], bit)
                guard value[0] == peer.rawValue else { return 0 }
                let entry = value[1]
                publish(rebuilt(node, removingValue: bit), Address.self, key, slots)
                retireNode(reference)
                return entry
            }
            let chunk = Self.chunk(key, level: level)
            guard node[1] >> chunk & 1 != 0 else { return 0 }
            slots.append(Layout.children(node) + Layout.rank(node[1], chunk))
        }
    }

    /// Takes the reference in the last of `slots` out of its node.
    private mutating func removeChild<Address: FixedWidthInteger & UnsignedInteger>(
        of _: Address.Type, _ key: Address, _ slots: [UnsafeMutablePointer<UInt32>]
    ) {
        guard slots.count > 1 else { return storeShared(slots[0], 0) }
        let parents = Array(slots.dropLast())
        let parent = parents.last!.pointee
        let chunk = Self.chunk(key, level: parents.count - 1)
        publish(rebuilt(node(parent), removingChild: chunk), Address.self, key, parents)
        retireNode(parent)
    }

    /// Puts a new node into the last of `slots`, made smaller: a node of one prefix is a leaf, one of nothing is none.
    private mutating func publish<Address: FixedWidthInteger & UnsignedInteger>(
        _ made: UInt32, _: Address.Type, _ key: Address, _ slots: [UnsafeMutablePointer<UInt32>]
    ) {
        let node = node(made)
        let small: UInt32
        switch (node[0].nonzeroBitCount, node[1].nonzeroBitCount) {
        case (0, 0):
            discardNode(made)
            return removeChild(of: Address.self, key, slots)
        case (0, 1) where Layout.children(node)[0] & 1 != 0:
            small = Layout.children(node)[0]
        case (1, 0):
            let value = Layout.values(node)
            let entry = entry(value[1])
            small = makeLeaf(
                Address(truncatingIfNeeded: entry.key), length: Int(entry.length), peer: PeerIndex(rawValue: value[0]),
                entry: value[1])
        default: return storeShared(slots.last!, made)
        }
        discardNode(made)
        guard slots.count > 1 else { return storeShared(slots[0], small) }
        // The parent may have been a node for this one child only; then the leaf moves up.
        let parents = Array(slots.dropLast())
        let parent = parents.last!.pointee
        let above = self.node(parent)
        if above[0] == 0 && above[1].nonzeroBitCount == 1 {
            let copy = makeNode(own: 0, children: above[1])
            Layout.children(self.node(copy))[0] = small
            publish(copy, Address.self, key, parents)
            retireNode(parent)
        } else {
            storeShared(slots.last!, small)
        }
    }

    // MARK: Nodes

    private mutating func makeNode(own: UInt64, children: UInt64) -> UInt32 {
        let block = arena.allocate(Self.blocks(own: own, children: children))
        let node = arena.memory(block).assumingMemoryBound(to: UInt64.self)
        node[0] = own
        node[1] = children
        return block << 1
    }

    private mutating func retireNode(_ reference: UInt32) {
        let old = node(reference)
        arena.retire(reference >> 1, size: Self.blocks(own: old[0], children: old[1]))
    }

    /// A node that no worker has seen.
    private mutating func discardNode(_ reference: UInt32) {
        let old = node(reference)
        arena.release([(reference >> 1, UInt32(Self.blocks(own: old[0], children: old[1])))])
    }

    private mutating func rebuilt(
        _ old: UnsafeMutablePointer<UInt64>, addingValue bit: UInt64, peer: PeerIndex, entry: UInt32
    ) -> UInt32 {
        let made = makeNode(own: old[0] | 1 << bit, children: old[1])
        let rank = Layout.rank(old[0], bit)
        let (from, to) = (Layout.values(old), Layout.values(node(made)))
        Layout.children(node(made)).update(from: Layout.children(old), count: old[1].nonzeroBitCount)
        to.update(from: from, count: 2 * rank)
        to[2 * rank] = peer.rawValue
        to[2 * rank + 1] = entry
        (to + 2 * rank + 2).update(from: from + 2 * rank, count: 2 * (old[0].nonzeroBitCount - rank))
        return made
    }

    private mutating func rebuilt(_ old: UnsafeMutablePointer<UInt64>, removingValue bit: UInt64) -> UInt32 {
        let made = makeNode(own: old[0] & ~(1 << bit), children: old[1])
        let rank = Layout.rank(old[0], bit)
        let (from, to) = (Layout.values(old), Layout.values(node(made)))
        Layout.children(node(made)).update(from: Layout.children(old), count: old[1].nonzeroBitCount)
        to.update(from: from, count: 2 * rank)
        (to + 2 * rank).update(from: from + 2 * rank + 2, count: 2 * (old[0].nonzeroBitCount - rank - 1))
        return made
    }

    private mutating func rebuilt(
        _ old: UnsafeMutablePointer<UInt64>, addingChild chunk: UInt64, _ child: UInt32
    ) -> UInt32 {
        let made = makeNode(own: old[0], children: old[1] | 1 << chunk)
        let rank = Layout.rank(old[1], chunk)
        let (from, to) = (Layout.children(old), Layout.children(node(made)))
        to.update(from: from, count: rank)
        to[rank] = child
        (to + rank + 1).update(from: from + rank, count: old[1].nonzeroBitCount - rank)
        Layout.values(node(made)).update(from: Layout.values(old), count: 2 * old[0].nonzeroBitCount)
        return made
    }

    private mutating func rebuilt(_ old: UnsafeMutablePointer<UInt64>, removingChild chunk: UInt64) -> UInt32 {
        let made = makeNode(own: old[0], children: old[1] & ~(1 << chunk))
        let rank = Layout.rank(old[1], chunk)
        let (from, to) = (Layout.children(old), Layout.children(node(made)))
        to.update(from: from, count: rank)
        (to + rank).update(from: from + rank + 1, count: old[1].nonzeroBitCount - rank - 1)
        Layout.values(node(made)).update(from: Layout.values(old), count: 2 * old[0].nonzeroBitCount)
        return made
    }
}
