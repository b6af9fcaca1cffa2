public import BoxModel
import Firewall
public import NetTypes
internal import SiteModel
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
        var numbers: [String: UInt32] = [:]
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
            case .setWireGuard(let name, _) where isSuccessor(name),
                .link(.setMTU(let name, _, _)) where isSuccessor(name):
                guard successor != nil else {
                    throw BoxError(.init(.set, .wireGuard(name)), .system(.init(19, name: "No such device")))
                }
                try successor!.perform(change, names: names)
            case .deleteInterface(let name, _) where isSuccessor(name): successor = nil
            case .replaceInterface(let name, _, _, _):
                guard name == interface, let new = successor else {
                    throw BoxError(.init(.replace, .interface(name)), .noInterface(successorName(of: name)))
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
                if observed.firewall != nil && !updates.isEmpty { try performOnInterface(.firewall(.update(updates))) }
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
                throw BoxError(
                    .init(.create, .interface(name)), .system(.init(28, name: "the simulated box holds one interface")))
            case .createInterface(let name, _): interface = name
            case .deleteInterface(let name, _):
                if interface != name { return }
                interface = nil
                isHung = false
            case .setWireGuard(let name, _) where isHung, .startHandshakes(let name, _) where isHung:
                throw SimulatedBox.silence(.set, name)
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
                    $0.generation = $0.generation.after(Plan([.firewall(.remove)]))
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

    /// The kernel's index of each interface by name.
    public var numbers: [String: UInt32] {
        get { state.withLock { $0.numbers } }
        set { state.withLock { $0.numbers = newValue } }
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
    public func fail(at number: Int, with error: BoxError = injected) {
        state.withLock { $0.failures[number] = error }
    }

    /// Lets whoever carries the interface answer nobody, until another takes its place, or until `false`.
    public func hang(_ isHung: Bool = true) { state.withLock { $0.isHung = isHung } }

    fileprivate static func silence(_ verb: BoxError.Verb, _ interface: String) -> BoxError {
        BoxError(.init(verb, .wireGuard(interface)), .silentDatapath(socket: "/var/run/wireguard/\(interface).sock"))
    }

    /// What a change fails with for no reason.
    public static let injected = BoxError(
        .init(.run, .command("simulated change")), .process(.said("injected fault")))

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
            seen.silence = Self.silence(.read, scope.interface)
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

    /// As the facts say.
    public func hasIPv6(_ interface: String) throws(BoxError) -> Bool { state.withLock { $0.facts.hasIPv6 } }

    /// As `numbers` says.
    public func links() throws(BoxError) -> [String: UInt32] { numbers }

    /// What the resolver knows.
    public func addresses(of name: String) throws(BoxError) -> [IPAddress] {
        guard let address = state.withLock({ $0.names[name] }) else {
            throw BoxError(.init(.lookUp, .host(name)), .unresolved(resolver: "Name or service not known"))
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
