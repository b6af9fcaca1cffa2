import GRDB
import Glibc
import NetTypes
import Repeats
import SiteModel
import Testing

@testable import Storage

@Suite struct StoreTests {
    let directory = TemporaryDirectory()
    let site = Site(
        lan: LAN(subnets: [IPPrefix("192.168.1.0/24")!]),
        tunnel: Tunnel(addresses: [InterfaceAddress("192.168.2.254/24")!]))
    let note = RevisionNote(who: "", why: "", at: 0)

    @Test func filesBelongToTheOwnerAlone() throws {
        let state = StateDirectory(directory.path + "/state/")
        let old = umask(0)
        defer { umask(old) }
        let store = try Store(state)
        let lock = try store.records.lock(purpose: "a test", waitingMilliseconds: 0)
        _ = try store.revisions.append(site, note, after: nil)
        #expect(directory.mode("state") == 0o700)
        for name in ["wggw.db", "wggw.db-wal", "wggw.db-shm", "lock"] {
            #expect(directory.mode("state/\(name)") == 0o600)
        }
        withExtendedLifetime(lock) {}
    }

    @Test func aDirectoryThatOthersMayWriteToIsRefused() throws {
        chmod(directory.path, 0o777)
        #expect { try Store(directory.state) } throws: { "\($0)".contains("chmod 700") }
    }

    @Test func syncAndJournalModesAreAsPromised() throws {
        let store = try Store(directory.state)
        #expect(try store.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
        #expect(try store.read { try Int.fetchOne($0, sql: "PRAGMA synchronous") } == 2)
    }

