import BoxModel
internal import Compiler
internal import Explaining
internal import Glibc
internal import NetTypes
internal import SiteModel
internal import Storage

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
        var found = status.alarms.map { Ailment.alarm($0) }
        guard let observed = status.observed else {
            return found + [.nothingOnBox]
        }
        if !status.drift.isEmpty && !status.isAtWork { found.append(.drift(status.drift)) }
        found += observed.obstacles.map { .obstacle($0) }
        found += status.checks.filter { !$0.holds }.map { .broken($0) }
        let unseen = status.peers.filter { $0.observed?.lastHandshake == 0 }.compactMap(\.name)
        if !unseen.isEmpty, observed.link?.isUp == true { found.append(.unseen(unseen)) }
        if let draft = status.draft { found.append(.draft(draft.id)) }
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
        return stopped.map { cause, flow, peers in .stopped(peers: peers, to: flow.target, cause) }
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
            found.append(.emptyGroup(group))
        }
        found += site.lan.subnets.filter(\.isCommonAtHome).map { .commonNetwork($0) }
        return found + (try ailmentsOfEndpoint(site))
    }

    private func ailmentsOfEndpoint(_ site: Site) throws -> [Ailment] {
        guard let endpoint = site.endpoint else { return [.noEndpoint] }
        var addresses: [IPAddress] = []
        switch endpoint.host {
        case .address(let address): addresses = [address]
        case .name(let name):
            do { addresses = try box.addresses(of: name) } catch {
                return [.unresolved(name: name, error)]
            }
        }
        let own = Set(try equipment.terrain.links().flatMap(\.addresses).map(\.address))
        if addresses.contains(where: own.contains) { return [] }
        return [.endpointElsewhere(endpoint, addresses)]
    }

    // MARK: The machine

    private func ailmentsOfMachine() throws -> [Ailment] {
        var found: [Ailment] = []
        // Handshakes carry the time, and a peer takes none that is older than the last one.
        if clock.now() < 1_735_689_600 { found.append(.clock) }
        var disk = statvfs()
        if statvfs(records.directory.path, &disk) == 0 {
            let free = UInt64(disk.f_bavail) * UInt64(disk.f_frsize)
            if disk.f_flag & UInt(ST_RDONLY) != 0 {
                found.append(.readOnly(path: records.directory.path))
            } else if free < 16 << 20 {
                found.append(.littleRoom(path: records.directory.path, mebibytes: free >> 20))
            }
        }
        // systemd runs, and nobody told it of the service.
        if access("/run/systemd/system", F_OK) == 0,
            access("/etc/systemd/system/multi-user.target.wants/wggw.service", F_OK) != 0
        {
            found.append(.notStartedAtBoot)
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
