public import Explaining
internal import SiteModel

/// One of the site's own checks, and what became of it.
public struct CheckReport: Report {
    /// By the site's rules.
    public let result: CheckResult
    /// Where it was asked for.
    public let explanation: Explanation?

    /// Judged by the rules.
    public init(_ result: CheckResult) { (self.result, explanation) = (result, nil) }

    /// The same on the box, where it could be explained.
    public init(_ result: CheckResult, live explanation: Explanation?) {
        (self.result, self.explanation) = (result, explanation)
    }

    /// Whether it holds; nil: it cannot be told.
    public var holds: Bool? {
        guard let explanation else { return result.holds }
        switch explanation.answer {
        case .arrives: return result.check.expect == .allow
        case .stops: return result.check.expect == .deny
        case .cannotTell: return nil
        }
    }

    /// Its keys.
    public static let fields: [ReportField<Self>] = [
        ReportField("from") { .string($0.result.check.flow.from.description) },
        ReportField("to") { .string($0.result.check.flow.target) },
        ReportField("expect") { .string($0.result.check.expect.rawValue) },
        ReportField("holds") { $0.holds.map { .bool($0) } ?? .null },
        ReportField("what") { .string($0.result.description) },
    ]
}

/// The same, asked on the box.
public struct LiveCheckReport: Report {
    /// What is said without it.
    public let check: CheckReport

    /// Of this one.
    public init(_ check: CheckReport) { self.check = check }

    /// Its keys.
    public static let fields: [ReportField<Self>] =
        CheckReport.fields.map { field in ReportField(field.key.name, field.key.help) { field.json($0.check) } } + [
            ReportField("answer", "as in explain") { $0.check.explanation.map { .string($0.answer.rawValue) } },
            ReportField("cause", "as in explain") { $0.check.explanation.map { .text($0.cause?.fact) } },
        ]
}
