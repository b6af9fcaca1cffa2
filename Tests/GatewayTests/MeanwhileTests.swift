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

    /// As by `ip link set wg0 mtu 1000` in the middle of a look: it saw the IPv6 address gone, and the MTU as it was. With the one that
    /// it has, the kernel takes no such address.
    @Test func whatIsRefusedSinceTheBoxChangedIsDoneAfterAnotherLook() throws {
        _ = try bench.draft(["amy"]).apply()
        let desired = bench.box.everything
        bench.box.everything.link!.addresses.removeAll(where: \.address.isV6)
        #expect(bench.box.everything.link != desired.link)
        let box = MeddlingBox(bench.box, beforePerforming: { $0.link!.mtu = 1000 })
        let kept = try bench.control(box, command: "wggw watch").keep()
        guard case .putBack(let done) = kept.state else { return #expect(Bool(false), "\(kept)") }
        #expect(
            done.lines.count == 2 && done.lines[0].hasPrefix("~ mtu ") && done.lines[1].hasPrefix("+ address "),
            "\(done.lines)")
        #expect(bench.box.everything.link == desired.link)
    }

    /// What is refused for another reason is refused once.
    @Test func whatIsRefusedOnABoxAsItWasSeenIsFinal() throws {
        _ = try bench.draft(["amy"]).apply()
        bench.box.everything.link!.addresses.removeAll(where: \.address.isV6)
        let box = MeddlingBox(bench.box, takesNoIPv6: true)
        #expect {
            try bench.control(box, command: "wggw watch").keep()
        } throws: {
            guard case .applyFailed(let failure)? = $0 as? GatewayError else { return false }
            return failure.applied.isEmpty && failure.failed != nil
        }
        #expect(box.refusals == 2, "once by the look, and once on the way back")
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

/// A box on which somebody does something right before the first change, and right before it is looked at again: at each look after the
/// first the next thing. With an MTU of less than 1280, or none at all, it takes no IPv6 address, as the kernel.
private final class MeddlingBox: Box {
    private let box: SimulatedBox
    private var meddle: [(inout ObservedState) -> Void]
    private var beforePerforming: ((inout ObservedState) -> Void)?
    private let takesNoIPv6: Bool
    private var hasLooked = false
    private(set) var refusals = 0

    init(
        _ box: SimulatedBox, _ meddle: [(inout ObservedState) -> Void] = [],
        beforePerforming: ((inout ObservedState) -> Void)? = nil, takesNoIPv6: Bool = false
    ) {
        self.box = box
        self.meddle = meddle
        self.beforePerforming = beforePerforming
        self.takesNoIPv6 = takesNoIPv6
    }

    func observe(_ scope: Scope) throws(BoxError) -> ObservedState {
        if hasLooked && !meddle.isEmpty { meddle.removeFirst()(&box.everything) }
        hasLooked = true
        return try box.observe(scope)
    }

    func perform(_ change: Change) throws(BoxError) {
        beforePerforming?(&box.everything)
        beforePerforming = nil
        if case .link(.addAddress(let name, let address)) = change, address.address.isV6,
            takesNoIPv6 || box.everything.link!.mtu < 1280
        {
            refusals += 1
            throw BoxError(.init(.add, .address(address, of: name)), .system(.init(22, name: "Invalid argument")))
        }
        try box.perform(change)
    }

    func facts() throws(BoxError) -> BoxFacts { try box.facts() }
    func networks(reaching: [IPPrefix]?) throws(BoxError) -> BoxNetworks { try box.networks(reaching: reaching) }
    func hasIPv6(_ interface: String) throws(BoxError) -> Bool { try box.hasIPv6(interface) }
    func links() throws(BoxError) -> [String: UInt32] { try box.links() }
    func addresses(of name: String) throws(BoxError) -> [IPAddress] { try box.addresses(of: name) }
}
