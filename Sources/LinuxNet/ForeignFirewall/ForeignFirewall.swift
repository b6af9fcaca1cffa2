internal import BoxModel
internal import Firewall
internal import NetTypes

/// What other people's chains do with wggw's packets. Every base chain has its say, and one that drops is enough.
///
/// The packets that are tried stand for all others like them: as much of them is known as the site says. What a rule asks
/// beyond that divides them into those that it names and the rest. Then the rest counts: one address that is refused is in
/// nobody's way, and one that is let through helps nobody else. But whoever lets something through by the tunnel's name or
/// port meant the tunnel.
struct ForeignFirewall {
    /// Those of all but wggw.
    let tables: [FirewallTable]
    let probes: [Probe]
    /// The tunnel's name.
    let interface: String
    /// The addresses of this host.
    var own: Set<IPAddress> = []

    /// Packets of one kind on their way through the box.
    struct Probe {
        /// The hooks that they pass.
        var points: [FirewallChain.Hook.Point]
        var packet: KnownPacket
        /// Where it goes from forward on; before, it may be translated still.
        var destination: IPPrefix?
        /// What says in a rule that the tunnel is meant.
        var tunnel: PacketField
        /// The port that has to be let in; nil where packets are forwarded.
        var listenPort: UInt16?
        /// The port that it is sent to, where wggw's table makes that `listenPort`.
        var askedPort: UInt16?

        /// The port that a chain sees.
        func port(at hook: FirewallChain.Hook) -> UInt16? {
            hook.point == .prerouting && hook.priority < Self.translation ? askedPort ?? listenPort : listenPort
        }

        /// `NF_IP_PRI_NAT_DST`
        static let translation: Int32 = -100
    }

    /// The chains in the way, at most one for each remedy. Asks `contents` for the sets that an answer hangs on, and for no
    /// others.
    func obstacles<Failure: Error>(
        contents: (SetName) throws(Failure) -> SetContents
    ) throws(Failure) -> [FirewallObstacle] {
        var sets: [SetName: SetContents] = [:]
        while true {
            let filter = PacketFilter(tables, sets: sets)
            var obstacles: [FirewallObstacle] = []
            var unread: Set<SetName> = []
            for probe in probes { judge(probe, filter, Set(sets.keys), &obstacles, &unread) }
            if unread.isEmpty { return inOrder(obstacles) }
            for name in unread { sets[name] = try contents(name) }
        }
    }

    /// In the order in which the kernel lists the chains.
    private func inOrder(_ obstacles: [FirewallObstacle]) -> [FirewallObstacle] {
        let chains = tables.flatMap { table in
            table.chains.map { RulePlace(table.family, table.name, $0.name).chainName }
        }
        return chains.flatMap { name in obstacles.filter { $0.chain == name } }
    }

    private func judge(
        _ probe: Probe, _ filter: PacketFilter, _ sets: Set<SetName>, _ obstacles: inout [FirewallObstacle],
        _ unread: inout Set<SetName>
    ) {
        var (all, usual) = (probe.packet, probe.packet)
        for base in probe.points.flatMap({ filter.baseChains(at: $0, all.family) }) {
            if base.hook.kind == .nat {
                translate(probe, usual, base, filter, sets, &obstacles, &unread)
                continue
            }
            if let destination = probe.destination, base.hook.point != .prerouting {
                all.set(destination: destination)
                usual.set(destination: destination)
            }
            if probe.askedPort != nil, let listenPort = probe.listenPort, probe.port(at: base.hook) == listenPort {
                all.sendOn(to: listenPort)
                usual.sendOn(to: listenPort)
            }
            let certain = filter.walk(all, through: [base])
            let likely = filter.walk(usual, through: [base]) { assume($0, probe) }
            (all, usual) = (certain.packet, likely.packet)
            if likely.fate == .passes { continue }
            let doubts = likely.fate.doubts + certain.fate.doubts
            let needed = doubts.flatMap(\.causes).compactMap { cause -> SetName? in
                if case .elements(let name) = cause { name } else { nil }
            }
            unread.formUnion(needed)
            if !needed.isEmpty { continue }
            let certainty: FirewallObstacle.Certainty
            switch (certain.fate, doubts.first) {
            case (.drops(let place, _), _): certainty = .drops(at: place)
            case (_, let doubt?): certainty = .mayDrop(doubt)
            case (_, nil): continue
            }
            add(certainty, base, probe, to: &obstacles)
        }
    }

    /// Whether the usual packet matches a rule that some match; nil where nobody can say what the rule does.
    private func assume(_ doubt: Doubt, _ probe: Probe) -> Bool? {
        for cause in doubt.causes {
            switch cause {
            case .expression, .elements: return nil
            case .limit(over: true): return false
            case .limit, .field: break
            }
        }
        if doubt.matchesOthers || doubt.causes == [.limit(over: false)] { return true }
        return doubt.named.contains(probe.tunnel) && doubt.verdicts != [.drop, .continue]
    }

