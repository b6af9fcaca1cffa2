public import BoxModel
import NetTypes
public import SiteModel

/// A desired state that this box cannot be brought to, and what would help.
public indirect enum DiffError: Error, Equatable, Sendable, ToldInProse {
    /// Something that is not WireGuard has the interface's name.
    case foreignInterface(String)
    /// A WireGuard interface has the name, but with the key of somebody else.
    case foreignWireGuard(String)
    /// What carries the interface does not say what it is set to.
    case silent(BoxError)
    /// The kernel's WireGuard is wanted, and this kernel has none.
    case noKernelWireGuard

    /// `wg0 exists and is not a WireGuard interface; …`
    public var prose: Prose {
        switch self {
        case .foreignInterface(let name):
            "\(name) exists and is not a WireGuard interface; choose another name in tunnel.interface, or remove it"
        case .foreignWireGuard(let name):
            """
            \(name) exists and is a WireGuard interface with another private key, not made by wggw; choose another name \
            in tunnel.interface (\(.site(.interface))), or take it down (`wg-quick down \(name)`, \
            `ip link delete \(name)`)
            """
        case .silent(let silence): silence.prose
        case .noKernelWireGuard:
            """
            this kernel has no WireGuard, neither built in nor as a module; load or install the module \
            (`modprobe wireguard`), or use wggw's own: \(.site(.anyDatapath)), or tunnel.datapath = "userspace"
            """
        }
    }
}

/// What has to happen for the box to be as desired; empty if it is. Pure.
///
/// - `previous`: the state that was applied last, if any. It tells what wggw set from what was learned since (a roamed
///   endpoint) and what is wggw's own (proxy neighbours, an interface that got another name). To look whether an apply
///   succeeded, `previous` is what was just applied: a name that was set cannot be told from the address it stood for.
/// - `savedSysctls`: values from before wggw changed them; those that are not required any more are given back.
/// - `restarts`: makes the interface anew, though it may be as desired, as from one datapath to another. Only so an interface is
///   replaced that does not answer; what it has learned is lost, but for what somebody remembers (`ObservedState.lost`).
/// - `interrupted`: the state that an apply was bringing when it was cut short. What the box says may be its work and not what
///   was in force before, and connections that it allowed may be open.
///
/// The order is safe to be cut short anywhere: what takes away comes before what gives to somebody else, connections included,
/// the filter before forwarding, additions before deletions. Throws `DiffError`.
public func diff(
    _ desired: DesiredState, _ observed: ObservedState, previous: DesiredState? = nil,
    savedSysctls: [String: Int] = [:], restarts: Bool = false, interrupted: DesiredState? = nil
) throws(DiffError) -> Plan {
    let backend = try desired.datapath.backend(kernelHasWireGuard: observed.kernelHasWireGuard)
    let old = try occupant(of: desired, observed, previous, restarts: restarts)
    let isSwitched = old != nil && (old != backend || restarts)
    let isNew = isSwitched || old == nil
    let before = isNew ? observed.wireGuard?.peers ?? observed.lost : []
    var now = observed
    if isNew { now.forgetInterface(desired.interface) }
    let renamed = previous.flatMap { $0.interface == desired.interface ? nil : $0 }
    if let renamed { now.forgetBelongings(of: renamed.interface) }
    let wireGuard = WireGuardDiff(
        desired.wireGuard, now.wireGuard, previous: previous?.wireGuard, learned: before)

    var plan: [Change] = []
    let successor = successorName(of: desired.interface)
    if let leftover = observed.successor { plan.append(.deleteInterface(name: successor, backend: leftover)) }
    if observed.hasOrphan { plan.append(.deleteInterface(name: desired.interface, backend: .userspace)) }
    if let renamed {
        // The new filter would not know the old interface, so that goes first.
        let backend = renamed.datapath.resolved(kernelHasWireGuard: observed.kernelHasWireGuard)
        plan.append(.deleteInterface(name: renamed.interface, backend: backend))
    }
    if isSwitched, let old {
        // The old one carries packets while the new one is made ready beside it; one that is down does not open its port.
        plan += [
            .createInterface(name: successor, backend: backend),
            .setWireGuard(interface: successor, wireGuard.rest),
            .link(.setMTU(interface: successor, mtu: desired.link.mtu, was: nil)),
            .replaceInterface(name: desired.interface, by: successor, from: old, to: backend),
        ]
    }
    if let yielded = wireGuard.yielded { plan.append(.setWireGuard(interface: desired.interface, yielded)) }
    plan += firewallChanges(desired.firewall, observed.firewall)
    plan += connectionCut(desired, observed, previous: previous, interrupted: interrupted)
    if old == nil { plan.append(.createInterface(name: desired.interface, backend: backend)) }
    if !isSwitched && !wireGuard.rest.isEmpty {
        plan.append(.setWireGuard(interface: desired.interface, wireGuard.rest))
    }
    let settings = SysctlChanges(desired, now, saved: savedSysctls)
    let (addresses, oldAddresses) = merge(desired.link.addresses, now.link?.addresses ?? [])
    let (routes, oldRoutes) = merge(desired.routes, now.routes)
    let (neighbours, _) = merge(desired.proxyNeighbours, now.proxyNeighbours)
    let mtu: [Change] =
        isSwitched || now.link?.mtu == desired.link.mtu
        ? [] : [.link(.setMTU(interface: desired.interface, mtu: desired.link.mtu, was: now.link?.mtu))]
    // RFC 8200: with less there is no IPv6 on an interface.
    let isTooNarrow = now.link.map { $0.mtu < 1280 } ?? false
    if isTooNarrow { plan += mtu }
    plan += addresses.map { .link(.addAddress(interface: desired.interface, $0)) }
    if !isTooNarrow { plan += mtu }
    plan += settings.before
    if now.link?.isUp != true {
        plan.append(.link(.setUp(interface: desired.interface, listenPort: desired.wireGuard.listenPort)))
    }
    // Only the kernel's goes by these; the built-in datapath minds its peers' routes by itself.
    let (answers, oldAnswers) = merge(backend == .kernel ? desired.answers : [], observed.answers)
    plan += oldAnswers.map { .link(.removeAnswerWay($0)) } + answers.map { .link(.addAnswerWay($0)) }
    if isNew || observed.link?.isUp == false {
        let peers = isNew ? before : observed.wireGuard?.peers ?? []
        let waiting = peersWithSessions(desired.wireGuard, peers, isReplaced: isNew)
        if !waiting.isEmpty { plan.append(.startHandshakes(interface: desired.interface, waiting)) }
    } else if backend == .kernel, let previous {
        let calls = peersToCall(desired, observed.wireGuard?.peers ?? [], previous)
        if !calls.isEmpty { plan.append(.callPeers(interface: desired.interface, calls)) }
    }
    plan += routes.map { .link(.addRoute($0)) }
    plan += neighbours.map { .link(.addProxyNeighbour($0)) }
    plan += settings.forwarding
    plan += oldRoutes.map { .link(.removeRoute($0)) }
    plan += oldAddresses.map { .link(.removeAddress(interface: desired.interface, $0)) }
    // Somebody else's proxy neighbours on the same interface are none of wggw's business.
    let (_, ownNeighbours) = merge(desired.proxyNeighbours, previous?.proxyNeighbours ?? [])
    plan += common(ownNeighbours, now.proxyNeighbours).map { .link(.removeProxyNeighbour($0)) }
    return Plan(plan + settings.givenBack)
}

