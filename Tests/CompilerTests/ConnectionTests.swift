import Firewall
import NetTypes
import SiteModel
import SiteSamples
import Testing

@testable import BoxModel
@testable import Compiler
import BoxTwin

/// Which connections end when one state follows another.
struct ConnectionTests {
    static let own = RandomWorld.own.map { IPAddress($0)! }

    @Test func theJudgeAgreesWithTheNaiveTwin() throws {
        var allowed = 0
        for seed in 0..<60 {
            var world = RandomWorld(seed: seed)
            let policy = NaivePolicy(site: world.site(), surroundings: world.surroundings())
            let cut = ConnectionCut(released: [], judged: .everything, rules: ConnectionRules(try policy.state))
            let selector = ConnectionSelector(
                cut, local: Set(Self.own), networks: policy.surroundings.networks.map(\.prefix))
            for _ in 0..<200 {
                let connection = world.connection()
                let expected = policy.allows(connection, own: Self.own)
                #expect(selector.ends(connection) != expected, "seed \(seed): \(connection)")
                if policy.holder(of: connection.client) != nil { allowed += expected ? 1 : 0 }
            }
        }
        #expect(allowed > 300)
    }

    /// From one random site to another, exactly those end that had lost their owner or that the other site does not allow; and
    /// at no moment has a peer an address that another one's connection goes on with.
    @Test(arguments: 0..<40) func exactlyTheForbiddenEnd(seed: Int) throws {
        var world = RandomWorld(seed: seed)
        let surroundings = world.surroundings()
        let networks = Self.own.map { IPPrefix(host: $0) } + surroundings.networks.map(\.prefix)
        let box = SimulatedBox(
            ObservedState(kernelHasWireGuard: true, sysctls: Lab.freshSysctls),
            facts: BoxFacts(interfaces: [
                .init(
                    name: "eth2", mtu: 1500,
                    addresses: networks.map { InterfaceAddress($0.address, length: $0.length) })
            ]), names: TransitionTests.names)
        var previous: (policy: NaivePolicy, state: DesiredState)?
        for step in 0..<4 {
            let site = step % 2 == 0 ? world.site() : world.edited(previous!.policy.site)
            let policy = NaivePolicy(site: site, surroundings: surroundings)
            let state = try policy.state
            let open = box.connections
            let plan = try diff(
                state, box.observe(state.scope(previous: previous?.state)), previous: previous?.state)
            for change in plan.changes {
                try box.perform(change)
                for connection in box.connections where box.everything.link?.isUp == true {
                    let opener = previous!.policy.holder(of: connection.client)?.publicKey
                    let holder = box.everything.wireGuard?.owner(of: connection.client)
                    #expect(opener == nil || holder == nil || holder == opener, "seed \(seed): \(connection)")
                }
            }
            let expected = open.filter { connection in
                let keeps = [connection.client, connection.server].allSatisfy { end in
                    let before = previous!.policy.holder(of: end)?.publicKey
                    return before == nil || before == policy.holder(of: end)?.publicKey
                }
                return keeps && policy.allows(connection, own: Self.own)
            }
            // What came to a port that leads to the tunnel from now on opens again, whoever it is.
            let others = expected.filter { connection in
                connection.transport != 17 || !site.tunnel.otherPorts.contains(connection.port)
                    || !Self.own.contains(connection.server)
            }
            let (wrong, spared) = (
                Set(others).subtracting(box.connections), Set(box.connections).subtracting(expected)
            )
            #expect(wrong.isEmpty && spared.isEmpty, "seed \(seed), step \(step): cut \(wrong), spared \(spared)")
            previous = (policy, state)
            box.connections = (0..<100).map { _ in world.connection() }.filter { connection in
                policy.allows(connection, own: Self.own)
                    && [connection.client, connection.server].allSatisfy {
                        policy.holder(of: $0) != nil || !isTunnels($0)
                    }
            }
        }
    }

