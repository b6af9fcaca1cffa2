import NetTypes
import Repeats
import TOMLKit
import Testing

@testable import SiteModel

/// What a document says, without places: to compare the scanner with TOMLKit, its naive twin.
private indirect enum Plain: Equatable {
    case string(String)
    case integer(Int64)
    case boolean(Bool)
    case array([Plain])
    case table([String: Plain])
    case other

    init(_ node: TOMLNode.Value) {
        switch node {
        case .string(let text): self = .string(text)
        case .integer(let number): self = .integer(number)
        case .boolean(let flag): self = .boolean(flag)
        case .array(let list): self = .array(list.elements.map { Plain($0.value) })
        case .table(let table): self = .table(table.entries.mapValues { Plain($0.value) })
        case .other: self = .other
        }
    }

    init(_ value: any TOMLValueConvertible) {
        if let text = value.string {
            self = .string(text)
        } else if let number = value.int {
            self = .integer(Int64(number))
        } else if let flag = value.bool {
            self = .boolean(flag)
        } else if let array = value.array {
            self = .array(array.map { Plain($0) })
        } else if let table = value.table {
            self = .table(Dictionary(uniqueKeysWithValues: table.map { ($0.0, Plain($0.1)) }))
        } else {
            self = .other
        }
    }
}

@Suite struct TOMLTests {
    static let documents = [
        "",
        "# nothing but a comment, without a line end",
        "\u{feff}a = 1",
        "a=1\r\nb = 2 # [c]\r\n[d]\r\ne=3",
        #"a = "say \"hi\" # no comment \\" # a comment"#,
        #"a = "\b\t\n\f\r\"\\\u00e9\U0001F600""#,
        #"a = 'C:\no\escape # at all'"#,
        "a = \"\"\"\"\"\"",
        "a = \"\"\"\nfirst newline goes\nsecond [stays] # so\n\"\"\"",
        "a = \"\"\"\r\nx\\\n   \n  y \"quoted\" \"\" z\"\"\"\nb = 1",
        "a = \"\"\"two quotes at the end\"\"\"\"\"\nb = 1",
        "a = \"\"\"one quote at the end\"\"\"\"\nb = 1",
        "a = '''\nraw \\ 'quoted' '' text''''\nb = 1",
        "a = ''\nb = \"\"\nc = [ '' , \"\" ]",
        "a = [1, [2, 3,], # comment ] in here\n [\n\n], 'x,]', { y = 1 }, ]",
        "a = { b = 1, 'c.d' = \"}\", e.f = { g = [1,2] } }\nh = 2",
        "a.b.c = 1\na.b.d = 2\na . e = 3\n[x.y]\nz = 1\n[x]\nw = 2",
        "[ a . \"b.c\" . 'd e' ]\nf = 1",
        "[\"ключ\".\"🔑\"]\n\"é\" = \"ü\"",
        "[[a]]\nb = 1\n[[a]]\nb = 2\n[a.c]\nd = 3\n[[a.e]]\nf = 4",
        "[peers]\n[peers.a]\nx = 1\n[peers.b]\nx = 2\n[groups]",
        "a = 0x1F\nb = 0o17\nc = 0b101\nd = -1_000\ne = +7\nf = 0",
        "a = true\nb = false\nc=[true,false]",
        "a = 1.5\nb = 1e3\nc = inf\nd = -nan\ne = 1979-05-27\nf = 1979-05-27 07:32:00\ng = 07:32:00\nh = [1979-05-27T00:32:00Z]",
        "1979-05-27 = 1\n-_- = 2\n3.14 = \"pi\"",
        "a\t=\t1\t#\ttabs\n\t[b]\t# more\n\tc\t=\t2",
    ]

    @Test(arguments: documents) func saysTheSameAsTOMLKit(_ text: String) throws {
        var scanner = TOMLScanner(Array(text.utf8))
        let mine = Plain(.table(try scanner.document()))
        #expect(mine == Plain(try TOMLTable(string: text)))
    }

