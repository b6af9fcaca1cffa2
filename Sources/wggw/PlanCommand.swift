import ArgumentParser
import BoxModel
import Compiler
import Gateway
import Reports
import SiteModel
import Storage

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "What an apply would change on this box. Changes nothing.",
        discussion: """
            JSON: an object with the keys \(Report.plan(nil).help).
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
            Console.raw(Report.plan(planned, router: router, words: \.phrase).json.text)
        } else {
            show(planned.preview)
            for role in planned.surroundings.roleLines { common.note("\(role)") }
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

/// Foreign chains that drop the gateway's traffic, or may, or send it elsewhere.
func warn(_ obstacles: [FirewallObstacle]) {
    for obstacle in obstacles {
        let owner = obstacle.owner.map { " (\($0))" } ?? ""
        Console.error(
            "warning: \(obstacle.chain)\(owner) \(obstacle.deed("the tunnel's traffic")) (\(obstacle.reason)); this lets it through:"
        )
        Console.error("  \(obstacle.remedy)")
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
