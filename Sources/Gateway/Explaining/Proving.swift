internal import BoxModel
internal import Explaining
public import NetTypes
internal import SiteModel
internal import Storage

extension ControlPlane {
    /// The peers that have a session now: those that an apply has to leave one. Empty where nothing is applied.
    public func connectedPeers() throws(GatewayError) -> Set<PublicKey> {
        try wrapping {
            guard let id = try records.current().applied, let interface = try revisions.tunnelInterface(of: id) else {
                return []
            }
            let peers = try box.observe(Scope(interface: interface)).wireGuard?.peers ?? []
            return Set(peers.filter { $0.hasSession(at: clock.now()) }.map(\.publicKey))
        }
    }

    /// What of an apply is not proved yet: checks that do not hold on the box, and peers that had a session before and have none
    /// now. Empty: it may be confirmed.
    public func unproved(connectedBefore: Set<PublicKey>, asksHosts: Bool) throws(GatewayError) -> [Unproved] {
        var missing: [Unproved] = []
        for (result, explanation) in try explainChecks(asksHosts: asksHosts) {
            guard let explanation else {
                missing.append(.check(result))
                continue
            }
            if !explanation.proves(result.check) {
                missing.append(.broken(result.check, explanation.cause?.fact))
            }
        }
        let lost = connectedBefore.subtracting(try connectedPeers())
        if lost.isEmpty { return missing }
        let site = try applied().site
        return missing
            + site.peers.filter { $0.publicKey.map(lost.contains) == true }.map { .peer($0.name) }
    }
}

extension Explanation {
    /// Whether it keeps a check. That a peer has no session now proves nothing against it: those that had one are looked at apart.
    fileprivate func proves(_ check: Check) -> Bool {
        switch check.expect {
        case .deny: answer == .stops
        case .allow: answer != .stops && steps.allSatisfy { $0.outcome != .open || $0.stage == .session }
        }
    }
}