/// Who carries the interface of the desired name; nil if there is none. Throws where it is not wggw's to change.
private func occupant(
    of desired: DesiredState, _ observed: ObservedState, _ previous: DesiredState?, restarts: Bool
) throws(DiffError) -> Backend? {
    guard let link = observed.link else { return nil }
    guard let backend = link.backend else { throw .foreignInterface(desired.interface) }
    // Nothing of it is needed to put a new one in its place; but whose it is, only the records can tell then.
    if let silence = observed.silence, !restarts || previous?.interface != desired.interface { throw .silent(silence) }
    // One that wggw has just made has no key yet; one that a wg-quick file was imported from has the same.
    if let key = observed.wireGuard?.privateKey, key != desired.wireGuard.privateKey,
        previous?.interface != desired.interface
    {
        throw .foreignWireGuard(desired.interface)
    }
    return backend
}

/// Seconds: REJECT_AFTER_TIME.
private let sessionLifetime: Int64 = 180

/// Peers that may have a session with the old interface, or with this one before it was set down, which is there no more: they
/// would go on sending into it and not notice for 15 s. The one that was heard last comes first. A session ends after 180 s, and the newest handshake is
/// not later than now. Peers with a keepalive are not among them: they have a handshake when the interface goes up.
private func peersWithSessions(
    _ desired: WireGuardConfig, _ observed: [ObservedPeer], isReplaced: Bool
) -> [PublicKey] {
    let peers = observed.filter {
        $0.endpoint != nil && (isReplaced || $0.lastHandshake > 0)
    }
    let newest = peers.lazy.map(\.lastHandshake).max() ?? 0
    let quiet = Set(desired.peers.lazy.filter { $0.keepalive == 0 }.map(\.publicKey))
    return peers.filter { $0.lastHandshake >= newest - sessionLifetime && quiet.contains($0.publicKey) }
        .sorted { ($1.lastHandshake, $0.publicKey) < ($0.lastHandshake, $1.publicKey) }.map(\.publicKey)
}

