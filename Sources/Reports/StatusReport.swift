import BoxModel
public import Compiler
public import Gateway
internal import NetTypes
internal import SiteModel
internal import Storage

/// How the gateway is.
public struct StatusReport: Report {
    let status: GatewayStatus
    let router: [RouterInstructions]

    /// `router`: what has to be set on the LAN's.
    public init(_ status: GatewayStatus, router: [RouterInstructions]) {
        self.status = status
        self.router = router
    }

    /// Its keys.
    public static let fields: [ReportField<Self>] = [
        ReportField("applied", "revision or null") { .number($0.status.applied?.revision.id) },
        ReportField("draft", "newest revision if not applied") { .number($0.status.draft?.id) },
        ReportField("interface") { .text($0.status.applied?.site.tunnel.interface) },
        ReportField("backend", "kernel, userspace or null") { .text($0.status.observed?.link?.backend?.rawValue) },
        ReportField("is_up") { .bool($0.status.observed?.link?.isUp ?? false) },
        ReportField("listen_port") { .number($0.status.observed?.wireGuard?.listenPort) },
        ReportField("public_key") { .text($0.status.applied?.site.tunnel.publicKey) },
        ReportField("confirm_within") { .number($0.status.confirmWithin) },
        ReportField("unfinished", "a command that was cut short") { .text($0.status.record.journal?.command) },
        ReportField("roles", PlanReport.rolesHelp) { .texts($0.status.surroundings.roleLines) },
        ReportField("alarms", "a list of lines, the worst first") { .texts($0.status.alarms) },
        ReportField("drift", "a list of lines") { $0.status.drift.json },
        ReportField("obstacles", "see plan") {
            .reports(($0.status.observed?.obstacles ?? []).map(ObstacleReport.init))
        },
        ReportField("router", "see plan") { .reports($0.router.map(RouterReport.init)) },
        ReportField("checks", "see plan") { .reports($0.status.checks.map { CheckReport($0) }) },
        .list("peers", of: PeerReport.self) { $0.status.peers.map(PeerReport.init) },
    ]
}

/// A peer, or a stranger on the interface.
struct PeerReport: Report {
    let status: GatewayStatus.PeerStatus

    static let fields: [ReportField<Self>] = [
        ReportField("name", "null for a stranger") { .text($0.status.peer?.name) },
        ReportField("public_key") { .string($0.status.publicKey.description) },
        ReportField("addresses") { .texts($0.status.peer?.addresses ?? []) },
        ReportField("endpoint") { .text($0.status.observed?.endpoint) },
        ReportField("last_handshake", "seconds since the epoch, null never") {
            .number($0.status.observed.flatMap { $0.lastHandshake == 0 ? nil : $0.lastHandshake })
        },
        ReportField("received", "bytes") { .unsigned($0.status.observed?.received ?? 0) },
        ReportField("sent", "bytes") { .unsigned($0.status.observed?.sent ?? 0) },
        ReportField("allowed_ips") { .texts($0.status.observed?.allowedIPs ?? []) },
        ReportField("keepalive") { .number($0.status.observed?.keepalive) },
    ]
}
