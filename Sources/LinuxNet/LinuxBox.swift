import CMnl
public import BoxModel
internal import Firewall
import Glibc
internal import NetTypes

/// This machine: the network namespace of the calling thread.
public struct LinuxBox: Box, Sendable {
    let datapathCommand: [String]?
    private let ahead = ReadingAhead()
    private let closedLate = ClosedLate()
    private let hold: FirewallHold?
    private let pause: ForwardingPause?
    private let memory: PeerMemory?
    let nameWait: Duration?
    /// Tests have a name service of their own.
    var lookUp: @Sendable (_ name: String, _ tries: Int) -> EndpointResolver.LookUp = EndpointResolver.lookUp

    /// A box whose userspace datapath is started by `datapathCommand` and the interface's name, as one starts wireguard-go;
    /// nil is this executable's own `datapath` command.
    /// `hold` keeps the firewall's table for this process and those that ask it; `pause` is what a service does without; `memory` is of
    /// who looks often. `nameWait`: how long a change waits for the names of endpoints; nil is as long as name servers let it.
    public init(
        datapathCommand: [String]? = nil, hold: FirewallHold? = nil, pause: ForwardingPause? = nil,
        memory: PeerMemory? = nil, nameWait: Duration? = nil
    ) {
        self.datapathCommand = datapathCommand
        self.hold = hold
        self.pause = pause
        self.memory = memory
        self.nameWait = nameWait
    }

    /// A thread begins to look at the interface; the next observation of it takes what was seen, unless a change came in
    /// between.
    public func expectObservation(of interface: String) {
        // What goes wrong here goes wrong again in the observation, which then says so.
        ahead.begin(interface) { [self] in (try? look(at: interface, readsWireGuard: true)) ?? nil }
    }

    /// Reads, in this order, the interface, its WireGuard side, routes, firewall, sysctls and neighbours. Throws the first
    /// thing that cannot be read; what is merely not there, or does not answer, is an answer.
    public func observe(_ scope: Scope) throws(BoxError) -> ObservedState {
        var state = ObservedState()
        state.kernelHasWireGuard = try kernelHasWireGuard()
        var sight = scope.readsWireGuard ? ahead.take(scope.interface) : nil
        if sight == nil { sight = try look(at: scope.interface, readsWireGuard: scope.readsWireGuard) }
        var route = try NetlinkSocket(NETLINK_ROUTE)
        if let sight {
            let link = sight.link
            let addresses = try route.addressesInUse(of: link).filter { !$0.address.isLinkLocal }
            state.link = ObservedLink(
                index: link.index, backend: sight.backend, isUp: link.isUp, mtu: link.mtu, addresses: addresses)
            (state.wireGuard, state.silence) = (sight.wireGuard, sight.silence)
            state.hasOlderProgram = RunningDatapath(behind: link)?.isOfOlderProgram ?? false
            state.routes = try route.ownRoutes(index: link.index, interface: scope.interface)
        } else {
            state.hasOrphan = orphan(of: scope.interface) != nil
        }
        state.answers = try route.answerWays()
        if let seen = state.wireGuard {
            memory?.note(seen.peers, of: scope.interface)
        } else if scope.readsWireGuard {
            state.lost = memory?.peers(of: scope.interface) ?? []
        }
        if let successor = try route.link(successorName(of: scope.interface)) {
            state.successor = try backend(of: successor, &route)
        }
        state.proxyNeighbours = try route.proxyNeighbours(on: scope.neighbourInterfaces)
        state.sysctls = try Sysctl.read(scope.sysctls)
        // For the moment they say something else.
        for (key, value) in pause?.settings ?? [:] where state.sysctls[key] != nil { state.sysctls[key] = value }
        var netfilter = try NetlinkSocket(NETLINK_NETFILTER)
        closedLate.keep(netfilter)
        state.generation = try rulesetNamespace().map { namespace throws(BoxError) in
            RulesetGeneration(namespace: namespace, number: try netfilter.rulesetGeneration())
        }
        // The table is asked for all the same: a number may come back in another namespace, a firewall that is gone must not.
        if let known = scope.knownFirewall, known.generation == state.generation, try netfilter.hasTable() {
            state.firewall = known.firewall
        } else {
            state.firewall = try netfilter.firewall()
            // What this kernel cannot have counts as there: it is as desired as far as can be.
            if let table = state.firewall, table.isMute, try !netfilter.canLog() { state.firewall = table.withLog }
        }
        state.obstacles = try obstacles(scope, state, &netfilter, &route)
        state.takenPorts = ListeningSockets.taken(scope.traffic.otherPorts)
        return state
    }

