import BoxModel
public import Explaining
internal import Glibc
internal import NetTypes
internal import SiteModel
internal import Storage

/// Something that `doctor` finds: what it is, and what helps.
public struct Ailment: Sendable {
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
    public let severity: Severity
    /// One line.
    public let what: String
    /// What helps; nil where `what` says it.
    public let remedy: Help?

    /// What helps.
    public enum Help: Sendable {
        /// A command, or a sentence.
        case text(String)
        /// What an explanation came to.
        case explained(Remedy)
    }

    init(_ severity: Severity, _ what: String, _ remedy: Help? = nil) {
        self.severity = severity
        self.what = what
        self.remedy = remedy
    }
}

extension ControlPlane {
    /// Everything that can be seen without a question, the gravest first. Changes nothing, and sends nothing but what the
    /// endpoint's name is looked up by.
    public func doctor() throws(GatewayError) -> [Ailment] {
        let status = try status()
        let found =
            try ailments(of: status) + wrapping { try ailmentsOfWays(status) + ailmentsOfSite() + ailmentsOfMachine() }
        return found.enumerated().sorted {
            ($0.element.severity.rawValue, $0.offset) < ($1.element.severity.rawValue, $1.offset)
        }
        .map(\.element)
    }

    // MARK: What status knows

    private func ailments(of status: GatewayStatus) -> [Ailment] {
        var found = status.alarms.map { Ailment(.error, $0) }
        guard let observed = status.observed else {
            return found + [Ailment(.error, "nothing of wggw's is on the box", .text("wggw apply"))]
        }
        if !status.drift.isEmpty && !status.isAtWork {
            let count = status.drift.size
            found.append(
                Ailment(
                    .error,
                    "somebody changed what wggw set, in \(count) place\(count == 1 ? "" : "s"): \(status.driftLines[0])",
                    .text("wggw up")))
        }
        found += observed.obstacles.map { obstacle in
            let owner = obstacle.owner.map { " (\($0))" } ?? ""
            return Ailment(
                obstacle.isCertain ? .error : .warning,
                "\(obstacle.chain)\(owner) \(obstacle.isCertain ? "drops" : "may drop") the tunnel's traffic",
                .text(obstacle.remedy))
        }
        found += status.checks.filter { !$0.holds }.map {
            Ailment(.error, "a check does not hold: \($0)", .text("wggw profile edit"))
        }
        let unseen = status.peers.filter { $0.observed?.lastHandshake == 0 }.compactMap(\.peer?.name)
        if !unseen.isEmpty, observed.link?.isUp == true {
            found.append(
                Ailment(
                    .hint, "not seen since the interface is up: \(abridged(unseen))",
                    .text(
                        "wggw log shows whether their tries arrive; wggw remove-peer takes keys away that nobody uses"))
            )
        }
        if let draft = status.draft {
            found.append(Ailment(.hint, "revision \(draft.id) is drafted and not applied", .text("wggw plan")))
        }
        return found
    }

    // MARK: Ways

    /// What stops each peer's way to what its policy names first, and out, if it goes out. One line for all that one thing stops.
    private func ailmentsOfWays(_ status: GatewayStatus) throws -> [Ailment] {
        guard status.applied != nil else { return [] }
        let survey = try Survey(scene(asksHosts: false))
        var stopped: [(cause: Step, flow: Flow, peers: [String])] = []
        for peer in survey.site.peers where !peer.addresses.isEmpty {
            for flow in survey.site.usualFlows(of: peer) {
                guard let explanation = try? survey.explain(flow), explanation.answer == .stops,
                    let cause = explanation.cause, !isKnown(cause, status)
                else { continue }
                if let known = stopped.firstIndex(where: { $0.cause.fact == cause.fact }) {
                    stopped[known].peers.append(peer.name)
                } else {
                    stopped.append((cause, flow, [peer.name]))
                }
            }
        }
        return stopped.map { cause, flow, peers in
            Ailment(
                .error, "\(abridged(peers)) to \(flow.target): \(cause.fact)",
                cause.remedy.map { .explained($0) })
        }
    }

    /// Whether it was said already, of the box as a whole.
    private func isKnown(_ cause: Step, _ status: GatewayStatus) -> Bool {
        switch cause.remedy {
        case .restore?: !status.drift.isEmpty
        case .command(let command)?: status.observed?.obstacles.contains { $0.remedy == command } == true
        default: false
        }
    }

