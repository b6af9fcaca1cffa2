import Firewall
public import NetTypes
internal import Synchronization

/// A box in memory: the twin of the real one, so that whole applies run in tests without root.
///
/// It does what the kernel does as far as a plan can tell: an allowed IP belongs to one peer, an interface takes its
/// routes and settings along, new settings of an interface are the defaults.
public final class SimulatedBox: Box, Sendable {
    private struct State {
        var observed: ObservedState
        var interface: String?
        /// The one that is to take the interface's place.
        var successor: ObservedState?
        /// Whether whoever carries the interface answers nobody.
        var isHung = false
        var facts: BoxFacts
        var names: [String: IPAddress]
        var performed: [Change] = []
        var failures: [Int: BoxError] = [:]
        var generation = RulesetGeneration(namespace: "simulated", number: 1)
        var connections: [Connection] = []

        mutating func perform(_ change: Change) throws(BoxError) {
            switch change {
            case .createInterface(let name, _) where isSuccessor(name):
                var beside = ObservedState(kernelHasWireGuard: observed.kernelHasWireGuard)
                try beside.perform(change)
                successor = beside
            case .setWireGuard(let name, _) where isSuccessor(name), .setMTU(let name, _, _) where isSuccessor(name):
                guard successor != nil else { throw BoxError("set \(name)", cause: "No such device", code: 19) }
                try successor!.perform(change, names: names)
            case .deleteInterface(let name, _) where isSuccessor(name): successor = nil
            case .replaceInterface(let name, _, _, _):
                guard name == interface, let new = successor else {
                    throw BoxError("replace interface \(name)", cause: "No such device", code: 19)
                }
                observed.replaceInterface(name, by: new)
                successor = nil
                isHung = false
            case .cutConnections(let cut):
                let selector = ConnectionSelector(
                    cut, local: ownAddresses, networks: facts.interfaces.flatMap { $0.addresses.map(\.network) })
                let barred = connections.filter { selector.fate(of: $0) == .barred }
                connections.removeAll { selector.ends($0) }
                let updates = SetUpdate.barringAnswers(of: barred)
                if observed.firewall != nil && !updates.isEmpty { try performOnInterface(.updateFirewall(updates)) }
            default: try performOnInterface(change)
            }
            observed.successor = successor?.link?.backend
            generation = generation.after(Plan([change]))
        }

        private var ownAddresses: Set<IPAddress> {
            let addresses = facts.interfaces.flatMap(\.addresses) + (observed.link?.addresses ?? [])
            return Set(addresses.map(\.address))
        }

        private func isSuccessor(_ name: String) -> Bool { interface.map(successorName) == name }

        private mutating func performOnInterface(_ change: Change) throws(BoxError) {
            switch change {
            case .createInterface(let name, _) where interface != nil && interface != name:
                throw BoxError("create interface \(name)", cause: "the simulated box holds one interface")
            case .createInterface(let name, _): interface = name
            case .deleteInterface(let name, _):
                if interface != name { return }
                interface = nil
                isHung = false
            case .setWireGuard(let name, _) where isHung, .startHandshakes(let name, _) where isHung:
                throw SimulatedBox.silence("set \(name)")
            default: break
            }
            try observed.perform(change, names: names)
        }
    }

    private let state: Mutex<State>

    /// Makes a box. `interface` is the name of its link, if it has one; `names` is what its resolver knows.
    public init(
        _ observed: ObservedState = ObservedState(), interface: String = "wg0", facts: BoxFacts = BoxFacts(),
        names: [String: IPAddress] = [:]
    ) {
        let link = observed.link == nil ? nil : interface
        state = Mutex(State(observed: observed, interface: link, facts: facts, names: names))
    }

    /// Everything on the box, whatever a scope names. May be set, to make the box drift.
    public var everything: ObservedState {
        get { state.withLock { $0.observed } }
        set {
            state.withLock {
                if $0.observed.firewall != newValue.firewall {
                    $0.generation = $0.generation.after(Plan([.removeFirewall]))
                }
                $0.observed = newValue
            }
        }
    }

    /// Changes the facts it was made with, as for a box that gets another card.
    public func changeFacts(_ change: (inout BoxFacts) -> Void) { state.withLock { change(&$0.facts) } }

    /// What its resolver knows.
    public var names: [String: IPAddress] {
        get { state.withLock { $0.names } }
        set { state.withLock { $0.names = newValue } }
    }

    /// The connections that are open. May be set: nobody opens any by himself.
    public var connections: [Connection] {
        get { state.withLock { $0.connections } }
        set { state.withLock { $0.connections = newValue } }
    }

    /// The name of the one interface that this box can hold.
    public var interface: String? { state.withLock { $0.interface } }

    /// The changes that were carried out, in order.
    public var performed: [Change] { state.withLock { $0.performed } }

