import CSodium
import GRDB
import Glibc
import NetTypes
import Repeats
import SiteModel
import Testing

@testable import Storage

/// A backup holds the site and nothing of the box; it is taken whole or not at all.
@Suite final class BackupTests {
    private let old = TemporaryDirectory()
    private let new = TemporaryDirectory()
    private let words = Array("correct horse battery".utf8)
    private let key = PrivateKey { bytes in for i in bytes.indices { bytes[i] = 1 } }
    private let preshared = PresharedKey { bytes in for i in bytes.indices { bytes[i] = UInt8(i) } }

    private var publicKey: PublicKey {
        var out = [UInt8](repeating: 0, count: 32)
        key.withBytes { _ = crypto_scalarmult_base(&out, $0.baseAddress!.assumingMemoryBound(to: UInt8.self)) }
        return PublicKey(bytes: out)!
    }

    /// Two revisions, of which one is applied, with both kinds of secrets.
    private func filled() throws -> Store {
        let store = try Store(old.state)
        var site = Site(
            lan: LAN(subnets: [IPPrefix("192.168.1.0/24")!]),
            tunnel: Tunnel(addresses: [InterfaceAddress("192.168.2.254/24")!], publicKey: publicKey))
        var secrets = NewSecrets()
        secrets.privateKeys.append((publicKey, key))
        secrets.presharedKeys.append((try store.revisions.name(of: preshared), preshared))
        let first = try store.revisions.append(
            site, RevisionNote(who: "amy", why: "init", at: 1), secrets: secrets, after: nil)
        site.peers.append(
            Peer(
                name: "laptop", addresses: [IPAddress("192.168.2.1")!],
                presharedKey: .sealed(secrets.presharedKeys[0].id)))
        _ = try store.revisions.append(site, RevisionNote(who: "bob", why: "more", at: 2), after: first)
        try store.write { db in
            try db.execute(
                sql: """
                    UPDATE box SET applied = 1, is_up = 1, boot_id = 'b', ruleset = 'r';
                    INSERT INTO saved_sysctl (key, value) VALUES ('net/ipv4/ip_forward', 0);
                    INSERT INTO journal VALUES (1, 1, 3, 'wggw apply');
                    INSERT INTO pending VALUES (1, 't', 1, NULL, 9, 'b');
                    UPDATE revision SET applied_at = 3 WHERE id = 1;
                    """)
        }
        return store
    }

    private func restore(_ file: [UInt8], _ words: [UInt8]? = nil) throws {
        try (words ?? self.words).withUnsafeBytes { try Store.restore(file, passphrase: $0, into: new.state) }
    }

    private func backup(_ store: Store) throws -> [UInt8] {
        try words.withUnsafeBytes { try store.backup(passphrase: $0) }
    }

    private var isUntouched: Bool { new.read("wggw.db").isEmpty && new.read("key").isEmpty }

