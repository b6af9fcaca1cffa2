/// One thing that is wrong in a file of wg-quick, or between two of them: a case with its facts, and where it stands. The words are
/// made of the case.
public struct Finding: Hashable, Sendable, CustomStringConvertible {
    /// How grave it is.
    public enum Severity: String, Comparable, Sendable {
        /// The tunnel does not work as it is meant to, or is not safe.
        case error
        /// It works, or may work, and is worth a look.
        case hint

        /// The graver first.
        public static func < (a: Self, b: Self) -> Bool { a == .error && b == .hint }
    }

    /// What it is, by what it is about.
    enum Kind: Hashable {
        case file(FileFault)
        case key(KeyFault)
        case address(AddressFault)
        case route(RouteFault)
        case hook(HookFault)
        case pair(PairFault)

        var fault: any Fault {
            switch self {
            case .file(let fault): fault
            case .key(let fault): fault
            case .address(let fault): fault
            case .route(let fault): fault
            case .hook(let fault): fault
            case .pair(let fault): fault
            }
        }
    }

    let kind: Kind
    /// The file's name as it was given.
    public let file: String
    /// From 1.
    public let line: Int
    /// From 1, in Unicode scalars.
    public let column: Int

    private var facts: FaultFacts { kind.fault.facts }

    /// How grave it is.
    public var severity: Severity { facts.severity }
    /// Its kind in a word for programs: `wrong-port`.
    public var name: String { facts.name }
    /// What is wrong: `Endpoint itzxa.com:51820: wg0.conf listens on 51840`. No private or preshared key is in it.
    public var what: String { facts.text.what }
    /// What would be right: `write itzxa.com:51840`; nil where `what` says it.
    public var remedy: String? { facts.text.remedy }

    /// `what; remedy`
    public var message: String { facts.text.message }

    /// `wg0.conf:7:12: Endpoint itzxa.com:51820: …; write …`
    public var description: String { "\(file):\(line):\(column): \(message)" }
}

/// A kind of finding with its facts.
protocol Fault: Hashable, Sendable {
    var facts: FaultFacts { get }
}

/// What is told of a finding.
struct FaultFacts {
    /// In lower case, with hyphens; it never changes.
    let name: String
    let severity: Finding.Severity
    let text: FaultText

    init(_ name: String, _ severity: Finding.Severity, _ what: String, _ remedy: String?) {
        self.name = name
        self.severity = severity
        text = FaultText(what, remedy)
    }
}

/// The words of a fault, in one language.
struct FaultText {
    let what: String
    let remedy: String?

    init(_ what: String, _ remedy: String?) {
        self.what = what
        self.remedy = remedy
    }

    /// `what; remedy`
    var message: String { [what, remedy].compactMap(\.self).joined(separator: "; ") }
}
