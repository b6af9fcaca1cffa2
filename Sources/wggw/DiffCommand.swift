import ArgumentParser
import Gateway
import Reports
import SiteModel
import Storage

struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "What differs between two revisions, in the profile's words.",
        discussion: """
            Without numbers, from the revision on the box to the newest; with one, from that to the newest.

            JSON: a list of objects with the keys \(Report.section(nil).help).
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var json: JSONOption

    @Argument(help: ArgumentHelp("From.", valueName: "a"))
    var first: Int?

    @Argument(help: ArgumentHelp("To.", valueName: "b"))
    var second: Int?

    func run() throws {
        let control = try common.reader("diff")
        let (old, new) = (try first.map(control.site) ?? control.applied(), try control.site(second))
        let diff = ProfileDiff(from: old.site, to: new.site)
        if json.isOn { return Console.raw(JSON.reports(diff.sections, Report.section).text) }
        show(diff.sections)
        if diff.sections.isEmpty {
            common.note("nothing differs between revisions \(old.revision.id) and \(new.revision.id)")
        }
    }
}

/// Sections of two profiles, with what goes and what comes.
func show(_ sections: some Sequence<ProfileDiff.Section>) {
    for section in sections {
        Console.data(Line(section.title, .bold))
        for line in section.lines {
            switch line {
            case .added(let text): Console.data(Line(plan: "+ \(text)"))
            case .removed(let text): Console.data(Line(plan: "- \(text)"))
            }
        }
    }
}