    @Test func everythingOfTheSiteAndNothingOfTheBox() throws {
        let store = try filled()
        try restore(try backup(store))
        for name in ["wggw.db", "key"] { #expect(new.mode(name) == 0o600) }
        let other = try Store(new.state)
        #expect(try other.revisions.newest()?.site == store.revisions.newest()?.site)
        #expect(try other.revisions.history(limit: 9).map(\.note.who) == ["bob", "amy"])
        #expect(try other.revisions.privateKey(of: publicKey) == key)
        let name = try store.revisions.name(of: preshared)
        #expect(try other.revisions.presharedKeys([name]) == [name: preshared])
        #expect(try other.records.appliedTimes().keys.sorted() == [1])
        let counts = try other.read { db in
            try ["journal", "pending", "saved_sysctl", "box WHERE applied IS NOT NULL OR is_up OR ruleset IS NOT NULL"]
                .map {
                    try Int.fetchOne(db, sql: "SELECT count(*) FROM \($0)")
                }
        }
        #expect(counts == [0, 0, 0, 0])
        #expect(try store.records.current().isUp, "the old one is as it was")
    }

    /// Whoever has the file and not the passphrase learns what is in it by nothing but its length.
    @Test func nothingIsReadable() throws {
        let file = try backup(try filled())
        for word in ["SQLite", "laptop", "192.168", "amy"] { #expect(file.firstRange(of: Array(word.utf8)) == nil) }
        #expect(file != (try backup(try Store(old.state))), "a salt and a nonce of its own")
    }

    @Test func anotherPassphraseOpensNothing() throws {
        let file = try backup(try filled())
        for wrong in [Array("correct horse batterx".utf8), [], Array("correct".utf8)] {
            #expect(throws: BackupError.doesNotOpen) { try restore(file, wrong) }
        }
        #expect(isUntouched)
    }

    /// Half a second for each that is read to its end, so few of these.
    @Test func whatIsCutOrChangedIsRefusedWhole() throws {
        let file = try backup(try filled())
        var random = SeededRandom(state: 7)
        for length in (0..<90).map({ $0 }) + (0..<100).map({ _ in Int.random(in: 0..<file.count, using: &random) }) {
            #expect(throws: BackupError.self) { try restore(Array(file[..<length])) }
        }
        #expect(throws: BackupError.wrongLength(found: file.count + 1, expected: file.count)) {
            try restore(file + [0])
        }
        // The header is sealed as well.
        for at in [33, 50, 72, file.count / 2, file.count - 1] {
            var changed = file
            changed[at] ^= 1
            #expect(throws: BackupError.doesNotOpen) { try restore(changed) }
        }
        var newer = file
        newer[12] = 2
        #expect(throws: BackupError.newerFormat(found: 2, known: 1)) { try restore(newer) }
        var greedy = file
        greedy[23] = 255
        #expect { try restore(greedy) } throws: { "\($0)".contains("so much work") }
        #expect(isUntouched)
    }

    /// Whoever has the passphrase may still bring what is none.
    @Test func whatIsNoDatabaseIsRefused() throws {
        let store = try filled()
        var key = [UInt8](repeating: 0, count: 32)
        try key.withUnsafeMutableBytes { try store.keySource.read(into: $0) }
        func file(_ content: [UInt8]) throws -> [UInt8] {
            try content.withUnsafeBytes { content in
                try words.withUnsafeBytes { try SealedFile.seal(content, passphrase: $0) }
            }
        }
        let image = try store.read { try DatabaseImage.ofSite($0) }
        var damaged = image
        for at in stride(from: 200, to: damaged.count, by: 40) { damaged[at] ^= 0x55 }
        var otherKey = key
        otherKey[0] ^= 1
        for content in [[], key, key + Array("nonsense".utf8), key + image[..<1000], key + damaged, otherKey + image] {
            #expect(throws: BackupError.self) { try restore(file(content)) }
        }
        #expect(isUntouched)
        try restore(file(key + image))
    }

    @Test func aNewerDatabaseIsRefused() throws {
        let store = try filled()
        try store.write { try $0.execute(sql: "PRAGMA user_version = 99") }
        let file = try backup(store)
        #expect { try restore(file) } throws: { "\($0)".contains("newer wggw") }
        #expect(isUntouched)
    }

    @Test func nothingIsReplaced() throws {
        let file = try backup(try filled())
        new.write("key", [UInt8](repeating: 9, count: 32))
        #expect(throws: BackupError.anotherKeyIsThere(path: new.state.key)) { try restore(file) }
        #expect(new.read("key") == [UInt8](repeating: 9, count: 32) && new.read("wggw.db").isEmpty)
        unlink(new.state.key)
        try restore(file)
        #expect(throws: BackupError.siteIsThere(path: new.state.database)) { try restore(file) }
        // As if the power had gone in between.
        unlink(new.state.database)
        try restore(file)
    }

    @Test func aShortPassphraseIsRefused() throws {
        let store = try filled()
        #expect(throws: BackupError.shortPassphrase(minimum: 8)) {
            try Array("1234567".utf8).withUnsafeBytes { try store.backup(passphrase: $0) }
        }
    }
}
