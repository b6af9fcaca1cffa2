internal import GRDB
internal import Glibc
internal import NetTypes

extension Store {
    /// The least bytes of a passphrase.
    public static let minimumPassphrase = 8

    /// Everything that is the site's, all revisions and secrets, as a file that the passphrase opens. What is a fact of this box is
    /// not in it. Throws `BackupError`, `StorageError`.
    public func backup(passphrase: UnsafeRawBufferPointer) throws -> [UInt8] {
        guard passphrase.count >= Self.minimumPassphrase else {
            throw BackupError.shortPassphrase(minimum: Self.minimumPassphrase)
        }
        let image = try read { db in try DatabaseImage.ofSite(db) }
        let content = UnsafeMutableRawBufferPointer.allocate(
            byteCount: SealingKey.masterCount + image.count, alignment: 16)
        defer {
            wipe(content)
            content.deallocate()
        }
        try keySource.read(into: UnsafeMutableRawBufferPointer(rebasing: content[..<SealingKey.masterCount]))
        image.withUnsafeBytes {
            content.baseAddress!.advanced(by: SealingKey.masterCount).copyMemory(
                from: $0.baseAddress!, byteCount: $0.count)
        }
        return try SealedFile.seal(UnsafeRawBufferPointer(content), passphrase: passphrase)
    }

    /// Puts a backup into a state directory without a site. All of the file is judged before anything is written; where it is cut
    /// short, the same again completes it. Throws `BackupError`, `StorageError`.
    public static func restore(
        _ file: [UInt8], passphrase: UnsafeRawBufferPointer, into directory: StateDirectory
    ) throws {
        guard !directory.hasDatabase else { throw BackupError.siteIsThere(path: directory.database) }
        guard !passphrase.isEmpty else { throw BackupError.doesNotOpen }
        try SealedFile.open(file, passphrase: passphrase) { content in
            guard content.count > SealingKey.masterCount else {
                throw BackupError.contentMakesNoSense(.empty)
            }
            let master = UnsafeRawBufferPointer(rebasing: content[..<SealingKey.masterCount])
            let image = Array(content[SealingKey.masterCount...])
            try DatabaseImage.judge(image, keyCheck: SealingKey.check(of: master))
            let files = try TrustedDirectory(directory.path, creating: true)
            try put(master, into: files, directory)
            try image.withUnsafeBytes { try files.create("wggw.db", $0) }
        }
    }

    /// The key goes first: without a database it seals nothing, and a database without its key is of no use.
    private static func put(
        _ master: UnsafeRawBufferPointer, into files: TrustedDirectory, _ directory: StateDirectory
    ) throws {
        try files.create("key", master)
        let isThis = try withUnsafeTemporaryAllocation(byteCount: SealingKey.masterCount, alignment: 16) { there in
            defer { wipe(there) }
            try SealingKey.Source(files, credentialsDirectory: nil).read(into: UnsafeMutableRawBufferPointer(there))
            return there.elementsEqual(master)
        }
        guard isThis else { throw BackupError.anotherKeyIsThere(path: directory.key) }
    }
}
