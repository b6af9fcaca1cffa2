public import SiteModel

/// What differs between two sites, in the words of their profiles.
public struct ProfileDiff: Sendable {
    /// One line of a section.
    public enum Line: Equatable, Sendable {
        /// Only in the second.
        case added(String)
        /// Only in the first.
        case removed(String)
    }

    /// A table of the profile in which lines differ.
    public struct Section: Equatable, Sendable {
        /// `[peers.laptop]`
        public let title: String
        /// In the order of the profiles, what goes before what comes.
        public let lines: [Line]
    }

    /// Sections with differences, in the order of the profile.
    public private(set) var sections: [Section]

    /// Compares two sites; only peers that differ are written out.
    public init(from old: Site, to new: Site) {
        var (before, after) = (old, new)
        (before.peers, after.peers) = new.peers.changes(from: old.peers)
        // Checks have no names: each is there or not.
        let (gone, new) = (
            before.checks.filter { !after.checks.contains($0) }, after.checks.filter { !before.checks.contains($0) }
        )
        (before.checks, after.checks) = ([], [])
        self.init(before.profileSections(), after.profileSections())
        for check in gone { sections.append(Section(check) { .removed($0) }) }
        for check in new { sections.append(Section(check) { .added($0) }) }
    }

    /// Compares two profiles, section by section. O(n) in their lines.
    init(_ before: [ProfileSection], _ after: [ProfileSection]) {
        let oldLines = Dictionary(before.map { ($0.title, $0.lines) }, uniquingKeysWith: { $0 + $1 })
        let newTitles = Set(after.map(\.title))
        var result: [Section] = []
        for section in before where !newTitles.contains(section.title) {
            result.append(Section(title: section.title, lines: section.lines.map { .removed($0) }))
        }
        for section in after {
            let old = oldLines[section.title] ?? []
            if old == section.lines, oldLines[section.title] != nil { continue }
            let (inOld, inNew) = (Set(old), Set(section.lines))
            let lines =
                old.filter { !inNew.contains($0) }.map { Line.removed($0) }
                + section.lines.filter { !inOld.contains($0) }.map { Line.added($0) }
            result.append(Section(title: section.title, lines: lines))
        }
        sections = result
    }
}

extension ProfileDiff.Section {
    /// A check that is in one of the two alone.
    fileprivate init(_ check: Check, _ line: (String) -> ProfileDiff.Line) {
        let text = check.profileSection
        self.init(title: text.title, lines: text.lines.map(line))
    }
}
