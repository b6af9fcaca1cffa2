/// The tree's changes. A node is never changed but for the references to its children and the owners of its values: every
/// other change makes a new node, publishes it by one store into its parent, and retires the old one.
extension AllowedIPs {
    typealias Layout = AllowedIPsLayout

    /// A reference on the way to a prefix, and the level of what it refers to if that is a plain node.
    struct Step {
        var slot: UnsafeMutablePointer<UInt32>
        var level: Int
    }

    /// What a new value is made of.
    struct Value<Address: FixedWidthInteger & UnsignedInteger> {
        var key: Address
        var length: Int
        var peer: PeerIndex
        var entry: UInt32
    }

    private func root<Address: FixedWidthInteger>(_: Address.Type) -> UnsafeMutablePointer<UInt32> {
        Address.bitWidth == 32 ? Layout.rootV4(arena.base) : Layout.rootV6(arena.base)
    }

    private func leaf<Address>(_ reference: UInt32) -> UnsafeMutablePointer<AllowedIPsLeaf<Address>> {
        arena.memory(reference >> 2).assumingMemoryBound(to: AllowedIPsLeaf<Address>.self)
    }

    static func chunk<Address: FixedWidthInteger>(_ key: Address, level: Int) -> UInt64 {
        UInt64(truncatingIfNeeded: (key << Address(6 * level)) >> (Address(Address.bitWidth - 6)))
    }

    /// The bit of a prefix in the node at its level.
    private static func ownBit<Address: FixedWidthInteger>(_ key: Address, length: Int, level: Int) -> UInt64 {
        let bits = UInt64(length - 6 * level)
        return 1 << bits - 1 + chunk(key, level: level) >> (6 - bits)
    }

    // MARK: Inserting

    /// Returns the entry that had exactly this prefix, 0 for none.
    mutating func insertLeaf<Address: FixedWidthInteger & UnsignedInteger>(_ value: Value<Address>) -> UInt32 {
        var slot = root(Address.self)
        var level = 0
        while true {
            let reference = slot.pointee
            if reference == 0 {
                storeShared(slot, makeLeaf(value))
                return 0
            }
            if reference & Layout.isLeaf != 0 {
                let other: UnsafeMutablePointer<AllowedIPsLeaf<Address>> = leaf(reference)
                if other.pointee.key == value.key && Int(other.pointee.length) == value.length {
                    return replace(Layout.peer(of: other), value)
                }
                storeShared(slot, join(reference, other.pointee.key, Int(other.pointee.length), value, level: level))
                return 0
            }
            if let skip: (key: Address, level: Int) = skip(reference) {
                let common = (skip.key ^ value.key).leadingZeroBitCount
                if min(common, value.length) < 6 * skip.level {
                    storeShared(slot, join(reference, skip.key, 6 * skip.level, value, level: level))
                    return 0
                }
                level = skip.level
            }
            let node = node(reference)
            if value.length - 6 * level < 6 {
                let bit = Self.ownBit(value.key, length: value.length, level: level)
                if node[0] >> bit & 1 != 0 {
                    return replace(Layout.values(node) + 2 * Layout.rank(node[0], bit), value)
                }
                storeShared(slot, rebuilt(reference, addingValue: bit, peer: value.peer, entry: value.entry))
                retireNode(reference)
                return 0
            }
            let chunk = Self.chunk(value.key, level: level)
            if node[1] >> chunk & 1 == 0 {
                storeShared(slot, rebuilt(reference, addingChild: chunk, makeLeaf(value)))
                retireNode(reference)
                return 0
            }
            slot = Layout.children(node) + Layout.rank(node[1], chunk)
            level += 1
        }
    }

    /// Gives a value to another peer in place. Workers read the peer only; the entry behind it is the control thread's.
    private func replace<Address>(_ place: UnsafeMutablePointer<UInt32>, _ value: Value<Address>) -> UInt32 {
        let old = place[1]
        place[1] = value.entry
        storeShared(place, value.peer.rawValue)
        return old
    }

