import GRDB
import SiteModel
import Testing

@testable import Storage

/// What `SiteModel` says of its fields' columns is what `Schema` made.
@Suite struct FieldRowTests {
    struct Made: Hashable {
        let name: String
        let type: String
        let mayBeNull: Bool
    }

    private func made(_ table: String, without others: Set<String>) throws -> Set<Made> {
        let database = try DatabaseQueue()
        try database.inDatabase { try Schema.migrate($0, path: "") }
        return try database.read { db in
            let rows = try Row.fetchAll(db, sql: "SELECT * FROM pragma_table_info(?)", arguments: [table])
            return Set(rows.map { Made(name: $0["name"], type: $0["type"], mayBeNull: $0["notnull"] == 0) })
                .filter { !others.contains($0.name) }
        }
    }

    private func said<Owner>(_ columns: [FieldColumn<Owner>], _ unsaid: Owner) -> Set<Made> {
        Set(
            columns.map { column in
                let type =
                    switch column.kind {
                    case .text: "TEXT"
                    case .integer: "INTEGER"
                    case .bytes: "BLOB"
                    }
                return Made(name: column.name, type: type, mayBeNull: column.get(unsaid).isNull)
            })
    }

    @Test func columnsAreThoseOfTheSchema() throws {
        let peer = try made("peer", without: ["name", "first", "last"])
        #expect(said(Peer.columns, Peer(name: "")) == peer)
        let own = ["id", "made_at", "who", "why", "kind", "applied_at", "source", "peers", "surroundings"]
        #expect(try said(Site.columns, Site.unsaid) == made("revision", without: Set(own)))
    }

    /// Another kind of value, a number out of range, nothing where there is something: what SQLite allows and we do not write.
    @Test(arguments: ["mtu = 'abc'", "listen_port = 70000", "datapath = 'x'", "full_tunnel = 1.5", "drift = x'00'"])
    func whatMakesNoSenseIsNamed(change: String) throws {
        let directory = TemporaryDirectory()
        let store = try Store(directory.state)
        _ = try store.revisions.append(Site.unsaid, RevisionNote(who: "", why: "", at: 0), after: nil)
        try store.queue.inDatabase { try $0.execute(sql: "UPDATE revision SET \(change)") }
        let column = change.prefix { $0 != " " }
        #expect { try store.revisions.newest() } throws: { "\($0)".contains("a column makes no sense: \(column)") }
    }
}
