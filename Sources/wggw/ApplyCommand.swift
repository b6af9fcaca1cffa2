import BoxModel
import ArgumentParser
import Compiler
import Gateway
import Reports
import SiteModel
import Storage
import System

struct ApplyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Bring the newest revision onto this box, all of it or nothing.",
        discussion: """
            Where the datapath changes, or starts anew by --restart, the new one is made ready beside the old one, and then \
            takes its place: peers miss packets for a moment, and no connection ends.

            Connections that the revision does not allow any more end, so do those of a peer that goes or gives an address up; all \
            others go on. `wggw plan` names them.

            With --confirm it goes back by itself unless `wggw confirm` comes in time, also when the connection that it was \
            given over is gone. On a terminal it counts down: Enter keeps it, Ctrl-C goes back now.

            With --prove it confirms itself: once the profile's checks hold on the box, and every peer that had a session has one \
            again. Else it goes back, and says what is missing.

            Ctrl-C and SIGTERM take back what it did so far. A hang-up does not: what was begun is ended.

            JSON: an object with the keys \(Report.outcome(nil).help).
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var message: MessageOption
    @OptionGroup var json: JSONOption

    @Option(
        name: [.short, .customLong("file")],
        help: ArgumentHelp("Take this profile first (- is standard input).", valueName: "file"),
        completion: .file(extensions: ["toml"]))
    var file: String?

    @OptionGroup var confirmation: ConfirmOption
    @OptionGroup var proof: ProveOption

    @Flag(help: "Start the datapath anew, as after an upgrade of wggw; peers go over to the new one.")
    var restart = false

    func validate() throws {
        if message.message != nil && file == nil {
            throw ValidationError("-m says why a revision is made; apply makes one only of --file")
        }
        if proof.seconds != nil && confirmation.seconds != nil {
            throw ValidationError("--prove and --confirm exclude each other: what is proved is confirmed")
        }
    }

    func run() throws {
        try NotRoot.refuse("apply")
        // Read before anything is made: a bad profile changes nothing.
        let profile = try file.map { try Site.parse(try readTextFile($0), file: $0) }
        let control = try common.writer("apply", mayBeFirst: profile != nil)
        let connected = proof.seconds == nil ? [] : try control.connectedPeers()
        let applied = try undisturbed {
            if let profile { report(try control.take(profile, why: message.message ?? "apply -f \(file!)"), common) }
            return try control.apply(confirmWithin: proof.seconds ?? confirmation.seconds, restarts: restart) {
                show($0, common, json)
            }
        }
        try show(applied, control, common, json)
        if proof.seconds != nil {
            try common.prove(applied, connectedBefore: connected, asksHosts: proof.live)
        } else {
            try common.awaitConfirmation(applied, json)
        }
    }
}

extension CommonOptions {
    /// Carries out what a command changes on the box, and shows the plan before it and what came of it.
    func change(
        _ command: String, _ json: JSONOption, _ body: (ControlPlane, (PlanPreview) -> Void) throws -> ApplyReport
    ) throws {
        try NotRoot.refuse(command)
        let control = try reader(command)
        let report = try undisturbed { try body(control) { show($0, self, json) } }
        try show(report, control, self, json)
        try awaitConfirmation(report, json)
    }
}

/// What an apply, a rollback or a teardown came to.
func show(_ report: ApplyReport, _ control: ControlPlane, _ common: CommonOptions, _ json: JSONOption) throws {
    if json.isOn {
        return Console.raw(Report.outcome(report, words: \.phrase).json.text)
    }
    common.notes(report.notices)
    warn(report.obstacles)
    guard let revision = report.revision else {
        common.note(
            report.plan.isEmpty ? "nothing to do: nothing of wggw's is on the box" : "wggw is off the box")
        return noteReturn(report, common)
    }
    common.note(
        report.plan.isEmpty
            ? "nothing to do: the box is as revision \(revision) wants it"
            : "applied revision \(revision), \(Format.count(report.plan.size, "change"))")
    noteReturn(report, common)
    if let desired = report.desired, !desired.advice.isEmpty, !report.plan.isEmpty, !common.quiet {
        advise(
            try control.routerInstructions(
                desired.advice, of: try control.site(revision).site, meeting: report.surroundings))
    }
}

private func noteReturn(_ report: ApplyReport, _ common: CommonOptions) {
    guard let seconds = report.confirmWithin else { return }
    common.note("it goes back in \(seconds) s unless you run `wggw confirm`")
}

/// The plan, before it is carried out.
func show(_ preview: PlanPreview, _ common: CommonOptions, _ json: JSONOption) {
    if !json.isOn && !common.quiet { show(preview) }
}

/// What changes in the site, if there is a site to change from, then what changes on the box.
func show(_ preview: PlanPreview) {
    let most = 8
    show(preview.site.prefix(most))
    if preview.site.count > most { Console.data("… and \(preview.site.count - most) more; `wggw diff` shows all") }
    if !preview.site.isEmpty { Console.data(Line("on the box", .bold)) }
    preview.lines.forEach { Console.data(Line(plan: $0)) }
}
