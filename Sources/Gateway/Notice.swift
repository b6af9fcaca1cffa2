public import SiteModel

/// Something to say of what a command did, that is neither its data nor an error.
public enum Notice: Equatable, Sendable {
    /// Of an apply.
    case applying(ApplyNotice)
    /// Of a draft.
    case drafting(DraftNotice)
    /// Of a peer's side.
    case exporting(ExportNotice)

    /// Lines for people; mostly one.
    public var lines: [Prose] {
        switch self {
        case .applying(let notice): [notice.prose]
        case .drafting(let notice): notice.lines
        case .exporting(let notice): [notice.prose]
        }
    }
}
