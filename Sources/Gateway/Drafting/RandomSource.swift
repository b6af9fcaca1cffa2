internal import CSodium

/// Fills memory with bytes that nobody can guess; a parameter, so that tests can repeat a run.
public typealias RandomSource = @Sendable (UnsafeMutableRawBufferPointer) -> Void

/// The kernel's random source, by way of libsodium.
public let systemRandom: RandomSource = { bytes in
    _ = sodium_init()
    randombytes_buf(bytes.baseAddress!, bytes.count)
}