    @Test func whatIsNoDatabaseIsNamed() throws {
        directory.write(
            "wggw.db",
            Array("this is a text file, and a rather long one at that ".utf8) + [UInt8](repeating: 1, count: 4096))
        #expect {
            try Store(directory.state)
        } throws: {
            guard case StorageError.corrupt = $0 else { return false }
            return "\($0)".contains("backup")
        }
    }

    @Test func aNewerDatabaseIsLeftAlone() throws {
        try Store(directory.state).write { try $0.execute(sql: "PRAGMA user_version = 99") }
        #expect(
            throws: StorageError.newerSchema(path: directory.state.database, found: 99, known: Schema.migrations.count)
        ) {
            try Store(directory.state)
        }
    }

    /// Bits that fell over are no version before the first.
    @Test func aVersionThatMakesNoSenseIsDamage() throws {
        try Store(directory.state).write { try $0.execute(sql: "PRAGMA user_version = -3") }
        #expect { try Store(directory.state) } throws: { if case StorageError.corrupt = $0 { true } else { false } }
    }

    /// From every version that there ever was, the way up ends where a new database starts.
    @Test func migrationsLeadToTheSchema() throws {
        let dump = "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema ORDER BY name)"
        let whole = try Store(directory.state).read { try String.fetchOne($0, sql: dump) }
        for done in 0...Schema.migrations.count {
            let older = try DatabaseQueue()
            for migration in Schema.migrations[..<done] { try older.write { try $0.execute(sql: migration) } }
            try older.write { try $0.execute(sql: "PRAGMA user_version = \(done)") }
            try older.inDatabase { try Schema.migrate($0, path: "") }
            #expect(try older.read { try String.fetchOne($0, sql: dump) } == whole, "from version \(done)")
        }
    }

    /// What was one answer for both families is one for each, and a firewall of that time is looked at again.
    @Test(arguments: ["allow", "drop", nil]) func anOlderAnswerHoldsForBothFamilies(answer: String?) throws {
        let older = try DatabaseQueue()
        try older.write { db in
            for migration in Schema.migrations[..<2] { try db.execute(sql: migration) }
            try db.execute(sql: "PRAGMA user_version = 2")
            try db.execute(
                sql: """
                    INSERT INTO revision (id, made_at, who, why, kind, peers, name, other_forwarding, lan_subnets, reply_path,
                        tunnel_interface, tunnel_addresses, listen_port, datapath, fwmark, full_tunnel, dns, groups)
                    VALUES (1, 5, 'amy', '', 'draft', 0, 'home', ?, '192.168.1.0/24', 'masquerade', 'wg0',
                        '10.77.0.254/24', 51820, 'auto', 0, 0, '', '');
                    UPDATE box SET ruleset = 'here 7';
                    """, arguments: [answer])
        }
        try older.inDatabase { try Schema.migrate($0, path: "") }
        try older.read { db in
            let choice = answer.map { OtherForwarding.Choice($0)! }
            let site = try db.firstRow("SELECT \(SiteRow.fields.names) FROM revision") { try SiteRow.site($1, from: 0) }
            #expect(site?.otherForwarding == OtherForwarding(ipv4: choice, ipv6: choice))
            #expect(try String.fetchOne(db, sql: "SELECT surroundings FROM revision") == nil)
            #expect(try String.fetchOne(db, sql: "SELECT ruleset FROM box") == nil)
        }
    }

    @Test func theLockSaysWhoHoldsIt() throws {
        let held = try Store(directory.state).records.lock(purpose: "wggw apply", waitingMilliseconds: 0)
        #expect {
            try Store(directory.state).records.lock(purpose: "second", waitingMilliseconds: 0)
        } throws: {
            "\($0)".contains("process \(getpid()), wggw apply")
        }
        withExtendedLifetime(held) {}
    }

    @Test func theLockGoesWithItsHolder() throws {
        let store = try Store(directory.state)
        do { _ = try store.records.lock(purpose: "first", waitingMilliseconds: 0) }
        _ = try store.records.lock(purpose: "second", waitingMilliseconds: 0)
    }

    @Test func anApplyIsRememberedUntilItEnds() throws {
        let store = try Store(directory.state)
        _ = try store.revisions.append(site, note, after: nil)
        #expect(
            try store.records.current() == BoxRecord(applied: nil, isUp: false, journal: nil, pending: nil, bootID: nil)
        )
        let journal = Journal(target: 1, startedAt: 5, command: "wggw apply")
        let pending = PendingConfirmation(token: "t", revision: 1, returnTo: nil, deadline: 99, bootID: "b")
        try store.records.begin(journal, oldSysctls: ["net/ipv4/ip_forward": 0], pending: pending, bootID: "b")
        #expect(
            try Store(directory.state).records.current()
                == BoxRecord(applied: nil, isUp: false, journal: journal, pending: pending, bootID: "b"))

        // What is saved first is from before wggw; a later apply sees its own values.
        try store.records.begin(journal, oldSysctls: ["net/ipv4/ip_forward": 1, "x": 3], pending: nil, bootID: "b")
        #expect(try store.records.savedSysctls(bootID: "b") == ["net/ipv4/ip_forward": 0, "x": 3])

        var random = SeededRandom(state: 1)
        let surroundings = random.surroundings()
        #expect(try store.records.surroundings(of: 1) == nil)
        var outcome = BoxRecords.Outcome()
        outcome.returned = ["x"]
        try store.records.finish(applied: 1, with: surroundings, at: 77, bootID: "b", outcome)
        #expect(try store.records.surroundings(of: 1) == surroundings)
        #expect(
            try store.records.current()
                == BoxRecord(applied: 1, isUp: true, journal: nil, pending: pending, bootID: "b"))
        #expect(try store.records.appliedTimes() == [1: 77])
        #expect(try store.records.savedSysctls(bootID: "b") == ["net/ipv4/ip_forward": 0])
        #expect(try !store.records.confirm("another"))
        #expect(try store.records.confirm("t"))
        #expect(try store.records.pending() == nil)

        outcome.returned = ["net/ipv4/ip_forward"]
        try store.records.finishDown(outcome)
        #expect(
            try store.records.current() == BoxRecord(applied: 1, isUp: false, journal: nil, pending: nil, bootID: "b"))
        #expect(try store.records.savedSysctls(bootID: "b").isEmpty)
    }

    /// A reboot sets every sysctl anew; what an earlier boot said is no value to give back.
    @Test func oldValuesDoNotSurviveAReboot() throws {
        let store = try Store(directory.state)
        let journal = Journal(target: nil, startedAt: 5, command: "wggw down")
        try store.records.begin(journal, oldSysctls: ["a": 0, "b": 1], pending: nil, bootID: "first")
        #expect(try store.records.savedSysctls(bootID: "second").isEmpty)
        try store.records.begin(journal, oldSysctls: ["a": 7], pending: nil, bootID: "second")
        #expect(try store.records.savedSysctls(bootID: "second") == ["a": 7])
    }

    @Test func aWithdrawnApplyCountsAsNeverApplied() throws {
        let store = try Store(directory.state)
        var newest = try store.revisions.append(site, note, after: nil)
        for _ in 0..<2 { newest = try store.revisions.append(site, note, after: newest) }
        for id in [1, 3] { try store.records.finish(applied: id, with: Surroundings(), at: 10, bootID: "b", .init()) }
        #expect(try store.records.appliedTimes() == [1: 10, 3: 10])
        var outcome = BoxRecords.Outcome()
        outcome.withdrawn = PendingConfirmation(token: "t", revision: 3, returnTo: 1, deadline: 0, bootID: "")
        try store.records.finish(applied: 1, with: Surroundings(), at: 11, bootID: "b", outcome)
        #expect(try store.records.current().applied == 1)
        #expect(try store.records.appliedTimes() == [1: 11])
        outcome.withdrawn = PendingConfirmation(token: "t", revision: 1, returnTo: nil, deadline: 0, bootID: "")
        try store.records.finishDown(outcome)
        #expect(try !store.records.current().isUp)
        #expect(try store.records.appliedTimes().isEmpty)
    }

    /// As SQLite leaves it where it could not open a file for writing.
    @Test func whoMayOnlyReadIsTold() throws {
        let store = try Store(directory.state)
        try store.records.proveWritable()
        try store.queue.inDatabase { db in try db.execute(sql: "PRAGMA query_only = ON") }
        #expect(throws: StorageError.self) { try store.records.proveWritable() }
        #expect(try store.records.current().applied == nil)
    }
}
