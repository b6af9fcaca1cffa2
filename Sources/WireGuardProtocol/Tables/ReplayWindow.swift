/// The counters of one keypair that were received: RFC 6479 with 8,192 bits, as the kernel has it.
///
/// A view of memory that somebody else owns: 8 bytes `greatest + 1`, then 1,024 bytes of ring; all zero at first.
/// Single consumer: hold the keypair's `lockReplay` where two workers might receive for one keypair.
@frozen public struct ReplayWindow {
    /// Bytes that a window occupies, aligned to 8.
    @inlinable public static var byteCount: Int { 8 + Limits.replayWindowBits / 8 }

    @usableFromInline let words: UnsafeMutablePointer<UInt64>

    /// A view of `byteCount` bytes.
    @inlinable public init(_ memory: UnsafeMutableRawPointer) {
        words = memory.assumingMemoryBound(to: UInt64.self)
    }

    /// The greatest counter received, plus one; 0 at first.
    @inlinable public var next: UInt64 { words[0] }

    /// Takes `counter` in. False: it was received before, is behind the window, or is past reject-after-messages.
    /// Call only after the message was authenticated.
    @inlinable public func accept(_ counter: UInt64) -> Bool {
        let greatest = words[0]
        if greatest >= Limits.rejectAfterMessages + 1 || counter >= Limits.rejectAfterMessages { return false }
        let theirs = counter + 1
        if UInt64(Limits.replayWindowSize) &+ theirs < greatest { return false }
        let ring = words + 1
        let ringMask = UInt64(Limits.replayWindowBits / 64 - 1)
        let word = theirs >> 6
        if theirs > greatest {
            let current = greatest >> 6
            var step = min(word - current, UInt64(Limits.replayWindowBits / 64))
            while step > 0 {
                ring[Int((current + step) & ringMask)] = 0
                step -= 1
            }
            words[0] = theirs
        }
        let bit: UInt64 = 1 << (theirs & 63)
        let place = Int(word & ringMask)
        if ring[place] & bit != 0 { return false }
        ring[place] |= bit
        return true
    }
}
