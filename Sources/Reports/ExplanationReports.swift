public import Explaining
internal import NetTypes
public import SiteModel

extension Report {
    /// What becomes of a flow. `words`: how a remedy is told.
    public static func explanation(
        _ explanation: Explanation?, words: (Remedy) -> String = { _ in "" }
    ) -> Report {
        let destination = explanation?.destination
        let isHost = destination?.isHost == true
        return Report([
            Field("from", "as read", .text(explanation?.flow.from)),
            Field("to", "as read", .text(explanation?.flow.target)),
            Field("source", .text(explanation?.source)),
            Field("destination", isHost ? .text(destination?.address) : .text(destination)),
            Field("answer", "arrives, stops or cannot_tell", .text(explanation?.answer.rawValue)),
            Field("cause", "a step or null", explanation?.cause.map { step($0, words).json } ?? .null),
            Field("steps", of: explanation?.steps) { step($0, words) },
        ])
    }

    /// One thing that has a say in it.
    private static func step(_ step: Step?, _ words: (Remedy) -> String) -> Report {
        Report([
            Field("leg", "there or back", .text(step?.leg.rawValue)), Field("stage", .text(step?.stage.rawValue)),
            Field("outcome", "passes, stops, open or hint", .text(step?.outcome.rawValue)),
            Field("what", .text(step?.fact)), Field("line", "of `profile export`, or null", .number(step?.place?.line)),
            Field("remedy", "or null", .text(step?.remedy.map(words))),
        ])
    }

    /// One of the site's own checks, by its rules. `words`: how a remedy is told.
    public static func check(_ result: CheckResult?, words: (Remedy) -> String = { _ in "" }) -> Report {
        check(result, holds: result?.holds, words)
    }

    /// The same on the box; `explanation`: where it could be told.
    public static func liveCheck(
        _ result: CheckResult?, _ explanation: Explanation? = nil, words: (Remedy) -> String = { _ in "" }
    ) -> Report {
        Report(
            check(result, holds: result?.holds(by: explanation), words).fields + [
                Field("answer", "as in explain", explanation.map { .string($0.answer.rawValue) }),
                Field("cause", "as in explain", explanation.map { .text($0.cause?.fact) }),
            ])
    }

    private static func check(_ result: CheckResult?, holds: Bool?, _ words: (Remedy) -> String) -> Report {
        Report([
            Field("from", .text(result?.check.flow.from)), Field("to", .text(result?.check.flow.target)),
            Field("expect", .text(result?.check.expect.rawValue)), Field("holds", holds.map { .bool($0) } ?? .null),
            Field("what", .text(result?.prose.told(by: words))),
        ])
    }
}

extension CheckResult {
    /// Whether it holds on the box, by what is explained of it there; nil: it cannot be told.
    public func holds(by explanation: Explanation?) -> Bool? {
        guard let explanation else { return holds }
        switch explanation.answer {
        case .arrives: return check.expect == .allow
        case .stops: return check.expect == .deny
        case .cannotTell: return nil
        }
    }
}