    private mutating func makeLeaf<Address>(_ value: Value<Address>) -> UInt32 {
        let block = arena.allocate(Self.leafBlocks(Address.self))
        arena.memory(block).initializeMemory(
            as: AllowedIPsLeaf<Address>.self,
            to: AllowedIPsLeaf(
                key: value.key, length: UInt32(value.length), peer: value.peer.rawValue, entry: value.entry))
        return block << 2 | Layout.isLeaf
    }

    private static func leafBlocks<Address: FixedWidthInteger & UnsignedInteger>(_: Address.Type) -> Int {
        (MemoryLayout<AllowedIPsLeaf<Address>>.size + 15) / 16
    }

    /// A node where a leaf or a skipping node (whose bits are `key` and `length`) and a new prefix part, for a slot at `level`.
    private mutating func join<Address: FixedWidthInteger & UnsignedInteger>(
        _ reference: UInt32, _ key: Address, _ length: Int, _ value: Value<Address>, level: Int
    ) -> UInt32 {
        let common = min((key ^ value.key).leadingZeroBitCount, length, value.length)
        let parting = common / 6
        let skips = min(parting, Layout.deepestSkip(Address.self))
        if skips < parting && level < parting {
            // The last levels cannot be skipped to: there a node of one child leads on.
            let below = join(reference, key, length, value, level: parting)
            let made = makeNode(
                own: 0, children: 1 << Self.chunk(value.key, level: skips),
                skip: skips > level ? (value.key, skips) : nil)
            Layout.children(node(made))[0] = below
            return made
        }
        let skip: (key: Address, level: Int)? = parting > level ? (value.key, parting) : nil
        let first: UInt32
        if reference & Layout.isLeaf != 0 && length - 6 * parting < 6 {
            let old: UnsafeMutablePointer<AllowedIPsLeaf<Address>> = leaf(reference)
            first = makeNode(own: 1 << Self.ownBit(key, length: length, level: parting), children: 0, skip: skip)
            Layout.values(node(first))[0] = old.pointee.peer
            Layout.values(node(first))[1] = old.pointee.entry
            arena.retire(reference >> 2, size: Self.leafBlocks(Address.self))
        } else {
            first = makeNode(own: 0, children: 1 << Self.chunk(key, level: parting), skip: skip)
            Layout.children(node(first))[0] = reference
        }
        defer { discardNode(first) }
        if value.length - 6 * parting < 6 {
            let bit = Self.ownBit(value.key, length: value.length, level: parting)
            return rebuilt(first, addingValue: bit, peer: value.peer, entry: value.entry)
        }
        return rebuilt(first, addingChild: Self.chunk(value.key, level: parting), makeLeaf(value))
    }

    // MARK: Removing

    /// Returns the entry of the prefix, 0 where this peer does not have it.
    mutating func removeLeaf<Address: FixedWidthInteger & UnsignedInteger>(
        _ key: Address, length: Int, peer: PeerIndex
    ) -> UInt32 {
        var steps = [Step(slot: root(Address.self), level: 0)]
        while true {
            var level = steps[steps.count - 1].level
            let reference = steps[steps.count - 1].slot.pointee
            if reference == 0 { return 0 }
            if reference & Layout.isLeaf != 0 {
                let found: UnsafeMutablePointer<AllowedIPsLeaf<Address>> = leaf(reference)
                guard found.pointee.key == key, Int(found.pointee.length) == length, found.pointee.peer == peer.rawValue
                else { return 0 }
                let entry = found.pointee.entry
                removeChild(key, steps)
                arena.retire(reference >> 2, size: Self.leafBlocks(Address.self))
                return entry
            }
            if let skip: (key: Address, level: Int) = skip(reference) {
                guard min((skip.key ^ key).leadingZeroBitCount, length) >= 6 * skip.level else { return 0 }
                level = skip.level
                steps[steps.count - 1].level = level
            }
            let node = node(reference)
            if length - 6 * level < 6 {
                let bit = Self.ownBit(key, length: length, level: level)
                guard node[0] >> bit & 1 != 0 else { return 0 }
                let value = Layout.values(node) + 2 * Layout.rank(node[0], bit)
                guard value[0] == peer.rawValue else { return 0 }
                let entry = value[1]
                publish(rebuilt(reference, removingValue: bit), key, steps)
                retireNode(reference)
                return entry
            }
            let chunk = Self.chunk(key, level: level)
            guard node[1] >> chunk & 1 != 0 else { return 0 }
            steps.append(Step(slot: Layout.children(node) + Layout.rank(node[1], chunk), level: level + 1))
        }
    }

