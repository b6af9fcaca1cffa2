import BoxModel
import Firewall
import NetTypes
import SiteModel

/// What the host at the end says itself, where it may be asked.
extension Explainer {
    /// Asks it as the one that it would see; where that one gets no answer, once more as this box.
    mutating func ask(_ crossing: Crossing) throws(BoxError) -> Bool {
        guard let prober = scene.prober, let way = crossing.way, to.network.isHost else { return true }
        let source = crossing.seenSource?.address ?? crossing.source
        let asked = service ?? Flow.Service(.icmp)
        let next = way.interface == tunnel ? nil : way.gateway
        let transport = asked.number(family)
        func answer(as source: IPAddress) throws(BoxError) -> ProbeAnswer {
            try prober.probe(
                Probe(
                    crossing.destination, from: source, by: way.interface, gateway: next, transport: transport,
                    port: asked.port ?? 0))
        }
        let host = crossing.destination
        switch try answer(as: source) {
        case .answered(let milliseconds): note(.host, .passes, .answered(host, milliseconds: milliseconds))
        case .refused: return stop(.host, .connectionRefused(host, asked), .elsewhere(.serve(asked)))
        case .unreachable(let by): return stop(.host, .unreachable(host, by: by), .elsewhere(.switchOn(host)))
        case .noNeighbour:
            return stop(.neighbour, .noNeighbour(way.gateway ?? host), .elsewhere(.switchOn(way.gateway ?? host)))
        case .severalNeighbours: return stop(.neighbour, .twoNeighbours(host), .elsewhere(.changeAddress(host)))
        case .silent: return try silent(as: source, answer, asked, way)
        }
        return true
    }

    /// Asks the peer that sends, in the name of whom it wants to reach: what its own file does not name it does not take. Not in
    /// the name of somebody in the Internet, who would get the answer.
    mutating func ask(_ peer: Peer, at address: IPAddress) throws(BoxError) -> Bool {
        guard let prober = scene.prober, let own = map.ownAddress(on: tunnel, isV6: address.isV6) else { return true }
        let (interface, echo) = (tunnel, Flow.Service(.icmp).number(address.isV6 ? .v6 : .v4))
        func answer(as source: IPAddress) throws(BoxError) -> ProbeAnswer {
            try prober.probe(Probe(address, from: source, by: interface, transport: echo))
        }
        let isInside = scene.site.lan.subnets.contains { $0.contains(to.network) }
        let name = isInside ? to.address : own
        if case .answered(let milliseconds) = try answer(as: name) {
            note(.host, .passes, .answered(address, milliseconds: milliseconds))
            return true
        }
        if name != own, case .answered = try answer(as: own) {
            return stop(.configuration, .takesNothingFrom(peer: peer.name, name), .newFile(peer: peer.name))
        }
        // Many answer no ping.
        note(.host, .open, .noAnswer(address), .watchLog)
        return true
    }

    private mutating func silent(
        as source: IPAddress, _ answer: (IPAddress) throws(BoxError) -> ProbeAnswer, _ asked: Flow.Service,
        _ way: RouteWay
    ) throws(BoxError) -> Bool {
        let host = to.address
        if let own = map.ownAddress(on: way.interface, isV6: source.isV6), own != source,
            case .answered = try answer(own)
        {
            let isRouted = scene.site.lan.replyPath == .routed
            let needed = scene.site.tunnel.addresses.map(\.network).first { $0.contains(source) && !$0.isHost }
            let remedy: Remedy =
                isRouted
                ? .routerRoute(needed ?? IPPrefix(host: source), via: own) : .elsewhere(.hostFirewall(host))
            return stop(.replyPath, .answersGatewayOnly(host, from: source), remedy)
        }
        // Whoever gets a datagram need not say anything.
        if asked.transport == .udp {
            note(.host, .open, .noAnswer(host))
            return true
        }
        return stop(.host, .noAnswer(host), .elsewhere(.hostFirewall(host)))
    }
}
