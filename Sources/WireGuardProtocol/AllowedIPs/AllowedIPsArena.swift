import CCrypto

/// Blocks for the nodes and leaves of the allowed IPs, in reserved address space, so that workers need one base address.
///
/// Single consumer: the control thread. What is retired stays as it is until `release`, when no worker can see it any more.
struct AllowedIPsArena: ~Copyable {
    let base: UnsafeMutableRawPointer
    private let byteCount: Int
    private var nextBlock = 1
    /// By size in blocks: the first free block, each of which names the next.
    private var free: [UInt32]
    /// Retired since the last `takeRetired`: block number and size in blocks.
    private(set) var retired: [(block: UInt32, size: UInt32)] = []

    /// A skipping node with 63 values and 64 children, blocks.
    static let largest = 1 + (16 + 64 * 4 + 63 * 8 + 15) / 16

    /// Reserves the most that there is, up to `byteCount`; nil without address space.
    init?(byteCount wanted: Int) {
        var byteCount = wanted
        var base = wgc_reserve(byteCount)
        // Where overcommitting is forbidden, less may still be had.
        while base == nil && byteCount > 1 << 20 {
            byteCount /= 2
            base = wgc_reserve(byteCount)
        }
        guard let base else { return nil }
        self.base = base
        self.byteCount = byteCount
        free = Array(repeating: 0, count: Self.largest + 1)
    }

    deinit { wgc_release(base, byteCount) }

    /// Whether blocks for a change of any kind are left: each makes a handful of nodes.
    var hasRoom: Bool { (nextBlock + 8 * Self.largest) * 16 <= byteCount }

    /// Memory of `size` blocks, contents undefined; `hasRoom` was asked.
    mutating func allocate(_ size: Int) -> UInt32 {
        let block = free[size]
        if block != 0 {
            free[size] = memory(block).load(as: UInt32.self)
            return block
        }
        defer { nextBlock += size }
        return UInt32(nextBlock)
    }

    func memory(_ block: UInt32) -> UnsafeMutableRawPointer { base + Int(block) * 16 }

    mutating func retire(_ block: UInt32, size: Int) { retired.append((block, UInt32(size))) }

    mutating func takeRetired() -> [(block: UInt32, size: UInt32)] {
        defer { retired = [] }
        return retired
    }

    /// No worker sees these any more.
    mutating func release(_ blocks: [(block: UInt32, size: UInt32)]) {
        for (block, size) in blocks {
            memory(block).storeBytes(of: free[Int(size)], as: UInt32.self)
            free[Int(size)] = block
        }
    }
}
