import BoxModel
import Compiler
import Firewall
import NetTypes
import SiteModel

/// Walks a flow's first packet there, and its answer back, and writes down who has a say in it.
///
/// The profile is judged first, then the box, in the order of a packet's life. The first step that stops it ends the walk:
/// what comes after it never sees the packet.
struct Explainer {
    let scene: Scene
    let flow: Flow
    let map: BoxMap
    let branches: Branches
    let judge: ProfileJudge
    let lines: ProfileLines
    let from: End
    let to: End
    var service: Flow.Service?
    private(set) var steps: [Step] = []
    /// The way that is walked.
    var leg = Step.Leg.there

    init(_ survey: Survey, _ flow: Flow) throws(FlowError) {
        scene = survey.scene
        self.flow = flow
        (map, judge, lines, branches) = (survey.map, survey.judge, survey.lines, survey.branches)
        (from, to, service) = try judge.finder.ends(of: flow)
    }

    /// The tunnel's interface.
    var tunnel: String { scene.desired.interface }
    /// What both ends' packets are of.
    var family: Family { to.network.isV6 ? .v6 : .v4 }

    // MARK: Writing down

    mutating func note(_ stage: Step.Stage, _ outcome: Step.Outcome, _ fact: Fact, _ remedy: Remedy? = nil) {
        steps.append(Step(leg: leg, stage: stage, outcome: outcome, fact: fact, remedy: remedy))
    }

    /// The same, of what ends the walk.
    mutating func stop(_ stage: Step.Stage, _ fact: Fact, _ remedy: Remedy? = nil) -> Bool {
        note(stage, .stops, fact, remedy)
        return false
    }

    // MARK: The walk

    consuming func explanation() throws(BoxError) -> Explanation {
        try walk()
        return Explanation(
            flow: flow, source: from.network.isHost ? from.address : nil, destination: to.network, steps: steps)
    }

    private mutating func walk() throws(BoxError) {
        guard judgeProfile() else { return }
        guard scene.observed != nil else { return note(.profile, .stops, .nothingApplied, .apply) }
        guard let there = try walkThere() else { return }
        leg = .back
        try walkBack(there)
    }

    private mutating func judgeProfile() -> Bool {
        let (outcome, fact, asked) = judge.judge(from, to, service)
        service = asked
        let place = lines.place(of: fact)
        let remedy = outcome == .stops ? judge.remedy(from, to, service) : nil
        steps.append(Step(leg: leg, stage: .profile, outcome: outcome, fact: fact, place: place, remedy: remedy))
        return outcome != .stops
    }

    /// What is left of the first packet at its destination; nil where it does not get there.
    private mutating func walkThere() throws(BoxError) -> Crossing? {
        var crossing = Crossing(
            packet: KnownPacket(opening: service, from: from.network, to: to.network), source: from.address,
            destination: to.address)
        switch from {
        case .peer(let peer, _):
            guard configuration(of: peer, for: to.network), try session(of: peer, isSending: true),
                owner(of: crossing.source, is: peer), try ask(peer, at: crossing.source)
            else { return nil }
            crossing.input = tunnel
        case .host(let network, _):
            crossing.input = try map.interface(towards: network)
            note(.replyPath, .hint, .hostSendsHere(to.network))
        case .gateway: break
        }
        guard try cross(&crossing), try arrive(&crossing, to), try ask(crossing) else { return nil }
        return crossing
    }

    private mutating func walkBack(_ there: Crossing) throws(BoxError) {
        // What a peer sends back leaves by its configuration, too; the gateway has done its part already.
        if let peer = to.peer {
            guard configuration(of: peer, for: there.seenSource ?? from.network) else { return }
        }
        guard try replyPath(there) else { return }
        var crossing = Crossing(answering: there, service: service, from: from, to: to)
        switch to {
        case .peer: crossing.input = tunnel
        case .host: crossing.input = there.way?.interface
        case .gateway: break
        }
        guard try cross(&crossing) else { return }
        _ = try arrive(&crossing, from)
    }

    /// At the end of a crossing: the peer, this box, or a host behind an interface.
    private mutating func arrive(_ crossing: inout Crossing, _ end: End) throws(BoxError) -> Bool {
        switch end {
        case .peer(let peer, _):
            guard let way = crossing.way, way.interface == tunnel else {
                return stopAstray(crossing, expected: tunnel)
            }
            guard owner(of: crossing.destination, is: peer) else { return false }
            // The session was looked at when the peer sent.
            if leg == .there {
                guard try session(of: peer, isSending: false) else { return false }
            } else if from.peer != nil, try !reaches(peer) {
                return false
            }
            return size(of: crossing)
        case .gateway(let address):
            guard crossing.isLocal else { return stopAstray(crossing, expected: nil) }
            return leg == .back ? true : try served(at: address)
        case .host:
            guard let way = crossing.way else { return stopAstray(crossing, expected: nil) }
            guard link(way.interface), try neighbour(way, crossing.destination) else { return false }
            return size(of: crossing)
        }
    }

    private mutating func stopAstray(_ crossing: Crossing, expected: String?) -> Bool {
        guard let way = crossing.way else {
            return stop(
                .route, .routedToThisBox(crossing.destination), .elsewhere(.changeAddress(crossing.destination)))
        }
        return stop(
            .route, .routedAstray(way, expected: expected ?? "lo"),
            .elsewhere(.removeRoute(crossing.destination, in: way)))
    }
}
