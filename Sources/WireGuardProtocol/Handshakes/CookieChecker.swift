import CCrypto
import NetTypes

/// The responder's side of cookies: who must prove that the source address is theirs. Whitepaper 5.3 and 5.4.7.
struct CookieChecker: ~Copyable {
    /// What may be done with a handshake message. K cookie.c.
    enum Verdict: Equatable {
        /// mac1 is wrong: silence.
        case invalid
        /// mac1 is right, mac2 was not asked for, or was and is wrong: under load that earns a cookie reply.
        case withoutCookie
        /// Both are right, but the source sends too much: silence.
        case rateLimited
        /// Both are right.
        case withCookie
    }

    /// Our mac1 key and our cookie key, 32 bytes each, then the cookie secret.
    private let keys: UnsafeMutableRawPointer
    private var secretBirthdate: UInt64 = 0
    /// Random bytes for the nonces of replies, and how many are left, at the end: under a flood each call of the kernel counts.
    private let nonces = UnsafeMutableRawBufferPointer.allocate(byteCount: 10 * CookieReply.nonceSize, alignment: 8)
    private var nonceBytesLeft = 0
    private var limiter = RateLimiter()

    init() {
        keys = .allocate(byteCount: 96, alignment: 16)
        keys.initializeMemory(as: UInt8.self, repeating: 0, count: 96)
    }

    deinit {
        wgc_wipe(keys, 96)
        keys.deallocate()
        nonces.deallocate()
    }

    private var mac1Key: UnsafeMutableRawPointer { keys }
    private var cookieKey: UnsafeMutableRawPointer { keys + 32 }
    private var secret: UnsafeMutableRawPointer { keys + 64 }

    mutating func setPublicKey(_ key: PublicKey?) {
        guard let key else { return wgc_wipe(keys, 64) }
        MessageMACs.mac1Key(key, into: mac1Key)
        MessageMACs.cookieKey(key, into: cookieKey)
    }

    /// Judges a message of type 1 or 2. `underLoad`: mac2 counts, and so does how often the source sends; `withoutCookies`: of these
    /// only the latter, since nobody is given a cookie.
    mutating func check(
        _ message: UnsafeRawPointer, count: Int, from source: SocketAddress, underLoad: Bool,
        withoutCookies: Bool = false, now: UInt64,
        random: (UnsafeMutableRawBufferPointer) -> Void
    ) -> Verdict {
        guard MessageMACs.mac1IsValid(message, count: count, key: mac1Key) else { return .invalid }
        if underLoad && withoutCookies {
            return limiter.allows(source.address, now: now) ? .withCookie : .rateLimited
        }
        // Most of a flood has none, and then the cookie is made once, for the reply.
        guard underLoad, MessageMACs.hasMAC2(message, count: count) else { return .withoutCookie }
        let valid = withUnsafeTemporaryAllocation(byteCount: MessageMACs.macSize, alignment: 8) { cookie in
            makeCookie(cookie.baseAddress!, for: source, now: now, random: random)
            return MessageMACs.mac2IsValid(message, count: count, cookie: cookie.baseAddress!)
        }
        guard valid else { return .withoutCookie }
        return limiter.allows(source.address, now: now) ? .withCookie : .rateLimited
    }

    /// Writes a cookie reply of 64 bytes to a message that was denied.
    mutating func createReply(
        _ reply: UnsafeMutableRawPointer, type: UInt32 = 3, to message: UnsafeRawPointer, count: Int,
        from source: SocketAddress,
        now: UInt64,
        random: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        Handshake.writeHeader(reply, type: type)
        Handshake.writeIndex(reply + CookieReply.receiver, Handshake.readIndex(message + 4))
        let nonce = reply + CookieReply.nonce
        if nonceBytesLeft == 0 {
            random(nonces)
            nonceBytesLeft = nonces.count
        }
        nonce.copyMemory(from: nonces.baseAddress! + nonces.count - nonceBytesLeft, byteCount: CookieReply.nonceSize)
        nonceBytesLeft -= CookieReply.nonceSize
        withUnsafeTemporaryAllocation(byteCount: MessageMACs.macSize, alignment: 8) { cookie in
            makeCookie(cookie.baseAddress!, for: source, now: now, random: random)
            wgc_xseal(
                reply + CookieReply.encryptedCookie, cookie.baseAddress!, cookie.count,
                message + count - 2 * MessageMACs.macSize, MessageMACs.macSize, nonce, cookieKey)
        }
    }

    /// For the vectors: a secret as if it had been drawn now.
    mutating func setSecret(_ bytes: UnsafeRawPointer, now: UInt64) {
        secret.copyMemory(from: bytes, byteCount: 32)
        secretBirthdate = now
    }

    /// 16 bytes: a MAC of the address and the port, both in network order, under a secret of ours that lives two minutes.
    private mutating func makeCookie(
        _ cookie: UnsafeMutableRawPointer, for source: SocketAddress, now: UInt64,
        random: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        if secretBirthdate == 0 || now - min(secretBirthdate, now) >= Limits.cookieSecretLifetime {
            random(UnsafeMutableRawBufferPointer(start: secret, count: 32))
            secretBirthdate = now
        }
        withUnsafeTemporaryAllocation(byteCount: 18, alignment: 8) { bytes in
            let start = bytes.baseAddress!
            let count: Int
            switch source.address {
            case .v4(let a):
                start.storeBytes(of: a.rawValue.bigEndian, as: UInt32.self)
                count = 4
            case .v6(let a):
                start.storeBytes(of: a.rawValue.bigEndian, as: UInt128.self)
                count = 16
            }
            start.storeBytes(of: source.port.bigEndian, toByteOffset: count, as: UInt16.self)
            wgc_mac16(cookie, start, count + 2, secret, 32)
        }
    }
}

/// Where things are in type 3.
enum CookieReply {
    static let receiver = 4
    static let nonce = 8
    static let nonceSize = 24
    static let encryptedCookie = 32
}
