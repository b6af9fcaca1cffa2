public import NetTypes

/// Which peer may use which inner addresses: to whom a packet goes, and from whom it may come.
///
/// Each prefix belongs to one peer; adding it to another moves it, in one atomic step. Workers read through `reader` at any
/// time. Single consumer: the control thread.
public struct AllowedIPs: ~Copyable {
    /// One prefix, in its peer's list.
    struct Entry {
        var key: UInt128
        var peer: PeerIndex
        var next: UInt32
        var previous: UInt32
        var length: UInt8
        var isV6: Bool
    }

    var arena: AllowedIPsArena
    /// Entry 0 is none; free entries are chained by `next`.
    private var entries: [Entry] = [Entry(key: 0, peer: .none, next: 0, previous: 0, length: 0, isV6: false)]
    private var freeEntry: UInt32 = 0
    /// By peer: the first and the last entry of its list.
    private var lists: [(first: UInt32, last: UInt32)] = []
    /// Prefixes of all peers.
    public private(set) var count = 0

    /// No prefixes. `byteCount`: address space to reserve; nil without it.
    public init?(byteCount: Int = 4 << 30) {
        guard let arena = AllowedIPsArena(byteCount: byteCount) else { return nil }
        self.arena = arena
    }

    /// What workers look up with. Lives as long as this.
    public var reader: AllowedIPsReader { AllowedIPsReader(arena: arena.base) }

    /// Gives the prefix to the peer, at the end of its list, whoever had it. False: no memory is left, nothing changed.
    public mutating func insert(_ prefix: IPPrefix, peer: PeerIndex) -> Bool {
        guard arena.hasRoom else { return false }
        let entry = makeEntry(prefix, peer: peer)
        let existing =
            switch prefix.address {
            case .v4(let a): insertLeaf(Value(key: a.rawValue, length: prefix.length, peer: peer, entry: entry))
            case .v6(let a): insertLeaf(Value(key: a.rawValue, length: prefix.length, peer: peer, entry: entry))
            }
        if existing != 0 { dropEntry(existing) }
        changed()
        return true
    }

    /// Takes the prefix away from the peer. False: the peer does not have exactly this one.
    @discardableResult public mutating func remove(_ prefix: IPPrefix, peer: PeerIndex) -> Bool {
        let entry =
            switch prefix.address {
            case .v4(let a): removeLeaf(a.rawValue, length: prefix.length, peer: peer)
            case .v6(let a): removeLeaf(a.rawValue, length: prefix.length, peer: peer)
            }
        guard entry != 0 else { return false }
        dropEntry(entry)
        changed()
        return true
    }

    /// Takes all prefixes of the peer away.
    public mutating func removeAll(of peer: PeerIndex) {
        while let entry = first(of: peer) { remove(prefix(entry), peer: peer) }
    }

    /// Calls `body` with each prefix of the peer, in the order in which they were added.
    public func forEach(of peer: PeerIndex, _ body: (IPPrefix) -> Void) {
        var entry = first(of: peer)
        while let at = entry {
            body(prefix(at))
            entry = entries[Int(at)].next == 0 ? nil : entries[Int(at)].next
        }
    }

    func prefix(_ entry: UInt32) -> IPPrefix {
        let entry = entries[Int(entry)]
        let address: IPAddress =
            entry.isV6
            ? .v6(IPv6Address(rawValue: entry.key))
            : .v4(IPv4Address(rawValue: UInt32(truncatingIfNeeded: entry.key)))
        return IPPrefix(masking: address, length: Int(entry.length))
    }

    func entry(_ index: UInt32) -> Entry { entries[Int(index)] }

    private func first(of peer: PeerIndex) -> UInt32? {
        let place = Int(peer.rawValue)
        return place < lists.count && lists[place].first != 0 ? lists[place].first : nil
    }

    private mutating func makeEntry(_ prefix: IPPrefix, peer: PeerIndex) -> UInt32 {
        let place = Int(peer.rawValue)
        while lists.count <= place { lists.append((0, 0)) }
        let key: UInt128 =
            switch prefix.address {
            case .v4(let a): UInt128(a.rawValue)
            case .v6(let a): a.rawValue
            }
        let last = lists[place].last
        let entry = Entry(
            key: key, peer: peer, next: 0, previous: last, length: UInt8(prefix.length), isV6: prefix.isV6)
        var index = freeEntry
        if index == 0 {
            index = UInt32(entries.count)
            entries.append(entry)
        } else {
            freeEntry = entries[Int(index)].next
            entries[Int(index)] = entry
        }
        if last == 0 { lists[place].first = index } else { entries[Int(last)].next = index }
        lists[place].last = index
        count += 1
        return index
    }

    private mutating func dropEntry(_ index: UInt32) {
        let entry = entries[Int(index)]
        let place = Int(entry.peer.rawValue)
        if entry.previous == 0 {
            lists[place].first = entry.next
        } else {
            entries[Int(entry.previous)].next = entry.next
        }
        if entry.next == 0 {
            lists[place].last = entry.previous
        } else {
            entries[Int(entry.next)].previous = entry.previous
        }
        entries[Int(index)] = Entry(key: 0, peer: .none, next: freeEntry, previous: 0, length: 0, isV6: false)
        freeEntry = index
        count -= 1
    }

    private func changed() {
        let generation = AllowedIPsLayout.generation(arena.base)
        storeShared(generation, generation.pointee &+ 1)
    }
}
