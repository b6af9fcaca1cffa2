// A fuzzer's bytes, taken apart.

/// Reads from the front; past the end there are zeros.
struct Input {
    private(set) var rest: Slice<UnsafeRawBufferPointer>

    init(_ start: UnsafePointer<UInt8>?, _ count: Int) {
        rest = UnsafeRawBufferPointer(start: start, count: count)[...]
    }

    var isEmpty: Bool { rest.isEmpty }

    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    /// Little-endian.
    mutating func word() -> Int {
        let low = Int(byte())
        return low | Int(byte()) << 8
    }

    /// Big-endian.
    mutating func word32() -> UInt32 { (0..<4).reduce(0) { word, _ in word << 8 | UInt32(byte()) } }

    /// Up to `count` bytes.
    mutating func bytes(_ count: Int) -> [UInt8] {
        let taken = Array(rest.prefix(count))
        rest = rest.dropFirst(count)
        return taken
    }

    /// All that is left.
    mutating func remainder() -> [UInt8] { bytes(rest.count) }
}

/// A copy of `bytes` in memory of exactly their size and `behind` bytes more, so that AddressSanitizer sees what goes past it.
final class ExactCopy {
    let memory: UnsafeMutableRawBufferPointer

    init(_ bytes: some Collection<UInt8>, behind: Int = 0) {
        memory = .allocate(byteCount: bytes.count + behind, alignment: 16)
        memory.copyBytes(from: bytes)
        for i in bytes.count..<memory.count { memory[i] = 0 }
    }

    var start: UnsafeMutableRawPointer { memory.baseAddress! }

    deinit { memory.deallocate() }
}

/// splitmix64: the same keys every time.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }

    mutating func fill(_ bytes: UnsafeMutableRawBufferPointer) {
        for i in bytes.indices { bytes[i] = UInt8(truncatingIfNeeded: next()) }
    }
}
