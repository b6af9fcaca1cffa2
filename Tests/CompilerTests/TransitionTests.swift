import Firewall
import NetTypes
import SiteModel
import SiteSamples
import Testing

@testable import BoxModel
@testable import Compiler
import BoxTwin

/// Whole applies on the in-memory box: from nothing, from one random site to another, and killed anywhere in between.
struct TransitionTests {
    /// The box between two changes.
    private struct Moment {
        var box: ObservedState
        /// The name of the WireGuard interface, if there is one.
        var tunnel: String?
    }

    static let names = ["a.example": IPAddress("198.51.100.1")!]

    /// One apply; returns the box before each change and after the last.
    private func apply(
        _ site: Site, _ surroundings: Surroundings = Surroundings(), over previous: DesiredState?, to box: SimulatedBox,
        saved: inout [String: Int]
    ) throws -> (DesiredState, [Moment]) {
        let state = try compile(site, secrets: Lab.secrets, surroundings: surroundings)
        let scope = state.scope(previous: previous, savedSysctls: saved)
        let observed = try box.observe(scope)
        let plan = try diff(state, observed, previous: previous, savedSysctls: saved)
        saved.merge(plan.settingsBefore(observed)) { first, _ in first }
        var moments = [Moment(box: box.everything, tunnel: box.interface)]
        for change in plan.changes {
            try box.perform(change)
            moments.append(Moment(box: box.everything, tunnel: box.interface))
        }
        let again = try diff(state, box.observe(scope), previous: state, savedSysctls: saved)
        #expect(again.isEmpty, "\(again.text)")
        return (state, moments)
    }

    private func box(_ world: inout RandomWorld) -> SimulatedBox {
        var sysctls = Lab.freshSysctls
        for key in sysctls.keys.sorted() where key.hasSuffix("rp_filter") {
            sysctls[key] = Int.random(in: 0...2, using: &world.random)
        }
        return SimulatedBox(ObservedState(kernelHasWireGuard: true, sysctls: sysctls), names: Self.names)
    }

    @Test(arguments: 0..<40) func fromSiteToSite(seed: Int) throws {
        var world = RandomWorld(seed: seed)
        let box = box(&world)
        var saved: [String: Int] = [:]
        var previous: (policy: NaivePolicy, state: DesiredState)?
        var forwarded = 0
        for _ in 0..<4 {
            let policy = NaivePolicy(site: world.site(), surroundings: world.surroundings())
            let (state, moments) = try apply(
                policy.site, policy.surroundings, over: previous?.state, to: box, saved: &saved)
            for moment in moments {
                forwarded += expectNothingForbidden(
                    moment, [previous?.policy, policy].compactMap { $0 }, &world, "seed \(seed)")
            }
            previous = (policy, state)
        }
        // Else nothing was shown.
        #expect(forwarded > 5)
        let before = box.everything.sysctls.filter { !$0.key.contains("/wg") }
        #expect(saved.allSatisfy { before[$0.key] != nil || $0.key.contains("/wg") })
        try expectNothingLeft(box, previous!.state, saved)
    }

    /// What the box forwards at this moment, one of the two sites allows to the one who sent it. Returns how much that was.
    private func expectNothingForbidden(
        _ moment: Moment, _ policies: [NaivePolicy], _ world: inout RandomWorld, _ comment: Comment
    ) -> Int {
        let filter = moment.box.firewall.map { PacketFilter([$0]) }
        var forwarded = 0
        for _ in 0..<60 {
            let packet = world.packet(interfaces: ["wg0", "wg0", "wg1", "eth0"])
            guard !packet.isForThisHost, moment.box.forwards(packet, tunnel: moment.tunnel, filter) else { continue }
            let sender = packet.input == moment.tunnel ? moment.box.wireGuard?.owner(of: packet.source) : nil
            let allowed = policies.contains { policy in
                policy.allows(packet) && (sender == nil || policy.owner(of: packet.source)?.publicKey == sender)
            }
            #expect(allowed, "\(comment): \(packet) from \(String(describing: sender))")
            forwarded += 1
        }
        return forwarded
    }

    private func expectNothingLeft(_ box: SimulatedBox, _ state: DesiredState, _ saved: [String: Int]) throws {
        let scope = state.scope(savedSysctls: saved)
        let plan = teardown(
            try box.observe(scope), scope: scope, savedSysctls: saved, proxyNeighbours: state.proxyNeighbours)
        for change in plan.changes { try box.perform(change) }
        let rest = box.everything
        #expect(rest.link == nil && rest.firewall == nil && rest.routes.isEmpty && rest.proxyNeighbours.isEmpty)
        for (key, value) in saved where !key.contains("/wg") { #expect(rest.sysctls[key] == value, "\(key)") }
        #expect(
            teardown(rest, scope: scope, savedSysctls: saved, proxyNeighbours: state.proxyNeighbours).isEmpty)
    }

    @Test func aFailedChangeCanBeTakenUpAgain() throws {
        for number in 0..<9 {
            let box = SimulatedBox(
                ObservedState(kernelHasWireGuard: true, sysctls: Lab.freshSysctls), names: Self.names)
            box.fail(at: number)
            var saved: [String: Int] = [:]
            #expect(throws: BoxError.self) { try apply(Lab.site(), over: nil, to: box, saved: &saved) }
            #expect(box.performed.count == number)
            _ = try apply(Lab.site(), over: nil, to: box, saved: &saved)
        }
    }
}

extension ObservedState {
    fileprivate func forwards(_ packet: Packet, tunnel: String?, _ filter: PacketFilter?) -> Bool {
        let tunnel = link?.isUp == true ? tunnel : nil
        let isOn = sysctls[packet.source.isV6 ? "net/ipv6/conf/all/forwarding" : "net/ipv4/ip_forward"] == 1
        let exists = { (name: String?) in name?.hasPrefix("wg") != true || name == tunnel }
        guard isOn, exists(packet.input), exists(packet.output), packet.input != packet.output || packet.input == tunnel
        else { return false }
        if packet.input == tunnel, wireGuard?.owner(of: packet.source) == nil { return false }
        return filter?.passes(packet) ?? true
    }
}

extension ObservedWireGuard {
    /// Whose packets with this source come out of the interface: the longest prefix.
    func owner(of address: IPAddress) -> PublicKey? {
        let holders = peers.flatMap { peer in peer.allowedIPs.map { (key: peer.publicKey, prefix: $0) } }
        return holders.filter { $0.prefix.contains(address) }.max { $0.prefix.length < $1.prefix.length }?.key
    }
}
