import BoxModel
public import Compiler
internal import Explaining
public import Gateway
internal import NetTypes
public import SiteModel
internal import Storage

extension Report {
    /// How the gateway is. `router`: what has to be set on the LAN's. `words`: how a remedy is told.
    public static func status(
        _ status: GatewayStatus?, router: [RouterInstructions] = [], words: (Remedy) -> String = { _ in "" }
    ) -> Report {
        let (applied, observed) = (status?.applied, status?.observed)
        return Report([
            Field("applied", "revision or null", .number(applied?.revision.id)),
            Field("draft", "newest revision if not applied", .number(status?.draft?.id)),
            Field("interface", .text(applied?.site.tunnel.interface)),
            Field("backend", "kernel, userspace or null", .text(observed?.link?.backend?.rawValue)),
            Field("is_up", .bool(observed?.link?.isUp ?? false)),
            Field("listen_port", .number(observed?.wireGuard?.listenPort)),
            Field(
                "other_ports", "UDP ports that lead to it from outside",
                .array((applied?.site.tunnel.otherPorts ?? []).map { .number($0) })),
            Field("public_key", .text(applied?.site.tunnel.publicKey)),
            Field("confirm_within", .number(status?.confirmWithin)),
            Field("unfinished", "a command that was cut short", .text(status?.record.journal?.command)),
            Field("roles", rolesHelp, .texts(status?.surroundings.roleLines ?? [])),
            Field(
                "alarms", "a list of lines, the worst first",
                .texts((status?.alarms ?? []).map { $0.prose.told(by: words) })),
            Field(
                "notes", "a list of lines", .texts((status?.notes ?? []).map { $0.prose.told(by: words) })),
            Field("drift", "a list of lines", status?.drift.plan.json),
            Field("obstacles", "see plan", .reports(observed?.obstacles ?? [], obstacle)),
            Field("router", "see plan", .reports(router, Self.router)),
            Field("checks", "see plan", .reports(status?.checks ?? []) { check($0, words: words) }),
            Field("peers", of: status?.peers, peer),
        ])
    }

    /// A peer, or a stranger on the interface.
    private static func peer(_ peer: GatewayStatus.PeerStatus?) -> Report {
        let observed = peer?.observed
        let handshake = observed?.lastHandshake ?? 0
        return Report([
            Field("name", "null for a stranger", .text(peer?.name)),
            Field("public_key", .text(peer?.publicKey)), Field("addresses", .texts(peer?.addresses ?? [])),
            Field("endpoint", .text(observed?.endpoint)),
            Field(
                "last_handshake", "seconds since the epoch, null never", handshake == 0 ? .null : .number(handshake)),
            Field("received", "bytes", .number(observed?.received ?? 0)),
            Field("sent", "bytes", .number(observed?.sent ?? 0)),
            Field("allowed_ips", .texts(observed?.allowedIPs ?? [])),
            Field("keepalive", .number(observed?.keepalive)),
        ])
    }
}
