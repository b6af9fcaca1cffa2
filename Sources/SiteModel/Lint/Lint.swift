public import NetTypes

/// Judges files of wg-quick, each alone and those of both ends of a tunnel together.
public struct Lint {
    /// In the order of the files, the graver of a file first, then by its lines.
    public let findings: [Finding]
    /// By the names of the files: how many of the peers of a file are in none of the others, where some are.
    public let unmatched: [(file: String, peers: Int)]

    /// Reads and judges them. `publicKey` makes a public key of a private one (X25519), `services` finds ports by name.
    ///
    /// O(n log n) in what the files hold together.
    public init(_ files: [LintFile], services: ServicePorts = { _ in nil }, publicKey: (PrivateKey) -> PublicKey) {
        self.init(files, rules: LintRule.all, services: services, publicKey: publicKey)
    }

    /// The same by some of the rules.
    init(
        _ files: [LintFile], rules: [LintRule], services: ServicePorts = { _ in nil },
        publicKey: (PrivateKey) -> PublicKey
    ) {
        self.init(files.map { LintedFile($0, services: services, publicKey: publicKey) }, rules: rules)
    }

    /// Only what is wrong between files, which were read without errors.
    public init(between files: [WgQuickConfig], publicKey: (PrivateKey) -> PublicKey) {
        self.init(files.map { LintedFile($0, publicKey: publicKey) }, rules: LintRule.betweenFiles)
    }

    private init(_ files: [LintedFile], rules: [LintRule]) {
        let set = LintSet(files)
        var report = LintReport(files: files)
        for rule in rules { rule.look(set, &report) }
        findings = report.findings
        unmatched = files.count < 2 ? [] : set.unmatched
    }
}

/// One thing that is looked at.
struct LintRule: Sendable {
    /// What, for those who read the list.
    let name: String
    /// Looks at all of the files.
    let look: @Sendable (LintSet, inout LintReport) -> Void

    /// A rule of a file alone.
    init(_ name: String, file look: @escaping @Sendable (LintedFile, inout LintReport) -> Void) {
        self.name = name
        self.look = { set, report in for file in set.files { look(file, &report) } }
    }

    /// A rule of the ends of tunnels; each end is looked at from its file.
    init(_ name: String, end look: @escaping @Sendable (LintEnd, inout LintReport) -> Void) {
        self.name = name
        self.look = { set, report in for end in set.ends { look(end, &report) } }
    }

    /// A rule of all files.
    init(_ name: String, all look: @escaping @Sendable (LintSet, inout LintReport) -> Void) {
        self.name = name
        self.look = look
    }

    static let all = ofFiles + ofKeys + ofAddresses + ofRoutes + ofHooks + betweenFiles
}

/// Collects what rules find.
struct LintReport {
    private let files: [LintedFile]
    private var found: [(file: Int, severity: Finding.Severity, finding: Finding)] = []

    init(files: [LintedFile]) { self.files = files }

    mutating func add(_ kind: Finding.Kind, _ file: LintedFile, _ place: WgQuickConfig.Place) {
        let finding = Finding(kind: kind, file: place.file ?? file.name, line: place.line, column: place.column)
        found.append((file.index, finding.severity, finding))
    }

    var findings: [Finding] {
        found.enumerated().sorted { a, b in
            let (x, y) = (a.element.finding, b.element.finding)
            return (a.element.file, a.element.severity, x.line, x.column, a.offset)
                < (b.element.file, b.element.severity, y.line, y.column, b.offset)
        }.map(\.element.finding)
    }
}
