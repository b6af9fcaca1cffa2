// Small things that every part needs of the system: errors, the clock, memory for slabs, randomness.

import CLinux
import Glibc
import WireGuardProtocol

/// Turns a C result into a value or an error: what is negative is -errno, or -1 with errno set.
@discardableResult
func check(_ result: Int32, _ doing: @autoclosure () -> DatapathError.Deed) throws(DatapathError) -> Int32 {
    if result >= 0 { return result }
    throw .system(doing: doing(), errno: result == -1 ? errno : -result)
}

/// Nanoseconds since boot, sleep included: the time that every timer of the protocol counts in.
@inline(__always)
func bootNanoseconds() -> UInt64 {
    var t = timespec()
    clock_gettime(CLOCK_BOOTTIME, &t)
    return UInt64(t.tv_sec) &* 1_000_000_000 &+ UInt64(t.tv_nsec)
}

/// This moment, by both clocks.
func currentTime() -> Now {
    var wall = timespec()
    clock_gettime(CLOCK_REALTIME, &wall)
    return Now(
        monotonic: max(1, bootNanoseconds()),
        wall: WallTime(seconds: Int64(wall.tv_sec), nanoseconds: UInt32(wall.tv_nsec)))
}

/// Fills memory from the kernel's generator.
func fillRandom(_ bytes: UnsafeMutableRawBufferPointer) {
    for start in stride(from: 0, to: bytes.count, by: 256) {
        precondition(getentropy(bytes.baseAddress! + start, min(256, bytes.count - start)) == 0, "getentropy")
    }
}

/// Address space for `count` bytes: zero, and backed page by page when first touched. Never given back.
func reserveZeroed(_ count: Int) -> UnsafeMutableRawPointer {
    let memory = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    precondition(memory != MAP_FAILED, "mmap of \(count) bytes")
    return memory!
}