    /// Lets the change with this number fail, once; the first ever performed on this box is 0.
    public func fail(at number: Int, with error: BoxError = BoxError("simulated change", cause: "injected fault")) {
        state.withLock { $0.failures[number] = error }
    }

    /// Lets whoever carries the interface answer nobody, until another takes its place, or until `false`.
    public func hang(_ isHung: Bool = true) { state.withLock { $0.isHung = isHung } }

    fileprivate static func silence(_ operation: String) -> BoxError {
        BoxError(operation, cause: "its datapath does not answer", remedy: "put another in its place", code: 110)
    }

    /// What the scope names.
    public func observe(_ scope: Scope) throws(BoxError) -> ObservedState {
        let interface = interface
        var seen = everything
        if interface != scope.interface {
            seen.link = nil
            seen.wireGuard = nil
            seen.successor = nil
            seen.hasOrphan = false
        }
        if !scope.readsWireGuard { seen.wireGuard = nil }
        if scope.readsWireGuard, seen.link != nil, state.withLock({ $0.isHung }) {
            seen.wireGuard = nil
            seen.silence = Self.silence("read \(scope.interface)")
        }
        let patterns = scope.sysctls.map { SysctlPattern($0) }
        seen.sysctls = seen.sysctls.filter { key, _ in patterns.contains { $0.matches(key) } }
        seen.proxyNeighbours = seen.proxyNeighbours.filter { scope.neighbourInterfaces.contains($0.interface) }
        seen.generation = state.withLock { $0.generation }
        // As the real box does: whoever says that he knows is believed, so that a test sees what wrong knowledge does.
        if let known = scope.knownFirewall, known.generation == seen.generation { seen.firewall = known.firewall }
        return seen
    }

    /// The facts it was made with.
    public func facts() throws(BoxError) -> BoxFacts { state.withLock { $0.facts } }

    /// Those of the facts' interfaces.
    public func networks(reaching: [IPPrefix]?) throws(BoxError) -> BoxNetworks {
        var networks = state.withLock { $0.facts.networks }
        if reaching == nil { networks.ways = [] }
        return networks
    }

    /// What the resolver knows.
    public func addresses(of name: String) throws(BoxError) -> [IPAddress] {
        guard let address = state.withLock({ $0.names[name] }) else {
            throw BoxError("look up \(name)", cause: "Name or service not known")
        }
        return [address]
    }

    /// Carries out one change on the value.
    public func perform(_ change: Change) throws(BoxError) {
        let result = state.withLock { state -> Result<Void, BoxError> in
            if let failure = state.failures.removeValue(forKey: state.performed.count) { return .failure(failure) }
            do throws(BoxError) { try state.perform(change) } catch { return .failure(error) }
            state.performed.append(change)
            return .success(())
        }
        try result.get()
    }
}

extension ObservedState {
    /// What the change does to a box that is so.
    mutating func perform(_ change: Change, names: [String: IPAddress] = [:]) throws(BoxError) {
        switch change {
        case .createInterface(let name, let backend): try create(name, backend)
        case .deleteInterface(let name, _): forgetInterface(name)
        case .replaceInterface(let name, _, _, _):
            throw BoxError("replace interface \(name)", cause: "No such device", code: 19)
        case .startHandshakes: break
        case .setWireGuard(let name, let change):
            guard wireGuard != nil else { throw BoxError("set \(name)", cause: "No such device", code: 19) }
            try wireGuard!.set(change, names: names)
        case .setMTU(let name, let mtu, _): try changeLink(name) { $0.mtu = mtu }
        case .setUp(let name, _): try changeLink(name) { $0.isUp = true }
        case .addAddress(let name, let address):
            try changeLink(name) { link in insert(address, into: &link.addresses) }
        case .removeAddress(let name, let address): try changeLink(name) { $0.addresses.removeAll { $0 == address } }
        case .addRoute(let route):
            guard link?.isUp == true else {
                throw BoxError("add route \(route.destination)", cause: "Network is down", code: 100)
            }
            insert(route, into: &routes)
        case .removeRoute(let route): routes.removeAll { $0 == route }
        case .replaceFirewall(let table, _): firewall = table
        case .updateFirewall(let updates): try updateFirewall(updates)
        case .removeFirewall: firewall = nil
        case .cutConnections: break
        case .setSysctl(let key, let value, _):
            guard sysctls[key] != nil else { throw BoxError("write \(key)", cause: "No such file", code: 2) }
            var settings = KernelSettings(sysctls)
            settings.write(key, value)
            sysctls = settings.values
        case .addProxyNeighbour(let neighbour): insert(neighbour, into: &proxyNeighbours)
        case .removeProxyNeighbour(let neighbour): proxyNeighbours.removeAll { $0 == neighbour }
        }
    }

