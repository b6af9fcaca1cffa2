public import BoxModel
public import Compiler
internal import Explaining
internal import Firewall
public import Gateway
public import SiteModel
internal import Storage

extension Report {
    /// What an apply would change. `router`: what has to be set on the LAN's. `words`: how a remedy is told.
    public static func plan(
        _ planned: PlannedApply?, router: [RouterInstructions] = [], words: (Remedy) -> String = { _ in "" }
    ) -> Report {
        Report([
            Field("revision", .number(planned?.stored.revision.id)),
            Field("applied", "null for none", .number(planned?.applied)),
            Field("roles", rolesHelp, .texts(planned?.surroundings.roleLines ?? [])),
            Field(
                "site", "what differs from the applied revision, as in diff",
                .reports(planned?.preview.site ?? [], section)),
            Field("changes", "a list of lines", planned?.plan.json),
            Field("notices", .notices(planned?.notices ?? [], words)),
            Field("obstacles", of: planned?.observed.obstacles, obstacle),
            Field("router", of: router, Self.router),
            Field("checks", of: planned?.checks) { check($0, words: words) },
        ])
    }

    /// What an apply, a rollback or a teardown came to. `words`: how a remedy is told.
    public static func outcome(_ report: ApplyReport?, words: (Remedy) -> String = { _ in "" }) -> Report {
        Report([
            Field("revision", "null for none", .number(report?.revision)),
            Field("changes", "a list of lines", report?.plan.json),
            Field("confirm_within", "seconds or null", .number(report?.confirmWithin)),
            Field("notices", .notices(report?.notices ?? [], words)),
            Field("obstacles", "see plan", .reports(report?.obstacles ?? [], obstacle)),
        ])
    }

    static let rolesHelp = "a list of lines: which interfaces were found to carry the LAN and to lead out"

    /// A chain of somebody else's that drops the gateway's traffic, or may.
    static func obstacle(_ obstacle: FirewallObstacle?) -> Report {
        Report([
            Field("chain", .text(obstacle?.chain)), Field("owner", .text(obstacle?.owner)),
            Field("remedy", .text(obstacle?.remedy)),
            Field("certain", "whether it drops, or sends elsewhere, or may drop", .bool(obstacle?.isCertain ?? false)),
            Field("reason", .text(obstacle?.reason)),
        ])
    }

    /// What has to be set on a router of a make.
    static func router(_ instructions: RouterInstructions?) -> Report {
        Report([
            Field("router", .text(instructions?.router)), Field("lines", .texts(instructions?.lines ?? [])),
        ])
    }
}

extension JSON {
    /// Their lines.
    static func notices(_ notices: [Notice], _ words: (Remedy) -> String) -> JSON {
        .texts(notices.flatMap(\.lines).map { $0.told(by: words) })
    }
}

extension Plan {
    /// All lines, unabridged.
    var json: JSON { .texts(changes.flatMap(\.lines)) }
}

extension FirewallObstacle {
    /// `rule 3 of inet filter input`, `rule 3 of inet filter input: not understood: match set`
    public var reason: String {
        switch certainty {
        case .drops(let place), .sendsElsewhere(let place): place.description
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
