// Packets that wait for a session: one list a peer, bounded each and in all.

import Glibc
import WireGuardProtocol

/// The staged packets of one worker. Not on the packet's way: a packet comes here only while there is no keypair.
struct StagedPackets: ~Copyable {
    /// Bytes that may wait in all.
    static let byteLimit = 32 << 20

    /// One waiting packet, virtio header first. `tail` bytes of room behind it are for padding.
    private struct Node {
        var next: UnsafeMutablePointer<Node>?
        var count: Int
    }

    private struct List {
        var first: UnsafeMutablePointer<Node>?
        var last: UnsafeMutablePointer<Node>?
        var count: Int
    }

    private static var dataOffset: Int { MemoryLayout<Node>.stride }
    private static var tail: Int { 64 }
    private let lists: UnsafeMutablePointer<List>
    private var bytes = 0

    /// Room for lists of peers 1…capacity, backed when touched; zero bytes are an empty list.
    init(capacity: Int) {
        let memory = reserveZeroed((capacity + 1) * MemoryLayout<List>.stride)
        lists = memory.bindMemory(to: List.self, capacity: capacity + 1)
    }

    /// How many wait for the peer.
    func count(_ peer: PeerIndex) -> Int { lists[Int(peer.rawValue)].count }

    /// Keeps a copy of the packet; drops the peer's oldest if there are too many, or the packet itself if all peers together
    /// have too much. Returns by how much the peer's count changed.
    mutating func append(_ peer: PeerIndex, _ packet: UnsafeRawPointer, _ count: Int) -> Int32 {
        let list = lists + Int(peer.rawValue)
        let before = list.pointee.count
        if before >= Limits.stagedPackets, let oldest = removeFirst(peer) { free(oldest) }
        if bytes + count <= Self.byteLimit, let memory = malloc(Self.dataOffset + count + Self.tail) {
            let node = memory.bindMemory(to: Node.self, capacity: 1)
            node.initialize(to: Node(next: nil, count: count))
            (memory + Self.dataOffset).copyMemory(from: packet, byteCount: count)
            if let last = list.pointee.last { last.pointee.next = node } else { list.pointee.first = node }
            list.pointee.last = node
            list.pointee.count += 1
            bytes += count
        }
        return Int32(list.pointee.count - before)
    }

    /// Takes the peer's oldest packet out: its memory, to be given to `free`, and where the packet is in it.
    mutating func takeFirst(_ peer: PeerIndex) -> (UnsafeMutableRawPointer, UnsafeMutableRawPointer, Int)? {
        guard let node = removeFirst(peer) else { return nil }
        let memory = UnsafeMutableRawPointer(node)
        return (memory, memory + Self.dataOffset, node.pointee.count)
    }

    /// Drops what waits for the peer; returns how many that were.
    mutating func drop(_ peer: PeerIndex) -> Int32 {
        let count = lists[Int(peer.rawValue)].count
        while let node = removeFirst(peer) { free(node) }
        return Int32(count)
    }

    private mutating func removeFirst(_ peer: PeerIndex) -> UnsafeMutablePointer<Node>? {
        let list = lists + Int(peer.rawValue)
        guard let node = list.pointee.first else { return nil }
        list.pointee.first = node.pointee.next
        if list.pointee.first == nil { list.pointee.last = nil }
        list.pointee.count -= 1
        bytes -= node.pointee.count
        return node
    }
}
