internal import CSodium
internal import GRDB
public import NetTypes
internal import SiteModel

extension PublicKey {
    /// The one that belongs to a private key (Curve25519).
    public init(of key: PrivateKey) {
        self = withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { out in
            let at = out.baseAddress!.assumingMemoryBound(to: UInt8.self)
            key.withBytes { _ = crypto_scalarmult_base(at, $0.baseAddress!.assumingMemoryBound(to: UInt8.self)) }
            return PublicKey(loading: UnsafeRawBufferPointer(out))
        }
    }
}

extension SQLiteRevisions {
    func name(of key: PresharedKey) throws(StorageError) -> SecretID {
        try database.read { db in
            let sealing = try database.sealingKey(db)
            return key.withBytes { sealing.name(of: $0) }
        }
    }

    func privateKey(of publicKey: PublicKey) throws(StorageError) -> PrivateKey {
        let name = SecretName.privateKey(of: publicKey)
        return try database.read { db in
            guard
                let sealed = try Blob.fetchOne(
                    db, sql: "SELECT sealed FROM private_key WHERE public_key = ?",
                    arguments: [Blob(publicKey.bytes)])
            else { throw StorageError.secret(name, .elsewhere) }
            let sealing = try database.sealingKey(db)
            let key = try PrivateKey { secret in
                guard sealed.bytes.withUnsafeBytes({ sealing.open($0, into: secret) }) else {
                    throw StorageError.secret(name, .damaged)
                }
            }
            // Rows swapped by somebody who has the file but not the key would give a peer another's identity.
            guard PublicKey(of: key) == publicKey else {
                throw StorageError.secret(name, .anothers)
            }
            return key
        }
    }

    func holdsPrivateKey(of publicKey: PublicKey) throws(StorageError) -> Bool {
        try database.read { db in
            try Int.fetchOne(
                db, sql: "SELECT 1 FROM private_key WHERE public_key = ?",
                arguments: [Blob(publicKey.bytes)]) != nil
        }
    }

    func presharedKeys(_ ids: Set<SecretID>) throws(StorageError) -> [SecretID: PresharedKey] {
        if ids.isEmpty { return [:] }
        return try database.read { db in
            let sealing = try database.sealingKey(db)
            var found: [SecretID: PresharedKey] = Dictionary(minimumCapacity: ids.count)
            // One scan of the table beats thousands of look-ups; a few look-ups beat the scan.
            if ids.count > 64 {
                try db.forEachRow("SELECT id, sealed FROM preshared_key") { row in
                    guard let id = SecretID(row.text(0) ?? ""), ids.contains(id) else { return }
                    found[id] = try Self.open(row.bytes(1), id, sealing)
                }
            } else {
                for id in ids {
                    try db.forEachRow("SELECT sealed FROM preshared_key WHERE id = ?", arguments: [id.description]) {
                        found[id] = try Self.open($0.bytes(0), id, sealing)
                    }
                }
            }
            guard let missing = ids.first(where: { found[$0] == nil }) else { return found }
            throw StorageError.secret(.presharedKey(missing), .missing)
        }
    }

    private static func open(
        _ sealed: UnsafeRawBufferPointer, _ id: SecretID, _ sealing: SealingKey
    ) throws -> PresharedKey {
        let key = try PresharedKey { secret in
            guard sealing.open(sealed, into: secret) else {
                throw StorageError.secret(.presharedKey(id), .damaged)
            }
        }
        guard key.withBytes({ sealing.name(of: $0) }) == id else {
            throw StorageError.secret(.presharedKey(id), .another)
        }
        return key
    }

    /// Seals secrets, as part of the transaction that needs them. One that is there already stays.
    func insert(_ secrets: NewSecrets, _ db: Database) throws {
        if secrets.isEmpty { return }
        let sealing = try database.sealingKey(db)
        try db.execute(
            sql: "INSERT INTO sealing (id, key_check) VALUES (1, ?) ON CONFLICT DO NOTHING",
            arguments: [Blob(sealing.check)])
        let privateKeys = try db.makeStatement(
            sql: "INSERT INTO private_key (public_key, sealed) VALUES (?, ?) ON CONFLICT DO NOTHING")
        for (publicKey, key) in secrets.privateKeys {
            try privateKeys.execute(
                arguments: [Blob(publicKey.bytes), Blob(key.withBytes { sealing.seal($0) })])
        }
        let presharedKeys = try db.makeStatement(
            sql: "INSERT INTO preshared_key (id, sealed) VALUES (?, ?) ON CONFLICT DO NOTHING")
        for (id, key) in secrets.presharedKeys {
            try presharedKeys.execute(arguments: [id.description, Blob(key.withBytes { sealing.seal($0) })])
        }
    }
}
