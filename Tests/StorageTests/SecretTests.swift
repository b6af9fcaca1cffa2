import Glibc
import GRDB
import NetTypes
import SiteModel
import Testing

@testable import Storage

@Suite struct SecretTests {
    let directory = TemporaryDirectory()
    let site = Site(
        lan: LAN(subnets: [IPPrefix("192.168.1.0/24")!]),
        tunnel: Tunnel(addresses: [InterfaceAddress("192.168.2.254/24")!]))

    private func presharedKey(_ seed: UInt8) -> PresharedKey {
        PresharedKey { bytes in for i in bytes.indices { bytes[i] = seed &+ UInt8(i) } }
    }

    /// A store with one key pair and `count` preshared keys.
    private func filledStore(_ count: Int = 3) throws -> (Store, [SecretID]) {
        let store = try Store(directory.state)
        var secrets = NewSecrets()
        secrets.privateKeys.append(keyPair(1))
        for i in 0..<count {
            let key = presharedKey(UInt8(i))
            secrets.presharedKeys.append((try store.revisions.name(of: key), key))
        }
        _ = try store.revisions.append(site, RevisionNote(who: "", why: "", at: 0), secrets: secrets, after: nil)
        return (store, secrets.presharedKeys.map(\.id))
    }

    @Test(arguments: [1, 3, 200]) func secretsOpenAgain(count: Int) throws {
        let (_, ids) = try filledStore(count)
        let store = try Store(directory.state)
        let keys = try store.revisions.presharedKeys(Set(ids))
        #expect(keys.count == count)
        for (i, id) in ids.enumerated() { #expect(keys[id] == presharedKey(UInt8(i))) }
        let (publicKey, privateKey) = keyPair(1)
        #expect(try store.revisions.privateKey(of: publicKey) == privateKey)
        #expect(try store.revisions.holdsPrivateKey(of: publicKey))
        #expect(try !store.revisions.holdsPrivateKey(of: keyPair(2).0))
    }

    @Test func nothingSecretIsInTheFile() throws {
        let (store, _) = try filledStore()
        let sealed = try store.read { db in
            try Blob.fetchAll(db, sql: "SELECT sealed FROM private_key UNION ALL SELECT sealed FROM preshared_key")
        }
        #expect(sealed.count == 4)
        let plain = (0..<3).map { presharedKey($0).withBytes { Array($0) } } + [keyPair(1).1.withBytes { Array($0) }]
        for blob in sealed {
            #expect(blob.bytes.count == 72)
            for secret in plain { #expect(!blob.bytes.windows(of: 8).contains(Array(secret[8..<16]))) }
        }
    }

    @Test func missingSecretsAreNamed() throws {
        let (store, _) = try filledStore()
        let unknown = SecretID("00000000deadbeef")!
        #expect { try store.revisions.presharedKeys([unknown]) } throws: { "\($0)".contains("00000000deadbeef") }
        #expect { try store.revisions.privateKey(of: keyPair(9).0) } throws: { "\($0)".contains("\(keyPair(9).0)") }
    }

    @Test func aWrongKeyIsRefusedAndLosesNothing() throws {
        let (_, ids) = try filledStore()
        let right = directory.read("key")
        directory.write("key", [UInt8](repeating: 7, count: 32))
        let path = directory.state.key
        #expect(throws: StorageError.wrongKey(path: path)) {
            try Store(directory.state).revisions.presharedKeys(Set(ids))
        }
        #expect(throws: StorageError.wrongKey(path: path)) {
            try Store(directory.state).revisions.name(of: presharedKey(0))
        }
        directory.write("key", right)
        #expect(try Store(directory.state).revisions.presharedKeys(Set(ids)).count == 3)
    }

    @Test func aMissingKeyIsNotReplaced() throws {
        let (_, ids) = try filledStore()
        unlink(directory.state.key)
        #expect(throws: StorageError.missingKey(path: directory.state.key)) {
            try Store(directory.state).revisions.presharedKeys(Set(ids))
        }
        #expect(access(directory.state.key, F_OK) != 0)
    }

    @Test(arguments: [0, 31, 33]) func aKeyOfAnotherLengthIsRefused(count: Int) throws {
        directory.write("key", [UInt8](repeating: 1, count: count))
        #expect { try Store(directory.state).revisions.name(of: presharedKey(0)) } throws: {
            "\($0)".contains("exactly 32 bytes")
        }
    }

    @Test func aKeyThatOthersMayReadIsRefused() throws {
        _ = try filledStore()
        chmod(directory.state.key, 0o644)
        #expect { try Store(directory.state).revisions.name(of: presharedKey(0)) } throws: {
            "\($0)".contains("chmod 600")
        }
    }

    @Test func theCredentialGoesBeforeTheFile() throws {
        let credentials = TemporaryDirectory()
        defer { unlink("\(credentials.path)/wggw-key") }
        credentials.write("wggw-key", [UInt8](repeating: 5, count: 32), mode: 0o400)
        let store = try Store(directory.state, credentialsDirectory: credentials.path)
        _ = try store.revisions.name(of: presharedKey(0))
        #expect(access(directory.state.key, F_OK) != 0)
    }

    @Test func swappedRowsAreNoticed() throws {
        let (store, ids) = try filledStore()
        try store.write { db in
            try db.execute(
                sql: """
                    UPDATE preshared_key SET sealed = (SELECT sealed FROM preshared_key WHERE id = ?) WHERE id = ?
                    """, arguments: [ids[0].description, ids[1].description])
        }
        #expect { try store.revisions.presharedKeys([ids[1]]) } throws: { "\($0)".contains("tampered") }
    }
}

extension [UInt8] {
    fileprivate func windows(of count: Int) -> [[UInt8]] {
        (0...(self.count - count)).map { Array(self[$0..<$0 + count]) }
    }
}
