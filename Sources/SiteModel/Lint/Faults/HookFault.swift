/// What is wrong between the commands on the way up and those on the way down.
enum HookFault: Fault {
    /// A rule that the way up brings in, and the way down leaves.
    case leftBehind(command: String)
    /// A rule that the way down takes away, and the way up does not bring in.
    case neverMade(command: String)

    var name: String {
        switch self {
        case .leftBehind: "rule-left-behind"
        case .neverMade: "rule-never-made"
        }
    }

    var severity: Finding.Severity { .hint }

    var text: FaultText {
        switch self {
        case .leftBehind(let command):
            FaultText(
                "`\(command.quotable)` is not taken back when the tunnel goes down, and stands twice after the next start",
                "write the same with -D in PostDown")
        case .neverMade(let command):
            FaultText(
                "`\(command.quotable)` takes away what no command here brings in: it fails, or takes another's rule",
                "write the same with -A in PostUp, or take it out")
        }
    }
}