    /// Takes the reference of the last step out of its node.
    private mutating func removeChild<Address: FixedWidthInteger & UnsignedInteger>(_ key: Address, _ steps: [Step]) {
        guard steps.count > 1 else { return storeShared(steps[0].slot, 0) }
        let above = Array(steps.dropLast())
        let parent = above[above.count - 1].slot.pointee
        publish(rebuilt(parent, removingChild: Self.chunk(key, level: above[above.count - 1].level)), key, above)
        retireNode(parent)
    }

    /// Puts a new node where the last step is, made smaller: without a prefix of its own and with one child it is that child,
    /// with one prefix only it is a leaf, and with nothing it is none.
    private mutating func publish<Address: FixedWidthInteger & UnsignedInteger>(
        _ made: UInt32, _ key: Address, _ steps: [Step]
    ) {
        let node = node(made)
        let step = steps[steps.count - 1]
        let small: UInt32
        switch (node[0].nonzeroBitCount, node[1].nonzeroBitCount) {
        case (0, 0):
            discardNode(made)
            return removeChild(key, steps)
        case (0, 1):
            let child = Layout.children(node)[0]
            let chunk = UInt64(node[1].trailingZeroBitCount)
            guard let lifted = lifted(child, key, level: step.level, chunk: chunk) else {
                return storeShared(step.slot, made)
            }
            small = lifted
        case (1, 0):
            let value = Layout.values(node)
            let entry = entry(value[1])
            small = makeLeaf(
                Value(
                    key: Address(truncatingIfNeeded: entry.key), length: Int(entry.length),
                    peer: PeerIndex(rawValue: value[0]), entry: value[1]))
        default: return storeShared(step.slot, made)
        }
        discardNode(made)
        guard steps.count > 1 else { return storeShared(step.slot, small) }
        // The parent may be a node that only led to this one; then what is left moves up once more.
        let above = Array(steps.dropLast())
        let parent = above[above.count - 1].slot.pointee
        if self.node(parent)[0] == 0 && self.node(parent)[1].nonzeroBitCount == 1 {
            let copy = rebuilt(parent, replacingOnlyChild: small)
            publish(copy, key, above)
            retireNode(parent)
        } else {
            storeShared(step.slot, small)
        }
    }

    /// The only child of a node at `level` in that node's place: a plain node becomes one that skips to its own level.
    /// nil where it is too deep to be skipped to.
    private mutating func lifted<Address: FixedWidthInteger & UnsignedInteger>(
        _ child: UInt32, _ key: Address, level: Int, chunk: UInt64
    ) -> UInt32? {
        if child & (Layout.isLeaf | Layout.isSkipping) != 0 { return child }
        guard level + 1 <= Layout.deepestSkip(Address.self) else { return nil }
        let old = node(child)
        let above: Address = key & Layout.mask(6 * level)
        let bits = above | Address(truncatingIfNeeded: chunk) << Address(Address.bitWidth - 6 * (level + 1))
        let made = makeNode(own: old[0], children: old[1], skip: (bits, level + 1))
        node(made).update(from: old, count: Self.words(own: old[0], children: old[1]))
        retireNode(child)
        return made
    }
}
