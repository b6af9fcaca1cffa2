internal import BoxModel
internal import Firewall
internal import NetTypes

/// What others send elsewhere before the tunnel's socket gets it: port forwarding, a container's published port.
extension ForeignFirewall {
    /// Notes a chain that translates the first datagram of whoever dials, unless wggw's own chain has done so before.
    func translate(
        _ probe: Probe, _ packet: KnownPacket, _ base: PacketFilter.BaseChain, _ filter: PacketFilter,
        _ read: Set<SetName>, _ obstacles: inout [FirewallObstacle], _ unread: inout Set<SetName>
    ) {
        guard let port = probe.listenPort, base.hook.point == .prerouting else { return }
        if probe.askedPort != nil && base.hook.priority > FirewallTable.portsPriority { return }
        // One sender that is sent elsewhere is in nobody's way: the rest counts.
        let walk = filter.walk(packet, through: [base]) { doubt in
            let isReadable = doubt.causes.allSatisfy { cause in
                switch cause {
                case .field, .limit: true
                case .expression, .elements: false
                }
            }
            return isReadable ? doubt.matchesOthers || doubt.causes == [.limit(over: false)] : nil
        }
        let turns = walk.translations.filter { $0.kind == .destination || $0.kind == .redirect }
        guard !turns.isEmpty else { return }
        guard turns.contains(where: \.isCertain) else {
            // It may hang on what is in its table's sets, which no fate asks for: it lets pass whatever it translates.
            return unread.formUnion(sets(of: base.place).subtracting(read))
        }
        let address = walk.packet.address(.destination)
        if walk.packet.destinationPort == port, address.map(own.contains) ?? true { return }
        guard let step = walk.steps.last, let owner = owner(of: base.place) else { return }
        let remedy = owner.remedy(
            leaving: probe.askedPort ?? port, (address, walk.packet.destinationPort), base.place)
        guard !obstacles.contains(where: { $0.remedy == remedy }) else { return }
        obstacles.append(
            FirewallObstacle(
                chain: base.place.chainName, owner: owner.name, remedy: remedy,
                certainty: .sendsElsewhere(at: step.place)))
    }

    /// Those that rules of a table look into.
    private func sets(of place: RulePlace) -> Set<SetName> {
        let expressions = tables.filter { $0.family == place.family && $0.name == place.table }.flatMap(\.chains)
            .flatMap(\.rules).flatMap(\.expressions)
        return Set(
            expressions.compactMap { expression in
                if case .lookup(let set, _, _, _) = expression { SetName(place.family, place.table, set) } else { nil }
            })
    }
}

extension FirewallChain {
    /// Whether it is a base chain that can send what comes in to another address or port.
    var translatesArrivals: Bool { hook?.kind == .nat && hook?.point == .prerouting }
}