    /// Whether the address is of the tunnel's own network, where nobody is but peers and the gateway.
    private func isTunnels(_ address: IPAddress) -> Bool {
        let networks = ["192.168.2.0/24", "fd02::/64"].map { IPPrefix($0)! }
        return networks.contains { $0.contains(address) } && !Self.own.contains(address)
    }

    @Test func whatIsRelatedGoesWithWhatItIsRelatedTo() throws {
        let state = try compile(ConnectionPlanTests.site, secrets: Lab.secrets, surroundings: Surroundings())
        let control = Connection(
            client: IPAddress("192.168.2.2")!, server: IPAddress("192.168.1.10")!, transport: 6, port: 80)
        var data = control
        data.port = 40_000
        var other = control
        other.port = 21
        let selector = ConnectionSelector(
            ConnectionCut(released: [], judged: .everything, rules: ConnectionRules(state)), local: [], networks: [])
        #expect(!selector.ends(control) && selector.ends(data) && selector.ends(other))
        #expect(!selector.ends(data, relatedTo: control) && selector.ends(data, relatedTo: other))
        let released = ConnectionSelector(
            ConnectionCut(released: [.init(Lab.publicKey(2), [IPPrefix("192.168.2.2/32")!])]), local: [], networks: [])
        #expect(released.ends(control) && released.ends(data, relatedTo: control))
    }

    /// What the box knows to be elsewhere, though a network behind a peer is around it, is nobody's to end.
    @Test func theBoxesOwnNetworksAreNotPeers() {
        let cut = ConnectionCut(released: [.init(Lab.publicKey(1), [IPPrefix("192.168.0.0/16")!])])
        let networks = ["192.168.1.0/24", "192.168.0.0/16"].map { IPPrefix($0)! }
        let selector = ConnectionSelector(cut, local: [], networks: networks)
        func ends(_ client: String, _ server: String) -> Bool {
            selector.ends(Connection(client: IPAddress(client)!, server: IPAddress(server)!, transport: 6, port: 22))
        }
        #expect(!ends("192.168.1.5", "192.168.1.127") && !ends("192.168.1.5", "1.1.1.1"))
        #expect(ends("192.168.7.5", "192.168.1.127") && ends("192.168.1.5", "192.168.7.5"))
    }

    /// Its first answer would pass unasked, whatever the policy says of who gives it.
    @Test func whatIsNotAnsweredIsOpenedAnew() throws {
        let state = try compile(ConnectionPlanTests.site, secrets: Lab.secrets, surroundings: Surroundings())
        let selector = ConnectionSelector(
            ConnectionCut(released: [], judged: .everything, rules: ConnectionRules(state)), local: [], networks: [])
        var connection = Connection(
            client: IPAddress("192.168.1.10")!, server: IPAddress("192.168.2.2")!, transport: 6, port: 40_000)
        #expect(!selector.ends(connection))
        connection.isAnswered = false
        #expect(selector.ends(connection))
        #expect(selector.fate(of: connection) == .opensAgain)
        connection.server = IPAddress("1.1.1.1")!
        #expect(!selector.ends(connection))
    }

