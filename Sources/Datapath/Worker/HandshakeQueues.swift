// Handshake messages on their way from the workers to the control thread.

import CLinux
import Synchronization
import WireGuardProtocol

/// Messages that wait, in three lines, so that a flood of one kind leaves room for the others: from where a peer is known to be, whose
/// session would end otherwise; with the claim to a cookie; and all others. Each can be made by a flood, none by one that can make only
/// the next. While there is one, a single source of strangers' gets little room. Any thread pushes, one takes.
struct HandshakeQueues: ~Copyable {
    private let lines: [3 of BoundedQueue]
    private let known = KnownEndpoints()
    private let strangers = SourceCounts()
    /// Whether more came lately than the control thread looks at (`Limits.underLoadThreshold`).
    let isFlooded = Atomic<Bool>(false)

    init() {
        let payload = Self.messageOffset + Message.initiationSize
        // Every peer at once would be more, but not within the time that this line takes to empty.
        lines = [
            BoundedQueue(capacity: Limits.queuedHandshakes / 8, payload: payload),
            BoundedQueue(capacity: Limits.queuedHandshakes, payload: payload),
            BoundedQueue(capacity: Limits.queuedHandshakes, payload: payload),
        ]
    }

    private static var proposalOffset: Int { MemoryLayout<udp_endpoint>.size }
    private static var messageOffset: Int { proposalOffset + MemoryLayout<HandshakeProposal>.stride }

    /// A peer is there: something authentic came from it, or its configuration says so.
    @inline(never)
    borrowing func note(_ endpoint: udp_endpoint) { known.note(endpoint) }

    /// Queues what may be a handshake message, of at most 148 bytes; false if its line is full, which drops it, as the kernel does.
    borrowing func push(
        _ bytes: UnsafeRawPointer, _ proposal: HandshakeProposal, from: udp_endpoint, now: UInt64
    ) -> Bool {
        let count = proposal.kind.handshakeSize
        let line = known.contains(from) ? 0 : Message.claimsCookie(bytes, count: count) ? 1 : 2
        if line > 0 && isFlooded.load(ordering: .relaxed) && !strangers.allows(from, now: now) { return false }
        return lines[line].push { cell in
            cell.storeBytes(of: from, as: udp_endpoint.self)
            cell.storeBytes(of: proposal, toByteOffset: Self.proposalOffset, as: HandshakeProposal.self)
            (cell + Self.messageOffset).copyMemory(from: bytes, byteCount: count)
        }
    }

    /// How many wait, about.
    var count: Int { lines[0].count + lines[1].count + lines[2].count }

    var isEmpty: Bool { lines[0].isEmpty && lines[1].isEmpty && lines[2].isEmpty }

    /// Takes the oldest message of one line, or else of the next; each line comes first in every third `turn`.
    borrowing func pop(turn: Int, _ body: (UnsafeRawBufferPointer, HandshakeProposal, udp_endpoint) -> Void) -> Bool {
        for line in turn..<turn + 3 where pop(lines[line % 3], body) { return true }
        return false
    }

    private borrowing func pop(
        _ line: BoundedQueue, _ body: (UnsafeRawBufferPointer, HandshakeProposal, udp_endpoint) -> Void
    ) -> Bool {
        line.pop { cell in
            let from = cell.load(as: udp_endpoint.self)
            let proposal = cell.load(fromByteOffset: Self.proposalOffset, as: HandshakeProposal.self)
            let message = UnsafeRawBufferPointer(start: cell + Self.messageOffset, count: proposal.kind.handshakeSize)
            body(message, proposal, from)
        }
    }
}

/// A set of endpoints in fixed memory. It forgets one when another takes its cell, and takes a stranger for one of its own once in 2^32;
/// neither does more than put a message into another line. Any thread.
private struct KnownEndpoints: ~Copyable {
    private static var cells: Int { 1 << 17 }
    /// 0 where nobody is. Memory that is not touched costs nothing.
    private let tags: UnsafeMutablePointer<Atomic<UInt32>>
    /// So that nobody can work out which addresses are taken for a peer's.
    private let key: (UInt64, UInt64)

    init() {
        let memory = reserveZeroed(Self.cells * MemoryLayout<Atomic<UInt32>>.stride)
        tags = memory.bindMemory(to: Atomic<UInt32>.self, capacity: Self.cells)
        var drawn: (UInt64, UInt64) = (0, 0)
        withUnsafeMutableBytes(of: &drawn) { fillRandom($0) }
        key = drawn
    }

    borrowing func note(_ endpoint: udp_endpoint) {
        let (cell, tag) = place(of: endpoint)
        tags[cell].store(tag, ordering: .relaxed)
    }

    borrowing func contains(_ endpoint: udp_endpoint) -> Bool {
        let (cell, tag) = place(of: endpoint)
        return tags[cell].load(ordering: .relaxed) == tag
    }

    /// By address, port and family, not by which of our addresses it asked.
    private borrowing func place(of endpoint: udp_endpoint) -> (cell: Int, tag: UInt32) {
        let first = (endpoint.head ^ key.0).multipliedFullWidth(by: endpoint.address.0 ^ key.1)
        let second = (first.high ^ first.low ^ endpoint.address.1).multipliedFullWidth(by: key.0 | 1)
        let hash = second.high ^ second.low
        return (Int(hash & UInt64(Self.cells - 1)), UInt32(truncatingIfNeeded: hash >> 32) | 1)
    }
}

/// How many messages each source has sent in this moment. Sources that share a cell share what is allowed: there are so many cells that a
/// flood from as many addresses as it likes fills none of them. Any thread.
private struct SourceCounts: ~Copyable {
    private static var cells: Int { 1 << 13 }
    /// Nanoseconds by a power of two, some 8 ms, and messages in it: of one address 240 a second, of a flood from everywhere 2 millions.
    private static var moment: UInt64 { 23 }
    private static var most: UInt32 { 2 }
    /// Of each cell the moment, and in the lowest byte the messages in it.
    private let counts: UnsafeMutablePointer<Atomic<UInt32>>

    init() {
        let memory = reserveZeroed(Self.cells * MemoryLayout<Atomic<UInt32>>.stride)
        counts = memory.bindMemory(to: Atomic<UInt32>.self, capacity: Self.cells)
    }

    /// Counts one, unless there were enough. An IPv4 address is a source, and an IPv6 /64, as for cookies.
    borrowing func allows(_ endpoint: udp_endpoint, now: UInt64) -> Bool {
        let cell = Int((endpoint.address.0 &* 0x9e37_79b9_7f4a_7c15) >> 51)
        let moment = UInt32(truncatingIfNeeded: now >> Self.moment) << 8
        let word = counts[cell].load(ordering: .relaxed)
        let count = word & ~0xff == moment ? word & 0xff : 0
        guard count < Self.most else { return false }
        counts[cell].store(moment | (count + 1), ordering: .relaxed)
        return true
    }
}
