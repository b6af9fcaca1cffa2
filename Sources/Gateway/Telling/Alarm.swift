public import BoxModel
public import SiteModel

/// Something that is wrong and needs somebody.
public indirect enum Alarm: Equatable, Sendable {
    /// An apply was not confirmed in time, and the box is not back yet.
    case overdue(revision: Int?, to: Int?)
    /// A command was cut short.
    case cutShort(command: String)
    /// The datapath does not answer.
    case silent(BoxError)
    /// The datapath's program was replaced, and the old one still runs.
    case olderProgram
    /// What the site needs and the box does not have.
    case absent(Absence)

    /// One line, with what helps.
    public var prose: Prose {
        switch self {
        case .overdue(let revision, let old):
            """
            \(subject(of: revision)) was not confirmed in time, and the box is not back at \
            \(name(of: old)) yet; its guard tries again, \(.rollBack) does it now
            """
        case .cutShort(let command):
            """
            `\(command)` was cut short, and the box may be between two states; \(.apply) goes on, \
            \(.restore) goes back, \(.takeDown) takes everything off
            """
        case .silent(let error): error.prose
        case .olderProgram:
            "the datapath runs an older program than the one that is installed; \(.restoreAnew) starts it anew"
        case .absent(let absence): absence.prose
        }
    }
}
