public import BoxModel
public import SiteModel

/// An apply that stopped: how far it got, why, and where the box is now.
public struct ApplyFailure: Error {
    /// Where the box was left.
    public enum Outcome: Sendable {
        /// In the revision that was applied before.
        case revertedTo(Int)
        /// Without anything of wggw's, as before.
        case revertedToNothing
        /// Between the two: going back failed as well, by this error. The next start of wggw tries again.
        case stuck(GatewayError)
    }

    /// What was meant to be applied; nil is a teardown.
    public let target: Int?
    /// Changes that were carried out, in order.
    public let applied: [Change]
    /// The change that was refused; nil if all were done and the box was still not as desired.
    public let failed: Change?
    /// Why: in most cases the box.
    public let cause: GatewayError
    /// Where the box was left.
    public let outcome: Outcome

    static let tryingAgain: Prose =
        "the guard of `apply --confirm`, or the next wggw command, tries again; \(.takeDown) takes everything off"

    /// What failed, how far it got, where the box is: three lines.
    public var lines: [Prose] {
        let what = target.map { "revision \($0) was not applied" } ?? "wggw was not taken off the box"
        let step = failed.map { $0.lines.joined(separator: ", ") } ?? "all changes were done"
        let state: Prose =
            switch outcome {
            case .revertedTo(let id): "the box is back at revision \(id)"
            case .revertedToNothing: "the box is as it was before"
            case .stuck(let error): "going back failed too (\(reason(error))); \(Self.tryingAgain)"
            }
        return [
            "\(what): \(why)", "  after \(applied.count) change\(applied.count == 1 ? "" : "s"), at: \(step)",
            "  \(state)",
        ]
    }

    private var why: Prose {
        if case .box(let error) = cause { return error.prose }
        return "apply: \(Self.sentence(cause))"
    }

    /// What a teardown stopped at is what it is stuck at: its words are not said again.
    private func reason(_ error: GatewayError) -> Prose {
        if target == nil, case .box(let error) = error { return "\(error.cause)" }
        return Self.sentence(error)
    }

    private static func sentence(_ error: GatewayError) -> Prose {
        var sentence: Prose = ""
        for (i, line) in error.lines.enumerated() { sentence += i == 0 ? line : "\n\(line)" }
        return sentence
    }
}
