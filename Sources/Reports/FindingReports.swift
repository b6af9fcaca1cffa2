public import Gateway
internal import Explaining
public import SiteModel

/// Something that `doctor` finds.
public struct AilmentReport: Report {
    let ailment: Ailment
    let words: (Ailment.Help) -> String

    /// `words`: how what helps is told.
    public init(_ ailment: Ailment, words: @escaping (Ailment.Help) -> String) {
        self.ailment = ailment
        self.words = words
    }

    /// Its keys.
    public static let fields: [ReportField<Self>] = [
        ReportField("severity", "error, warning or hint") { .string($0.ailment.severity.word) },
        ReportField("what") { .string($0.ailment.what) },
        ReportField("remedy", "or null") { .text($0.ailment.remedy.map($0.words)) },
    ]
}

extension Ailment.Severity {
    fileprivate var word: String {
        switch self {
        case .error: "error"
        case .warning: "warning"
        case .hint: "hint"
        }
    }
}

/// Something that `lint` finds.
public struct FindingReport: Report {
    let finding: Finding

    /// Of this one.
    public init(_ finding: Finding) { self.finding = finding }

    /// Its keys.
    public static let fields: [ReportField<Self>] = [
        ReportField("file") { .string($0.finding.file) },
        ReportField("line") { .number($0.finding.line) },
        ReportField("column") { .number($0.finding.column) },
        ReportField("severity", "error or hint") { .string($0.finding.severity.rawValue) },
        ReportField("kind", "a word that stays the same") { .string($0.finding.name) },
        ReportField("what") { .string($0.finding.what) },
        ReportField("remedy", "null where what says it") { .text($0.finding.remedy) },
    ]
}
