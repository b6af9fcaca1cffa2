import BoxModel
import BoxTwin
import GatewaySamples
import NetTypes
import SiteModel
import Storage
import Synchronization
import Testing

@testable import Gateway

/// Somebody changes the box while an apply is at it.
@Suite struct MeanwhileTests {
    private let bench = Workbench()

    private func keep(meanwhile meddle: [(inout ObservedState) -> Void]) throws -> Kept {
        try bench.control(MeddlingBox(bench.box, meddle), command: "wggw watch").keep()
    }

    /// As by `ip link set wg0 down` in the middle of a look: it saw the address gone, and the interface up.
    @Test func whatChangesMeanwhileIsPutBackToo() throws {
        _ = try bench.draft(["amy"]).apply()
        let desired = bench.box.everything
        bench.box.everything.link!.addresses = []
        let kept = try keep(meanwhile: [
            { $0.link!.isUp = false }, { $0.sysctls["net/ipv4/ip_forward"] = 0 },
        ])
        guard case .putBack(let done) = kept.state else { return #expect(Bool(false), "\(kept)") }
        #expect(done.lines.contains { $0.hasPrefix("+ address ") }, "\(done.lines)")
        #expect(done.lines.suffix(2) == ["~ interface wg0 up", "~ sysctl net.ipv4.ip_forward 0 → 1"], "\(done.lines)")
        #expect(bench.box.everything.link == desired.link && bench.box.everything.firewall == desired.firewall)
        #expect(try bench.control().record().journal == nil)
    }

    /// A rival who sets the same back again, and one who goes on for ever.
    @Test func againstARivalAnApplyEnds() throws {
        _ = try bench.draft(["amy"]).apply()
        let off: (inout ObservedState) -> Void = { $0.sysctls["net/ipv4/ip_forward"] = 0 }
        let more: [(inout ObservedState) -> Void] = [
            { $0.link!.isUp = false }, { $0.link!.mtu = 1300 }, { $0.link!.mtu = 1301 }, { $0.link!.mtu = 1302 },
        ]
        for (meddle, rounds) in [([off, off, off], 1), (more, 3)] {
            off(&bench.box.everything)
            #expect {
                try keep(meanwhile: meddle)
            } throws: {
                guard case .applyFailed(let failure)? = $0 as? GatewayError else { return false }
                #expect(failure.applied.count == rounds)
                return "\(failure.lines)".contains("still not as desired") && failure.failed == nil
            }
            // It went back to what was applied, which is the same.
            #expect(bench.box.everything.sysctls["net/ipv4/ip_forward"] == 1)
            #expect(try bench.control().record().journal == nil)
        }
    }

    /// What a setting said that is put back in between is noted, as of what is put back at first.
    @Test func settingsThatChangeMeanwhileAreNoted() throws {
        let control = try bench.draft(["amy"])
        bench.box.everything.sysctls["net/ipv4/ip_forward"] = 1
        let meddling = MeddlingBox(bench.box, [{ $0.sysctls["net/ipv4/ip_forward"] = 0 }])
        let report = try bench.control(meddling).apply()
        #expect(report.plan.lines.last == "~ sysctl net.ipv4.ip_forward 0 → 1")
        _ = try control.down()
        #expect(bench.box.everything.sysctls["net/ipv4/ip_forward"] == 0)
    }
}

/// A box on which somebody does something right before it is looked at again: at each look after the first the next thing.
private final class MeddlingBox: Box {
    private let box: SimulatedBox
    private var meddle: [(inout ObservedState) -> Void]
    private var hasLooked = false

    init(_ box: SimulatedBox, _ meddle: [(inout ObservedState) -> Void]) {
        self.box = box
        self.meddle = meddle
    }

    func observe(_ scope: Scope) throws(BoxError) -> ObservedState {
        if hasLooked && !meddle.isEmpty { meddle.removeFirst()(&box.everything) }
        hasLooked = true
        return try box.observe(scope)
    }

    func facts() throws(BoxError) -> BoxFacts { try box.facts() }
    func networks(reaching: [IPPrefix]?) throws(BoxError) -> BoxNetworks { try box.networks(reaching: reaching) }
    func hasIPv6(_ interface: String) throws(BoxError) -> Bool { try box.hasIPv6(interface) }
    func links() throws(BoxError) -> [String: UInt32] { try box.links() }
    func addresses(of name: String) throws(BoxError) -> [IPAddress] { try box.addresses(of: name) }
    func perform(_ change: Change) throws(BoxError) { try box.perform(change) }
}
