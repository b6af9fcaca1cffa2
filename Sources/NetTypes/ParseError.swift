/// Text that is not what it should be: what was given, why it is refused, and what would be right.
///
/// Every parser in NetTypes throws it; whoever knows the file adds line and column.
public struct ParseError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text as it was given.
    public let input: String
    /// What is wrong and what would be right.
    public let reason: Reason

    /// Makes an error about `input`.
    public init(_ input: some StringProtocol, _ reason: Reason) {
        self.input = String(input)
        self.reason = reason
    }

    /// `10.0.0.0/40: an IPv4 prefix is at most /32`
    public var description: String { "\(input): \(reason)" }
}

/// What is read from a text.
public protocol ParsedText {
    /// Throws `ParseError` for any other text.
    init(parsing text: some StringProtocol) throws(ParseError)
}

extension ParsedText where Self: LosslessStringConvertible {
    /// The same without a reason.
    public init?(_ description: String) {
        do { self = try Self(parsing: description) } catch { return nil }
    }
}
