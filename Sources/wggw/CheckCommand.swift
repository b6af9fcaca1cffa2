import ArgumentParser
import Explaining
import Gateway
import Reports
import SiteModel

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Whether the site keeps its own checks, those of [[check]] in its profile.",
        discussion: """
            They are judged by the newest revision's rules; with --live by the box as it is, and by the hosts themselves, which \
            are asked as `explain --live` does. `apply` refuses a revision that breaks its own.

            Exit status: 0 all hold, 3 one does not, 4 one cannot be told (--live).

            JSON: a list of objects with the keys \(Report.check(nil).help); with --live: \(Report.liveCheck(nil).help).
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var json: JSONOption

    @Flag(help: "Judge by the box as it is, and ask the hosts.")
    var live = false

    func run() throws {
        try NotRoot.refuse("check")
        let control = try common.reader("check")
        let rows =
            try live
            ? control.explainChecks(asksHosts: true).map { Row(result: $0.result, explanation: $0.explanation) }
            : control.checks().map { Row(result: $0, explanation: nil) }
        if json.isOn {
            Console.raw(JSON.reports(rows) { $0?.report(live: live) ?? .check(nil) }.text)
        } else {
            rows.forEach { Console.data("\($0.line)") }
            common.note(
                rows.isEmpty ? "no checks yet: `wggw profile edit` adds [[check]] from, to, expect" : "\(summary(rows))"
            )
        }
        if rows.contains(where: { $0.holds == false }) { throw ExitCode(Failure.Status.findings) }
        if rows.contains(where: { $0.holds == nil }) { throw ExitCode(Failure.Status.cannotTell) }
    }

    private func summary(_ rows: [Row]) -> String {
        let held = rows.count { $0.holds == true }
        let count = Format.count(rows.count, "check")
        return held == rows.count ? "\(count) hold\(held == 1 ? "s" : "")" : "\(held) of \(count) hold"
    }
}

/// A check, and what was found of it on the box, where that was asked.
private struct Row {
    let result: CheckResult
    let explanation: Explanation?

    var holds: Bool? { result.holds(by: explanation) }

    func report(live: Bool) -> Report {
        live ? .liveCheck(result, explanation, words: \.phrase) : .check(result, words: \.phrase)
    }

    var line: Line {
        let mark: Line =
            switch holds {
            case true?: Line("ok  ", .green)
            case false?: Line("FAIL", .red)
            case nil: Line("?   ", .yellow)
            }
        guard let explanation else { return "\(mark)  \(result.prose.text)" }
        let why = explanation.cause.map { "; \($0.fact)" } ?? ""
        return "\(mark)  \(result.check)\(why)"
    }
}

extension [CheckResult] {
    /// `3 checks hold`, `1 of 3 checks does not hold; …`
    var summary: String {
        let broken = filter { !$0.holds }
        if broken.isEmpty { return "\(Format.count(count, "check")) hold\(count == 1 ? "s" : "")" }
        return
            "\(broken.count) of \(Format.count(count, "check")) do not hold, see `wggw check`: \(broken[0].prose.text)"
    }
}
