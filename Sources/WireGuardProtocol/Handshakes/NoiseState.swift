import CCrypto

/// The symmetric state of one handshake: hash, chaining key, ephemeral keys, a working key. Whitepaper 5.4.
///
/// A view of 160 bytes that its owner wipes.
struct NoiseState {
    static let byteCount = 160
    private let base: UnsafeMutableRawPointer

    /// A view of `byteCount` bytes.
    init(_ memory: UnsafeMutableRawPointer) { base = memory }

    /// Memory for one, from the heap.
    static func allocate() -> NoiseState {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 16)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        return NoiseState(memory)
    }

    /// Wipes and frees what `allocate` gave.
    func deallocate() {
        wipe()
        base.deallocate()
    }

    func wipe() { wgc_wipe(base, Self.byteCount) }

    func copy(from other: NoiseState) { base.copyMemory(from: other.base, byteCount: Self.byteCount) }

    /// Calls `body` with a state on the stack, zero at first and wiped after.
    static func withTemporary<R>(_ body: (NoiseState) -> R) -> R {
        withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 16) { memory in
            memory.initializeMemory(as: UInt8.self, repeating: 0)
            let state = NoiseState(memory.baseAddress!)
            defer { state.wipe() }
            return body(state)
        }
    }

    private var hash: UnsafeMutableRawPointer { base }
    private var chainingKey: UnsafeMutableRawPointer { base + 32 }
    /// Our ephemeral private key, 32 bytes.
    var ephemeral: UnsafeMutableRawPointer { base + 64 }
    /// The other side's ephemeral public key, 32 bytes.
    var remoteEphemeral: UnsafeMutableRawPointer { base + 96 }
    private var key: UnsafeMutableRawPointer { base + 128 }

    /// Starts a handshake towards the owner of a static public key.
    func start(responder: UnsafeRawPointer) {
        Self.initial.withUnsafeBytes {
            chainingKey.copyMemory(from: $0.baseAddress!, byteCount: 32)
            hash.copyMemory(from: $0.baseAddress! + 32, byteCount: 32)
        }
        mixHash(responder, 32)
    }

    /// The chaining key and the hash that every handshake starts with.
    private static let initial: [UInt8] = {
        var state = [UInt8](repeating: 0, count: 64)
        let construction = Array("Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s".utf8)
        let identifier = Array("WireGuard v1 zx2c4 Jason@zx2c4.com".utf8)
        state.withUnsafeMutableBytes {
            let start = $0.baseAddress!
            wgc_hash(start, construction, construction.count, nil, 0)
            wgc_hash(start + 32, start, 32, identifier, identifier.count)
        }
        return state
    }()

    func mixHash(_ data: UnsafeRawPointer, _ count: Int) { wgc_hash(hash, hash, 32, data, count) }

    /// An ephemeral public key, ours or theirs: into the hash and the chaining key.
    func mixEphemeral(_ publicKey: UnsafeRawPointer) {
        mixHash(publicKey, 32)
        derive(from: publicKey, 32, into: chainingKey)
    }

    /// A Diffie-Hellman result. False: it is zero, which only a point of small order gives.
    func mixDH(privateKey: UnsafeRawPointer, publicKey: UnsafeRawPointer) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { shared in
            let at = shared.baseAddress!
            defer { wgc_wipe(at, 32) }
            guard wgc_x25519(at, privateKey, publicKey) else { return false }
            derive(from: at, 32, into: chainingKey, key)
            return true
        }
    }

    /// The precomputed result for the two static keys. False: it is zero.
    func mixPrecomputedDH(_ shared: UnsafeRawPointer) -> Bool {
        guard !Self.isZero(shared) else { return false }
        derive(from: shared, 32, into: chainingKey, key)
        return true
    }

    func mixPresharedKey(_ presharedKey: UnsafeRawPointer) {
        withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { mixed in
            derive(from: presharedKey, 32, into: chainingKey, mixed.baseAddress!, key)
            mixHash(mixed.baseAddress!, 32)
            wgc_wipe(mixed.baseAddress!, 32)
        }
    }

    /// Writes `count + 16` bytes.
    func seal(_ destination: UnsafeMutableRawPointer, _ plaintext: UnsafeRawPointer, _ count: Int) {
        wgc_seal_ad(destination, plaintext, count, hash, 32, key, 0)
        mixHash(destination, count + 16)
    }

    /// Reads `count + 16` bytes. False: forged.
    func open(_ destination: UnsafeMutableRawPointer, _ ciphertext: UnsafeRawPointer, _ count: Int) -> Bool {
        guard wgc_open_ad(destination, ciphertext, count, hash, 32, key, 0) else { return false }
        mixHash(ciphertext, count + 16)
        return true
    }

    /// The two transport keys: what the initiator sends with, then what it receives with. Whitepaper 5.4.5.
    func split(initiatorSends: UnsafeMutableRawPointer, initiatorReceives: UnsafeMutableRawPointer) {
        derive(from: nil, 0, into: initiatorSends, initiatorReceives)
    }

    /// KDF1, KDF2 or KDF3 of the whitepaper, keyed with the chaining key.
    private func derive(
        from input: UnsafeRawPointer?, _ count: Int, into first: UnsafeMutableRawPointer,
        _ second: UnsafeMutableRawPointer? = nil, _ third: UnsafeMutableRawPointer? = nil
    ) {
        let outputs = (first, second ?? first, third ?? first)
        withUnsafeBytes(of: outputs) {
            let pointers = $0.assumingMemoryBound(to: UnsafeMutableRawPointer.self).baseAddress!
            wgc_kdf(chainingKey, input, count, pointers, third != nil ? 3 : second != nil ? 2 : 1)
        }
    }

    static func isZero(_ bytes: UnsafeRawPointer) -> Bool {
        var any: UInt64 = 0
        for word in 0..<4 { any |= bytes.loadUnaligned(fromByteOffset: 8 * word, as: UInt64.self) }
        return any == 0
    }
}
