import GRDB
import Repeats
import SiteModel
import System
import Testing

@testable import Storage

/// Somebody else's database, read out of its bytes.
@Suite struct ForeignDatabaseTests {
    private let directory = TemporaryDirectory()
    private var path: String { "\(directory.path)/wggw.db" }

    private func bytes(_ ending: String = "") -> [UInt8] { directory.read("wggw.db" + ending) }

    private func rows(_ log: [UInt8]? = nil) throws -> [[String?]] {
        try ForeignDatabase(bytes(), log: log ?? bytes("-wal")).tables().first { $0.name == "peer" }?.rows ?? []
    }

    @Test func tables() throws {
        let queue = try DatabaseQueue(path: path)
        try queue.write { db in
            try db.execute(
                sql: """
                    CREATE TABLE peer (name TEXT, n INTEGER, b BLOB, "odd "" name" REAL);
                    INSERT INTO peer VALUES ('laptop', 7, x'6162', 1.5), (NULL, -1, NULL, NULL);
                    CREATE TABLE wg0_transfer (x); CREATE VIEW v AS SELECT * FROM peer;
                    """)
        }
        let tables = try ForeignDatabase(bytes(), log: []).tables()
        #expect(tables.map(\.name) == ["peer"])
        #expect(tables[0].columns == ["name", "n", "b", "odd \" name"])
        #expect(tables[0].rows == [["laptop", "7", "ab", "1.5"], [nil, "-1", nil, nil]])
    }

    /// What a running program has written to its log alone is read, nothing is written beside it, and half a transaction is none.
    @Test func writeAheadLog() throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { db in
            try db.execute(
                sql: "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE peer (name TEXT)")
        }
        var expected: [[String?]] = []
        var random = SeededRandom(state: 5)
        for i in 0..<40 {
            let name = String(repeating: "peer\(i) ", count: Int.random(in: 1...400, using: &random))
            try queue.write { db in try db.execute(sql: "INSERT INTO peer VALUES (?)", arguments: [name]) }
            expected.append([name])
            if i == 20 { try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(RESTART)") } }
            #expect(try rows() == expected)
        }
        try queue.writeWithoutTransaction { try $0.execute(sql: "DELETE FROM peer WHERE rowid > 3; VACUUM") }
        #expect(try rows() == Array(expected.prefix(3)))
        let log = bytes("-wal")
        let before = Set(names(in: directory.path) ?? [])
        // Cut anywhere: some state from before, never a mixture.
        for _ in repeats(60) {
            let cut = try rows(Array(log.prefix(Int.random(in: 0...log.count, using: &random))))
            #expect(cut.count <= expected.count && cut == Array(expected.prefix(cut.count)))
        }
        #expect(Set(names(in: directory.path) ?? []) == before)
    }

    /// Whatever the bytes are, it is read or refused.
    @Test func damage() throws {
        let queue = try DatabaseQueue(path: path)
        try queue.write { db in
            try db.execute(
                sql:
                    "CREATE TABLE peer (name TEXT); INSERT INTO peer VALUES ('a'), ('b'); CREATE INDEX i ON peer (name)"
            )
        }
        let intact = bytes()
        var random = SeededRandom(state: 6)
        for _ in repeats(400) {
            var damaged = intact
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { damaged.removeLast(Int.random(in: 0..<damaged.count, using: &random)) }
            _ = try? ForeignDatabase(damaged, log: random.bytes(200)).tables()
        }
        #expect(throws: UnreadFile.Damage.self) {
            try ForeignDatabase(Array("SQLite format 3\0".utf8), log: []).tables()
        }
    }
}
