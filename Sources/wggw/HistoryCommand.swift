import ArgumentParser
import Gateway
import Reports
import Storage

struct HistoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Every revision that was drafted, newest first.",
        discussion: """
            JSON: a list of objects with the keys \(Report.revision(nil, current: nil, appliedAt: nil).help).
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var json: JSONOption

    @Option(name: [.customShort("n"), .long], help: ArgumentHelp("At most so many.", valueName: "count"))
    var limit: Int = 1000

    func run() throws {
        let control = try common.reader("history")
        let revisions = try control.history(limit: limit)
        let applied = try control.appliedTimes()
        let box = try control.record()
        let current = box.isUp ? box.applied : nil
        if json.isOn {
            let reports = JSON.reports(revisions) { revision in
                .revision(revision, current: current, appliedAt: revision.flatMap { applied[$0.id] })
            }
            return Console.raw(reports.text)
        }
        Console.data(
            ["", "REVISION", "WHEN", "WHO", "PEERS", "APPLIED", "WHY"],
            revisions.map { revision in
                [
                    revision.id == current ? "*" : " ", "\(revision.id)", Format.time(revision.note.at),
                    revision.note.who,
                    "\(revision.peers)", applied[revision.id].map(Format.time) ?? "-", revision.note.why,
                ]
            })
    }
}