    private func obstacles(
        _ scope: Scope, _ state: ObservedState, _ netfilter: inout NetlinkSocket, _ route: inout NetlinkSocket
    ) throws(BoxError) -> [FirewallObstacle] {
        let tables =
            try netfilter.consistently { socket throws(BoxError) in
                try socket.foreignTables { $0.filtersTransit || $0.translatesArrivals }
            }
            + LegacyFirewall.tables()
        if tables.isEmpty { return [] }
        let others = scope.traffic.reaches.map(\.interface) + scope.traffic.outside
        var interfaces: [String: KnownPacket.Interface] = [:]
        for name in Set(others + [scope.interface]) {
            interfaces[name] = try route.link(name).map(KnownPacket.Interface.init)
        }
        let probes = ForeignFirewall.Probe.all(
            scope.traffic, tunnel: scope.interface, listenPort: scope.listenPort ?? state.wireGuard?.listenPort,
            hasIPv6: state.link?.addresses.contains { $0.address.isV6 } ?? true
        ) { interfaces[$0] ?? KnownPacket.Interface($0) }
        // A set that changes meanwhile is as good as one that changes right after.
        let translates = tables.contains { $0.chains.contains(where: \.translatesArrivals) }
        let own = translates ? Set(try route.addresses(index: 0).map(\.address.address)) : []
        return try ForeignFirewall(tables: tables, probes: probes, interface: scope.interface, own: own).obstacles {
            name throws(BoxError) in try netfilter.contents(of: name)
        }
    }

    /// Carries out one change. What it asks for and is already so is no error.
    ///
    /// A peer's endpoint whose name cannot be looked up does not hold up the others: everything else of the change is set,
    /// that peer keeps the endpoint it had, and then the error names the peer, with the code `EHOSTUNREACH`.
    public func perform(_ change: Change) throws(BoxError) {
        ahead.forget()
        switch change {
        case .createInterface(let name, let backend): try create(name, backend)
        case .deleteInterface(let name, _): try delete(name)
        case .replaceInterface(let name, let successor, _, let new): try replace(name, by: successor, to: new)
        case .setWireGuard(let interface, let change): try setWireGuard(interface, change)
        case .startHandshakes(let interface, let peers): try startHandshakes(interface, peers)
        case .callPeers(let interface, let peers): try call(interface, peers)
        case .cutConnections(let cut): try Conntrack.end(cut, networks: networks(reaching: nil).all)
        case .setSysctl(let key, let value, _): try Sysctl.writeIfThere(key, value)
        case .firewall(let change): try perform(change)
        case .link(let change): try perform(change)
        }
    }

    /// As `Box` says.
    public func resumeForwarding(needsTable: Bool) throws(BoxError) { try pause?.end(needsTable: needsTable) }

    /// As `Box` says.
    public func holdFirewall() throws(BoxError) -> Bool { try hold?.take() ?? false }

    private func perform(_ change: LinkChange) throws(BoxError) {
        var socket = try NetlinkSocket(NETLINK_ROUTE)
        switch change {
        case .setMTU(let interface, let mtu, _): try socket.setMTU(interface, mtu)
        case .setUp(let interface, let port): try setUp(interface, listenPort: port, &socket)
        case .addAddress(let interface, let address): try socket.addAddress(address, to: interface)
        case .removeAddress(let interface, let address): try socket.removeAddress(address, from: interface)
        case .addRoute(let route): try socket.addRoute(route)
        case .removeRoute(let route): try socket.removeRoute(route)
        case .addAnswerWay(let way): try socket.addAnswerWay(way)
        case .removeAnswerWay(let way): try socket.removeAnswerWay(way)
        case .addProxyNeighbour(let neighbour): try socket.addProxyNeighbour(neighbour)
        case .removeProxyNeighbour(let neighbour): try socket.removeProxyNeighbour(neighbour)
        }
    }

