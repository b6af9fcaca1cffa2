import BoxModel
import Firewall
import NetTypes

extension ObservedState {
    /// What the change does to a box that is so.
    mutating func perform(_ change: Change, names: [String: IPAddress] = [:]) throws(BoxError) {
        switch change {
        case .createInterface(let name, let backend): try create(name, backend)
        case .deleteInterface(let name, _): forgetInterface(name)
        case .replaceInterface(let name, _, _, _):
            throw BoxError(.init(.replace, .interface(name)), .system(.init(19, name: "No such device")))
        case .startHandshakes, .callPeers: break
        case .setWireGuard(let name, let change):
            guard wireGuard != nil else {
                throw BoxError(.init(.set, .wireGuard(name)), .system(.init(19, name: "No such device")))
            }
            try wireGuard!.set(change, names: names)
        case .link(let change): try perform(change)
        case .firewall(let change): try perform(change)
        case .cutConnections: break
        case .setSysctl(let key, let value, _):
            guard sysctls[key] != nil else {
                throw BoxError(.init(.set, .sysctl(key, to: value)), .system(.init(2, name: "No such file")))
            }
            var settings = KernelSettings(sysctls)
            settings.write(key, value)
            sysctls = settings.values
        }
    }

    private mutating func perform(_ change: LinkChange) throws(BoxError) {
        switch change {
        case .setMTU(let name, let mtu, _): try changeLink(name) { $0.mtu = mtu }
        case .setUp(let name, _): try changeLink(name) { $0.isUp = true }
        case .addAddress(let name, let address):
            try changeLink(name) { link in insert(address, into: &link.addresses) }
        case .removeAddress(let name, let address): try changeLink(name) { $0.addresses.removeAll { $0 == address } }
        case .addRoute(let route):
            guard link?.isUp == true else {
                throw BoxError(.init(.add, .route(route)), .system(.init(100, name: "Network is down")))
            }
            insert(route, into: &routes)
        case .removeRoute(let route): routes.removeAll { $0 == route }
        case .addAnswerWay(let way): insert(way, into: &answers)
        case .removeAnswerWay(let way): answers.removeAll { $0.source == way.source }
        case .addProxyNeighbour(let neighbour): insert(neighbour, into: &proxyNeighbours)
        case .removeProxyNeighbour(let neighbour): proxyNeighbours.removeAll { $0 == neighbour }
        }
    }

    private mutating func perform(_ change: FirewallChange) throws(BoxError) {
        switch change {
        case .replace(let table, _): firewall = table
        case .update(let updates): try updateFirewall(updates)
        case .remove: firewall = nil
        }
    }

    private mutating func create(_ name: String, _ backend: Backend) throws(BoxError) {
        if backend == .kernel && !kernelHasWireGuard {
            throw BoxError(.init(.create, .interface(name)), .system(.init(95, name: "Operation not supported")))
        }
        if let link {
            guard link.backend == backend else {
                throw BoxError(.init(.create, .interface(name)), .system(.init(17, name: "File exists")))
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
    mutating func replaceInterface(_ name: String, by successor: ObservedState) {
        forgetInterface(name)
        (link, wireGuard) = (successor.link, successor.wireGuard)
        addSettings(of: name)
    }

    private mutating func changeLink(_ name: String, _ change: (inout ObservedLink) -> Void) throws(BoxError) {
        guard link != nil else {
            throw BoxError(.init(.set, .wireGuard(name)), .system(.init(19, name: "No such device")))
        }
        change(&link!)
    }

    private func refusal(of update: SetUpdate, _ refusal: BoxError.Refusal) -> BoxError {
        var error = BoxError(.init(.update, .table()), .system(refusal))
        error.operation.part = .changes(of: update.set.name)
        return error
    }

    private mutating func updateFirewall(_ updates: [SetUpdate]) throws(BoxError) {
        guard var table = firewall else {
            throw BoxError(.init(.update, .table()), .system(.init(2, name: "No such file")))
        }
        for update in updates {
            guard let at = table.sets.firstIndex(where: { $0.name == update.set.name }) else {
                throw refusal(of: update, .init(2, name: "No such file"))
            }
            var elements = Dictionary(uniqueKeysWithValues: table.sets[at].elements.map { ($0.fields, $0) })
            for element in update.delete where elements.removeValue(forKey: element.fields) == nil {
                throw refusal(of: update, .init(2, name: "No such file"))
            }
            for element in update.add where elements.updateValue(element, forKey: element.fields) != nil {
                throw refusal(of: update, .init(17, name: "File exists"))
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
        disguises = change.disguises ?? disguises
        while disguises.last?.isPlain == true { disguises.removeLast() }
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
        dialect = change.dialect ?? dialect
        allowedIPs = change.allowedIPs?.sorted() ?? allowedIPs
    }

    private func resolve(_ endpoint: Endpoint, _ names: [String: IPAddress]) throws(BoxError) -> SocketAddress {
        switch endpoint.host {
        case .address(let address): return SocketAddress(address, port: endpoint.port)
        case .name(let name):
            guard let address = names[name] else {
                throw BoxError(.init(.lookUp, .host(name)), .unresolved(resolver: "Name or service not known"))
            }
            return SocketAddress(address, port: endpoint.port)
        }
    }
}

private func insert<Element: Comparable>(_ element: Element, into list: inout [Element]) {
    let at = list.firstIndex { !($0 < element) } ?? list.count
    if at == list.count || list[at] != element { list.insert(element, at: at) }
}
