public import BoxModel
public import Explaining
public import NetTypes
public import SiteModel

/// Something that `doctor` finds.
public indirect enum Ailment: Sendable {
    /// What status says is wrong.
    case alarm(Alarm)
    /// Nothing of wggw's is on the box.
    case nothingOnBox
    /// Somebody changed what wggw set; this would put it right.
    case drift(PlanPreview)
    /// Somebody else's firewall is in the way, or may be.
    case obstacle(FirewallObstacle)
    /// The site breaks a check of its own.
    case broken(CheckResult)
    /// These peers never had a session since the interface is up.
    case unseen([String])
    /// A revision is drafted and not applied.
    case draft(Int)
    /// Nothing of these peers gets to what they are there for, by this step.
    case stopped(peers: [String], to: String, Step)
    /// A group has no peers.
    case emptyGroup(String)
    /// The LAN's network is that of many homes.
    case commonNetwork(IPPrefix)
    /// Peers have nothing to dial.
    case noEndpoint
    /// What they dial does not resolve.
    case unresolved(name: String, BoxError)
    /// What they dial is none of the box's addresses.
    case endpointElsewhere(Endpoint, [IPAddress])
    /// The clock stands before 2025.
    case clock
    /// Nothing can be written to the state directory.
    case readOnly(path: String)
    /// So many MiB are left there.
    case littleRoom(path: String, mebibytes: UInt64)
    /// Nothing starts the service.
    case notStartedAtBoot

    /// How grave it is; by its raw value the gravest come first.
    public enum Severity: Int, Sendable {
        /// Something does not work.
        case error
        /// Something will not, or nearly does not.
        case warning
        /// Good to know.
        case hint
    }

    /// How grave.
    public var severity: Severity {
        switch self {
        case .alarm, .nothingOnBox, .drift, .broken, .stopped, .clock, .readOnly: .error
        case .obstacle(let obstacle): obstacle.isCertain ? .error : .warning
        case .noEndpoint, .unresolved, .littleRoom, .notStartedAtBoot: .warning
        case .unseen, .draft, .emptyGroup, .commonNetwork, .endpointElsewhere: .hint
        }
    }
}

extension Ailment {
    /// What it is, in one line.
    public var what: Prose {
        switch self {
        case .alarm(let alarm): alarm.prose
        case .nothingOnBox: "nothing of wggw's is on the box"
        case .drift(let drift):
            """
            somebody changed what wggw set, in \(drift.plan.size) place\(drift.plan.size == 1 ? "" : "s"): \
            \(drift.lines[0])
            """
        case .obstacle(let obstacle):
            """
            \(obstacle.chain)\(obstacle.owner.map { " (\($0))" } ?? "") \
            \(obstacle.deed("the tunnel's traffic"))
            """
        case .broken(let result): "a check does not hold: \(result.prose)"
        case .unseen(let peers): "not seen since the interface is up: \(few(peers))"
        case .draft(let revision): "revision \(revision) is drafted and not applied"
        case .stopped(let peers, let target, let step): "\(few(peers)) to \(target): \(step.fact)"
        case .emptyGroup(let group): "group \(group) has no peers"
        case .commonNetwork(let network):
            "\(network) is the network of many homes: who is in one of them does not reach this LAN"
        case .noEndpoint: "the site has no endpoint that peers could dial"
        case .unresolved(let name, let error): "the endpoint \(name) does not resolve: \(error.cause)"
        case .endpointElsewhere(let endpoint, let addresses):
            """
            the endpoint \(endpoint) is \(addresses.map(\.description).joined(separator: ", ")), no address of this box: \
            a router in front has to forward UDP port \(endpoint.port) to it
            """
        case .clock: "the clock stands before 2025: peers take no handshake that is older than their last"
        case .readOnly(let path): "\(path) is read-only: nothing can be changed"
        case .littleRoom(let path, let mebibytes): "\(path) has \(mebibytes) MiB left"
        case .notStartedAtBoot: "nothing brings the gateway up at the next boot"
        }
    }

    /// What helps; nil where `what` says it.
    public var remedy: Prose? {
        switch self {
        case .alarm: nil
        case .nothingOnBox: "\(.apply)"
        case .drift: "\(.restore)"
        case .obstacle(let obstacle): Prose(obstacle.remedy)
        case .broken, .emptyGroup: "\(.site(.profile))"
        case .unseen:
            "\(.look(.log)) shows whether their tries arrive; \(.peer(nil, .removal)) takes keys away that nobody uses"
        case .draft: "\(.look(.plan))"
        case .stopped(_, _, let step): step.remedy.map { "\($0)" }
        case .commonNetwork: "give the LAN a network that few have, like 10.83.29.0/24"
        case .noEndpoint: "\(.site(.endpoint))"
        case .unresolved: "correct the name, or its DNS"
        case .endpointElsewhere: "\(.look(.log)) shows what arrives"
        case .clock: "set the clock"
        case .readOnly: "mount it writable"
        case .littleRoom: "make room"
        case .notStartedAtBoot: "systemctl enable --now wggw"
        }
    }
}

private func few(_ names: [String]) -> String {
    names.count <= 4
        ? names.joined(separator: ", ") : names.prefix(3).joined(separator: ", ") + " and \(names.count - 3) more"
}
