/// SplitMix64, as `SeededRandom`, here where the compiler sees it: a storm draws some 25 numbers a datagram.
struct StormRandom {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    @inline(__always) mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }

    /// 0..<limit
    @inline(__always) mutating func below(_ limit: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(truncatingIfNeeded: limit)).high)
    }

    /// Fills `count` bytes, and up to seven behind them.
    @inline(__always) mutating func fill(_ place: UnsafeMutableRawPointer, _ count: Int) {
        var at = 0
        while at < count {
            place.storeBytes(of: next(), toByteOffset: at, as: UInt64.self)
            at &+= 8
        }
    }
}
