import BoxModel
internal import Compiler
internal import Explaining
internal import NetTypes
public import SiteModel
internal import Storage

extension GatewayError: CustomStringConvertible {
    /// For whoever develops.
    public var description: String { lines.map(\.description).joined(separator: "\n") }

    /// The fault and the remedy; several lines where several things are wrong, each with what was quoted in it as it is.
    public var lines: [Prose] {
        switch self {
        case .noSite: ["there is no site yet; start with \(.site(.whole))"]
        case .noSuchPeer(let name, let known): [Self.noSuchPeer(name, known)]
        case .drafting(let error): [error.prose]
        case .invalid(let problems): abridged(problems.map { Prose($0.description) }, "fault")
        case .profile(let errors): errors.lines.map { Prose($0) }
        case .malformed(let error): [Prose(error.description)]
        case .file(let error): [error.prose]
        case .unreadable(let files): abridged(files.flatMap(\.lines), "file")
        case .importing(let error): [error.prose]
        case .exporting(let error): [error.prose]
        case .compile(let error): [Prose(error.description)]
        case .diff(let error): [error.prose]
        case .box(let error): [error.prose]
        case .applying(let error): [error.prose]
        case .applyFailed(let failure): failure.lines
        case .goingBackFailed(let revision, let cause):
            ["the box is not back at \(name(of: revision)) yet: \(cause.prose)", "  \(ApplyFailure.tryingAgain)"]
        case .waitsForConfirmation(let revision, let seconds):
            [
                """
                \(subject(of: revision)) waits for confirmation (\(seconds) s left); \
                run \(.confirm) to keep it, or \(.rollBack) to take it back now
                """
            ]
        case .checksBroken(let revision, let checks):
            ["revision \(revision) breaks its own checks, and was not applied; \(.site(.profile)) changes either"]
                + abridged(checks.map { "  \($0.prose)" }, "check")
        case .unproved(let revision, let missing, let isBack):
            ["revision \(revision) is not proved\(isBack ? ", and was taken back" : "")"]
                + abridged(missing.map { "  \($0.prose)" }, "line")
        case .log(let error): [error.prose]
        case .storage(let error): [error.prose]
        case .flow(let error): [error.prose]
        case .system(let fault): [fault.prose]
        case .unforeseen(let error): ["\("\(error)")"]
        }
    }

    private static func noSuchPeer(_ name: String, _ known: [String]) -> Prose {
        if known.isEmpty { return "there is no peer \(name) (there are none yet); see \(.addPeer)" }
        if let close = nearest(name, among: known) { return "there is no peer \(name); did you mean \(close)?" }
        return "there is no peer \(name); \(.look(.peers)) shows those that there are"
    }
}

/// `revision 7`; nil is nothing.
func name(of revision: Int?) -> String { revision.map { "revision \($0)" } ?? "nothing of wggw's" }

/// What waits for its confirmation, for people; nil is a teardown.
func subject(of revision: Int?) -> String { revision.map { "revision \($0)" } ?? "the teardown" }