/// Peers with a session that may be looking for the box where it does not lead out any more: an address of theirs' family is gone from
/// the ways out. Who is behind a NAT does not hear the call, but is answered where he calls, as long as the old way is there.
private func peersToCall(
    _ desired: DesiredState, _ observed: [ObservedPeer], _ previous: DesiredState
) -> [PeerCall] {
    let gone = Set(previous.addressesOut).subtracting(desired.addressesOut)
    let families = Set(desired.addressesOut.map(\.isV6)).intersection(gone.map(\.isV6))
    if families.isEmpty { return [] }
    let newest = observed.lazy.map(\.lastHandshake).max() ?? 0
    return observed.compactMap { peer in
        guard let endpoint = peer.endpoint, families.contains(endpoint.address.isV6), peer.lastHandshake > 0,
            // Of which interface it is at, only the kernel knows.
            peer.lastHandshake >= newest - sessionLifetime, !endpoint.address.isLinkLocal
        else { return nil }
        return PeerCall(peer.publicKey, at: endpoint, keepalive: peer.keepalive)
    }
}

/// What `down` does: forwarding as it was, then all that wggw made, the filter last, then all other settings as they were.
///
/// - `scope`: the applied state's.
/// - `proxyNeighbours`: those of the applied state; others on the same interface are not wggw's.
/// - `connections`: those that end.
public func teardown(
    _ observed: ObservedState, scope: Scope, savedSysctls: [String: Int], proxyNeighbours: [ProxyNeighbour] = [],
    connections: ConnectionCut = ConnectionCut(released: [])
) -> Plan {
    let saved = savedSysctls.filter { !isSetting($0.key, of: scope.interface) }
    var settings = KernelSettings(observed.sysctls)
    var plan = settings.giveBack(saved.filter { isForwardingKey($0.key) })
    plan += common(proxyNeighbours.sorted(), observed.proxyNeighbours).map { .link(.removeProxyNeighbour($0)) }
    plan += observed.routes.map { .link(.removeRoute($0)) } + observed.answers.map { .link(.removeAnswerWay($0)) }
    if let leftover = observed.successor {
        plan.append(.deleteInterface(name: successorName(of: scope.interface), backend: leftover))
    }
    if let backend = observed.link?.backend ?? (observed.hasOrphan ? .userspace : nil) {
        plan.append(.deleteInterface(name: scope.interface, backend: backend))
    }
    if !connections.isEmpty { plan.append(.cutConnections(connections)) }
    if observed.firewall != nil { plan.append(.firewall(.remove)) }
    return Plan(plan + settings.giveBack(saved.filter { !isForwardingKey($0.key) }))
}

extension DesiredState {
    /// What to look at on the box before and after this state is applied over `previous`.
    public func scope(previous: DesiredState? = nil, savedSysctls: [String: Int] = [:]) -> Scope {
        var keys = Set(sysctls.map(\.key)).union(savedSysctls.keys)
        for requirement in sysctls {
            keys.formUnion(SysctlPattern.moved(by: requirement.key).map(\.text))
            switch requirement.need {
            case .equal: break
            case .looseReversePath: keys.formUnion([everyReversePath, defaultReversePath])
            case .acceptRouterAdvertisements: keys.insert(everyForwarding6)
            }
        }
        let neighbours = proxyNeighbours + (previous?.proxyNeighbours ?? [])
        return Scope(
            interface: interface, sysctls: keys, neighbourInterfaces: Set(neighbours.map(\.interface)),
            listenPort: wireGuard.listenPort, traffic: traffic)
    }
}

/// What both of two sorted lists have.
func common<Element: Comparable>(_ a: [Element], _ b: [Element]) -> [Element] { merge(a, merge(a, b).added).added }

/// What only the first of two sorted lists has, and what only the second has; one pass.
func merge<Element: Comparable>(_ new: [Element], _ old: [Element]) -> (added: [Element], removed: [Element]) {
    // As nearly always, and of a firewall that was not read anew since it did not change it is the same array: no pass at all.
    if new == old { return ([], []) }
    var added: [Element] = []
    var removed: [Element] = []
    var (i, j) = (0, 0)
    while i < new.count && j < old.count {
        if new[i] == old[j] {
            (i, j) = (i + 1, j + 1)
        } else if new[i] < old[j] {
            added.append(new[i])
            i += 1
        } else {
            removed.append(old[j])
            j += 1
        }
    }
    return (added + new[i...], removed + old[j...])
}
