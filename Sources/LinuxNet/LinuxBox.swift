import CMnl
public import Compiler
import Glibc
internal import NetTypes

/// This machine: the network namespace of the calling thread.
public struct LinuxBox: Box, Sendable {
    private let datapathCommand: [String]?
    private let ahead = ReadingAhead()
    private let closedLate = ClosedLate()
    private let lookUp: @Sendable (_ name: String, _ tries: Int) -> EndpointResolver.LookUp

    /// A box whose userspace datapath is started by `datapathCommand` and the interface's name, as one starts wireguard-go;
    /// nil is this executable's own `datapath` command.
    public init(datapathCommand: [String]? = nil) {
        self.init(datapathCommand: datapathCommand, lookUp: EndpointResolver.lookUp(_:tries:))
    }

    /// A box with a name service of its own.
    init(
        datapathCommand: [String]?,
        lookUp: @escaping @Sendable (_ name: String, _ tries: Int) -> EndpointResolver.LookUp
    ) {
        self.datapathCommand = datapathCommand
        self.lookUp = lookUp
    }

    /// A thread begins to read the interface's WireGuard side; the next observation of it takes what was read, unless a
    /// change came in between.
    public func expectObservation(of interface: String) {
        ahead.begin(
            WireGuardReading(of: interface) { [self] in
                // What goes wrong here goes wrong again in the observation, which then says so.
                guard var route = try? NetlinkSocket(NETLINK_ROUTE), let link = try? route.link(interface),
                    let backend = backend(of: link), let read = try? device(interface, backend).read()
                else { return nil }
                return (backend, read)
            })
    }

    /// Reads, in this order, the interface, its WireGuard side, routes, firewall, sysctls and neighbours. Throws the first
    /// thing that cannot be read; what is merely not there is an answer.
    public func observe(_ scope: Scope) throws(BoxError) -> ObservedState {
        var state = ObservedState()
        state.kernelHasWireGuard = try kernelHasWireGuard()
        var route = try NetlinkSocket(NETLINK_ROUTE)
        if let link = try route.link(scope.interface) {
            let backend = backend(of: link)
            let addresses = try route.addresses(index: link.index).map(\.address).filter { !$0.address.isLinkLocal }
            state.link = ObservedLink(
                index: link.index, backend: backend, isUp: link.isUp, mtu: link.mtu, addresses: addresses)
            state.wireGuard = try backend.map { backend throws(BoxError) in
                if let read = ahead.take(scope.interface, backend) { return read }
                return try device(scope.interface, backend).read()
            }
            state.routes = try route.ownRoutes(index: link.index, interface: scope.interface)
        }
        state.successor = try route.link(successorName(of: scope.interface)).flatMap(backend(of:))
        state.proxyNeighbours = try route.proxyNeighbours(on: scope.neighbourInterfaces)
        for key in scope.sysctls {
            if let value = try Sysctl.read(key) { state.sysctls[key] = value }
        }
        var netfilter = try NetlinkSocket(NETLINK_NETFILTER)
        closedLate.keep(netfilter)
        state.generation = try RulesetNamespace.current().map { namespace throws(BoxError) in
            RulesetGeneration(namespace: namespace, number: try netfilter.rulesetGeneration())
        }
        // The table is asked for all the same: a number may come back in another namespace, a firewall that is gone must not.
        if let known = scope.knownFirewall, known.generation == state.generation, try netfilter.hasTable() {
            state.firewall = known.firewall
        } else {
            state.firewall = try netfilter.firewall()
        }
        let foreign = ForeignFirewall(
            try netfilter.foreignChains() + LegacyFirewall.chains(), interface: scope.interface,
            index: state.link?.index)
        state.obstacles = foreign.obstacles(
            listenPort: scope.listenPort ?? state.wireGuard?.listenPort,
            hasIPv6: state.link?.addresses.contains { $0.address.isV6 } ?? true)
        return state
    }

    /// Carries out one change. What it asks for and is already so is no error.
    ///
    /// A peer's endpoint whose name cannot be looked up does not hold up the others: everything else of the change is set,
    /// that peer keeps the endpoint it had, and then the error names the peer, with the code `EHOSTUNREACH`.
    public func perform(_ change: Change) throws(BoxError) {
        ahead.forget()
        switch change {
        case .createInterface(let name, let backend): try create(name, backend)
        case .deleteInterface(let name, let backend): try delete(name, backend)
        case .replaceInterface(let name, let successor, let old, let new):
            try replace(name, by: successor, from: old, to: new)
        case .setWireGuard(let interface, let change): try setWireGuard(interface, change)
        case .startHandshakes(let interface, let peers): try startHandshakes(interface, peers)
        case .setSysctl(let key, let value, _): try Sysctl.write(key, value)
        case .replaceFirewall, .updateFirewall, .removeFirewall: try performOnFirewall(change)
        case .setMTU, .setUp, .addAddress, .removeAddress, .addRoute, .removeRoute, .addProxyNeighbour,
            .removeProxyNeighbour:
            try performOnLinks(change)
        }
    }

    private func performOnLinks(_ change: Change) throws(BoxError) {
        var socket = try NetlinkSocket(NETLINK_ROUTE)
        switch change {
        case .setMTU(let interface, let mtu, _): try socket.setMTU(interface, mtu)
        case .setUp(let interface, let port): try setUp(interface, listenPort: port, &socket)
        case .addAddress(let interface, let address): try socket.addAddress(address, to: interface)
        case .removeAddress(let interface, let address): try socket.removeAddress(address, from: interface)
        case .addRoute(let route): try socket.addRoute(route)
        case .removeRoute(let route): try socket.removeRoute(route)
        case .addProxyNeighbour(let neighbour): try socket.addProxyNeighbour(neighbour)
        case .removeProxyNeighbour(let neighbour): try socket.removeProxyNeighbour(neighbour)
        default: preconditionFailure("\(change) is not about links")
        }
    }

