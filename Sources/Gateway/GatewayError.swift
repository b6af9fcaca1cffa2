public import BoxModel
public import Compiler
public import Explaining
public import NetTypes
public import SiteModel
public import Storage

/// What a command refuses. Each case is about one thing, and has its facts; the words are made of them.
public indirect enum GatewayError: Error {
    /// There is no site yet.
    case noSite
    /// There is no peer of that name among those of a site.
    case noSuchPeer(String, known: [String])
    /// The site cannot become what was asked for.
    case drafting(DraftingError)
    /// The site that would come out is not valid.
    case invalid([SiteProblem])
    /// A file that was to be taken is not right.
    case profile(ProfileErrors)
    /// A value is none of its kind.
    case malformed(ParseError)
    /// A file cannot be read or written.
    case file(FileError)
    /// Files that cannot be read.
    case unreadable([GatewayError])
    /// What is there is no gateway, or more than one.
    case importing(InstallationError)
    /// A peer's side cannot be written.
    case exporting(ExportingError)
    /// The site cannot be compiled.
    case compile(CompileError)
    /// The box cannot be brought to the desired state.
    case diff(DiffError)
    /// The box cannot be looked at.
    case box(BoxError)
    /// What was asked for does not go with what is on the box.
    case applying(ApplyingError)
    /// An apply stopped, and what became of it.
    case applyFailed(ApplyFailure)
    /// The way back to a revision, or to nothing, did not come to its end.
    case goingBackFailed(to: Int?, cause: BoxError)
    /// An apply waits for its confirmation.
    case waitsForConfirmation(revision: Int?, seconds: Int64)
    /// A revision breaks its own checks.
    case checksBroken(revision: Int, [CheckResult])
    /// What was applied could not be proved.
    case unproved(revision: Int, [Unproved], isBack: Bool)
    /// There is nothing to tell of, or nobody who would know.
    case log(LogError)
    /// The state directory refuses.
    case storage(StorageError)
    /// A question about a flow makes no sense.
    case flow(FlowError)
    /// The operating system refuses what every command needs.
    case system(SystemFault)
    /// What nobody has foreseen.
    case unforeseen(any Error)
}

/// Runs `body` and gives its errors the form that every command reports.
func wrapping<R>(_ body: () throws -> R) throws(GatewayError) -> R {
    do { return try body() } catch { throw GatewayError(error) }
}

extension GatewayError {
    /// Whatever was thrown, as one of these.
    public init(_ error: any Error) {
        self =
            switch error {
            case let error as GatewayError: error
            case let error as DraftingError: .drafting(error)
            case let error as ApplyingError: .applying(error)
            case let error as ExportingError: .exporting(error)
            case let error as LogError: .log(error)
            case let error as FileError: .file(error)
            case let error as StorageError: .storage(error)
            case let error as BoxError: .box(error)
            case let error as CompileError: .compile(error)
            case let error as DiffError: .diff(error)
            case let error as ProfileErrors: .profile(error)
            case let error as ParseError: .malformed(error)
            case let error as ClientConfigError: .exporting(.client(error))
            case let error as OtherGatewayError: .exporting(.gateway(error))
            case let error as FlowError: .flow(error)
            default: .unforeseen(error)
            }
    }
}