    /// What a server still says of UDP that was ended opens nothing; TCP takes care of itself, and what is allowed is not barred.
    @Test func theAnswersOfWhatIsForbiddenAreBarred() throws {
        let state = try compile(ConnectionPlanTests.site, secrets: Lab.secrets, surroundings: Surroundings())
        let selector = ConnectionSelector(
            ConnectionCut(released: [], judged: .everything, rules: ConnectionRules(state)), local: [], networks: [])
        func connection(_ client: String, _ server: String, _ transport: UInt8, _ port: UInt16) -> Connection {
            Connection(
                client: IPAddress(client)!, server: IPAddress(server)!, transport: transport, clientPort: 40_000,
                port: port)
        }
        let forbidden = [
            connection("192.168.2.2", "192.168.1.10", 17, 9),
            connection("192.168.2.2", "192.168.1.10", 17, 53), connection("192.168.2.2", "192.168.1.10", 6, 22),
            connection("192.168.2.2", "192.168.1.10", 17, 53),
        ]
        #expect(forbidden.map { selector.fate(of: $0) } == forbidden.map { _ in .barred })
        let updates = SetUpdate.barringAnswers(of: forbidden + [connection("fd02::2", "fd01::10", 17, 53)])
        #expect(updates.map(\.set.name) == ["ended4", "ended6"] && updates.allSatisfy(\.delete.isEmpty))
        #expect(
            updates.map { $0.add.map { $0.nftText(counts: false) } } == [
                ["192.168.1.10 . 9 . 192.168.2.2 . 40000", "192.168.1.10 . 53 . 192.168.2.2 . 40000"],
                ["fd01::10 . 53 . fd02::2 . 40000"],
            ])
        #expect(SetUpdate.barringAnswers(of: [connection("192.168.2.2", "192.168.1.10", 6, 22)]).isEmpty)
        // What is barred is no drift, and a table with it is as the site wants it.
        var observed = state.firewall
        let index = try #require(observed.sets.firstIndex { $0.hasShape(of: updates[0].set) })
        observed.sets[index].elements = updates[0].add
        #expect(observed == state.firewall && firewallChanges(state.firewall, observed).isEmpty)
        observed.sets[index].timeout = 60
        #expect(firewallChanges(state.firewall, observed) == [.firewall(.replace(state.firewall, carrying: observed))])
    }
}

extension NaivePolicy {
    fileprivate var state: DesiredState {
        get throws { try compile(site, secrets: Lab.secrets, surroundings: surroundings) }
    }

    /// The peer that the address leads to through the tunnel.
    fileprivate func holder(of address: IPAddress) -> Peer? { isTheTunnels(address) ? owner(of: address) : nil }

    /// Whether it may be opened by any interface that there is; none of the tunnel's may.
    fileprivate func allows(_ connection: Connection, own: [IPAddress]) -> Bool {
        let others = ["eth0", "eth1", "eth2"]
        func passes(_ input: String, _ output: String?) -> Bool {
            allows(
                Packet(
                    input: input, output: output, source: connection.client, destination: connection.server,
                    transport: connection.transport, port: connection.port, firstByte: connection.icmpType))
        }
        let tunnel = site.tunnel.interface
        switch (holder(of: connection.client), holder(of: connection.server)) {
        case (nil, nil): return true
        case (_?, _?): return passes(tunnel, tunnel)
        case (_?, nil):
            return own.contains(connection.server) ? passes(tunnel, nil) : others.contains { passes(tunnel, $0) }
        case (nil, _?): return own.contains(connection.client) || others.contains { passes($0, tunnel) }
        }
    }
}

extension RandomWorld {
    fileprivate mutating func connection() -> Connection {
        let packet = packet()
        return Connection(
            client: packet.source, server: packet.destination, transport: packet.transport, port: packet.port,
            icmpType: packet.transport == 1 || packet.transport == 58 ? packet.firstByte : 0)
    }

    /// A site with some of its peers, groups and policies changed.
    fileprivate mutating func edited(_ site: Site) -> Site {
        var site = site
        let addresses = site.peers.map(\.addresses).shuffled(using: &random)
        for (i, peer) in site.peers.enumerated() {
            switch Int.random(in: 0..<6, using: &random) {
            case 0: site.peers[i].policy = peer.group == nil ? policy() : nil
            case 1: site.peers[i].fullTunnel = Bool.random(using: &random)
            case 2: site.peers[i].routes = []
            case 3: site.peers[i].publicKey = Lab.publicKey(30 + i)
            default: break
            }
        }
        if Bool.random(using: &random) {
            for i in site.peers.indices { site.peers[i].addresses = addresses[i] }
        }
        for name in site.groups.keys.sorted() where Bool.random(using: &random) { site.groups[name] = policy() }
        if site.peers.count > 2, Bool.random(using: &random) { site.peers.removeFirst() }
        return site
    }
}
