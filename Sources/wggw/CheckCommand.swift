import ArgumentParser
import Explaining
import Gateway
import SiteModel

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Whether the site keeps its own checks, those of [[check]] in its profile.",
        discussion: """
            They are judged by the newest revision's rules; with --live by the box as it is, and by the hosts themselves, which \
            are asked as `explain --live` does. `apply` refuses a revision that breaks its own.

            Exit status: 0 all hold, 3 one does not, 4 one cannot be told (--live).

            JSON: a list of objects with the keys from, to, expect, holds, what; with --live also answer and cause, as in explain.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var json: JSONOption

    @Flag(help: "Judge by the box as it is, and ask the hosts.")
    var live = false

    func run() throws {
        try NotRoot.refuse("check")
        let control = try common.reader("check")
        let rows =
            live ? try control.explainChecks(asksHosts: true).map(Row.init) : try control.checks().map { Row($0) }
        if json.isOn {
            Console.raw(JSON.array(rows.map(\.json)).text)
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

    /// A check, and what became of it.
    struct Row {
        let result: CheckResult
        let explanation: Explanation?

        init(_ result: CheckResult) { (self.result, explanation) = (result, nil) }

        init(_ pair: (result: CheckResult, explanation: Explanation?)) { (result, explanation) = pair }

        /// nil: it cannot be told.
        var holds: Bool? {
            guard let explanation else { return result.holds }
            switch explanation.answer {
            case .arrives: return result.check.expect == .allow
            case .stops: return result.check.expect == .deny
            case .cannotTell: return nil
            }
        }

        var line: Line {
            let mark: Line =
                switch holds {
                case true?: Line("ok  ", .green)
                case false?: Line("FAIL", .red)
                case nil: Line("?   ", .yellow)
                }
            guard let explanation else { return "\(mark)  \(result)" }
            let why = explanation.cause.map { "; \($0.fact)" } ?? ""
            return "\(mark)  \(result.check)\(why)"
        }

        var json: JSON {
            guard let explanation else { return result.json }
            let live = [
                ("answer", JSON.string(explanation.answer.rawValue)), ("cause", .text(explanation.cause?.fact)),
            ]
            return .object(result.members(holds: holds) + live)
        }
    }
}

extension [CheckResult] {
    /// `3 checks hold`, `1 of 3 checks does not hold; …`
    var summary: String {
        let broken = filter { !$0.holds }
        if broken.isEmpty { return "\(Format.count(count, "check")) hold\(count == 1 ? "s" : "")" }
        return "\(broken.count) of \(Format.count(count, "check")) do not hold, see `wggw check`: \(broken[0])"
    }
}

extension CheckResult {
    var json: JSON { .object(members(holds: holds)) }

    /// `holds`: null where it cannot be told.
    fileprivate func members(holds: Bool?) -> [(String, JSON)] {
        [
            ("from", .string(check.flow.from.description)), ("to", .string(check.flow.target)),
            ("expect", .string(check.expect.rawValue)), ("holds", holds.map { .bool($0) } ?? .null),
            ("what", .string(description)),
        ]
    }
}
