import ArgumentParser
import Gateway
import Reports
import SiteModel

struct LintCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint", abstract: "What is wrong in wg-quick files, alone and between the two sides.",
        discussion: """
            Give it one file, both sides, or a gateway's and those of many peers. Each finding has its place, what is wrong and \
            what would be right: errors first (it does not work, or is not safe), then hints. It changes nothing, and needs \
            neither root nor a site. At most 64 MB of files, 1 MB a line, 100,000 peers a file.

            Exit status: 0 nothing found, 3 something found.

            JSON: a list of objects with the keys \(Report.finding(nil).help).
            """)

    @Flag(name: .shortAndLong, help: "Print data and errors only.")
    var quiet = false

    @OptionGroup var json: JSONOption

    @Argument(help: ArgumentHelp("wg-quick files (- is standard input).", valueName: "file"), completion: .file())
    var files: [String]

    func run() throws {
        let lint = try Gateway.lint(files)
        if json.isOn {
            Console.raw(JSON.reports(lint.findings, Report.finding).text)
        } else {
            show(lint.findings)
            if !quiet { summarize(lint) }
        }
        if !lint.findings.isEmpty { throw ExitCode(Failure.Status.findings) }
    }

    /// The findings file by file, those with errors first.
    private func show(_ findings: [Finding]) {
        // They come file by file.
        var groups: [[Finding]] = []
        for finding in findings {
            if groups.last?.first?.file != finding.file { groups.append([]) }
            groups[groups.count - 1].append(finding)
        }
        let (grave, light) = (groups.filter { $0[0].severity == .error }, groups.filter { $0[0].severity == .hint })
        for group in grave + light {
            Console.data(Line(group[0].file, .bold))
            let places = group.map { "\($0.line):\($0.column)" }
            let width = places.map(\.count).max() ?? 0
            let (told, more) = shortened(group)
            for (finding, place) in zip(told, places) {
                let isError = finding.severity == .error
                let pad = String(repeating: " ", count: width - place.count)
                Console.data(
                    "  \(place)\(pad)  \(finding.severity.rawValue, isError ? .red : .yellow)\(isError ? " " : "  ") \(finding.message)"
                )
            }
            if more > 0 { Console.data("  and \(more) more; --json has all") }
        }
    }

    private func summarize(_ lint: Lint) {
        for (file, peers) in lint.unmatched {
            Console.error("\(file): \(Format.count(peers, "peer")) without a file here, not compared")
        }
        let errors = lint.findings.count { $0.severity == .error }
        let hints = lint.findings.count - errors
        let counts = [(errors, "error"), (hints, "hint")].filter { $0.0 > 0 }.map { Format.count($0.0, $0.1) }
        let what = counts.isEmpty ? "nothing found" : counts.joined(separator: " and ")
        Console.error("\(what) in \(Format.count(files.count, "file"))")
    }
}
