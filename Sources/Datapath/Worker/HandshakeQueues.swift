// Handshake messages on their way from the workers to the control thread.

import CLinux
import Synchronization
import WireGuardProtocol

/// Messages that wait, in three lines, so that a flood of one kind leaves room for the others: from where a peer is known to be, whose
/// session would end otherwise; with the claim to a cookie; and all others. Each can be made by a flood, none by one that can make only
/// the next. Any thread pushes, one takes.
struct HandshakeQueues: ~Copyable {
    private let lines: [3 of BoundedQueue]
    private let known = KnownEndpoints()

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
    borrowing func push(_ bytes: UnsafeRawPointer, _ proposal: HandshakeProposal, from: udp_endpoint) -> Bool {
        let count = proposal.kind.handshakeSize
        let line = known.contains(from) ? 0 : Message.claimsCookie(bytes, count: count) ? 1 : 2
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
