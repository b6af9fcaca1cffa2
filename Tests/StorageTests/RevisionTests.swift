import GRDB
import NetTypes
import Repeats
import SiteModel
import Testing

@testable import Storage

@Suite struct RevisionTests {
    let directory = TemporaryDirectory()
    let note = RevisionNote(who: "amy", why: "because", at: 1_700_000_000)

    @Test(arguments: Keeper.allCases, 0..<20) func siteSurvivesARoundTrip(keeper: Keeper, seed: Int) throws {
        let open = keeper.opener(directory)
        var random = SeededRandom(state: UInt64(seed))
        let site = random.site(peers: (0..<30).map { "peer-\($0)" })
        let stored = try open().append(site, note, after: nil)
        let loaded = try open().revision(1)
        #expect(loaded.site == site)
        #expect(loaded == stored)
        #expect(loaded.revision == Revision(1, note, peers: 30))
        #expect(try open().about(1) == loaded.revision)
        #expect(try open().tunnelInterface(of: 1) == "wg0" && open().tunnelInterface(of: 2) == nil)
        #expect(try open().tunnelInterface(of: nil) == "wg0")
    }

    @Test(arguments: Keeper.allCases) func aDisguiseSurvivesARoundTrip(keeper: Keeper) throws {
        let open = keeper.opener(directory)
        var random = SeededRandom(state: 3)
        var site = random.site(peers: ["a", "b"])
        var lines = AWGSettings()
        for (name, text) in [(.jc, "4"), (.h2, "5-9"), (.i3, "<b 0x0102><r 4>"), (.randomTrailers, "on")]
            as [(AWGName, String)]
        {
            try lines.set(name, text)
        }
        site.tunnel.disguise = Disguise(lines, headerProtectionKey: .sealed(SecretID(rawValue: 7)))
        site.tunnel.moreDisguises = ["old": Disguise(lines), "older": Disguise(lines, headerProtectionKey: .auto)]
        site.peers[0].disguise = try DisguiseChoice(parsing: "old")
        site.peers[1].disguise = .awg
        let first = try open().append(site, note, after: nil)
        #expect(try open().revision(1).site == site)
        (site.tunnel.disguise, site.tunnel.moreDisguises) = (nil, [:])
        for i in site.peers.indices { site.peers[i].disguise = .none }
        _ = try open().append(site, note, after: first)
        #expect(try open().revision(2).site == site)
    }

    /// The interval rows against a twin that keeps every site whole.
    @Test(arguments: Keeper.allCases, 0..<5) func everyRevisionStaysAsItWas(keeper: Keeper, seed: Int) throws {
        var random = SeededRandom(state: UInt64(seed) + 100)
        let revisions = try keeper.opener(directory)()
        var site = random.site(peers: ["a", "m", "z"])
        var sites: [Site] = []
        var newest: StoredSite?
        for _ in 0..<40 {
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let name = "p\(Int.random(in: 0..<12, using: &random))"
                site.peers.removeAll { $0.name == name }
                if random.chance(2) { site.peers.append(random.peer(name)) }
            }
            if random.chance(8), let old = sites.randomElement(using: &random) { site = old }
            site.peers.sort { $0.name < $1.name }
            newest = try revisions.append(site, note, after: newest)
            sites.append(site)
        }
        for (i, site) in sites.enumerated() { #expect(try revisions.revision(i + 1).site == site) }
        // Read as what differs from another one, older or newer, it is the same.
        for _ in 0..<200 {
            let known = try revisions.revision(Int.random(in: 1...40, using: &random))
            let id = Int.random(in: 1...40, using: &random)
            #expect(try revisions.revision(id, beside: known) == revisions.revision(id))
        }
        #expect(try revisions.newest()?.site == sites.last)
        #expect(try revisions.history(limit: 3).map(\.id) == [40, 39, 38])
    }

    /// Against a twin that looks through every revision; who still has an address may be named as well.
    @Test(arguments: Keeper.allCases) func formerAddressesAreThoseThatPeersHad(keeper: Keeper) throws {
        var random = SeededRandom(state: 9)
        let revisions = try keeper.opener(directory)()
        var site = random.site(peers: ["a", "m", "z"])
        var newest: StoredSite?
        var expected: [IPAddress: Int] = [:]
        for revision in 1...30 {
            newest = try revisions.append(site, note, after: newest)
            let now = Set(site.peers.flatMap(\.addresses))
            let former = try revisions.formerAddresses().filter { !now.contains($0.key) }
            #expect(former == expected.filter { !now.contains($0.key) })
            for address in now { expected[address] = revision }
            site.peers.removeAll { _ in random.chance(3) }
            for _ in 0..<2 {
                let name = "p\(Int.random(in: 0..<6, using: &random))"
                if !site.peers.contains(where: { $0.name == name }) { site.peers.append(random.peer(name)) }
            }
            site.peers.sort { $0.name < $1.name }
        }
        #expect(expected.count > 20)
    }

