/// What is wrong between the commands on the way up and those on the way down.
enum HookFault: Fault {
    /// A rule that the way up brings in, and the way down leaves.
    case leftBehind(command: String)
    /// A rule that the way down takes away, and the way up does not bring in.
    case neverMade(command: String)

    var facts: FaultFacts {
        switch self {
        case .leftBehind(let command):
            FaultFacts(
                "rule-left-behind", .hint,
                "`\(command.quotable)` is not taken back when the tunnel goes down, and stands twice after the next start",
                "write the same with -D in PostDown")
        case .neverMade(let command):
            FaultFacts(
                "rule-never-made", .hint,
                "`\(command.quotable)` takes away what no command here brings in: it fails, or takes another's rule",
                "write the same with -A in PostUp, or take it out")
        }
    }
}
