public import SiteModel

/// The box refused: what was tried, what it answered, and what to do about it.
public struct BoxError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was tried.
    public var operation: Operation
    /// What the kernel or a process answered.
    public var cause: Cause

    /// Makes an error.
    public init(_ operation: Operation, _ cause: Cause) {
        self.operation = operation
        self.cause = cause
    }

    /// The errno that says it, or 0.
    public var code: Int32 { cause.code }

    /// `create interface wg0: Operation not permitted; run it as root`
    public var prose: Prose {
        var prose = Prose("\(operation): \(cause)")
        if let remedy { prose += "; \(remedy)" }
        return prose
    }

    /// For whoever develops.
    public var description: String { prose.description }
}
