public import BoxModel
public import Compiler
public import Explaining
internal import NetTypes
public import SiteModel
public import Storage

/// What a command refuses, and what to do about it.
public enum GatewayError: Error, CustomStringConvertible {
    /// What was asked for makes no sense as it stands.
    case refused(String)
    /// Files that cannot be read, each with the reason.
    case unreadable([String])
    /// There is no site yet.
    case noSite
    /// There is no peer of that name among those of a site.
    case noSuchPeer(String, known: [String])
    /// The site that would come out is not valid.
    case invalid([SiteProblem])
    /// A file that was to be taken is not right.
    case profile(ProfileErrors)
    /// The site cannot be compiled.
    case compile(CompileError)
    /// The box cannot be brought to the desired state.
    case diff(DiffError)
    /// The box cannot be looked at.
    case box(BoxError)
    /// An apply stopped, and what became of it.
    case applyFailed(ApplyFailure)
    /// The way back to a revision, or to nothing, did not come to its end.
    case goingBackFailed(to: Int?, cause: BoxError)
    /// An apply waits for `wggw confirm`.
    case waitsForConfirmation(revision: Int, seconds: Int64)
    /// The state directory refuses.
    case storage(StorageError)
    /// A revision breaks its own checks.
    case checksBroken(revision: Int, [CheckResult])
    /// What was applied could not be proved.
    case unproved(revision: Int, [String], isBack: Bool)
    /// A question about a flow makes no sense.
    case flow(FlowError)

    /// The fault and the remedy; several lines where several things are wrong.
    public var description: String { lines.joined(separator: "\n") }

    /// The lines of the description, each with what was quoted in it as it is.
    public var lines: [String] {
        switch self {
        case .refused(let text): [text]
        case .unreadable(let files): abridged(files, "file")
        case .noSite: ["there is no site yet; start with `wggw init --lan 192.168.1.0/24 --endpoint HOST`"]
        case .noSuchPeer(let name, let known): [Self.noSuchPeer(name, known)]
        case .invalid(let problems): abridged(problems.map(\.description), "fault")
        case .profile(let errors): errors.lines
        case .compile(let error): [error.description]
        case .diff(let error): [error.description]
        case .box(let error): [error.description]
        case .applyFailed(let failure): failure.lines
        case .goingBackFailed(let revision, let cause):
            ["the box is not back at \(ControlPlane.name(revision)) yet: \(cause)", "  \(ApplyFailure.tryingAgain)"]
        case .waitsForConfirmation(let revision, let seconds):
            [
                "revision \(revision) waits for confirmation (\(seconds) s left); "
                    + "run `wggw confirm` to keep it, or `wggw rollback` to take it back now"
            ]
        case .storage(let error): [error.description]
        case .flow(let error): [error.description]
        case .unproved(let revision, let missing, let isBack):
            ["revision \(revision) is not proved" + (isBack ? ", and was taken back" : "")]
                + abridged(missing.map { "  \($0)" }, "line")
        case .checksBroken(let revision, let checks):
            ["revision \(revision) breaks its own checks, and was not applied; `wggw profile edit` changes either"]
                + abridged(checks.map { "  \($0)" }, "check")
        }
    }

    private static func noSuchPeer(_ name: String, _ known: [String]) -> String {
        if known.isEmpty {
            "there is no peer \(name) (there are none yet); see `wggw add-peer`"
        } else if let close = nearest(name, among: known) {
            "there is no peer \(name); did you mean \(close)?"
        } else {
            "there is no peer \(name); `wggw list` shows those that there are"
        }
    }
}

/// An apply that stopped: how far it got, why, and where the box is now.
public struct ApplyFailure: Error, CustomStringConvertible {
    /// Where the box was left.
    public enum Outcome: Equatable, Sendable {
        /// In the revision that was applied before.
        case revertedTo(Int)
        /// Without anything of wggw's, as before.
        case revertedToNothing
        /// Between the two: going back failed as well, for this reason. The next start of wggw tries again.
        case stuck(String)
    }

    /// What was meant to be applied; nil is a teardown.
    public let target: Int?
    /// Changes that were carried out, in order.
    public let applied: [Change]
    /// The change that was refused; nil if all were done and the box was still not as desired.
    public let failed: Change?
    /// Why.
    public let cause: BoxError
    /// Where the box was left.
    public let outcome: Outcome

    static let tryingAgain =
        "the guard of `apply --confirm`, or the next wggw command, tries again; `wggw down` takes everything off"

    /// What failed, how far it got, where the box is.
    public var description: String { lines.joined(separator: "\n") }

    /// The three lines of the description.
    public var lines: [String] {
        let what = target.map { "revision \($0) was not applied" } ?? "wggw was not taken off the box"
        let step = failed.map { "\($0.lines.joined(separator: ", "))" } ?? "all changes were done"
        let state =
            switch outcome {
            case .revertedTo(let id): "the box is back at revision \(id)"
            case .revertedToNothing: "the box is as it was before"
            case .stuck(let reason):
                "going back failed too (\(reason)); \(Self.tryingAgain)"
            }
        return [
            "\(what): \(cause)", "  after \(applied.count) change\(applied.count == 1 ? "" : "s"), at: \(step)",
            "  \(state)",
        ]
    }
}

/// Runs `body` and gives its errors the form that every command reports.
func wrapping<R>(_ body: () throws -> R) throws(GatewayError) -> R {
    do { return try body() } catch {
        switch error {
        case let error as GatewayError: throw error
        case let error as StorageError: throw .storage(error)
        case let error as BoxError: throw .box(error)
        case let error as CompileError: throw .compile(error)
        case let error as DiffError: throw .diff(error)
        case let error as ProfileErrors: throw .profile(error)
        case let error as ParseError: throw .refused(error.description)
        case ExplainingError.box(let error): throw .box(error)
        case ExplainingError.flow(let error): throw .flow(error)
        default: throw .refused("\(error)")
        }
    }
}
