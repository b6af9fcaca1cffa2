public import Explaining
public import SiteModel

/// What does not go with what is on the box.
public enum ApplyingError: Error, Equatable, Sendable {
    /// No apply waits for its confirmation.
    case nothingWaits
    /// A confirmation came after the deadline: the box is back at a revision, or at nothing.
    case tooLate(revision: Int?, backAt: Int?)
    /// None waits of this token.
    case noSuchToken
    /// The command was told to stop before it began.
    case stopped(signal: String)
    /// There is nothing on the box to go back from.
    case nothingToGoBackFrom
    /// Nothing was ever applied that could come back.
    case nothingToBringUp
    /// Nothing was ever applied that could be compared.
    case nothingToCompare

    /// The fault and the remedy.
    public var prose: Prose {
        switch self {
        case .nothingWaits: "nothing waits for confirmation; see \(.look(.status))"
        case .tooLate(let revision, let old):
            "too late: \(subject(of: revision)) was not confirmed in time, the box is back at \(name(of: old))"
        case .noSuchToken: "there is no apply of this token that waits for confirmation"
        case .stopped(let signal): "told to stop by \(signal); nothing was changed"
        case .nothingToGoBackFrom: "nothing of wggw's is on the box; name a revision, or run \(.restore)"
        case .nothingToBringUp: "nothing was ever applied; run \(.apply)"
        case .nothingToCompare: "nothing was applied yet; name two revisions, see \(.look(.history))"
        }
    }
}

/// What of an apply is not proved.
public indirect enum Unproved: Sendable {
    /// A check that makes no sense for the site, or cannot be told of.
    case check(CheckResult)
    /// A check that does not hold on the box, by this fact; nil: what it denies arrives.
    case broken(Check, Fact?)
    /// A peer that had a session before and has none now.
    case peer(String)

    /// One line.
    public var prose: Prose {
        switch self {
        case .check(let result): result.prose
        case .broken(let check, let fact?): "check \(check): \(fact)"
        case .broken(let check, nil): "check \(check): it arrives"
        case .peer(let name): "peer \(name) has not come back"
        }
    }
}
