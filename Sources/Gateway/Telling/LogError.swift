public import SiteModel

/// Why there is nothing to tell.
public enum LogError: Error, Equatable, Sendable {
    /// Nothing of wggw's is on the box.
    case nothingOnBox
    /// The tunnel's interface is not there.
    case notUp(interface: String)
    /// Nobody keeps what is refused.
    case notKept

    /// The fault and the remedy.
    public var prose: Prose {
        switch self {
        case .nothingOnBox: "nothing of wggw's is on the box; see \(.apply)"
        case .notUp(let interface): "\(interface) is not up; \(.restore) brings it back"
        case .notKept: "nobody keeps what is refused; from now on: \(.site(.keepingDenied)), then \(.apply)"
        }
    }
}
