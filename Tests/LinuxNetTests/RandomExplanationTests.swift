import BoxModel
import Compiler
import Explaining
import Firewall
import NetTypes
import Repeats
import SiteModel
import SiteSamples
import Testing

@testable import LinuxNet

/// What is explained of random packets on random sites, beside random rules of somebody else, and what this machine's kernel
/// does with them and with their answers.
@Suite struct RandomExplanationTests {
    /// Eight worlds at a time: in some of them no packet asks anything, and in others few do.
    @Test(arguments: repeats(3)) func `the kernel does what is explained`(group: Int) throws {
        var (wrong, told, untold) = ([String](), 0, 0)
        for seed in 8 * group..<8 * (group + 1) {
            try inNetworkNamespace {
                var world = RandomWorld(seed: 40_000 + seed)
                let site = world.site()
                let surroundings = world.surroundings()
                let yard = try PacketYard(site, surroundings)
                var rules = RandomRules(seed: seed)
                // Many sets of rules let nothing through, and few packets get as far as what comes behind them.
                if seed % 2 == 0 { try load(rules.ruleset(), with: "nft", "-f") }
                let survey = try Survey(Self.scene(yard))
                for number in 0..<120 {
                    guard let attempt = Self.attempt(&world, yard, survey, number) else { continue }
                    switch attempt.explained {
                    case nil: untold += 1
                    case let explained?:
                        told += 1
                        if explained != attempt.happens { wrong.append("seed \(seed): \(attempt.text)") }
                    }
                }
            }
        }
        #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
        #expect(told > 0)
        // Under five in a hundred, of both kinds together.
        #expect(untold * 20 <= told + untold, "\(untold) of \(told + untold) cannot be told")
    }

    /// The box: all peers have just shaken hands.
    private static func scene(_ yard: PacketYard) -> Scene {
        let now: Int64 = 1_700_000_000
        let desired = yard.state
        let peers = desired.wireGuard.peers.map { peer in
            ObservedPeer(
                publicKey: peer.publicKey, presharedKey: peer.presharedKey, allowedIPs: peer.allowedIPs,
                lastHandshake: now)
        }
        var observed = ObservedState(
            link: ObservedLink(
                index: 1, backend: .userspace, isUp: true, mtu: desired.link.mtu, addresses: desired.link.addresses),
            wireGuard: ObservedWireGuard(
                privateKey: desired.wireGuard.privateKey, listenPort: desired.wireGuard.listenPort,
                fwmark: desired.wireGuard.fwmark, peers: peers),
            firewall: desired.firewall)
        observed.proxyNeighbours = desired.proxyNeighbours
        return Scene(
            site: yard.site, desired: desired, revision: 1, observed: observed, now: now,
            terrain: LinuxBox(), lookUp: { _ in [] })
    }

    /// nil: it has nothing to do with the tunnel, or ends at what is no kernel's business.
    private static func attempt(
        _ world: inout RandomWorld, _ yard: PacketYard, _ survey: Survey, _ number: Int
    ) -> (explained: Bool?, happens: Bool, text: String)? {
        let packet = world.packet()
        let transport: AccessRule.Transport
        switch packet.transport {
        case 6: transport = .tcp
        case 17: transport = .udp
        case 1, 58: transport = .icmp
        default: return nil
        }
        let service = Flow.Service(transport, port: transport == .icmp ? nil : packet.port)
        let flow = Flow(
            from: .network(IPPrefix(host: packet.source)), to: .network(IPPrefix(host: packet.destination)),
            service: service)
        guard let explanation = try? survey.explain(flow), let input = yard.output(to: packet.source),
            !yard.own.contains(packet.source)
        else { return nil }
        let raw = RawPacket(
            from: packet.source, UInt16(20_000 + number), to: packet.destination, packet.port,
            transport: packet.transport,
            number: number)
        let departures = yard.send(raw.bytes, into: input)
        // What the box itself says is dropped by the yard.
        let isLocal = yard.own.contains(packet.destination)
        var happens = !departures.isEmpty
        if isLocal {
            guard let heard = try? yard.heard() else { return nil }
            happens = (packet.source.isV6 ? heard.v6 : heard.v4).contains(number)
        } else if let departure = departures.first, let seen = ReadPacket(departure.bytes) {
            let back = yard.send(seen.answer(number: 0x8000 + number).bytes, into: departure.interface)
            happens = back.contains { $0.interface == input }
        }
        let text =
            "\(flow) by \(input) \(happens ? "arrives" : "does not"): \(explanation.cause.map { "\($0.fact)" } ?? "arrives")"
        // Neither the peer's own file nor what is encrypted is here, nor the LAN's router, nor anything that serves or answers.
        let absent: Set<Step.Stage> = [.configuration, .session]
        if explanation.cause.map({ absent.contains($0.stage) }) == true { return nil }
        let deciding = explanation.steps.filter { step in
            step.outcome != .passes && step.outcome != .hint && step.stage != .replyPath && step.stage != .host
                && !(isLocal && step.leg == .back)
        }
        if deciding.contains(where: { $0.outcome == .stops }) { return (false, happens, text) }
        return (deciding.isEmpty ? true : nil, happens, text)
    }
}
