import GRDB
import Glibc
import NetTypes
import Repeats
import SiteModel
import Testing

@testable import Storage

/// A database with bits flipped, cut off, or pages mixed up, and keys that are none: what is read is a value or an error that
/// names the file; nothing traps, nothing hangs, and reading changes nothing.
@Suite struct DamagedDatabaseTests {
    private let key = [UInt8](repeating: 3, count: 32)

    /// Five revisions of a site with secrets, an apply on its way and one that waits: a row in every table.
    private func intact(_ random: inout SeededRandom) throws -> [UInt8] {
        let directory = TemporaryDirectory()
        directory.write("key", key)
        let store = try Store(directory.state)
        var site = random.site(peers: (0..<20).map { "peer-\($0)" })
        site.tunnel.publicKey = keyPair(1).0
        for index in site.peers.indices { site.peers[index].presharedKey = .none }
        var newest: StoredSite?
        for revision in 0..<5 {
            var secrets = NewSecrets()
            if revision == 0 { secrets.privateKeys.append(keyPair(1)) }
            let psk = PresharedKey { bytes in for i in bytes.indices { bytes[i] = UInt8(revision) } }
            secrets.presharedKeys.append((try store.revisions.name(of: psk), psk))
            site.peers[revision].presharedKey = .sealed(secrets.presharedKeys[0].id)
            let note = RevisionNote(who: "amy", why: "because", at: 1_700_000_000)
            newest = try store.revisions.append(site, note, secrets: secrets, after: newest)
        }
        var outcome = BoxRecords.Outcome()
        outcome.ruleset = "7"
        for id in 1...4 {
            try store.records.finish(applied: id, with: random.surroundings(), at: 99, bootID: "b", outcome)
        }
        let pending = PendingConfirmation(token: "t", revision: 5, returnTo: 4, deadline: 99, bootID: "b")
        let journal = Journal(target: 5, startedAt: 5, command: "wggw apply")
        try store.records.begin(journal, oldSysctls: ["net/ipv4/ip_forward": 0], pending: pending, bootID: "b")
        _ = try store.queue.inDatabase { db in try db.checkpoint(.truncate) }
        return directory.read("wggw.db")
    }

    private func damaged(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var bytes = bytes
        let pages = bytes.count / 4096
        func page() -> Int { Int.random(in: 0..<pages, using: &random) * 4096 }
        switch Int.random(in: 0..<10, using: &random) {
        case 0: bytes.removeLast(Int.random(in: 1..<bytes.count, using: &random))
        case 1:
            let (a, b) = (page(), page())
            bytes.replaceSubrange(a..<a + 4096, with: bytes[b..<b + 4096])
        case 2:
            let at = page()
            bytes.replaceSubrange(at..<at + 4096, with: [UInt8](repeating: 0, count: 4096))
        case 3: bytes += random.bytes(Int.random(in: 1...5000, using: &random))
        case 4:
            // The beginning of a page says where its rows are.
            bytes[page() + Int.random(in: 0..<60, using: &random)] = UInt8.random(in: 0...255, using: &random)
        default:
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
            }
        }
        return bytes
    }

    /// Everything that a command reads, in the order in which commands do; a fault stops none of the others.
    private func readAll(_ directory: TemporaryDirectory) -> [StorageError] {
        var faults: [StorageError] = []
        func attempt(_ body: () throws(StorageError) -> Void) {
            do { try body() } catch { faults.append(error) }
        }
        attempt { () throws(StorageError) in
            let store = try Store(directory.state)
            attempt { () throws(StorageError) in _ = try store.records.current() }
            attempt { () throws(StorageError) in _ = try store.records.pending() }
            attempt { () throws(StorageError) in _ = try store.records.savedSysctls(bootID: "b") }
            attempt { () throws(StorageError) in _ = try store.revisions.history(limit: 20) }
            attempt { () throws(StorageError) in _ = try store.revisions.about(4) }
            attempt { () throws(StorageError) in _ = try store.records.surroundings(of: 4) }
            attempt { () throws(StorageError) in _ = try store.records.appliedTimes() }
            attempt { () throws(StorageError) in _ = try store.revisions.tunnelInterface(of: 3) }
            attempt { () throws(StorageError) in
                guard let newest = try store.revisions.newest() else { return }
                attempt { () throws(StorageError) in _ = try store.revisions.revision(2, beside: newest) }
                let ids = newest.site.peers.compactMap { peer -> SecretID? in
                    if case .sealed(let id) = peer.presharedKey { id } else { nil }
                }
                attempt { () throws(StorageError) in _ = try store.revisions.presharedKeys(Set(ids)) }
                if let key = newest.site.tunnel.publicKey {
                    attempt { () throws(StorageError) in _ = try store.revisions.privateKey(of: key) }
                }
            }
            for id in 1...5 { attempt { () throws(StorageError) in _ = try store.revisions.revision(id) } }
        }
        return faults
    }

    @Test(arguments: repeats(2)) func whateverTheBytes(seed: Int) throws {
        var random = SeededRandom(state: UInt64(300 + seed))
        let intact = try intact(&random)
        var noticed = 0
        for round in 0..<150 {
            let directory = TemporaryDirectory()
            let bytes = damaged(intact, &random)
            directory.write("wggw.db", bytes)
            directory.write("key", round % 10 == 0 ? random.bytes(32) : key)
            let faults = readAll(directory)
            noticed += faults.isEmpty ? 0 : 1
            for fault in faults {
                let isOfTheFile = "\(fault)".hasPrefix(directory.path) || "\(fault)".contains("damaged")
                let isOfOneThing =
                    switch fault {
                    case .secret, .noSuchRevision: true
                    default: false
                    }
                #expect(isOfTheFile || isOfOneThing, "seed \(seed), \(round): \(fault)")
                if case .database = fault { Issue.record("seed \(seed), \(round): no remedy: \(fault)") }
            }
            // What could be opened may be turned to WAL; what could not is left for whoever repairs it.
            if case .corrupt = faults.first { #expect(directory.read("wggw.db") == bytes, "seed \(seed), \(round)") }
        }
        #expect(noticed > 40, "\(noticed) of 150 were noticed")
    }
}
