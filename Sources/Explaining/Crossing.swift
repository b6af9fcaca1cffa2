import BoxModel
import Firewall
import NetTypes
import SiteModel

/// A packet on its way through the box, from where it comes in to where it goes.
struct Crossing {
    /// As rules see it.
    var packet: KnownPacket
    /// As it came in.
    let source: IPAddress
    /// Where it goes; another one once somebody translates it.
    var destination: IPAddress
    /// Where it comes in; nil: this box sends it.
    var input: String?
    /// By which way it leaves; nil as long as that is not known, and for this box itself.
    var way: RouteWay?
    /// Whether it is for this box.
    var isLocal = false
    /// Whether it leaves with another source: this box's.
    var isMasqueraded = false
    /// The source with which it leaves, where it is another and is known.
    var seenSource: IPPrefix?
    /// What it is an answer to: its destination is translated back once its connection is known.
    var answersMasqueraded: IPAddress?
}

extension Crossing {
    /// The answer to a packet that went there.
    init(answering there: Crossing, service: Flow.Service?, from: End, to: End) {
        let packet = KnownPacket(
            answering: service, from: to.network, to: from.network, mark: there.packet.connection.mark)
        self.init(packet: packet, source: there.destination, destination: there.source)
        answersMasqueraded = there.isMasqueraded ? there.seenSource?.address : nil
        // Whom it went to in the end answers.
        if there.destination != to.address { self.packet.set(source: IPPrefix(host: there.destination)) }
    }
}

extension Explainer {
    /// Takes a packet through the box; false where it ends.
    mutating func cross(_ crossing: inout Crossing) throws(BoxError) -> Bool {
        guard let input = crossing.input else { return try leave(&crossing) }
        guard link(input, needsCarrier: input != tunnel) else { return false }
        crossing.packet.input = map.known(input)
        crossing.packet.sourceType = Nft.AddressType.unicast
        crossing.packet.hasRouteBack = try map.interface(towards: IPPrefix(host: crossing.source)) == input
        guard try prerouting(&crossing), try route(&crossing) else { return false }
        if crossing.isLocal { return try pass(.input, &crossing) }
        guard try pass(.forward, &crossing) else { return false }
        return try postrouting(&crossing)
    }

    /// What this box sends itself.
    private mutating func leave(_ crossing: inout Crossing) throws(BoxError) -> Bool {
        guard try route(&crossing) else { return false }
        if crossing.isLocal { return true }
        crossing.packet.sourceType = Nft.AddressType.local
        guard try pass(.output, &crossing) else { return false }
        return try postrouting(&crossing)
    }

    // MARK: Tables

    private mutating func prerouting(_ crossing: inout Crossing) throws(BoxError) -> Bool {
        // Until its connection is known an answer bears the address that this box showed.
        let shown = crossing.answersMasqueraded
        crossing.packet.set(destination: IPPrefix(host: shown ?? crossing.destination))
        let showsOwn = map.addresses.contains(shown ?? crossing.destination)
        crossing.packet.destinationType = showsOwn ? Nft.AddressType.local : Nft.AddressType.unicast
        crossing.packet.route = try fibRoute(to: shown ?? crossing.destination)
        return try pass(.prerouting, &crossing) { crossing in
            guard shown != nil else { return }
            crossing.packet.set(destination: IPPrefix(host: crossing.destination))
            crossing.packet.destinationType = Nft.AddressType.unicast
        }
    }

    private func fibRoute(to address: IPAddress) throws(BoxError) -> KnownPacket.Interface {
        switch try map.terrain.route(RouteQuestion(address)) {
        case .leads(let way): map.known(way.interface)
        case .local: map.known("lo")
        case .none, .refused: .none
        case .martian: .unknown
        }
    }

    private mutating func postrouting(_ crossing: inout Crossing) throws(BoxError) -> Bool {
        let source = crossing.packet.address(.source)
        guard try pass(.postrouting, &crossing) else { return false }
        if leg == .back { return true }
        translation(&crossing, before: source)
        return true
    }

