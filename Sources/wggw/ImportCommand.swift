import ArgumentParser
import Gateway
import NetTypes
import SiteModel

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take a whole gateway from before: its own side, its peers and their files.",
        discussion: """
            Name the directory or the files in which the old program keeps things; what stands in them says whose they are: \
            \(kinds). Where several gateways are there, --interface and --from choose.

            Keys, addresses, ports and names stay, so the peers' devices go on as they are; private keys of peers that lie \
            there are sealed, so that `wggw export` works for them. Who was disabled or has expired is left out and named. What \
            wggw has no word for is said with its file and line. Nothing is changed there, and no command found there is run.
            """)

    private static let kinds = Installation.Kind.allCases.map { "\($0.title) (\($0.rawValue))" }.joined(separator: ", ")

    @OptionGroup var common: CommonOptions
    @OptionGroup var message: MessageOption

    @Argument(
        help: ArgumentHelp("Directories and files; at most 256 MB and 250,000 files together.", valueName: "path"),
        completion: .file())
    var paths: [String]

    @Flag(help: "Show the profile that would come of it, and change nothing.")
    var dryRun = false

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("The LAN's networks, which such files do not tell.", valueName: "cidr"),
        transform: parsed { text throws(ParseError) in try IPPrefix(parsing: text) })
    var lan: [IPPrefix] = []

    @Option(help: ArgumentHelp("With --lan: the interface that leads there.", valueName: "if"))
    var lanInterface: String?

    @Option(help: ArgumentHelp("Of several gateways, the one with this interface.", valueName: "if"))
    var interface: String?

    @Option(
        help: ArgumentHelp("Whose they are, where that is not clear.", valueName: "kind"),
        transform: { try choice($0, Installation.Kind.allCases.map(\.rawValue).joined(separator: ", ")) })
    var from: Installation.Kind?

    func validate() throws {
        if lanInterface != nil && lan.isEmpty { throw ValidationError("--lan-interface goes with --lan") }
    }

    func run() throws {
        let installation = try readInstallation(paths, kind: from, interface: interface)
        let known = lan.isEmpty ? nil : LAN(interface: lanInterface, subnets: lan)
        if dryRun {
            let preview = try common.preview(installation, lan: known)
            common.notes(preview.notices)
            Console.content(preview.profile)
            return common.note("nothing was changed")
        }
        let control = try common.writer("import", mayBeFirst: true)
        let why = message.message ?? "import \(installation.kind.title) from \(installation.file)"
        report(try control.take(installation, lan: known, why: why), common)
        common.note("next: `wggw plan`, then stop the old gateway and `wggw apply`")
    }
}
