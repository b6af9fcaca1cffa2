/// A desired state that this box cannot be brought to, and what would help.
public enum DiffError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Something that is not WireGuard has the interface's name.
    case foreignInterface(String)
    /// The kernel's WireGuard is wanted, and this kernel has none.
    case noKernelWireGuard

    /// `wg0 exists and is not a WireGuard interface; …`
    public var description: String {
        switch self {
        case .foreignInterface(let name):
            "\(name) exists and is not a WireGuard interface; choose another name in tunnel.interface, or remove it"
        case .noKernelWireGuard:
            "this kernel has no WireGuard; set tunnel.datapath to \"auto\" or \"userspace\", or load the module wireguard"
        }
    }
}

/// What has to happen for the box to be as desired; empty if it is. Pure.
///
/// - `previous`: the state that was applied last, if any. It tells what wggw set from what was learned since (a roamed
///   endpoint) and what is wggw's own (proxy neighbours, an interface that got another name). To look whether an apply
///   succeeded, `previous` is what was just applied: a name that was set cannot be told from the address it stood for.
/// - `savedSysctls`: values from before wggw changed them; those that are not required any more are given back.
///
/// The order is safe to be cut short anywhere: what takes away comes before what gives to somebody else, the filter before
/// forwarding, additions before deletions. Throws `DiffError`.
public func diff(
    _ desired: DesiredState, _ observed: ObservedState, previous: DesiredState? = nil,
    savedSysctls: [String: Int] = [:]
) throws(DiffError) -> Plan {
    let backend = try desired.datapath.backend(kernelHasWireGuard: observed.kernelHasWireGuard)
    if let link = observed.link, link.backend == nil { throw .foreignInterface(desired.interface) }
    let recreates = observed.link.map { $0.backend != backend || observed.wireGuard == nil } ?? false
    let isNew = recreates || observed.link == nil
    var now = observed
    if isNew { now.forgetInterface(desired.interface) }
    let renamed = previous.flatMap { $0.interface == desired.interface ? nil : $0 }
    if let renamed { now.forgetBelongings(of: renamed.interface) }
    let wireGuard = WireGuardDiff(
        desired.wireGuard, now.wireGuard, previous: previous?.wireGuard,
        learned: recreates ? observed.wireGuard?.peers ?? [] : [])

    var plan: [Change] = []
    if let renamed {
        // The new filter would not know the old interface, so that goes first.
        let backend = renamed.datapath.resolved(kernelHasWireGuard: observed.kernelHasWireGuard)
        plan.append(.deleteInterface(name: renamed.interface, backend: backend))
    }
    if recreates, let backend = observed.link?.backend {
        plan.append(.deleteInterface(name: desired.interface, backend: backend))
    }
    if let yielded = wireGuard.yielded { plan.append(.setWireGuard(interface: desired.interface, yielded)) }
    plan += firewallChanges(desired.firewall, observed.firewall)
    if isNew { plan.append(.createInterface(name: desired.interface, backend: backend)) }
    if !wireGuard.rest.isEmpty { plan.append(.setWireGuard(interface: desired.interface, wireGuard.rest)) }
    let settings = sysctlChanges(desired, now, savedSysctls)
    let (addresses, oldAddresses) = merge(desired.link.addresses, now.link?.addresses ?? [])
    let (routes, oldRoutes) = merge(desired.routes, now.routes)
    let (neighbours, _) = merge(desired.proxyNeighbours, now.proxyNeighbours)
    plan += addresses.map { .addAddress(interface: desired.interface, $0) }
    if now.link?.mtu != desired.link.mtu {
        plan.append(.setMTU(interface: desired.interface, mtu: desired.link.mtu, was: now.link?.mtu))
    }
    plan += settings.before
    if now.link?.isUp != true { plan.append(.setUp(interface: desired.interface)) }
    plan += routes.map { .addRoute($0) }
    plan += neighbours.map { .addProxyNeighbour($0) }
    plan += settings.forwarding
    plan += oldRoutes.map { .removeRoute($0) }
    plan += oldAddresses.map { .removeAddress(interface: desired.interface, $0) }
    // Somebody else's proxy neighbours on the same interface are none of wggw's business.
    let (_, ownNeighbours) = merge(desired.proxyNeighbours, previous?.proxyNeighbours ?? [])
    plan += common(ownNeighbours, now.proxyNeighbours).map { .removeProxyNeighbour($0) }
    return Plan(plan + settings.givenBack)
}

/// What `down` does: forwarding as it was, then all that wggw made, the filter last, then all other settings as they were.
///
/// - `scope`: the applied state's.
/// - `proxyNeighbours`: those of the applied state; others on the same interface are not wggw's.
public func teardown(
    _ observed: ObservedState, scope: Scope, savedSysctls: [String: Int], proxyNeighbours: [ProxyNeighbour] = []
) -> Plan {
    let saved = savedSysctls.filter { key, value in
        !isSetting(key, of: scope.interface) && observed.sysctls[key].map { $0 != value } ?? false
    }
    func restore(_ isForwarding: Bool) -> [Change] {
        saved.filter { isForwardingKey($0.key) == isForwarding }.sorted { $0.key < $1.key }
            .map { .setSysctl(key: $0.key, value: $0.value, was: observed.sysctls[$0.key]!) }
    }
    var plan = restore(true)
    plan += common(proxyNeighbours.sorted(), observed.proxyNeighbours).map { .removeProxyNeighbour($0) }
    plan += observed.routes.map { .removeRoute($0) }
    if let backend = observed.link?.backend { plan.append(.deleteInterface(name: scope.interface, backend: backend)) }
    if observed.firewall != nil { plan.append(.removeFirewall) }
    return Plan(plan + restore(false))
}

extension DesiredState {
    /// What to look at on the box before and after this state is applied over `previous`.
    public func scope(previous: DesiredState? = nil, savedSysctls: [String: Int] = [:]) -> Scope {
        var keys = Set(sysctls.map(\.key)).union(savedSysctls.keys)
        for requirement in sysctls {
            switch requirement.need {
            case .equal: break
            case .looseReversePath: keys.formUnion([everyReversePath, defaultReversePath])
            case .acceptRouterAdvertisements: keys.insert(everyForwarding6)
            }
        }
        let neighbours = proxyNeighbours + (previous?.proxyNeighbours ?? [])
        return Scope(
            interface: interface, sysctls: keys, neighbourInterfaces: Set(neighbours.map(\.interface)),
            listenPort: wireGuard.listenPort)
    }
}

extension ObservedState {
    /// What is left when the kernel deletes the interface that the scope names.
    mutating func forgetInterface(_ name: String) {
        link = nil
        wireGuard = nil
        forgetBelongings(of: name)
    }

    /// An interface takes its routes and settings along.
    mutating func forgetBelongings(of name: String) {
        routes.removeAll { $0.interface == name }
        sysctls = sysctls.filter { !isSetting($0.key, of: name) }
    }
}

/// What both of two sorted lists have.
func common<Element: Comparable>(_ a: [Element], _ b: [Element]) -> [Element] { merge(a, merge(a, b).added).added }

/// What only the first of two sorted lists has, and what only the second has; one pass.
func merge<Element: Comparable>(_ new: [Element], _ old: [Element]) -> (added: [Element], removed: [Element]) {
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