    /// What addresses the other end sees.
    private mutating func translation(_ crossing: inout Crossing, before source: IPAddress?) {
        guard let way = crossing.way, way.interface != tunnel, crossing.input != nil else { return }
        let seen = crossing.packet.address(.source)
        if seen == crossing.source || seen == source && source != nil {
            return note(.translation, .passes, .keepsSource(crossing.source))
        }
        // The kernel takes the address that it would take itself on that way.
        let own = seen ?? way.source ?? map.ownAddress(on: way.interface, isV6: crossing.source.isV6)
        crossing.isMasqueraded = true
        crossing.seenSource = own.map { IPPrefix(host: $0) }
        note(.translation, .passes, .masquerades(as: own, interface: way.interface))
    }

    /// Takes a packet through the chains of a hook, in their order. `known` is called once its connection is.
    private mutating func pass(
        _ point: FirewallChain.Hook.Point, _ crossing: inout Crossing, known: (inout Crossing) -> Void = { _ in }
    ) throws(BoxError) -> Bool {
        var names: [String] = []
        var isKnown = false
        let stage = Step.Stage(rawValue: point.rawValue)!
        for chain in map.filter.baseChains(at: point, family) {
            // Addresses are translated back by the priority of NF_IP_PRI_NAT_DST.
            if !isKnown && chain.hook.priority > -100 {
                known(&crossing)
                isKnown = true
            }
            let walk = try map.walk(crossing.packet, through: chain)
            let before = crossing.packet
            crossing.packet = walk.packet
            switch walk.fate {
            case .passes: names.append(chain.place.chainName)
            case .drops(let place, let rejecting):
                if !names.isEmpty { note(stage, .passes, .chainsPass(names)) }
                return try stop(at: place, of: chain, rejecting, stage, &crossing)
            case .cannotTell(let doubts):
                note(stage, .open, .mayDrop(doubts[0], owner: map.owner(of: chain.place)?.name), remedy(for: chain))
            }
            if chain.hook.kind == .nat, before.address(.destination) != crossing.packet.address(.destination) {
                redirect(&crossing, walk, stage)
            }
        }
        if !isKnown { known(&crossing) }
        if point == .forward || point == .input, !map.hasOwnTable {
            return stop(stage, .ownTableGone, .restore)
        }
        if !names.isEmpty { note(stage, .passes, .chainsPass(names)) }
        return true
    }

    private mutating func redirect(_ crossing: inout Crossing, _ walk: Walk, _ stage: Step.Stage) {
        let address = crossing.packet.address(.destination)
        if let address { crossing.destination = address }
        note(stage, .open, .redirected(to: address, walk.steps.last?.place))
    }

    private mutating func stop(
        at place: RulePlace, of chain: PacketFilter.BaseChain, _ rejecting: Bool, _ stage: Step.Stage,
        _ crossing: inout Crossing
    ) throws(BoxError) -> Bool {
        guard isOwn(place) else {
            let owner = map.owner(of: chain.place)?.name
            return stop(stage, .drops(place, owner: owner, rejecting: rejecting), remedy(for: chain))
        }
        guard scene.observed?.firewall == scene.desired.firewall else {
            return stop(stage, scene.isMoved ? .boxMoved(revision: scene.revision) : .ownTableDiffers, .restore)
        }
        // The profile lets it through, so it is not where the profile takes it to be. Before routing, that is why it is dropped.
        if crossing.way == nil, chain.hook.point == .prerouting, try !route(&crossing) { return false }
        let expected =
            crossing.input == tunnel ? scene.desired.interfaces(of: IPPrefix(host: crossing.destination)) : [tunnel]
        guard let way = crossing.way, let first = expected.first, !expected.contains(way.interface) else {
            return stop(stage, .drops(place, owner: "wggw", rejecting: rejecting))
        }
        return stop(
            .route, .routedAstray(way, expected: first), .elsewhere(.removeRoute(crossing.destination, in: way)))
    }

    private func isOwn(_ place: RulePlace) -> Bool { place.family == .inet && place.table == FirewallTable.tableName }

    /// What lets the tunnel through a chain.
    func remedy(for chain: PacketFilter.BaseChain, port: UInt16? = nil) -> Remedy? {
        if isOwn(chain.place) { return .restore }
        guard let owner = map.owner(of: chain.place) else { return nil }
        return .command(
            port.map { owner.remedy(port: $0, chain.place) } ?? owner.remedy(interface: tunnel, chain.place))
    }
}
