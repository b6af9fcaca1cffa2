/// The 12 bytes that say when an initiation was made: later ones are greater. Whitepaper 5.1.
struct TAI64N: Comparable {
    static let byteCount = 12
    private let seconds: UInt64
    private let nanoseconds: UInt32

    /// Older than any.
    static let zero = TAI64N(seconds: 0, nanoseconds: 0)

    private init(seconds: UInt64, nanoseconds: UInt32) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Rounded down to 2^24 ns, so that the clock tells no more than the rate limit of initiations does. K noise.c.
    init(_ time: WallTime) {
        seconds = 0x4000_0000_0000_000a &+ UInt64(bitPattern: time.seconds)
        let spacing = UInt32(Limits.second / Limits.initiationsPerSecond)
        nanoseconds = time.nanoseconds & ~(1 << (31 - UInt32(spacing.leadingZeroBitCount)) - 1)
    }

    /// From the wire, big-endian.
    init(_ bytes: UnsafeRawPointer) {
        seconds = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
        nanoseconds = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
    }

    func write(_ bytes: UnsafeMutableRawPointer) {
        bytes.storeBytes(of: seconds.bigEndian, as: UInt64.self)
        bytes.storeBytes(of: nanoseconds.bigEndian, toByteOffset: 8, as: UInt32.self)
    }

    static func < (a: Self, b: Self) -> Bool { (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds) }
}