    /// `«` stands before the place that is meant; it is taken out.
    @Test(
        arguments: [
            (["a"], nil, "a = «1"),
            (["a"], nil, "[«a]\nb = 1"),
            (["a"], nil, "x = 1\n\n  [ «a . b ]\nc = 1"),
            (["a", "b"], nil, "[a.«b]\nc = 1"),
            (["a", "b", "c"], nil, "[a]\nb = { x = '}', c = «2 }"),
            (["a", "b"], nil, "a.b = «'é' # b"),
            (["é", "b"], nil, "'é' = { x = \"üü\", b = «1 }"),
            (["peers", "a.b", "group"], nil, "[peers.\"a.b\"]\n'group' = «\"\"\"\nx\"\"\""),
            (["peers", "a", "missing"], nil, "[peers.«a]\nb = 1"),
            (
                ["peers", "a", "routes"], 1,
                "[peers.a]\nroutes = [ # [\n '10.4.0.0/16',\n«'10.3.0.0/16', '10.1.0.0/16']"
            ),
            (["dns", "servers"], 1, "[dns]\nservers = ['1.1.1.1', «'1.0.0.1']"),
            (
                ["peers", "a", "addresses"], 0,
                "[peers.a]\naddresses = ['bad', '10.0.0.9', \"\"\"x\n\"\"\", «'10.0.0.2']"
            ),
            (["peers", "a", "allow"], 0, "peers = { a = { allow = [\n'10.0.0.0/8:1/tcp',«'10.0.0.0/8'] } }"),
        ] as [([String], Int?, String)]) func findsPlaces(_ keys: [String], _ index: Int?, _ marked: String) throws
    {
        let before = Array(marked.prefix { $0 != "«" }.utf8)
        var text = PlacedText(marked.replacing("«", with: ""), file: "f")
        var scanner = TOMLScanner(text.bytes)
        var places = TOMLPlaces(try scanner.document())
        let offset = places.offset(of: SitePath(keys, index: index))
        #expect(offset == before.count)
        let lines = String(decoding: before, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        let place = text.error(at: offset, .toml(.noKey)).place
        #expect(place.line == lines.count)
        #expect(place.column == lines.last!.unicodeScalars.count + 1)
    }

    /// What is no TOML never gets through, and is placed on the right line.
    @Test(arguments: [
        ("a = ", 1), ("a = 1\nb = \"open\nc = 2", 2), ("[a\nb = 1", 1), ("a = 1\na = 2", 2), ("[a]\n[a]", 2),
        ("[.a]", 1), ("x = 1\n[ # ]", 2), ("a = [1\n", 2), ("a = 01", 1), ("= 1", 1), ("a = 1\n\u{0}b = 2", 2),
        ("a = \"\\x\"", 1), ("a = 1 b = 2", 1),
        ("\n[\(String(repeating: "a.", count: 20_000))a]", 2),
        ("a = \(String(repeating: "[", count: 20_000))\(String(repeating: "]", count: 20_000))", 1),
    ]) func refusesOtherText(_ text: String, _ line: Int) {
        #expect(refusals(text).map(\.line) == [line])
    }

    /// What is TOML and more than is taken; `«` stands before the place.
    @Test(arguments: [
        ("a = 1\n[peers.«\(String(repeating: "k", count: 256))]", "a key is at most 255 bytes long"),
        ("peers.«'\(String(repeating: "é", count: 128))'.group = 1", "a key is at most 255 bytes long"),
        (
            (0..<1000).map { "a\($0).b = 1\n" }.joined() + "«last.b = 1",
            "more than 1000 tables have no [header] of their own; write one for each"
        ),
        ("a = \(String(repeating: "[", count: 64))«[", "this goes deeper than 64 levels; a profile has three"),
    ]) func refusesTooMuch(_ marked: String, _ message: String) {
        let before = marked.prefix { $0 != "«" }.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(
            refusals(marked.replacing("«", with: "")).map(\.description) == [
                "site.toml:\(before.count):\(before.last!.unicodeScalars.count + 1): \(message)"
            ])
    }

    @Test func takesWhatIsJustNotTooMuch() throws {
        let headers = (0..<2000).map { "[peers.p\($0)]\n" }.joined()
        let dotted = (0..<999).map { "a\($0).b = 1\n" }.joined()
        var scanner = TOMLScanner(Array("\(String(repeating: "k", count: 255)) = 1\n\(dotted)\(headers)".utf8))
        #expect(try scanner.document().entries.count == 1001)
    }

    /// However the bytes are mangled, the scanner ends without a trap, and reads what TOMLKit reads if both take it.
    @Test func survivesDamage() {
        var taken = 0
        var random = SeededRandom(state: 7)
        for text in Self.documents where !text.isEmpty {
            for _ in 0..<60 {
                var bytes = Array(text.utf8)
                for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
                    let at = Int.random(in: 0..<bytes.count, using: &random)
                    if Bool.random(using: &random) {
                        bytes[at] = Array("[]{}=\"'\\#.,\n x1".utf8).randomElement(using: &random)!
                    } else {
                        bytes.remove(at: at)
                    }
                }
                let damaged = String(decoding: bytes, as: UTF8.self)
                var scanner = TOMLScanner(Array(damaged.utf8))
                guard let mine = try? scanner.document(), let theirs = try? TOMLTable(string: damaged) else { continue }
                #expect(Plain(.table(mine)) == Plain(theirs), "\(damaged)")
                taken += 1
            }
        }
        #expect(taken > 150)
    }
}
