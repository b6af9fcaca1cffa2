import BoxModel
public import Compiler
internal import Explaining
public import Gateway
internal import Storage

/// What an apply would change.
public struct PlanReport: Report {
    let planned: PlannedApply
    let router: [RouterInstructions]

    /// `router`: what has to be set on the LAN's.
    public init(_ planned: PlannedApply, router: [RouterInstructions]) {
        self.planned = planned
        self.router = router
    }

    /// Its keys.
    public static let fields: [ReportField<Self>] = [
        ReportField("revision") { .number($0.planned.stored.revision.id) },
        ReportField("applied", "null for none") { .number($0.planned.applied) },
        ReportField("roles", rolesHelp) { .texts($0.planned.roles) },
        ReportField("site", "what differs from the applied revision, as in diff") {
            .reports($0.planned.preview.site.map(SectionReport.init))
        },
        ReportField("changes", "a list of lines") { $0.planned.plan.json },
        ReportField("notices") { .texts($0.planned.notices) },
        .list("obstacles", of: ObstacleReport.self) { $0.planned.observed.obstacles.map(ObstacleReport.init) },
        .list("router", of: RouterReport.self) { $0.router.map(RouterReport.init) },
        .list("checks", of: CheckReport.self) { $0.planned.checks.map { CheckReport($0) } },
    ]

    static let rolesHelp = "a list of lines: which interfaces were found to carry the LAN and to lead out"
}

/// What an apply, a rollback or a teardown came to.
public struct ApplyOutcomeReport: Report {
    let report: ApplyReport

    /// Of this one.
    public init(_ report: ApplyReport) { self.report = report }

    /// Its keys.
    public static let fields: [ReportField<Self>] = [
        ReportField("revision", "null for none") { .number($0.report.revision) },
        ReportField("changes", "a list of lines") { $0.report.plan.json },
        ReportField("confirm_within", "seconds or null") { .number($0.report.confirmWithin) },
        ReportField("notices") { .texts($0.report.notices) },
        ReportField("obstacles", "see plan") { .reports($0.report.obstacles.map(ObstacleReport.init)) },
    ]
}
