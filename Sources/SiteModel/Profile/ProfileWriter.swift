import NetTypes

/// A table of a profile.
public struct ProfileSection: Equatable, Sendable {
    /// `[peers.laptop]`
    public let title: String
    /// What stands below it, without ends of lines.
    public fileprivate(set) var lines: [String]

    /// `[peers.laptop]`
    public static func title(_ path: [String]) -> String { "[\(path.map(tomlKey).joined(separator: "."))]" }
}

extension Site {
    /// The profile (TOML) that `parse` reads back as an equal site. Canonical: equal sites give equal text.
    ///
    /// What is not found out yet is left out, as are a peer's defaults; secrets are not in it.
    public func profileText() -> String {
        profileSections().map { section in "\(section.title)\n" + section.lines.map { "\($0)\n" }.joined() }
            .joined(separator: "\n")
    }

    /// The same, table by table.
    public func profileSections() -> [ProfileSection] {
        var writer = ProfileWriter()
        for table in Self.tables {
            writer.table(table.name)
            for field in table.fields { field.write(self, &writer) }
        }
        writer.sections.removeAll { $0.lines.isEmpty }
        for field in Self.ownTables { field.write(self, &writer) }
        return writer.sections
    }
}

extension Check {
    /// One of a list of tables.
    public var profileSection: ProfileSection {
        var writer = ProfileWriter()
        writer.sections = [ProfileSection(title: "[[check]]", lines: [])]
        writer.quoted("from", flow.from)
        writer.quoted("to", flow.target)
        writer.quoted("expect", expect.rawValue)
        return writer.sections[0]
    }
}

/// The lines of a profile on their way out, in the last of the tables so far.
struct ProfileWriter {
    var sections: [ProfileSection] = []

    mutating func table(_ path: String...) {
        sections.append(ProfileSection(title: ProfileSection.title(path), lines: []))
    }

    private mutating func line(_ text: String) { sections[sections.count - 1].lines.append(text) }

    /// A line whose value is TOML already.
    mutating func raw(_ key: String, _ toml: String, note: String? = nil) {
        let line = "\(key) = \(toml)"
        guard let note else { return self.line(line) }
        self.line(line + String(repeating: " ", count: max(1, 38 - line.utf8.count)) + "# \(note)")
    }

    /// A line with a string in quotes; none for nil.
    mutating func quoted(_ key: String, _ value: (some CustomStringConvertible)?) {
        if let value { raw(key, tomlString(value.description)) }
    }

    /// On one line if it fits.
    mutating func list(_ key: String, _ values: [String]) {
        let quoted = values.map { tomlString($0) }
        let short = "[\(quoted.joined(separator: ", "))]"
        if short.utf8.count + key.utf8.count <= 100 { return raw(key, short) }
        line("\(key) = [")
        for value in quoted { line("    \(value),") }
        line("]")
    }

    /// One word where it says all of both families.
    mutating func otherForwarding(_ other: OtherForwarding) {
        func toml(_ choice: OtherForwarding.Choice) -> String {
            guard case .from(let interfaces) = choice else { return tomlString(choice.description) }
            return "[\(interfaces.map(tomlString).joined(separator: ", "))]"
        }
        if other == .allow || other == .drop { return quoted("other-forwarding", other.ipv4) }
        let families = [("ipv4", other.ipv4), ("ipv6", other.ipv6)].compactMap { family, choice in
            choice.map { "\(family) = \(toml($0))" }
        }
        if !families.isEmpty { raw("other-forwarding", "{ \(families.joined(separator: ", ")) }") }
    }

    /// Numbers and booleans as such.
    mutating func disguise(_ name: String, _ disguise: Disguise) {
        table("disguise", name)
        for name in AWGName.allCases {
            if name == .headerProtectionKey {
                if disguise.headerProtectionKey != .none { quoted(name.profileKey, disguise.headerProtectionKey) }
            } else if let text = disguise.settings.exposedText(of: name) {
                let isNumber = !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) }
                raw(
                    name.profileKey,
                    isNumber ? text : text == "on" ? "true" : text == "off" ? "false" : tomlString(text))
            }
        }
    }

    mutating func peer(_ peer: Peer) {
        table("peers", peer.name)
        for field in Peer.fields { field.write(peer, &self) }
    }

    mutating func groups(_ groups: [String: Policy]) {
        for (name, policy) in groups.sorted(by: { $0.key < $1.key }) {
            table("groups", name)
            list("allow", policy.allow.map { $0.description })
        }
    }
}