    private func perform(_ change: FirewallChange) throws(BoxError) {
        var writer = try FirewallWriter()
        // One that holds the table lives on with the service, and must end with it.
        if writer.flags == 0 { closedLate.keep(writer.socket) }
        switch change {
        case .replace(let firewall, let old):
            // What was counted since the box was looked at, or was not read at all then, counts too.
            let counted = try old == nil ? nil : writer.socket.firewall()
            try writer.replace(with: firewall, carrying: counted)
        case .update(let updates): try writer.socket.updateFirewall(updates)
        case .remove: try writer.socket.removeFirewall()
        }
    }
}

extension LinuxBox {
    /// Whether the kernel has WireGuard. Asking for its generic netlink family loads the module, if there is one; it is the
    /// same module that makes the interfaces.
    func kernelHasWireGuard() throws(BoxError) -> Bool {
        var socket = try NetlinkSocket(NETLINK_GENERIC)
        return try GenericNetlink.family(WG_GENL_NAME, on: &socket) != nil
    }

    func datapath(of interface: String) -> DatapathProcess {
        DatapathProcess(
            command: datapathCommand ?? [ownProgram, "datapath"], interface: interface,
            saysThatItStands: datapathCommand == nil)
    }

    /// A keepalive that is switched on is sent at once, and without a session that takes a handshake: so in the kernel, in
    /// wggw's datapath and in all others. Switched off again, it is the only one.
    private func startHandshakes(_ interface: String, _ peers: [PublicKey]) throws(BoxError) {
        let device = try wireGuard(interface)
        for seconds: UInt16 in [.max, 0] {
            try device.set(
                WireGuardChange(
                    set: peers.map { WireGuardPeerChange(publicKey: $0, isNew: false, keepalive: seconds) }))
        }
    }

    /// An endpoint that is set has no source of its own (`set_peer` in drivers/net/wireguard/netlink.c). Whoever is killed in between
    /// leaves a keepalive that the next look sets back.
    private func call(_ interface: String, _ peers: [PeerCall]) throws(BoxError) {
        let device = try wireGuard(interface)
        func set(_ peers: [PeerCall], _ change: (PeerCall, inout WireGuardPeerChange) -> Void) throws(BoxError) {
            try device.set(
                WireGuardChange(
                    set: peers.map { peer in
                        var one = WireGuardPeerChange(publicKey: peer.publicKey, isNew: false)
                        change(peer, &one)
                        return one
                    }))
        }
        try set(peers) { peer, change in
            change.endpoint = Endpoint(.address(peer.endpoint.address), port: peer.endpoint.port)
            change.keepalive = 0
        }
        try set(peers) { peer, change in change.keepalive = peer.keepalive == 0 ? .max : peer.keepalive }
        let quiet = peers.filter { $0.keepalive == 0 }
        if !quiet.isEmpty { try set(quiet) { _, change in change.keepalive = 0 } }
    }

    private func wireGuard(_ interface: String) throws(BoxError) -> any WireGuardDevice {
        var socket = try NetlinkSocket(NETLINK_ROUTE)
        guard let link = try socket.link(interface), let backend = try backend(of: link, &socket) else {
            throw BoxError(.init(.set, .wireGuard(interface)), .noWireGuard)
        }
        return device(interface, backend)
    }

    private func setWireGuard(_ interface: String, _ change: WireGuardChange) throws(BoxError) {
        let device = try wireGuard(interface)
        let (resolved, failures) = try EndpointResolver.resolve(change) { name, tries throws(BoxError) in
            let operation = BoxError.Operation(.lookUp, .host(name))
            // By a thread, since nothing else ends getaddrinfo before its time.
            let asked = Background.begin { [lookUp, nameWait] in lookUp(name, nameWait == nil ? tries : 1) }
            guard let nameWait else { return try asked?.answer(operation) ?? lookUp(name, tries) }
            // What nobody has answered by then counts as not answered.
            let answer = try asked?.answer(within: tries > 1 ? nameWait : .zero, operation)
            return answer ?? .failure(code: EAI_AGAIN, reason: EndpointResolver.words(EAI_AGAIN))
        }
        do throws(BoxError) { try device.set(resolved) } catch { throw error.aboutPort(change.listenPort) }
        guard let first = failures.first else { return }
        throw BoxError(
            .init(.lookUp, .endpoint(first.endpoint, of: first.peer, on: interface)),
            .unresolved(resolver: first.reason, others: failures.count - 1))
    }
}
