// A bounded queue in fixed memory: what workers tell the control thread, and the other way round.

import Synchronization

/// Many producers, one consumer, `capacity` cells of `payload` bytes, no lock and no allocation after `init`.
/// Each cell has a number that says whose turn it is (D. Vyukov's bounded queue). `@unchecked Sendable`: every cell is
/// written by the producer that won its number and read by the consumer after that producer published it.
struct BoundedQueue: @unchecked Sendable {
    private let cells: UnsafeMutableRawPointer
    private let positions: UnsafeMutablePointer<Positions>
    private let stride: Int
    private let payload: Int
    private let mask: UInt64

    private struct Positions: ~Copyable {
        let tail = Atomic<UInt64>(0)
        // A line of its own: producers must not slow the consumer down.
        let padding: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0)
        let head = Atomic<UInt64>(0)
    }

    /// `capacity` is a power of two. Lives as long as the process.
    init(capacity: Int, payload: Int) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0)
        stride = (payload + 8 + 7) & ~7
        self.payload = payload
        mask = UInt64(capacity - 1)
        cells = reserveZeroed(capacity * stride)
        positions = .allocate(capacity: 1)
        positions.initialize(to: Positions())
        for i in 0..<capacity { number(UInt64(i)).pointee.store(UInt64(i), ordering: .relaxed) }
    }

    @inline(__always)
    private func cell(_ position: UInt64) -> UnsafeMutableRawPointer { cells + Int(position & mask) * stride }

    @inline(__always)
    private func number(_ position: UInt64) -> UnsafeMutablePointer<Atomic<UInt64>> {
        cell(position).assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    /// How many wait, about.
    var count: Int {
        let head = positions.pointee.head.load(ordering: .relaxed)
        let tail = positions.pointee.tail.load(ordering: .relaxed)
        return tail > head ? Int(tail - head) : 0
    }

    /// Whether nothing waits, as far as the consumer can see.
    @inline(__always) var isEmpty: Bool {
        let head = positions.pointee.head.load(ordering: .relaxed)
        return number(head).pointee.load(ordering: .acquiring) != head + 1
    }

    /// Lets `fill` write one cell; false if the queue is full. Any thread.
    func push(_ fill: (UnsafeMutableRawPointer) -> Void) -> Bool {
        var position = positions.pointee.tail.load(ordering: .relaxed)
        while true {
            let turn = number(position).pointee.load(ordering: .acquiring)
            if turn == position {
                let taken = positions.pointee.tail.weakCompareExchange(
                    expected: position, desired: position + 1, ordering: .relaxed)
                if taken.exchanged { break }
                position = taken.original
            } else if turn < position {
                return false
            } else {
                position = positions.pointee.tail.load(ordering: .relaxed)
            }
        }
        fill(cell(position) + 8)
        number(position).pointee.store(position + 1, ordering: .releasing)
        return true
    }

    /// Lets `read` look at the oldest cell and frees it; false if there is none. The one consumer.
    func pop(_ read: (UnsafeRawPointer) -> Void) -> Bool {
        let position = positions.pointee.head.load(ordering: .relaxed)
        guard number(position).pointee.load(ordering: .acquiring) == position + 1 else { return false }
        read(UnsafeRawPointer(cell(position) + 8))
        number(position).pointee.store(position + mask + 1, ordering: .releasing)
        positions.pointee.head.store(position + 1, ordering: .relaxed)
        return true
    }
}