    @Test func oneNewPeerWritesOneRow() throws {
        var random = SeededRandom(state: 7)
        let store = try Store(directory.state)
        var site = random.site(peers: (0..<500).map { "peer-\($0)" })
        let first = try store.revisions.append(site, note, after: nil)
        site.peers = Site(lan: site.lan, tunnel: site.tunnel, peers: site.peers + [random.peer("new")]).peers
        let second = try store.revisions.append(site, note, after: first)
        site.peers[3].keepalive = site.peers[3].keepalive == 9 ? 8 : 9
        _ = try store.revisions.append(site, note, after: second)
        let rows = try store.read {
            try Int.fetchAll($0, sql: "SELECT count(*) FROM peer GROUP BY first ORDER BY first")
        }
        #expect(rows == [500, 1, 1])
    }

    @Test(arguments: Keeper.allCases) func aRevisionThatWasOvertakenIsRefused(keeper: Keeper) throws {
        var random = SeededRandom(state: 1)
        let open = keeper.opener(directory)
        let (one, two) = (try open(), try open())
        let base = try one.append(random.site(peers: ["a"]), note, after: nil)
        _ = try one.append(random.site(peers: ["a", "b"]), note, after: base)
        #expect(throws: StorageError.movedOn(expected: 1, found: 2)) {
            try two.append(random.site(peers: ["c"]), note, after: base)
        }
        #expect(throws: StorageError.movedOn(expected: nil, found: 2)) {
            try two.append(random.site(peers: []), note, after: nil)
        }
        #expect(try two.newestID() == 2)
    }

    @Test(arguments: Keeper.allCases) func unknownRevisionsAreNamed(keeper: Keeper) throws {
        let revisions = try keeper.opener(directory)()
        #expect(try revisions.newest() == nil && revisions.newestID() == nil && revisions.history(limit: 3).isEmpty)
        #expect(throws: StorageError.noSuchRevision(4, newest: nil)) { try revisions.revision(4) }
        #expect(throws: StorageError.noSuchRevision(4, newest: nil)) { try revisions.about(4) }
    }

    /// With the revision that needs them, and not with one that was overtaken.
    @Test(arguments: Keeper.allCases) func secretsComeWithTheirRevision(keeper: Keeper) throws {
        var random = SeededRandom(state: 5)
        let open = keeper.opener(directory)
        func secrets(_ seed: UInt8) throws -> NewSecrets {
            let key = PresharedKey { for i in $0.indices { $0[i] = seed &+ UInt8(i) } }
            var secrets = NewSecrets()
            secrets.privateKeys = [keyPair(seed)]
            secrets.presharedKeys = [(try open().name(of: key), key)]
            return secrets
        }
        let (kept, lost) = (try secrets(1), try secrets(2))
        let site = random.site(peers: ["a"])
        _ = try open().append(site, note, secrets: kept, after: nil)
        #expect(throws: StorageError.movedOn(expected: nil, found: 1)) {
            try open().append(site, note, secrets: lost, after: nil)
        }
        let (publicKey, privateKey) = kept.privateKeys[0]
        #expect(try open().privateKey(of: publicKey) == privateKey && open().holdsPrivateKey(of: publicKey))
        let (id, key) = kept.presharedKeys[0]
        #expect(try open().presharedKeys([id]) == [id: key] && open().presharedKeys([]).isEmpty)
        let stranger = lost.privateKeys[0].publicKey
        #expect(try !open().holdsPrivateKey(of: stranger))
        #expect { try open().privateKey(of: stranger) } throws: { "\($0)".contains("\(stranger)") }
        let missing = lost.presharedKeys[0].id
        #expect { try open().presharedKeys([id, missing]) } throws: { "\($0)".contains("\(missing)") }
    }

    /// Four writers that each take the newest revision, add one peer, and try again when they were overtaken.
    @Test func writersDoNotLoseEachOthersPeers() async throws {
        let state = directory.state
        try await withThrowingTaskGroup { group in
            for writer in 0..<4 {
                group.addTask {
                    let store = try Store(state)
                    var random = SeededRandom(state: UInt64(writer))
                    for i in 0..<5 {
                        while true {
                            let newest = try store.revisions.newest()
                            var site = newest?.site ?? random.site(peers: [])
                            site.peers.append(random.peer("w\(writer)-\(i)"))
                            site.peers.sort { $0.name < $1.name }
                            do {
                                _ = try store.revisions.append(
                                    site, RevisionNote(who: "w", why: "", at: 0), after: newest)
                                break
                            } catch StorageError.movedOn { continue }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let newest = try #require(try Store(state).revisions.newest())
        #expect(newest.revision.id == 20)
        #expect(Set(newest.site.peers.map(\.name)).count == 20)
    }

    /// Without patience of our own, one of some thirty such races ended with "database is locked".
    @Test func `several may be the first at once`() async throws {
        for _ in 0..<300 {
            let directory = TemporaryDirectory()
            defer { withExtendedLifetime(directory) {} }
            let state = directory.state
            try await withThrowingTaskGroup { group in
                for _ in 0..<6 { group.addTask { _ = try Store(state) } }
                try await group.waitForAll()
            }
        }
    }
}