    private func performOnFirewall(_ change: Change) throws(BoxError) {
        var socket = try NetlinkSocket(NETLINK_NETFILTER)
        closedLate.keep(socket)
        switch change {
        case .replaceFirewall(let firewall, let old):
            // What was counted since the box was looked at, or was not read at all then, counts too.
            let counted = try old == nil ? nil : socket.firewall()
            try socket.replaceFirewall(with: firewall, carrying: counted)
        case .updateFirewall(let updates): try socket.updateFirewall(updates)
        case .removeFirewall: try socket.removeFirewall()
        default: preconditionFailure("\(change) is not about the firewall")
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

    private func datapath(of interface: String) -> DatapathProcess {
        DatapathProcess(
            command: datapathCommand ?? ["/proc/self/exe", "datapath"], interface: interface,
            announcesReadiness: datapathCommand == nil)
    }

    private func device(_ interface: String, _ backend: Backend) -> any WireGuardDevice {
        switch backend {
        case .kernel: KernelWireGuard(interface: interface)
        case .userspace: UserspaceWireGuard(interface: interface)
        }
    }

    /// A TUN device is WireGuard if somebody answers at its configuration socket.
    private func backend(of link: Link) -> Backend? {
        switch link.kind {
        case "wireguard": .kernel
        case "tun": UserspaceWireGuard(interface: link.name).answers ? .userspace : nil
        default: nil
        }
    }

    private func create(_ name: String, _ backend: Backend) throws(BoxError) {
        var socket = try NetlinkSocket(NETLINK_ROUTE)
        if let link = try socket.link(name) {
            if self.backend(of: link) == backend { return }
            throw BoxError(
                "create interface \(name)", cause: "there is one of that name, of kind \(link.kind ?? "hardware")",
                remedy: "give the tunnel another interface name", code: EEXIST)
        }
        switch backend {
        case .kernel:
            do throws(BoxError) { try socket.createLink(name, kind: "wireguard") } catch {
                var error = error
                if error.code == EOPNOTSUPP {
                    error.remedy = "this kernel has no WireGuard; use datapath = \"userspace\""
                }
                throw error
            }
        case .userspace:
            try datapath(of: name).start()
            try likeKernels(name)
        }
    }

    /// What the kernel's WireGuard sets on its own interfaces: no redirects from one peer to another, no link-local address.
    private func likeKernels(_ interface: String) throws(BoxError) {
        for (key, value) in [("ipv4/conf/\(interface)/send_redirects", 0), ("ipv6/conf/\(interface)/addr_gen_mode", 1)]
        where try Sysctl.read("net/\(key)") != nil {
            try Sysctl.write("net/\(key)", value)
        }
    }

    private func delete(_ name: String, _ backend: Backend) throws(BoxError) {
        var socket = try NetlinkSocket(NETLINK_ROUTE)
        try socket.deleteLink(name)
        if backend == .userspace { try datapath(of: name).awaitEnd() }
    }

    /// As short as can be between the old interface's end and the new one's beginning: nothing is forwarded meanwhile.
    private func replace(
        _ name: String, by successor: String, from old: Backend, to new: Backend
    ) throws(BoxError) {
        var socket = try NetlinkSocket(NETLINK_ROUTE)
        guard try socket.link(successor) != nil else {
            if let link = try socket.link(name), backend(of: link) == new { return }
            throw BoxError(
                "replace interface \(name)", cause: "there is no interface \(successor)", remedy: "apply again",
                code: ENODEV)
        }
        try delete(name, old)
        try socket.rename(successor, to: name)
        if new == .userspace { try datapath(of: successor).moveSockets(to: name) }
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

    private func setUp(
        _ interface: String, listenPort: UInt16, _ socket: inout NetlinkSocket
    ) throws(BoxError) {
        guard let link = try socket.link(interface), !link.isUp else { return try socket.setUp(interface) }
        do throws(BoxError) {
            // The kernel refuses to bring up an interface whose port is taken. wggw's datapath opens it later, and would have
            // nobody to tell; others may have opened it by now.
            if backend(of: link) == .userspace, datapathCommand == nil, !UDPPort.isFree(listenPort) {
                throw BoxError.system("set \(interface) up", code: EADDRINUSE)
            }
            try socket.setUp(interface)
        } catch { throw error.aboutPort(listenPort) }
    }

    /// The WireGuard side of an interface.
    private func wireGuard(_ interface: String) throws(BoxError) -> any WireGuardDevice {
        var socket = try NetlinkSocket(NETLINK_ROUTE)
        guard let link = try socket.link(interface), let backend = backend(of: link) else {
            throw BoxError(
                "set \(interface)", cause: "it is no WireGuard interface", remedy: "apply again to make it",
                code: ENODEV)
        }
        return device(interface, backend)
    }

    private func setWireGuard(_ interface: String, _ change: WireGuardChange) throws(BoxError) {
        let device = try wireGuard(interface)
        let (resolved, failures) = EndpointResolver.resolve(change, lookUp: lookUp)
        do throws(BoxError) { try device.set(resolved) } catch { throw error.aboutPort(change.listenPort) }
        guard let first = failures.first else { return }
        let others = failures.count == 1 ? "" : ", and \(failures.count - 1) more like it"
        throw BoxError(
            "look up \(first.endpoint), the endpoint of peer \(first.peer)", cause: first.reason + others,
            remedy: "all else on \(interface) is set; correct the name, or apply again when it resolves",
            code: EHOSTUNREACH)
    }
}