    private mutating func create(_ name: String, _ backend: Backend) throws(BoxError) {
        if backend == .kernel && !kernelHasWireGuard {
            throw BoxError("create interface \(name)", cause: "Operation not supported", code: 95)
        }
        if let link {
            guard link.backend == backend else {
                throw BoxError("create interface \(name)", cause: "File exists", code: 17)
            }
            return
        }
        link = ObservedLink(index: 7, backend: backend, isUp: false, mtu: 1420, addresses: [])
        wireGuard = ObservedWireGuard(privateKey: nil, listenPort: 0, fwmark: 0, peers: [])
        addSettings(of: name)
    }

    private mutating func addSettings(of name: String) {
        sysctls["net/ipv4/conf/\(name)/rp_filter"] = sysctls[defaultReversePath] ?? 0
        sysctls["net/ipv4/conf/\(name)/forwarding"] = sysctls["net/ipv4/conf/default/forwarding"] ?? 0
        sysctls["net/ipv4/conf/\(name)/promote_secondaries"] = 0
    }

    /// Another interface gets the name: the old one's routes and settings are gone.
    fileprivate mutating func replaceInterface(_ name: String, by successor: ObservedState) {
        forgetInterface(name)
        (link, wireGuard) = (successor.link, successor.wireGuard)
        addSettings(of: name)
    }

    private mutating func changeLink(_ name: String, _ change: (inout ObservedLink) -> Void) throws(BoxError) {
        guard link != nil else { throw BoxError("set \(name)", cause: "No such device", code: 19) }
        change(&link!)
    }

    private mutating func updateFirewall(_ updates: [SetUpdate]) throws(BoxError) {
        guard var table = firewall else { throw BoxError("update firewall", cause: "No such file", code: 2) }
        for update in updates {
            guard let at = table.sets.firstIndex(where: { $0.name == update.set.name }) else {
                throw BoxError("update set \(update.set.name)", cause: "No such file", code: 2)
            }
            var elements = Dictionary(uniqueKeysWithValues: table.sets[at].elements.map { ($0.fields, $0) })
            for element in update.delete where elements.removeValue(forKey: element.fields) == nil {
                throw BoxError("delete from set \(update.set.name)", cause: "No such file", code: 2)
            }
            for element in update.add where elements.updateValue(element, forKey: element.fields) != nil {
                throw BoxError("add to set \(update.set.name)", cause: "File exists", code: 17)
            }
            table.sets[at].elements = elements.values.sorted()
        }
        firewall = table
    }
}

extension ObservedWireGuard {
    fileprivate mutating func set(_ change: WireGuardChange, names: [String: IPAddress]) throws(BoxError) {
        privateKey = change.privateKey ?? privateKey
        listenPort = change.listenPort ?? listenPort
        fwmark = change.fwmark ?? fwmark
        disguise = change.disguise ?? disguise
        var byKey = Dictionary(uniqueKeysWithValues: peers.map { ($0.publicKey, $0) })
        for key in change.remove { byKey[key] = nil }
        var owners: [IPPrefix: PublicKey] = [:]
        for peer in byKey.values { for prefix in peer.allowedIPs { owners[prefix] = peer.publicKey } }
        for change in change.set where change.isNew || byKey[change.publicKey] != nil {
            let key = change.publicKey
            try byKey[key, default: ObservedPeer(publicKey: key)].set(change, names: names)
            guard let allowedIPs = change.allowedIPs else { continue }
            // Whoever had one of them has it no more.
            for prefix in allowedIPs {
                if let loser = owners.updateValue(key, forKey: prefix), loser != key {
                    byKey[loser]?.allowedIPs.removeAll { $0 == prefix }
                }
            }
        }
        peers = byKey.values.sorted { $0.publicKey < $1.publicKey }
    }
}

extension ObservedPeer {
    fileprivate mutating func set(_ change: WireGuardPeerChange, names: [String: IPAddress]) throws(BoxError) {
        switch change.presharedKey {
        case nil: break
        case .clear: presharedKey = nil
        case .set(let secret): presharedKey = secret
        }
        if let endpoint = change.endpoint { self.endpoint = try resolve(endpoint, names) }
        keepalive = change.keepalive ?? keepalive
        isPlain = change.isPlain ?? isPlain
        allowedIPs = change.allowedIPs?.sorted() ?? allowedIPs
    }

    private func resolve(_ endpoint: Endpoint, _ names: [String: IPAddress]) throws(BoxError) -> SocketAddress {
        switch endpoint.host {
        case .address(let address): return SocketAddress(address, port: endpoint.port)
        case .name(let name):
            guard let address = names[name] else {
                throw BoxError("resolve \(name)", cause: "Name or service not known")
            }
            return SocketAddress(address, port: endpoint.port)
        }
    }
}

private func insert<Element: Comparable>(_ element: Element, into list: inout [Element]) {
    let at = list.firstIndex { !($0 < element) } ?? list.count
    if at == list.count || list[at] != element { list.insert(element, at: at) }
}