    private func add(
        _ certainty: FirewallObstacle.Certainty, _ base: PacketFilter.BaseChain, _ probe: Probe,
        to obstacles: inout [FirewallObstacle]
    ) {
        guard let owner = owner(of: base.place) else { return }
        let remedy =
            probe.port(at: base.hook).map { owner.remedy(port: $0, base.place) }
            ?? owner.remedy(interface: interface, base.place)
        let obstacle = FirewallObstacle(
            chain: base.place.chainName, owner: owner.name, remedy: remedy, certainty: certainty)
        guard let known = obstacles.firstIndex(where: { $0.remedy == remedy }) else {
            return obstacles.append(obstacle)
        }
        // What is dropped for certain in one direction is worth more than a doubt about the other.
        if case .mayDrop = obstacles[known].certainty, case .drops = certainty { obstacles[known] = obstacle }
    }

    /// Who made the chain of a place.
    func owner(of place: RulePlace) -> FirewallOwner? {
        guard let table = tables.first(where: { $0.family == place.family && $0.name == place.table }),
            let chain = table.chains.first(where: { $0.name == place.chain })
        else { return nil }
        return FirewallOwner(of: chain, in: table)
    }
}

extension Fate {
    fileprivate var doubts: [Doubt] { if case .cannotTell(let doubts) = self { doubts } else { [] } }
}

extension ForeignFirewall.Probe {
    /// What has to get through for a tunnel: its own datagrams, what peers send to where they may, and the answers.
    /// `find` gives what is known of an interface.
    static func all(
        _ traffic: Traffic, tunnel name: String, listenPort: UInt16?, hasIPv6: Bool,
        find: (String) -> KnownPacket.Interface
    ) -> [Self] {
        let tunnel = find(name)
        let families: [Family] = hasIPv6 ? [.v4, .v6] : [.v4]
        let outside = traffic.outside.isEmpty ? [.unknown] : traffic.outside.map(find)
        let datagrams = families.flatMap { family in
            outside.flatMap { other in
                guard let listenPort else { return [Self]() }
                return ([nil] + traffic.otherPorts).map { datagram(family, from: other, to: listenPort, asking: $0) }
            }
        }
        if traffic.reaches.isEmpty {
            return datagrams
                + families.flatMap { forwarded($0, tunnel, .unknown, tunnelNetwork: nil, network: nil) }
        }
        return datagrams
            + traffic.reaches.flatMap { reach in
                let other = find(reach.interface)
                return reach.networks.flatMap { network in
                    traffic.tunnel.filter { $0.isV6 == network.isV6 }.flatMap {
                        forwarded(network.isV6 ? .v6 : .v4, tunnel, other, tunnelNetwork: $0, network: network)
                    }
                }
            }
    }

    /// A stranger's first datagram to the tunnel's port, or to another one that is sent on there.
    private static func datagram(
        _ family: Family, from outside: KnownPacket.Interface, to port: UInt16, asking other: UInt16?
    ) -> Self {
        var packet = KnownPacket.usual(family)
        packet.input = outside
        packet.destinationType = Nft.AddressType.local
        packet.connection = .new
        packet.set(transport: 17)  // IPPROTO_UDP
        packet.set(destinationPort: other ?? port)
        return Self(
            points: [.prerouting, .input], packet: packet, tunnel: .destinationPort, listenPort: port, askedPort: other)
    }

    /// The first packet of a peer's TCP connection to a network, and the answer. Everybody lets some of ICMP through, which is
    /// no help to the tunnel.
    private static func forwarded(
        _ family: Family, _ tunnel: KnownPacket.Interface, _ other: KnownPacket.Interface, tunnelNetwork: IPPrefix?,
        network: IPPrefix?
    ) -> [Self] {
        var packet = KnownPacket.usual(family)
        packet.set(transport: 6)  // IPPROTO_TCP
        var (request, answer) = (packet, packet)
        request.destinationType = Nft.AddressType.unicast
        (request.input, request.output, request.connection) = (tunnel, other, .new)
        (answer.input, answer.output) = (other, tunnel)
        answer.connection = KnownPacket.Connection(Nft.ConnectionState.established, isReply: true)
        if let tunnelNetwork, let network {
            request.set(source: tunnelNetwork)
            request.set(destination: network)
            answer.set(source: network)
        }
        let points: [FirewallChain.Hook.Point] = [.prerouting, .forward, .postrouting]
        return [
            Self(points: points, packet: request, tunnel: .input),
            Self(points: points, packet: answer, destination: tunnelNetwork, tunnel: .output),
        ]
    }
}

extension KnownPacket {
    /// To another port of this host, as wggw's table does.
    fileprivate mutating func sendOn(to port: UInt16) {
        set(destinationPort: port)
        connection.status = KnownBytes(Nft.native(Nft.ConnectionState.destinationNAT))
    }

    /// What all that is tried has in common.
    fileprivate static func usual(_ family: Family) -> KnownPacket {
        var packet = KnownPacket(family)
        packet.isPlain = true
        packet.packetType = 0
        packet.sourceType = Nft.AddressType.unicast
        packet.hasRouteBack = true
        return packet
    }
}
