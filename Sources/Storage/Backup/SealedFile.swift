internal import CSodium
internal import NetTypes

/// Bytes under a passphrase: libsodium's password hashing (Argon2id 1.3) makes the key, XChaCha20-Poly1305 seals header and content.
///
/// The file, integers little-endian:
///
///     0  "wggw backup\n"    12  format, 4    16  Argon2id's passes, 4    20  its memory in KiB, 4
///     24  length of the content, 8    32  salt, 16    48  nonce, 24    72  content and tag (16)
enum SealedFile {
    static let magic = Array("wggw backup\n".utf8)
    static let format = 1
    static let headerSize = 72
    static let tagSize = 16
    /// About half a second on a desktop; so little memory that a small router has it.
    private static let passes: UInt32 = 6
    private static let kibibytes: UInt32 = 64 << 10
    /// What a file may ask for, so that one that somebody made up does not take the box along.
    private static let maximumPasses: UInt32 = 64
    private static let maximumKibibytes: UInt32 = 1 << 20

    static func seal(_ content: UnsafeRawBufferPointer, passphrase: UnsafeRawBufferPointer) throws
        -> [UInt8]
    {
        _ = sodium_init()
        var file = magic + little(UInt32(format)) + little(passes) + little(kibibytes) + little(UInt64(content.count))
        file += [UInt8](unsafeUninitializedCapacity: 40) { random, count in
            randombytes_buf(random.baseAddress!, 40)
            count = 40
        }
        let header = file
        return try withKey(header, passphrase) { key in
            file += [UInt8](unsafeUninitializedCapacity: content.count + tagSize) { out, count in
                crypto_aead_xchacha20poly1305_ietf_encrypt(
                    out.baseAddress!, nil, content.bound, UInt64(content.count), header, UInt64(header.count), nil,
                    Array(header[48..<72]), key)
                count = content.count + tagSize
            }
            return file
        }
    }

    /// The content of a file. `body` sees it in memory that is wiped afterwards.
    static func open<R>(
        _ file: [UInt8], passphrase: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> R
    ) throws -> R {
        _ = sodium_init()
        guard file.starts(with: magic) else { throw BackupError.notABackup }
        guard file.count >= headerSize else {
            throw BackupError.wrongLength(found: file.count, expected: headerSize + tagSize)
        }
        let found = Int(number(file, 12, 4))
        guard found == format else { throw BackupError.newerFormat(found: found, known: format) }
        let length = number(file, 24, 8)
        let rest = file.count - headerSize - tagSize
        guard rest >= 0, length == rest else {
            let expected = Int(clamping: length).addingReportingOverflow(headerSize + tagSize)
            throw BackupError.wrongLength(found: file.count, expected: expected.overflow ? .max : expected.partialValue)
        }
        let header = Array(file[..<headerSize])
        return try withKey(header, passphrase) { key in
            let content = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, rest), alignment: 16)
            defer {
                wipe(content)
                content.deallocate()
            }
            let isRight = file.withUnsafeBytes { file in
                crypto_aead_xchacha20poly1305_ietf_decrypt(
                    content.baseAddress!.assumingMemoryBound(to: UInt8.self), nil, nil, file.bound + headerSize,
                    UInt64(rest + tagSize), header, UInt64(headerSize), Array(header[48..<72]), key) == 0
            }
            guard isRight else { throw BackupError.doesNotOpen }
            return try body(UnsafeRawBufferPointer(rebasing: content[..<rest]))
        }
    }

    private static func withKey<R, E: Error>(
        _ header: [UInt8], _ passphrase: UnsafeRawBufferPointer, _ body: (UnsafePointer<UInt8>) throws(E) -> R
    ) throws -> R {
        let (passes, kibibytes) = (UInt32(number(header, 16, 4)), UInt32(number(header, 20, 4)))
        guard passes > 0, passes <= maximumPasses, kibibytes >= 8, kibibytes <= maximumKibibytes else {
            throw BackupError.contentMakesNoSense(.tooMuchWork)
        }
        guard let memory = sodium_malloc(32) else { throw BackupError.noMemory(needed: 1) }
        defer { sodium_free(memory) }
        let key = memory.assumingMemoryBound(to: UInt8.self)
        let made = crypto_pwhash(
            key, 32, passphrase.baseAddress!.assumingMemoryBound(to: CChar.self), UInt64(passphrase.count),
            Array(header[32..<48]), UInt64(passes), Int(kibibytes) << 10, crypto_pwhash_alg_argon2id13())
        guard made == 0 else { throw BackupError.noMemory(needed: Int(kibibytes) >> 10) }
        return try body(key)
    }

    private static func little(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    private static func number(_ bytes: [UInt8], _ at: Int, _ size: Int) -> UInt64 {
        bytes[at..<at + size].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

extension UnsafeRawBufferPointer {
    fileprivate var bound: UnsafePointer<UInt8> { baseAddress!.assumingMemoryBound(to: UInt8.self) }
}
