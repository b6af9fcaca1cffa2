import CCrypto
import NetTypes

/// What the control thread knows about a peer and workers need not.
struct Peer {
    /// How far a handshake is. K noise.h.
    enum HandshakeState: UInt8 {
        case none
        case createdInitiation
        case consumedInitiation
        case consumedResponse
    }

    /// Two words, for 16 bytes that C writes.
    typealias Words16 = (UInt64, UInt64)
    /// Four words, for 32 bytes that C writes.
    typealias Words32 = (UInt64, UInt64, UInt64, UInt64)

    let publicKey: PublicKey
    var presharedKey: PresharedKey?
    /// Diffie-Hellman of the static keys, computed when it is first needed: it costs as much as a handshake message.
    var staticStatic: Words32 = (0, 0, 0, 0)
    var hasStaticStatic = false
    var isRemoved = false

    var handshakeState = HandshakeState.none
    var handshake: NoiseState?
    /// The slot whose index our handshake message carries, 0 for none.
    var handshakeSlot: KeypairSlot = 0
    var remoteIndex: UInt32 = 0
    /// What our handshake message looks like, whose index is that slot's, or the initiation that we answer.
    var handshakeDialect = Dialect.plain
    /// What the last authentic initiation or response of the peer was in; nil: nothing came since that could count.
    var lastDialect: Dialect?
    /// What to begin with; nil: as the interface does.
    var configuredDialect: Dialect?
    var latestTimestamp = TAI64N.zero
    var lastInitiationConsumed: UInt64 = 0

    /// The cookie that the peer gave us, and when; 0 for none.
    var cookie: Words16 = (0, 0)
    var cookieBirthdate: UInt64 = 0
    /// What a cookie reply must answer.
    var lastMAC1: Words16 = (0, 0)
    var hasSentMAC1 = false

    /// What is in the record, but for a confirmation that was not noticed yet.
    var current: KeypairSlot = 0
    var next: KeypairSlot = 0
    var previous: KeypairSlot = 0

    /// Seconds, 0 for off; drawn each time.
    var persistentKeepalive = AWGRange<UInt16>(0)
    var handshakeAttempts: UInt16 = 0
    /// After how many retries this handshake is given up.
    var mostRetries: UInt16 = 0
    // Drawn each time, nanoseconds, 0 before that: after what time unanswered data starts a handshake, and a keepalive goes.
    var newHandshakeDelay: UInt64 = 0
    var keepaliveDelay: UInt64 = 0
    var persistentDelay: UInt64 = 0
    /// Monotonic nanoseconds, 0 for not armed.
    var retransmitAt: UInt64 = 0
    var eraseKeysAt: UInt64 = 0

    var lastHandshake = WallTime.never
    /// The neighbours in the list of all peers.
    var before = PeerIndex.none
    var after = PeerIndex.none

    init(_ publicKey: PublicKey) { self.publicKey = publicKey }

    /// Wipes what is secret and frees what is on the heap.
    mutating func wipe() {
        handshake?.deallocate()
        handshake = nil
        presharedKey = nil
        wgc_wipe(&staticStatic, MemoryLayout<Words32>.size)
        wgc_wipe(&cookie, MemoryLayout<Words16>.size)
        hasStaticStatic = false
    }

    /// Calls `body` with the preshared key, or with zeros.
    func withPresharedKey<R>(_ body: (UnsafeRawPointer) -> R) -> R {
        if let presharedKey { return presharedKey.withBytes { body($0.baseAddress!) } }
        let none: Words32 = (0, 0, 0, 0)
        return withUnsafeBytes(of: none) { body($0.baseAddress!) }
    }
}
