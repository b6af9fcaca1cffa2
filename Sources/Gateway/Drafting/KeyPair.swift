internal import CSodium
internal import NetTypes

/// Fills memory with bytes that nobody can guess; a parameter, so that tests can repeat a run.
public typealias RandomSource = @Sendable (UnsafeMutableRawBufferPointer) -> Void

/// A Curve25519 private key and the public key that belongs to it.
struct KeyPair {
    let privateKey: PrivateKey
    let publicKey: PublicKey

    init(_ random: RandomSource) { self.init(PrivateKey { random($0) }) }

    init(_ privateKey: PrivateKey) {
        self.privateKey = privateKey
        publicKey = withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { out in
            let at = out.baseAddress!.assumingMemoryBound(to: UInt8.self)
            privateKey.withBytes { _ = crypto_scalarmult_base(at, $0.baseAddress!.assumingMemoryBound(to: UInt8.self)) }
            return PublicKey(loading: UnsafeRawBufferPointer(out))
        }
    }
}

/// The kernel's random source, by way of libsodium.
public let systemRandom: RandomSource = { bytes in
    _ = sodium_init()
    randombytes_buf(bytes.baseAddress!, bytes.count)
}
