import Foundation
import NetTypes
import Testing

@testable import SiteModel

/// wggw-profile(5) against the parser: the keys of each table, their types, defaults and examples, and the page's whole profile.
@Suite struct ManualTests {
    private struct Entry {
        let section: String
        let key: String
        var text = ""
        var example = ""

        /// The literal after "Default:", where the default is fixed.
        var fixedDefault: String? {
            guard let range = text.range(of: "Default: ") else { return nil }
            let said = text[range.upperBound...].prefix { $0 != "\n" }
            guard said.hasSuffix(".") else { return nil }
            let value = String(said.dropLast())
            let isLiteral = value.first.map { "\"[0123456789".contains($0) } == true
            return isLiteral || value == "true" || value == "false" ? value : nil
        }
    }

    private static let page = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../docs/man/wggw-profile.5")

    private static func lines() throws -> [String] {
        try String(contentsOf: page, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false).map {
            String($0)
        }
    }

    private static func entries() throws -> [Entry] {
        var section = ""
        var entries: [Entry] = []
        var isLiteral = false
        for line in try lines() {
            if line.hasPrefix(".Sh ") { section = "" }
            if line.hasPrefix(".Ss ") { section = String(line.dropFirst(5).dropLast()) }
            if line.hasPrefix(".Bd ") || line == ".Ed" {
                isLiteral = line != ".Ed"
            } else if section.isEmpty {
                continue
            } else if line.hasPrefix(".It Ic ") {
                entries.append(Entry(section: section, key: String(line.dropFirst(7))))
            } else if !entries.isEmpty {
                if isLiteral { entries[entries.count - 1].example += line + "\n" }
                entries[entries.count - 1].text += line + "\n"
            }
        }
        return entries
    }

    /// A profile with what a site needs, and these lines in one of its tables, in place of those of the same key.
    private static func site(_ lines: String, in section: String) throws -> Site {
        var tables: [(String, [String])] = [
            ("site", []), ("lan", ["subnets = [\"192.168.1.0/24\"]"]),
            ("tunnel", ["addresses = [\"192.168.2.254/24\"]"]), ("egress", []), ("dns", []), ("log", []),
            ("disguise.awg", ["jmax = 1400", "s1 = 12", "s2 = 13", "s3 = 14", "s4 = 15"]),
            ("groups.guests", ["allow = [\"192.168.1.10\"]"]), ("peers.laptop", []), ("site.other-forwarding", []),
            ("[check]", ["from = \"laptop\"", "to = \"192.168.1.10\""]),
        ]
        let title = section.replacing(".NAME", with: section.hasPrefix("groups") ? ".guests" : ".laptop")
        let key = lines.prefix { $0 != " " }
        let place = try #require(tables.firstIndex { $0.0 == title }, "\(section)")
        tables[place].1.removeAll { $0.hasPrefix(key + " ") }
        tables[place].1.append(lines)
        let needed = [title, "lan", "tunnel", "groups.guests", "peers.laptop"]
        let text = tables.filter { needed.contains($0.0) }
            .map { "[\($0.0)]\n" + $0.1.joined(separator: "\n") }.joined(separator: "\n")
        return try Site.parse(text, file: "site.toml")
    }

    @Test func everyKeyAndNoOther() throws {
        let nested = [
            "site.other-forwarding": ProfileKeys.otherForwarding, "disguise.awg": ProfileKeys.awg,
            "groups.NAME": ProfileKeys.group, "peers.NAME": ProfileKeys.peer, "[check]": ProfileKeys.check,
        ]
        let expected = Site.tables.reduce(into: nested) { $0[$1.name] = $1.fields.map(\.key) }
        #expect(Dictionary(grouping: try Self.entries()) { $0.section }.mapValues { $0.map(\.key) } == expected)
        let tables = expected.keys.map { $0.split { ".[]".contains($0) }[0] }
        #expect(Set(tables) == Set(ProfileKeys.top.map { $0[...] }))
    }

    @Test func examplesAreTaken() throws {
        for entry in try Self.entries() {
            #expect(entry.example.hasPrefix(entry.key + " = "), "\(entry.section) \(entry.key)")
            #expect(throws: Never.self, "\(entry.section) \(entry.key)") {
                _ = try Self.site(entry.example, in: entry.section)
            }
        }
    }

    /// A value of another type is refused, so what the page calls a number is one.
    @Test func typesAreThose() throws {
        let values = ["String": "\"\"", "Number": "1280", "Boolean": "true", "List": "[]", "table": "{}"]
        for entry in try Self.entries() {
            let type = entry.text.prefix { $0 != "\n" && $0 != "," && $0 != "." }
                .replacing("Word", with: "String").replacing("List of strings", with: "List")
                .replacing("list of strings", with: "List").replacing(" or sealed:ID", with: "")
            let types = Set(type.components(separatedBy: " or "))
            #expect(types.isSubset(of: values.keys), "\(entry.section) \(entry.key): \(type)")
            for (name, value) in values {
                var said = ""
                do { _ = try Self.site("\(entry.key) = \(value)", in: entry.section) } catch { said = "\(error)" }
                let isRefused = ["is a ", "is true or"].contains { said.contains("\(entry.key): \($0)") }
                #expect(isRefused == !types.contains(name), "\(entry.key) = \(value): \(said)")
            }
        }
    }

    /// What stands as a literal after "Default:" is what leaving the key out means; the others say in words where it comes from.
    @Test func defaultsAreThose() throws {
        var fixed = 0
        for entry in try Self.entries() {
            let says = ["Default: ", "Required."].contains { entry.text.contains($0) }
            #expect(says, "\(entry.section) \(entry.key)")
            if entry.text.contains("Required.") {
                #expect(throws: ProfileErrors.self) { try Self.site("\(entry.key) = []", in: entry.section) }
            }
            guard let value = entry.fixedDefault else { continue }
            fixed += 1
            let without = try Self.site("", in: entry.section)
            #expect(try Self.site("\(entry.key) = \(value)", in: entry.section) == without, "\(entry.key) = \(value)")
        }
        #expect(fixed == 14)
    }

    @Test func theWholeExampleIsTaken() throws {
        let lines = try Self.lines()
        let begun = try #require(lines.firstIndex(of: ".Sh EXAMPLES"))
        let text = lines[begun...].drop { !$0.hasPrefix(".Bd") }.dropFirst().prefix { $0 != ".Ed" }
        let site = try Site.parse(text.joined(separator: "\n"), file: "site.toml")
        #expect(site.peers.map(\.name) == ["laptop"])
    }
}