    // MARK: The site

    private func ailmentsOfSite() throws -> [Ailment] {
        let site = try newest().site
        var found: [Ailment] = []
        let members = Set(site.peers.compactMap(\.group))
        for group in site.groups.keys.sorted() where !members.contains(group) {
            found.append(Ailment(.hint, "group \(group) has no peers", .text("wggw profile edit")))
        }
        for network in site.lan.subnets where network.isCommonAtHome {
            found.append(
                Ailment(
                    .hint, "\(network) is the network of many homes: who is in one of them does not reach this LAN",
                    .text("give the LAN a network that few have, like 10.83.29.0/24")))
        }
        return found + (try ailmentsOfEndpoint(site))
    }

    private func ailmentsOfEndpoint(_ site: Site) throws -> [Ailment] {
        guard let endpoint = site.endpoint else {
            return [
                Ailment(
                    .warning, "the site has no endpoint that peers could dial",
                    .text("wggw init --endpoint vpn.example.org"))
            ]
        }
        var addresses: [IPAddress] = []
        switch endpoint.host {
        case .address(let address): addresses = [address]
        case .name(let name):
            do { addresses = try box.addresses(of: name) } catch {
                return [
                    Ailment(
                        .warning, "the endpoint \(name) does not resolve: \(error.cause)",
                        .text("correct the name, or its DNS"))
                ]
            }
        }
        let own = Set(try terrain.links().flatMap(\.addresses).map(\.address))
        if addresses.contains(where: own.contains) { return [] }
        let text = addresses.map(\.description).joined(separator: ", ")
        return [
            Ailment(
                .hint,
                "the endpoint \(endpoint) is \(text), no address of this box: a router in front has to forward UDP port \(endpoint.port) to it",
                .text("wggw log shows what arrives"))
        ]
    }

    // MARK: The machine

    private func ailmentsOfMachine() throws -> [Ailment] {
        var found: [Ailment] = []
        // Handshakes carry the time, and a peer takes none that is older than the last one.
        if clock.now() < 1_735_689_600 {
            found.append(
                Ailment(
                    .error, "the clock stands before 2025: peers take no handshake that is older than their last",
                    .text("set the clock")))
        }
        var disk = statvfs()
        if statvfs(store.directory.path, &disk) == 0 {
            let free = UInt64(disk.f_bavail) * UInt64(disk.f_frsize)
            if disk.f_flag & UInt(ST_RDONLY) != 0 {
                found.append(
                    Ailment(
                        .error, "\(store.directory.path) is read-only: nothing can be changed",
                        .text("mount it writable")))
            } else if free < 16 << 20 {
                found.append(
                    Ailment(.warning, "\(store.directory.path) has \(free >> 20) MiB left", .text("make room")))
            }
        }
        // systemd runs, and nobody told it of the service.
        if access("/run/systemd/system", F_OK) == 0,
            access("/etc/systemd/system/multi-user.target.wants/wggw.service", F_OK) != 0
        {
            found.append(
                Ailment(
                    .warning, "nothing brings the gateway up at the next boot", .text("systemctl enable --now wggw")))
        }
        return found
    }
}

extension Site {
    /// What a peer is there for: the first destination of its policy, or the LAN; and the Internet, if it goes out.
    fileprivate func usualFlows(of peer: Peer) -> [Flow] {
        var flows: [Flow] = []
        let isV6 = peer.addresses[0].isV6
        if let policy = peer.policy ?? peer.group.flatMap({ groups[$0] }) {
            if let rule = policy.allow.first(where: { $0.destination.isV6 == isV6 }) {
                flows.append(
                    Flow(
                        from: .name(peer.name), to: .network(rule.destination),
                        service: rule.transport.map { Flow.Service($0, port: rule.ports?.lowerBound) }))
            }
        } else if let network = lan.subnets.first(where: { $0.isV6 == isV6 }) {
            flows.append(Flow(from: .name(peer.name), to: .network(network)))
        }
        // Any address of the Internet does, since nothing is sent: one of those that many people know.
        if goesOut(peer), !isV6 { flows.append(Flow(from: .name(peer.name), to: .network(IPPrefix("1.1.1.1")!))) }
        return flows
    }
}

private func abridged(_ names: [String]) -> String {
    names.count <= 4
        ? names.joined(separator: ", ") : names.prefix(3).joined(separator: ", ") + " and \(names.count - 3) more"
}
