import ArgumentParser
import BoxModel
import Compiler
import Firewall
import Gateway
import SiteModel
import Storage

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "What an apply would change on this box. Changes nothing.",
        discussion: """
            JSON: an object with the keys revision, applied (null for none), roles (a list of lines: which interfaces were \
            found to carry the LAN and to lead out), site (what differs from the applied revision, \
            as in diff), changes (a list of lines), notices, obstacles (a list of objects with chain, owner, remedy, \
            certain: whether it drops or may drop, reason), router (a list of objects with router, lines), checks (a list of \
            objects with from, to, expect, holds, what).
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var json: JSONOption

    @Flag(help: "End with 2 if something would change.")
    var detailedExitcode = false

    func run() throws {
        try NotRoot.refuse("plan")
        let control = try common.reader("plan")
        let planned = try control.plan()
        let router = try control.routerInstructions(
            planned.desired.advice, of: planned.stored.site, meeting: planned.surroundings)
        if json.isOn {
            Console.raw(planned.json(router).text)
        } else {
            show(planned.preview)
            common.notes(planned.roles)
            let id = planned.stored.revision.id
            common.note(
                planned.plan.isEmpty
                    ? "nothing to do: the box is as revision \(id) wants it"
                    : "\(Format.count(planned.plan.size, "change")) for revision \(id), to be carried out by `wggw apply`"
            )
            if !planned.checks.isEmpty { common.note("\(planned.checks.summary)") }
            common.notes(planned.notices)
            warn(planned.observed.obstacles)
            advise(router)
        }
        if detailedExitcode && !planned.plan.isEmpty { throw ExitCode(Failure.Status.wouldChange) }
    }
}

extension PlannedApply {
    func json(_ router: [RouterInstructions]) -> JSON {
        .object([
            ("revision", .number(stored.revision.id)), ("applied", .number(applied)),
            ("roles", .texts(roles)), ("site", .array(preview.site.map(\.json))), ("changes", plan.json),
            ("notices", .texts(notices)), ("obstacles", observed.obstacles.json),
            ("router", router.json), ("checks", .array(checks.map(\.json))),
        ])
    }
}

/// Foreign chains that drop the gateway's traffic, or may.
func warn(_ obstacles: [FirewallObstacle]) {
    for obstacle in obstacles {
        let owner = obstacle.owner.map { " (\($0))" } ?? ""
        let verb = obstacle.isCertain ? "drops" : "may drop"
        Console.error(
            "warning: \(obstacle.chain)\(owner) \(verb) the tunnel's traffic (\(obstacle.reason)); this lets it through:"
        )
        Console.error("  \(obstacle.remedy)")
    }
}

extension FirewallObstacle {
    /// `rule 3 of inet filter input`, `rule 3 of inet filter input: not understood: match set`
    fileprivate var reason: String {
        switch certainty {
        case .drops(let place): place.description
        case .mayDrop(let doubt):
            "\(doubt.place): " + doubt.causes.map(\.text).sorted().joined(separator: ", ")
        }
    }
}

extension Unknown {
    fileprivate var text: String {
        switch self {
        case .field(let field): "hangs on \(field)"
        case .limit: "hangs on a limit"
        case .elements(let set): "hangs on set \(set.set)"
        case .expression(let name): "not understood: \(name)"
        }
    }
}

/// What somebody has to set on the LAN's router.
func advise(_ router: [RouterInstructions]) {
    if router.isEmpty { return }
    Console.error("the LAN's router needs a static route, unless it is this box; in the words of its make:")
    for instructions in router {
        Console.error("  \(instructions.router)")
        for line in instructions.lines { Console.error("    \(line)") }
    }
}

extension Plan {
    /// All lines, unabridged.
    var json: JSON { .texts(changes.flatMap(\.lines)) }
}

extension [FirewallObstacle] {
    var json: JSON {
        .array(
            map {
                .object([
                    ("chain", .string($0.chain)), ("owner", .text($0.owner)), ("remedy", .string($0.remedy)),
                    ("certain", .bool($0.isCertain)), ("reason", .string($0.reason)),
                ])
            })
    }
}

extension [RouterInstructions] {
    var json: JSON { .array(map { .object([("router", .string($0.router)), ("lines", .texts($0.lines))]) }) }
}
