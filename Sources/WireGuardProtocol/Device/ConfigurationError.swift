/// Why a configuration was refused. The device is as it was before that peer or prefix.
public enum ConfigurationError: Error, Equatable, Sendable {
    /// As many peers as a device can have: ENOMEM.
    case tooManyPeers
    /// No room for more allowed IPs: ENOMEM.
    case tooManyAllowedIPs
    /// More AmneziaWG sets than an interface can have: EINVAL.
    case tooManyDialects
    /// Initiations of two sets could be told apart by nobody: EINVAL.
    case indistinctDialects
}
