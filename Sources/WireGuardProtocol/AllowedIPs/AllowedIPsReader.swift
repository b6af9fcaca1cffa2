/// The allowed IPs as workers read them, while the control thread changes them. Copied into each worker.
///
/// A tree bitmap with a stride of six bits (Eatherton, Varghese, Dittia 2004): a node knows 63 possible prefixes of its own
/// and 64 possible children by two bitmaps, and holds only those that are there. A subtree of one prefix is a leaf, and
/// levels at which nothing parts have no nodes.
/// A lookup takes no lock and allocates nothing; what it walks over stays until after the worker's next epoch.
/// `@unchecked Sendable`: whatever changes in place is atomic, everything else is written before it is published.
@frozen public struct AllowedIPsReader: @unchecked Sendable {
    @usableFromInline let arena: UnsafeMutableRawPointer

    init(arena: UnsafeMutableRawPointer) { self.arena = arena }

    /// Changes with every change of the allowed IPs: compare before using a cached answer.
    @inlinable public var generation: UInt32 { loadShared(AllowedIPsLayout.generation(arena)) }

    /// Whose the IPv4 address (host order) is by longest prefix; `.none` where it is nobody's.
    @inlinable public func lookup(v4 address: UInt32) -> PeerIndex {
        lookup(address, root: AllowedIPsLayout.rootV4(arena))
    }

    /// Whose the IPv6 address (host order) is by longest prefix; `.none` where it is nobody's.
    @inlinable public func lookup(v6 address: UInt128) -> PeerIndex {
        lookup(address, root: AllowedIPsLayout.rootV6(arena))
    }

    @inlinable @inline(__always)
    func lookup<Address: FixedWidthInteger & UnsignedInteger>(
        _ address: Address, root: UnsafeMutablePointer<UInt32>
    ) -> PeerIndex {
        var rest = address
        var best: UnsafeMutablePointer<UInt64>?
        var matches: UInt64 = 0
        var reference = loadShared(root)
        while reference != 0 {
            var place = arena + Int(reference >> 2) &<< 4
            if reference & AllowedIPsLayout.isLeaf != 0 {
                let leaf = place.assumingMemoryBound(to: AllowedIPsLeaf<Address>.self)
                let differing = (address ^ leaf.pointee.key) & AllowedIPsLayout.mask(Int(leaf.pointee.length))
                if differing == 0 { return PeerIndex(rawValue: loadShared(AllowedIPsLayout.peer(of: leaf))) }
                break
            }
            if reference & AllowedIPsLayout.isSkipping != 0 {
                let above = place.load(as: Address.self)
                let bits = Int(truncatingIfNeeded: above & 255) &* 6
                if (address ^ above) & AllowedIPsLayout.mask(bits) != 0 { break }
                rest = address &<< Address(truncatingIfNeeded: bits)
                place += 16
            }
            let node = place.assumingMemoryBound(to: UInt64.self)
            let chunk = UInt64(truncatingIfNeeded: rest >> (Address.bitWidth - 6))
            rest = rest &<< 6
            let own = node[0]
            if own != 0 {
                let match = own & AllowedIPsLayout.covering(chunk)
                if match != 0 { (best, matches) = (node, match) }
            }
            let children = node[1]
            guard children &>> chunk & 1 != 0 else { break }
            reference = loadShared(AllowedIPsLayout.children(node) + AllowedIPsLayout.rank(children, chunk))
        }
        guard let best else { return .none }
        let longest = 63 &- UInt64(matches.leadingZeroBitCount)
        let value = AllowedIPsLayout.values(best) + 2 * AllowedIPsLayout.rank(best[0], longest)
        return PeerIndex(rawValue: loadShared(value))
    }
}
