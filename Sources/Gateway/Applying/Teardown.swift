internal import BoxModel
internal import Compiler
internal import SiteModel
internal import Storage

extension BoxRecord {
    /// Whether a tunnel of wggw's may be on the box, or half of one.
    fileprivate var mayCarry: Bool { isUp || journal != nil || pending != nil }
}

extension ControlPlane {
    /// Takes everything of wggw's off the box and gives the sysctls back. The revisions stay; `up` brings the one back that was
    /// applied last and not left unconfirmed. Once begun it is ended, whoever wants it to stop.
    ///
    /// `confirmWithin`: as of an apply; what waits or was cut short is taken back before, so that there is something to go back to.
    public func down(
        confirmWithin: Int64? = nil, willPerform: (PlanPreview) -> Void = { _ in }
    ) throws(GatewayError) -> ApplyReport {
        try locked {
            try stopBeforeBeginning()
            var notices: [Notice] = []
            if confirmWithin != nil {
                try refuseWhileWaiting()
                notices = try settle()
            }
            return try takeDown(
                try records.current(), confirmWithin: confirmWithin, notices: notices, willPerform: willPerform)
        }
    }

    /// `confirmWithin`: after so many seconds what is on the box now comes back; there is nothing to confirm where it has nothing.
    func takeDown(
        _ record: BoxRecord, confirmWithin: Int64? = nil, notices: [Notice] = [],
        willPerform: (PlanPreview) -> Void = { _ in }
    ) throws -> ApplyReport {
        stop.disregard()
        let stored = try sitesOnBox(record)
        let sites = stored.map(\.site)
        let (settings, kept) = try givenBack(without: sites.map(\.tunnel.interface))
        let plan = try teardownPlan(stored, givingBack: settings, endingConnections: record.mayCarry)
        willPerform(PlanPreview(plan, from: sites.first, to: nil))
        var warnings: [ApplyNotice] = []
        let pending = try confirmWithin.flatMap { seconds in
            try record.isUp ? waiting(for: nil, returningTo: record.applied, within: seconds) : nil
        }
        if !plan.isEmpty || record.mayCarry {
            try begin(target: nil, pending: pending)
            try startGuard(pending, from: try pending.flatMap { _ in try appliedState(record) })
            do {
                warnings = try perform(plan)
                let rest = try teardownPlan(stored, givingBack: settings, endingConnections: false)
                guard rest.isEmpty else {
                    throw Interruption(
                        applied: plan.changes, failed: nil,
                        cause: BoxError(.init(.look, .box), .remains(rest)))
                }
            } catch let error as Interruption {
                throw GatewayError.applyFailed(
                    ApplyFailure(
                        target: nil, applied: error.applied, failed: error.failed, cause: .box(error.cause),
                        outcome: .stuck(.box(error.cause))))
            }
            try recordDown(.init(withdrawn: record.pending))
        }
        return ApplyReport(
            revision: nil, plan: plan, confirmWithin: pending == nil ? nil : confirmWithin,
            notices: notices + (kept + warnings).map { .applying($0) })
    }

    /// Sites that may have left something on the box: the applied one, one whose apply was cut short, and one that an apply was to
    /// go back to.
    private func sitesOnBox(_ record: BoxRecord) throws -> [StoredSite] {
        var ids: [Int] = []
        for case let id? in [record.applied, record.journal?.target, record.pending?.returnTo] where !ids.contains(id) {
            ids.append(id)
        }
        return try ids.map { try revisions.revision($0) }
    }

    private func teardownPlan(
        _ sites: [StoredSite], givingBack settings: [String: Int], endingConnections: Bool
    ) throws -> Plan {
        var interfaces: [StoredSite] = []
        for stored in sites
        where !interfaces.contains(where: { $0.site.tunnel.interface == stored.site.tunnel.interface }) {
            interfaces.append(stored)
        }
        var changes: [Change] = []
        for (i, stored) in interfaces.enumerated() {
            let isLast = i == interfaces.count - 1
            // One filter is for all of them: it goes after the last interface.
            changes += try teardownPlan(
                stored.site.tunnel.interface, givingBack: isLast ? settings : [:],
                neighboursOf: (stored.site, try records.surroundings(of: stored.revision.id) ?? Surroundings()),
                connectionsOf: endingConnections && isLast ? sites.map(\.site) : []
            ).changes.filter { !changes.contains($0) && (isLast || $0 != .firewall(.remove)) }
        }
        // The last plan knows of its own interface only that the settings go with it.
        changes.removeAll { change in
            guard case .setSysctl(let key, _, _) = change else { return false }
            return interfaces.contains { isSetting(key, of: $0.site.tunnel.interface) }
        }
        return Plan(changes)
    }

    /// What takes one interface down with all that goes along, gives these settings back and ends the connections of these sites'
    /// peers.
    func teardownPlan(
        _ interface: String, givingBack settings: [String: Int],
        neighboursOf applied: (site: Site, surroundings: Surroundings)?,
        connectionsOf sites: [Site] = []
    ) throws -> Plan {
        let neighbours = try applied.map { site, surroundings in
            site.lan.replyPath == .proxyARP ? try desiredState(site, surroundings).proxyNeighbours : []
        }
        var scope = Scope(
            interface: interface, sysctls: Set(settings.keys),
            neighbourInterfaces: Set((neighbours ?? []).map(\.interface)))
        scope.readsWireGuard = false
        return teardown(
            try box.observe(scope), scope: scope, savedSysctls: settings, proxyNeighbours: neighbours ?? [],
            connections: ConnectionCut(everythingOf: sites))
    }
}
