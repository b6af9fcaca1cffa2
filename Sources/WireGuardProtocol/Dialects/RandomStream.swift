import CCrypto

/// Random bytes for prefixes and types, out of a buffer: asking the kernel for each message would take as long as encrypting it.
///
/// ChaCha20 whose key is replaced with each refill, and drawn from the system at first. Single owner: a thread.
@frozen public struct RandomStream: ~Copyable {
    /// A key for the next refill, then bytes to be given away.
    @usableFromInline let memory: UnsafeMutableRawPointer
    @usableFromInline var used: Int

    @usableFromInline static var keySize: Int { 32 }
    @usableFromInline static var size: Int { 4096 }

    /// A stream; `seed` fills 32 bytes from a secure source.
    public init(seed: (UnsafeMutableRawBufferPointer) -> Void) {
        memory = .allocate(byteCount: Self.size, alignment: 64)
        used = Self.size
        seed(UnsafeMutableRawBufferPointer(start: memory, count: Self.keySize))
    }

    deinit {
        wgc_wipe(memory, Self.size)
        memory.deallocate()
    }

    /// Writes `count` random bytes, fewer than 4,000.
    @inlinable public mutating func fill(_ place: UnsafeMutableRawPointer, _ count: Int) {
        if used &+ count > Self.size { refill() }
        place.copyMemory(from: memory + used, byteCount: count)
        used &+= count
    }

    /// 64 random bits.
    @inlinable public mutating func next() -> UInt64 {
        if used &+ 8 > Self.size { refill() }
        let value = (memory + used).loadUnaligned(as: UInt64.self)
        used &+= 8
        return value
    }

    @usableFromInline mutating func refill() {
        wgc_random_refill(memory, Self.size)
        used = Self.keySize
    }
}
