import NetTypes
import Testing

@testable import SiteModel

/// A row for each of a peer's fields: what an option's words write into a profile, which reads the same again, and which words take it
/// away.
@Suite struct FieldTests {
    static let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE="

    static let rows: [(key: String, words: [String], line: String, clear: String?)] = [
        ("addresses", ["10.0.0.9", "10.0.0.8"], "addresses = [\"10.0.0.8\", \"10.0.0.9\"]", "auto"),
        ("public-key", [key], "public-key = \"\(key)\"", "auto"),
        ("preshared-key", ["none"], "preshared-key = \"none\"", nil),
        ("full-tunnel", ["false"], "full-tunnel = false", nil),
        ("group", ["guests"], "group = \"guests\"", "none"),
        ("allow", ["192.168.1.9/icmp"], "allow = [\"192.168.1.9/icmp\"]", "any"),
        ("routes", ["10.2.0.0/16", "10.1.0.0/16"], "routes = [\"10.1.0.0/16\", \"10.2.0.0/16\"]", "none"),
        ("endpoint", ["a.example:7"], "endpoint = \"a.example:7\"", "none"),
        ("keepalive", ["25"], "keepalive = 25", "0"),
        ("disguise", ["awg"], "disguise = \"awg\"", nil),
        ("expires", ["2026-12-31T18:00Z"], "expires = \"2026-12-31T18:00:00Z\"", "never"),
    ]

    @Test func everyFieldHasARow() { #expect(Self.rows.map(\.key) == Peer.fields.map(\.key)) }

    private func lines(_ peer: Peer) -> [String] {
        var writer = ProfileWriter()
        writer.peer(peer)
        return writer.sections[0].lines
    }

    @Test(arguments: rows.indices) func wordsBecomeALineAndGo(row: Int) throws {
        let (key, words, line, clear) = Self.rows[row]
        let field = try #require(Peer.fields.first { $0.key == key })
        var peer = Peer(name: "amy")
        func edit(_ words: [String]) throws {
            try field.edit(words)(&peer)
            // As `add-peer` does.
            if key != "preshared-key" { peer.presharedKey = peer.usualPresharedKey }
        }
        try edit(words)
        #expect(lines(peer) == [line])
        // Whatever it says of the rest of the site.
        var reader = ProfileReader()
        var scanner = TOMLScanner(Array("[peers.amy]\n\(line)\n".utf8))
        let top = ProfileReader.Section(path: [], offset: 0, node: try scanner.document())
        #expect(reader.peers(top) == [peer])
        #expect(reader.found.isEmpty)
        guard let clear else { return }
        try edit([clear])
        #expect(lines(peer).isEmpty)
        #expect(throws: ParseError.self) { try field.edit(["no such thing", "and two"]) }
    }

    /// The one takes the other away.
    @Test func aPeerHasItsGroupsPolicyOrItsOwn() throws {
        func edit(_ peer: inout Peer, _ key: String, _ words: [String]) throws {
            try #require(Peer.fields.first { $0.key == key }).edit(words)(&peer)
        }
        var peer = Peer(name: "amy")
        try edit(&peer, "allow", ["192.168.1.9"])
        try edit(&peer, "group", ["guests"])
        #expect(peer.group == "guests" && peer.policy == nil)
        try edit(&peer, "allow", ["any"])
        #expect(peer.group == "guests")
        try edit(&peer, "allow", ["192.168.1.9"])
        #expect(peer.group == nil && peer.policy != nil)
        try edit(&peer, "group", ["none"])
        #expect(peer.policy != nil)
    }
}
