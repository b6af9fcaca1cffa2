/// A Curve25519 public key: 32 bytes as on the wire. Sorted as bytes.
public struct PublicKey: Hashable, Comparable, Sendable, ParsedText, LosslessStringConvertible {
    /// The bytes as four little-endian words: compared and hashed without a heap object.
    @usableFromInline let words: (UInt64, UInt64, UInt64, UInt64)

    /// Makes a key from 32 bytes; nil for any other count.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        self = withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { buffer in
            buffer.copyBytes(from: bytes)
            return PublicKey(loading: UnsafeRawBufferPointer(buffer))
        }
    }

    /// Makes a key from exactly 32 bytes of memory.
    public init(loading bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count == 32)
        words = (
            bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self),
            bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
            bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self),
            bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
        )
    }

    /// 44 characters of base64, as `wg pubkey` prints them. Throws `ParseError`.
    public init(parsing text: some StringProtocol) throws(ParseError) {
        let key = withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { buffer in
            Base64Key.decode(String(text).utf8, into: buffer) ? PublicKey(loading: UnsafeRawBufferPointer(buffer)) : nil
        }
        guard let key else { throw ParseError(text, .publicKey) }
        self = key
    }

    /// Calls `body` with the 32 bytes.
    public func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        var copy = words
        let result: Result<R, E> = withUnsafeBytes(of: &copy) { bytes in
            do throws(E) { return .success(try body(bytes)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// The 32 bytes.
    public var bytes: [UInt8] { withBytes { Array($0) } }

    /// 44 characters of base64.
    public var description: String { withBytes { String(decoding: Base64Key.encode($0), as: UTF8.self) } }

    /// Equal words.
    @inlinable public static func == (a: Self, b: Self) -> Bool { a.words == b.words }

    /// The bytes' order.
    @inlinable public static func < (a: Self, b: Self) -> Bool {
        if a.words.0 != b.words.0 { return a.words.0.bigEndian < b.words.0.bigEndian }
        if a.words.1 != b.words.1 { return a.words.1.bigEndian < b.words.1.bigEndian }
        if a.words.2 != b.words.2 { return a.words.2.bigEndian < b.words.2.bigEndian }
        return a.words.3.bigEndian < b.words.3.bigEndian
    }

    /// All four words.
    @inlinable public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}

/// A key of 32 bytes. Wiped with its last copy; printed by nothing but `exposedBase64`.
public protocol SecretKey: ParsedText, Equatable, Sendable {
    /// For errors: what it is, and which command prints one: `preshared key`, `wg genpsk`.
    static var words: (name: String, command: String?) { get }

    /// Makes a key by filling 32 bytes, from a random source or from a sealed box.
    init(filling fill: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows
    /// Calls `body` with the 32 bytes, which must not outlive the call.
    func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R
}

extension SecretKey {
    /// 44 characters of base64. The error does not repeat the text.
    public init(parsing text: some StringProtocol) throws(ParseError) {
        do {
            try self.init { bytes in
                guard Base64Key.decode(String(text).utf8, into: bytes) else { throw RefusedKey() }
            }
        } catch {
            throw ParseError("(\(Self.words.name))", .key(command: Self.words.command))
        }
    }

    /// The bytes of a key of another kind.
    public init(bytesOf other: some SecretKey) { self.init { own in other.withBytes { own.copyMemory(from: $0) } } }

    /// The key in base64, for a client's configuration and for nothing else.
    public var exposedBase64: String { withBytes { String(decoding: Base64Key.encode($0), as: UTF8.self) } }
}

/// A Curve25519 private key.
public struct PrivateKey: SecretKey {
    private let secret: SecretBytes

    /// As `SecretKey` says.
    public static let words: (name: String, command: String?) = ("private key", "wg genkey")

    /// Fills 32 bytes, and clamps them (RFC 7748 5).
    public init(filling fill: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
        secret = try SecretBytes { bytes in
            try fill(bytes)
            bytes[0] &= 248
            bytes[31] = bytes[31] & 127 | 64
        }
    }

    /// As `SecretKey` says.
    public func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try secret.withBytes(body)
    }

    /// Constant time.
    public static func == (a: Self, b: Self) -> Bool { SecretBytes.equal(a.secret, b.secret) }
}

/// A preshared key, mixed into the handshake.
public struct PresharedKey: SecretKey {
    private let secret: SecretBytes

    /// As `SecretKey` says.
    public static let words: (name: String, command: String?) = ("preshared key", "wg genpsk")

    /// Fills 32 bytes.
    public init(filling fill: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
        secret = try SecretBytes(fill)
    }

    /// As `SecretKey` says.
    public func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try secret.withBytes(body)
    }

    /// Constant time.
    public static func == (a: Self, b: Self) -> Bool { SecretBytes.equal(a.secret, b.secret) }
}

/// AmneziaWG's key that hides message headers, the same at both ends. All zeros stand for none, so no key is that.
public struct HeaderProtectionKey: SecretKey {
    private let secret: SecretBytes

    /// As `SecretKey` says.
    public static let words: (name: String, command: String?) = ("header protection key", nil)

    /// What stands for no key.
    public static let noneBase64 = String(repeating: "A", count: 43) + "="

    /// Fills 32 bytes.
    public init(filling fill: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
        secret = try SecretBytes(fill)
    }

    /// As `SecretKey` says.
    public func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try secret.withBytes(body)
    }

    /// Constant time.
    public static func == (a: Self, b: Self) -> Bool { SecretBytes.equal(a.secret, b.secret) }
}

private struct RefusedKey: Error {}
