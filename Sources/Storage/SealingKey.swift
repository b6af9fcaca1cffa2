internal import CSodium
internal import Glibc
internal import NetTypes
internal import SiteModel
internal import System

/// 32 bytes that seal the private and preshared keys (libsodium secretbox: XSalsa20-Poly1305, a random nonce each).
///
/// A key that was derived from it (crypto_kdf) is used for each purpose; all of them lie in locked memory of libsodium's.
final class SealingKey {
    /// Where the key comes from: the state directory, or what systemd handed over.
    struct Source {
        private let directory: TrustedDirectory
        private let credential: String?

        init(_ directory: TrustedDirectory, credentialsDirectory: String?) {
            self.directory = directory
            credential = credentialsDirectory.map { $0 + "/wggw-key" }.flatMap { access($0, F_OK) == 0 ? $0 : nil }
        }

        /// The file, for messages.
        var path: String { credential ?? directory.path + "/key" }

        /// Reads the key; makes the file, 0600, if it is not there and `mayCreate`.
        func load(mayCreate: Bool) throws(StorageError) -> SealingKey {
            _ = sodium_init()
            if let key = try read() { return key }
            guard mayCreate, credential == nil else { throw .missingKey(path: path) }
            try create()
            guard let key = try read() else { throw .missingKey(path: path) }
            return key
        }

        /// The key itself, for a backup; makes it if no secret was sealed yet.
        func read(into master: UnsafeMutableRawBufferPointer) throws(StorageError) {
            _ = try load(mayCreate: true)
            let isThere: Void? = try withMaster { master.copyMemory(from: $0) }
            guard isThere != nil else { throw .missingKey(path: path) }
        }

        private func read() throws(StorageError) -> SealingKey? { try withMaster { SealingKey(master: $0) } }

        private func withMaster<R>(_ body: (UnsafeRawBufferPointer) -> R) throws(StorageError) -> R? {
            guard let fd = try open() else { return nil }
            defer { close(fd) }
            return try withUnsafeTemporaryAllocation(byteCount: SealingKey.masterCount + 1, alignment: 16) {
                buffer throws(StorageError) in
                defer { wipe(buffer) }
                guard Glibc.read(fd, buffer.baseAddress, SealingKey.masterCount + 1) == SealingKey.masterCount else {
                    throw .file(path: path, .noKey)
                }
                return body(UnsafeRawBufferPointer(rebasing: buffer[..<SealingKey.masterCount]))
            }
        }

        private func open() throws(StorageError) -> Int32? {
            if let credential { return try openCredential(credential) }
            guard let fd = try directory.open("key", O_RDONLY) else { return nil }
            var info = stat()
            guard fstat(fd, &info) == 0, info.st_mode & 0o077 == 0 else {
                close(fd)
                throw .file(path: path, .keyIsReadable)
            }
            return fd
        }

        /// Whoever handed it over has set its mode, and the way to it, for this process.
        private func openCredential(_ path: String) throws(StorageError) -> Int32? {
            let fd = Glibc.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            if fd < 0 {
                if errno == ENOENT { return nil }
                throw .file(path: path, .keyIsForbidden(errno))
            }
            var info = stat()
            guard fstat(fd, &info) == 0, info.st_mode & S_IFMT == S_IFREG, isTrusted(info.st_uid) else {
                close(fd)
                throw .file(path: path, .foreignCredential)
            }
            return fd
        }

        /// The first of several processes wins.
        private func create() throws(StorageError) {
            try withUnsafeTemporaryAllocation(byteCount: 32, alignment: 16) { buffer throws(StorageError) in
                defer { wipe(buffer) }
                randombytes_buf(buffer.baseAddress!, 32)
                try directory.create("key", UnsafeRawBufferPointer(buffer))
            }
        }
    }

    /// Bytes of the key file.
    static let masterCount = 32
    /// nonce, tag, 32 bytes.
    static let sealedCount = 24 + 16 + 32

    private let keys: UnsafeMutableRawPointer
    /// Tells this key from another one, and nothing else about it.
    let check: [UInt8]

    private init(master: UnsafeRawBufferPointer) {
        guard let memory = sodium_malloc(64) else { fatalError("out of memory") }
        keys = memory
        Self.derive(1, master, memory)
        Self.derive(2, master, memory + 32)
        check = Self.check(of: master)
    }

    /// What `check` is of a key.
    static func check(of master: UnsafeRawBufferPointer) -> [UInt8] {
        var check = [UInt8](repeating: 0, count: 32)
        check.withUnsafeMutableBytes { derive(3, master, $0.baseAddress!) }
        return check
    }

    deinit { sodium_free(keys) }

    private static func derive(_ purpose: UInt64, _ master: UnsafeRawBufferPointer, _ out: UnsafeMutableRawPointer) {
        crypto_kdf_derive_from_key(
            out.assumingMemoryBound(to: UInt8.self), 32, purpose, "wggwseal",
            master.baseAddress!.assumingMemoryBound(to: UInt8.self))
    }

    /// 72 bytes that only this key opens.
    func seal(_ secret: UnsafeRawBufferPointer) -> [UInt8] {
        precondition(secret.count == 32)
        return [UInt8](unsafeUninitializedCapacity: Self.sealedCount) { out, count in
            let at = out.baseAddress!
            randombytes_buf(at, 24)
            crypto_secretbox_easy(
                at + 24, secret.baseAddress!.assumingMemoryBound(to: UInt8.self), 32, at,
                keys.assumingMemoryBound(to: UInt8.self))
            count = Self.sealedCount
        }
    }

    /// Whether `sealed` was whole and made with this key; then `secret` holds it.
    func open(_ sealed: UnsafeRawBufferPointer, into secret: UnsafeMutableRawBufferPointer) -> Bool {
        guard sealed.count == Self.sealedCount, secret.count == 32 else { return false }
        let at = sealed.baseAddress!.assumingMemoryBound(to: UInt8.self)
        return crypto_secretbox_open_easy(
            secret.baseAddress!.assumingMemoryBound(to: UInt8.self), at + 24, 48, at,
            keys.assumingMemoryBound(to: UInt8.self)) == 0
    }

    /// The name of a secret: keyed BLAKE2b, so that the name tells nothing even about a secret that can be guessed.
    func name(of secret: UnsafeRawBufferPointer) -> SecretID {
        withUnsafeTemporaryAllocation(byteCount: 16, alignment: 8) { hash in
            crypto_generichash(
                hash.baseAddress!.assumingMemoryBound(to: UInt8.self), 16,
                secret.baseAddress!.assumingMemoryBound(to: UInt8.self), UInt64(secret.count),
                (keys + 32).assumingMemoryBound(to: UInt8.self), 32)
            return SecretID(rawValue: hash.loadUnaligned(as: UInt64.self).bigEndian)
        }
    }
}
