public import Explaining
internal import NetTypes
internal import SiteModel

/// What becomes of a flow.
public struct ExplanationReport: Report {
    let explanation: Explanation
    let words: (Remedy) -> String

    /// `words`: how a remedy is told.
    public init(_ explanation: Explanation, words: @escaping (Remedy) -> String) {
        self.explanation = explanation
        self.words = words
    }

    /// Its keys.
    public static let fields: [ReportField<Self>] = [
        ReportField("from", "as read") { .string($0.explanation.flow.from.description) },
        ReportField("to", "as read") { .string($0.explanation.flow.target) },
        ReportField("source") { .text($0.explanation.source) },
        ReportField("destination") {
            let destination = $0.explanation.destination
            return .string(destination.isHost ? destination.address.description : destination.description)
        },
        ReportField("answer", "arrives, stops or cannot_tell") { .string($0.explanation.answer.rawValue) },
        ReportField("cause", "a step or null") { report in
            report.explanation.cause.map { StepReport(step: $0, words: report.words).json } ?? .null
        },
        .list("steps", of: StepReport.self) { report in
            report.explanation.steps.map { StepReport(step: $0, words: report.words) }
        },
    ]
}

/// One thing that has a say in it.
struct StepReport: Report {
    let step: Step
    let words: (Remedy) -> String

    static let fields: [ReportField<Self>] = [
        ReportField("leg", "there or back") { .string($0.step.leg.rawValue) },
        ReportField("stage") { .string($0.step.stage.rawValue) },
        ReportField("outcome", "passes, stops, open or hint") { .string($0.step.outcome.rawValue) },
        ReportField("what") { .string($0.step.fact.description) },
        ReportField("line", "of `profile export`, or null") { .number($0.step.place?.line) },
        ReportField("remedy", "or null") { .text($0.step.remedy.map($0.words)) },
    ]
}
