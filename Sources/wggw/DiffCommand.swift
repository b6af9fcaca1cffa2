import ArgumentParser
import Gateway
import SiteModel
import Storage

struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "What differs between two revisions, in the profile's words.",
        discussion: "JSON: a list of objects with the keys section, removed, added (lists of lines).")

    @OptionGroup var common: CommonOptions
    @OptionGroup var json: JSONOption

    @Argument(help: ArgumentHelp("From.", valueName: "a"))
    var first: Int

    @Argument(help: ArgumentHelp("To.", valueName: "b"))
    var second: Int

    func run() throws {
        let control = try common.reader("diff")
        let (a, b) = (try control.site(first).site, try control.site(second).site)
        let diff = ProfileDiff(a.profileText(), b.profileText())
        if json.isOn { return Console.raw(JSON.array(diff.sections.map(\.json)).text) }
        for section in diff.sections {
            Console.data(Console.bold(section.title))
            for line in section.lines {
                switch line {
                case .added(let text): Console.data(Console.planLine("+ \(text)"))
                case .removed(let text): Console.data(Console.planLine("- \(text)"))
                }
            }
        }
        if diff.sections.isEmpty { common.note("revisions \(first) and \(second) are the same") }
    }
}

extension ProfileDiff.Section {
    fileprivate var json: JSON {
        let removed = lines.compactMap { if case .removed(let text) = $0 { text } else { nil } }
        let added = lines.compactMap { if case .added(let text) = $0 { text } else { nil } }
        return .object([("section", .string(title)), ("removed", .texts(removed)), ("added", .texts(added))])
    }
}
