import ArgumentParser
import Explaining
import Gateway
import Reports
import SiteModel

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Everything that is wrong, or soon will be, the gravest first, each with what helps.",
        discussion: """
            It looks at the box, the profile, other people's firewalls, and each peer's way to the LAN and out. It changes \
            nothing; the one thing that it asks of others is what the endpoint's name stands for.

            Exit status: 0 nothing but hints, 3 something found.

            JSON: a list of objects with the keys \(Report.ailment(nil).help).
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var json: JSONOption

    func run() throws {
        try NotRoot.refuse("doctor")
        let found = try common.reader("doctor").doctor()
        if json.isOn {
            Console.raw(JSON.reports(found) { .ailment($0, words: \.phrase, commands: \.text) }.text)
        } else {
            show(found)
        }
        if found.contains(where: { $0.severity != .hint }) { throw ExitCode(Failure.Status.findings) }
    }

    private func show(_ found: [Ailment]) {
        if found.isEmpty { return Console.data("nothing found") }
        for ailment in found {
            Console.data("\(ailment.severity.mark)  \(ailment.what.text)")
            if let remedy = ailment.remedy { Console.data("         \(remedy.told(by: \.text))") }
        }
    }
}

extension Ailment.Severity {
    fileprivate var mark: Line {
        switch self {
        case .error: Line("error  ", .red)
        case .warning: Line("warning", .yellow)
        case .hint: Line("hint   ", .yellow)
        }
    }
}
