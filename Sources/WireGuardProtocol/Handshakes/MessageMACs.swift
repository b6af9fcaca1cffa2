import CCrypto
import NetTypes

/// The two MACs at the end of types 1 and 2. Whitepaper 5.4.4.
enum MessageMACs {
    /// Bytes of each MAC and of a cookie.
    static let macSize = 16

    /// 32 bytes: what mac1 is keyed with in messages to the owner of `publicKey`.
    static func mac1Key(_ publicKey: PublicKey, into key: UnsafeMutableRawPointer) {
        labelled("mac1----", publicKey, into: key)
    }

    /// 32 bytes: what cookies from the owner of `publicKey` are encrypted with.
    static func cookieKey(_ publicKey: PublicKey, into key: UnsafeMutableRawPointer) {
        labelled("cookie--", publicKey, into: key)
    }

    private static func labelled(_ label: StaticString, _ publicKey: PublicKey, into key: UnsafeMutableRawPointer) {
        publicKey.withBytes { wgc_hash(key, label.utf8Start, label.utf8CodeUnitCount, $0.baseAddress!, 32) }
    }

    /// mac1 over all but the MACs, mac2 over all but itself, or zeros without a cookie.
    static func write(
        _ message: UnsafeMutableRawPointer, count: Int, mac1Key: UnsafeRawPointer, cookie: UnsafeRawPointer?
    ) {
        let mac1 = message + count - 2 * macSize
        let mac2 = message + count - macSize
        wgc_mac16(mac1, message, count - 2 * macSize, mac1Key, 32)
        if let cookie {
            wgc_mac16(mac2, message, count - macSize, cookie, macSize)
        } else {
            mac2.initializeMemory(as: UInt8.self, repeating: 0, count: macSize)
        }
    }

    static func mac1IsValid(_ message: UnsafeRawPointer, count: Int, key: UnsafeRawPointer) -> Bool {
        isValid(message, count: count - 2 * macSize, key, 32)
    }

    /// Whether the sender had a cookie: mac2 is zero without.
    static func hasMAC2(_ message: UnsafeRawPointer, count: Int) -> Bool {
        let mac2 = message + count - macSize
        return mac2.loadUnaligned(as: UInt64.self) | mac2.loadUnaligned(fromByteOffset: 8, as: UInt64.self) != 0
    }

    static func mac2IsValid(_ message: UnsafeRawPointer, count: Int, cookie: UnsafeRawPointer) -> Bool {
        isValid(message, count: count - macSize, cookie, macSize)
    }

    /// Whether the 16 bytes behind `count` bytes are their MAC.
    private static func isValid(
        _ message: UnsafeRawPointer, count: Int, _ key: UnsafeRawPointer, _ keyCount: Int
    ) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: macSize, alignment: 8) { mac in
            wgc_mac16(mac.baseAddress!, message, count, key, keyCount)
            return wgc_equal(mac.baseAddress!, message + count, macSize)
        }
    }
}
