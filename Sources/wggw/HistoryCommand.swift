import ArgumentParser
import Gateway
import Storage

struct HistoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Every revision that was drafted, newest first.",
        discussion: """
            JSON: a list of objects with the keys revision, made_at, who, why, kind (draft, import, rollback), source (of a \
            rollback), applied_at (null for never), is_applied, peers. Times are seconds since the epoch.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var json: JSONOption

    @Option(name: [.customShort("n"), .long], help: ArgumentHelp("At most so many.", valueName: "count"))
    var limit: Int = 1000

    func run() throws {
        let control = try common.reader("history")
        let revisions = try control.history(limit: limit)
        let box = try control.record()
        let current = box.isUp ? box.applied : nil
        if json.isOn { return Console.raw(JSON.array(revisions.map { $0.json(current) }).text) }
        Console.data(
            ["", "REVISION", "WHEN", "WHO", "PEERS", "APPLIED", "WHY"],
            revisions.map { revision in
                [
                    revision.id == current ? "*" : " ", "\(revision.id)", Format.time(revision.madeAt), revision.who,
                    "\(revision.peers)", revision.appliedAt.map(Format.time) ?? "-", revision.why,
                ]
            })
    }
}

extension Revision {
    func json(_ current: Int?) -> JSON {
        .object([
            ("revision", .number(id)), ("made_at", .number(madeAt)), ("who", .string(who)), ("why", .string(why)),
            ("kind", .string(kind.rawValue)), ("source", .number(source)), ("applied_at", .number(appliedAt)),
            ("is_applied", .bool(id == current)), ("peers", .number(peers)),
        ])
    }
}
