/// 32 secret bytes, shared by reference and wiped when the last reference goes. It has no description on purpose.
///
/// A class and not a `~Copyable` struct, because a `DesiredState` is a value that holds thousands of them: copies share one
/// allocation, and there is still exactly one moment at which it is wiped.
/// `@unchecked Sendable`: the bytes are written in `init` and in `deinit` only.
final class SecretBytes: @unchecked Sendable {
    private let bytes: UnsafeMutableRawBufferPointer

    init(_ fill: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
        let filled = UnsafeMutableRawBufferPointer.allocate(byteCount: 32, alignment: 16)
        do { try fill(filled) } catch {
            wipe(filled)
            filled.deallocate()
            throw error
        }
        // Only now: a throw after the last property is set would run deinit too, and free the memory twice.
        bytes = filled
    }

    deinit {
        wipe(bytes)
        bytes.deallocate()
    }

    func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try body(UnsafeRawBufferPointer(bytes))
    }

    /// In a time that does not depend on where they differ.
    static func equal(_ a: SecretBytes, _ b: SecretBytes) -> Bool {
        a === b || zip(a.bytes, b.bytes).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

/// Overwrites memory that held a secret, in a way that the optimiser keeps.
///
/// Plain pointer stores: unoptimised, a loop over `indices` runs through generic code, a hundred times slower, and a site
/// of 10,000 peers wipes 20,000 keys. Eight words at a time: an answer about that site is four megabytes.
@inline(never) @_optimize(none)
public func wipe(_ bytes: UnsafeMutableRawBufferPointer) {
    guard var at = bytes.baseAddress else { return }
    let end = at + bytes.count
    while at < end && (UInt(bitPattern: at) & 7 != 0 || end - at < 64) {
        at.assumingMemoryBound(to: UInt8.self).pointee = 0
        at += 1
    }
    while end - at >= 64 {
        at.assumingMemoryBound(to: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64).self).pointee =
            (0, 0, 0, 0, 0, 0, 0, 0)
        at += 64
    }
    while at < end {
        at.assumingMemoryBound(to: UInt8.self).pointee = 0
        at += 1
    }
}
