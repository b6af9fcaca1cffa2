/// What is wrong with a request or an answer, by its line. Values are never repeated: they may be keys.
public struct UAPIError: Error, Equatable {
    /// What kind of fault it is: each has an errno of its own.
    public enum Kind: Error, Sendable {
        /// Not lines of `KEY=VALUE` that begin and end as they should: EPROTO.
        case form
        /// A key or a value that is not the protocol's: EINVAL.
        case value
        /// A zone that is no interface: ENODEV.
        case noInterface
    }

    /// What kind of fault it is.
    public let kind: Kind
    /// From 1.
    public let line: Int
    /// What is wrong, one clause: `listen_port is not a number from 0 to 65535`.
    public let reason: String
}
