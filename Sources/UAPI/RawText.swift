// Text as bytes in memory.

extension StaticString {
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: utf8Start, count: utf8CodeUnitCount) }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes are those of `word`, eight at a time: where that is a constant, so are the numbers that they are compared to.
    @inline(__always)
    func `is`(_ word: StaticString) -> Bool {
        guard count == word.utf8CodeUnitCount else { return false }
        let word = word.bytes
        var at = 0
        while count - at >= 8 {
            let (mine, other) = (
                loadUnaligned(fromByteOffset: at, as: UInt64.self),
                word.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            )
            if mine != other { return false }
            at += 8
        }
        while at < count {
            if self[at] != word[at] { return false }
            at += 1
        }
        return true
    }

    /// The first place of a byte, from one on; eight bytes at a time.
    func place(of byte: UInt8, from start: Int) -> Int? {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let pattern = UInt64(byte) &* ones
        var at = start
        while count - at >= 8 {
            let difference = UInt64(littleEndian: loadUnaligned(fromByteOffset: at, as: UInt64.self)) ^ pattern
            // The lowest byte that is zero has its top bit here.
            let zeros = (difference &- ones) & ~difference & (ones << 7)
            if zeros != 0 { return at + zeros.trailingZeroBitCount >> 3 }
            at += 8
        }
        while at < count {
            if self[at] == byte { return at }
            at += 1
        }
        return nil
    }
}
