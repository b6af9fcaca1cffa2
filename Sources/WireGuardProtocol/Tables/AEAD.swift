public import CCrypto

/// ChaCha20-Poly1305 for data messages: one thread's own state. intel-ipsec-mb with AVX-512, else OpenSSL.
@frozen public struct AEAD: ~Copyable {
    /// Which library does it.
    public enum Backend: Sendable {
        /// The fastest there is here; `WGGW_AEAD=openssl` in the environment says OpenSSL.
        case fastest
        /// OpenSSL, for tests and for comparison.
        case openSSL
    }

    @usableFromInline let state: OpaquePointer

    /// Makes a thread's state, about 200 KB with intel-ipsec-mb. Aborts without memory.
    public init(_ backend: Backend = .fastest) {
        state = wgc_aead_create(backend == .openSSL)!
    }

    deinit { wgc_aead_destroy(state) }

    /// `intel-ipsec-mb` or `openssl`.
    public var name: String { String(cString: wgc_aead_name(state)) }

    /// Writes `length` bytes of ciphertext and 16 of tag to `destination`, which may be `source`.
    @inlinable public borrowing func seal(
        _ destination: UnsafeMutableRawPointer, from source: UnsafeRawPointer, length: Int, key: UnsafeRawPointer,
        counter: UInt64
    ) {
        wgc_seal(state, destination, source, length, key, counter)
    }

    /// Opens `length` bytes of ciphertext that 16 of tag follow; `destination` may be `source`, and needs `length` bytes.
    /// False: forged, and `destination` holds garbage that must go nowhere.
    @inlinable public borrowing func open(
        _ destination: UnsafeMutableRawPointer, from source: UnsafeRawPointer, length: Int, key: UnsafeRawPointer,
        counter: UInt64
    ) -> Bool {
        wgc_open(state, destination, source, length, key, counter)
    }
}
