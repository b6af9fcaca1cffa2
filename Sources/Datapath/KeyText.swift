// Text that holds keys, and what must happen to its memory before it goes back to the heap.

import Glibc

/// Overwrites memory that may hold a key.
func wipeAll(_ bytes: UnsafeMutableRawBufferPointer) {
    guard let base = bytes.baseAddress, bytes.count > 0 else { return }
    explicit_bzero(base, bytes.count)
}

extension [UInt8] {
    /// Room for that many more bytes. An array that grows leaves what it held where it was; here `wiping` sees it first.
    mutating func makeRoom(for more: Int, wiping: (UnsafeMutableRawBufferPointer) -> Void = wipeAll) {
        guard capacity - count < more else { return }
        var larger: [UInt8] = []
        larger.reserveCapacity(Swift.max(2 * capacity, count + more))
        larger.append(contentsOf: self)
        withUnsafeMutableBytes(wiping)
        self = larger
    }

    /// Takes the first bytes away; what moves up leaves nothing behind either.
    mutating func removeWiping(first removed: Int) {
        removeSubrange(..<removed)
        append(contentsOf: repeatElement(0, count: removed))
        removeLast(removed)
    }

    /// Overwrites all of its memory, also what is behind the last element, and gives it back.
    mutating func wipe() {
        append(contentsOf: repeatElement(0, count: capacity - count))
        withUnsafeMutableBytes { wipeAll($0) }
        self = []
    }
}
