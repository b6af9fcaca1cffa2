import Glibc
import NetTypes
import SiteModel
import Testing

@testable import Storage

/// A state directory that takes no writes is read from a copy, and what is the site's is written to no copy.
@Suite struct CopyAsideTests {
    private let directory = TemporaryDirectory()
    private let site = Site(
        lan: LAN(subnets: [IPPrefix("192.168.1.0/24")!]),
        tunnel: Tunnel(addresses: [InterfaceAddress("192.168.2.254/24")!]))
    private let note = RevisionNote(who: "", why: "", at: 0)
    private let journal = Journal(target: 1, startedAt: 5, command: "x")

    @Test func factsOfTheBoxAreNotedAsideAndRevisionsAreNot() throws {
        let store = try Store(directory.state)
        let first = try store.revisions.append(site, note, after: nil)
        // What is not in the database yet, but in its log.
        let aside = try Store(directory.state, aside: .always)
        defer { remove(aside) }
        #expect(aside.isAside && !store.isAside && aside.files.path.hasPrefix("/run/wggw"))
        #expect(try aside.revisions.newestID() == 1)
        try aside.records.begin(journal, oldSysctls: ["net/ipv4/ip_forward": 0], pending: nil, bootID: "b")
        #expect(try store.records.current().journal == nil)
        #expect(throws: StorageError.file(path: directory.state.database, .noRoom)) {
            try aside.revisions.append(site, note, after: first)
        }
        // Another process finds what the first one noted, as long as the original is the same.
        #expect(try Store(directory.state, aside: .always).records.current().journal == journal)
        _ = try store.revisions.append(site, note, after: first)
        let anew = try Store(directory.state, aside: .always)
        #expect(try anew.revisions.newestID() == 2 && anew.records.current().journal == nil)
    }

    /// Who holds the original's lock keeps those out who work beside it.
    @Test func theLockIsTheOriginals() throws {
        let store = try Store(directory.state)
        _ = try store.revisions.append(site, note, after: nil)
        let aside = try Store(directory.state, aside: .always)
        defer { remove(aside) }
        let lock = try store.records.lock(purpose: "a test", waitingMilliseconds: 0)
        #expect(throws: StorageError.self) { try aside.records.lock(purpose: "another", waitingMilliseconds: 0) }
        withExtendedLifetime(lock) {}
    }

    private func remove(_ store: Store) {
        for name in ["wggw.db", "wggw.db-wal", "wggw.db-shm", "source", "lock"] {
            unlink("\(store.files.path)/\(name)")
        }
        rmdir(store.files.path)
    }
}
