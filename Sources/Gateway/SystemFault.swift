public import SiteModel
internal import System

/// What the operating system refuses.
public enum SystemFault: Error, Equatable, Sendable {
    /// Which boot this is cannot be told, errno.
    case boot(Int32)
    /// Core dumps, which would hold keys, cannot be forbidden, errno.
    case coreDumps(Int32)

    /// What was tried, what the system says, and what helps.
    public var prose: Prose {
        switch self {
        case .boot(let code): "\(Boot.path): \(errnoText(code)); which boot this is cannot be told; try again"
        case .coreDumps(let code): "forbidding core dumps: \(errnoText(code))"
        }
    }
}
