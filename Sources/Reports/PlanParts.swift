public import BoxModel
import Compiler
internal import Firewall

extension Plan {
    /// All lines, unabridged.
    var json: JSON { .texts(changes.flatMap(\.lines)) }
}

/// A chain of somebody else's that drops the gateway's traffic, or may.
struct ObstacleReport: Report {
    let obstacle: FirewallObstacle

    static let fields: [ReportField<Self>] = [
        ReportField("chain") { .string($0.obstacle.chain) },
        ReportField("owner") { .text($0.obstacle.owner) },
        ReportField("remedy") { .string($0.obstacle.remedy) },
        ReportField("certain", "whether it drops or may drop") { .bool($0.obstacle.isCertain) },
        ReportField("reason") { .string($0.obstacle.reason) },
    ]
}

/// What has to be set on a router of a make.
struct RouterReport: Report {
    let instructions: RouterInstructions

    static let fields: [ReportField<Self>] = [
        ReportField("router") { .string($0.instructions.router) },
        ReportField("lines") { .texts($0.instructions.lines) },
    ]
}

extension FirewallObstacle {
    /// `rule 3 of inet filter input`, `rule 3 of inet filter input: not understood: match set`
    public var reason: String {
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
