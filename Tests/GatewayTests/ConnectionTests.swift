import BoxModel
import BoxTwin
import GatewaySamples
import NetTypes
import SiteModel
import Storage
import Testing

@testable import Gateway

/// Connections that are open while revisions come and go: 10.77.0.1 is amy, 10.77.0.2 is bob.
@Suite struct ConnectionTests {
    let bench = Workbench()

    static func tcp(_ client: String, _ server: String, _ port: UInt16) -> Connection {
        Connection(client: IPAddress(client)!, server: IPAddress(server)!, transport: 6, port: port)
    }

    static let allowed = tcp("10.77.0.1", "192.168.1.10", 443)
    static let forbidden = tcp("10.77.0.1", "192.168.1.10", 22)
    static let others = [
        tcp("10.77.0.2", "192.168.1.10", 22), tcp("192.168.1.10", "10.77.0.1", 22),
        tcp("192.168.1.50", "1.1.1.1", 443), tcp("192.168.1.127", "10.77.0.1", 22),
        tcp("203.0.113.9", "192.168.1.127", 22),
    ]
    static let every = [allowed, forbidden] + others

    /// Applied with two peers that may reach the LAN, all connections open; in the draft amy reaches one port.
    private func narrowed(_ bench: Workbench) throws -> ControlPlane {
        let control = try bench.draft(["amy", "bob"])
        _ = try control.apply()
        bench.box.connections = Self.every
        var options = PeerOptions()
        try options.set("allow", ["192.168.1.10:443/tcp"])
        _ = try control.setPeer("amy", options, why: nil)
        return control
    }

    @Test func aNarrowerPolicyEndsWhatItForbids() throws {
        let control = try narrowed(bench)
        let plan = try control.plan()
        #expect(plan.preview.lines.contains("- connections of amy that its policy forbids"))
        #expect(bench.box.connections == Self.every)
        _ = try control.apply()
        #expect(bench.box.connections == [Self.allowed] + Self.others)
        // There is nothing more to do, and so nothing that somebody could have opened ends.
        bench.box.connections = Self.every
        #expect(try control.apply().plan.isEmpty && bench.box.connections == Self.every)
    }

    /// Killed anywhere, the same apply again ends what the first one should have, and so do a repair and another apply.
    @Test func aKilledApplyEndsThemWhenItIsRunAgain() throws {
        let steps = try narrowed(Workbench()).plan().plan.changes.count
        for step in 0..<steps {
            for repairs in [false, true] {
                let bench = Workbench()
                _ = try narrowed(bench)
                #expect(throws: GatewayError.self) { try bench.control(DyingBox(bench.box, at: step)).apply() }
                if repairs { #expect(try bench.control().repair().count == 1) }
                #expect(bench.box.connections.filter { $0 != Self.forbidden } == [Self.allowed] + Self.others)
                _ = try bench.control().apply()
                #expect(bench.box.connections == [Self.allowed] + Self.others, "step \(step)")
            }
        }
    }

    /// Killed between the wider rules and the end, and killed once more while that is taken back.
    @Test(arguments: 0..<3) func whatAKilledApplyLetInEnds(repairStep: Int) throws {
        func widening() throws -> (Workbench, ControlPlane) {
            let bench = Workbench()
            let control = try narrowed(bench)
            _ = try control.apply()
            _ = try control.setPeer("amy", try wide, why: nil)
            return (bench, control)
        }
        for step in 0..<(try widening().1.plan().plan.changes.count) {
            let (bench, _) = try widening()
            #expect(throws: GatewayError.self) { try bench.control(DyingBox(bench.box, at: step)).apply() }
            bench.box.connections = Self.every
            _ = try? bench.control(DyingBox(bench.box, at: repairStep)).repair()
            _ = try bench.control().repair()
            #expect(bench.box.connections == [Self.allowed] + Self.others, "step \(step)")
            #expect(try bench.control().plan(revision: 4).plan.isEmpty)
        }
    }

    /// Somebody takes the firewall away, and what never was allowed is opened; the apply that puts it right may be killed, too.
    @Test func whatCameInWhileTheFirewallWasGoneEnds() throws {
        let steps = try drifted(Workbench()).plan().plan.changes.count
        for step in 0...steps {
            let bench = Workbench()
            let control = try drifted(bench)
            if step < steps {
                #expect(throws: GatewayError.self) { try bench.control(DyingBox(bench.box, at: step)).apply() }
            }
            _ = try control.apply()
            #expect(bench.box.connections == [Self.allowed] + Self.others, "step \(step)")
            #expect(try control.plan().plan.isEmpty)
        }
    }

    private func drifted(_ bench: Workbench) throws -> ControlPlane {
        let control = try narrowed(bench)
        _ = try control.apply()
        bench.box.everything.firewall = nil
        bench.box.connections = Self.every
        return control
    }

    @Test func whatAnUnconfirmedRevisionAllowedEnds() throws {
        let control = try narrowed(bench)
        _ = try control.apply()
        _ = try control.setPeer("amy", try wide, why: nil)
        _ = try control.apply(confirmWithin: 60)
        bench.box.connections = Self.every
        bench.pass(61)
        #expect(try control.repair().count == 1)
        #expect(bench.box.connections == [Self.allowed] + Self.others)
    }

    @Test func whatARolledBackRevisionAllowedEnds() throws {
        let control = try narrowed(bench)
        _ = try control.apply()
        _ = try control.setPeer("amy", try wide, why: nil)
        _ = try control.apply()
        bench.box.connections = Self.every
        _ = try control.rollback(to: nil, why: nil)
        #expect(bench.box.connections == [Self.allowed] + Self.others)
    }

    private var wide: PeerOptions {
        get throws {
            var options = PeerOptions()
            try options.set("allow", ["any"])
            return options
        }
    }

    @Test func anAddressThatAnotherGetsComesWithoutConnections() throws {
        let control = try narrowed(bench)
        _ = try control.removePeers(["amy"], why: nil)
        var options = PeerOptions()
        try options.set("addresses", ["10.77.0.1"])
        _ = try control.addPeer("eve", options, why: nil)
        let report = try control.apply()
        let ends = Self.every.filter { ![$0.client, $0.server].contains(IPAddress("10.77.0.1")!) }
        #expect(bench.box.connections == ends)
        let cut = report.plan.changes.firstIndex { if case .cutConnections = $0 { true } else { false } }
        let given = report.plan.changes.lastIndex { if case .setWireGuard = $0 { true } else { false } }
        #expect(try #require(cut) < #require(given))
    }

    /// Also what was killed half way, and again where it was killed once more.
    @Test func downEndsThoseOfEveryPeer() throws {
        let mine = [Self.others[2], Self.others[4]]
        _ = try narrowed(bench)
        let plan = try narrowed(Workbench()).down().plan
        #expect(plan.lines.count { $0.hasPrefix("- connections of ") } == 2)
        for step in 0..<plan.changes.count {
            let bench = Workbench()
            _ = try narrowed(bench)
            #expect(throws: GatewayError.self) { try bench.control(DyingBox(bench.box, at: step)).down() }
            _ = try bench.control().down()
            #expect(bench.box.connections == mine, "step \(step)")
        }
        _ = try bench.control().down()
        #expect(bench.box.connections == mine)
        bench.box.connections = Self.every
        #expect(try bench.control().down().plan.isEmpty && bench.box.connections == Self.every)
    }

    @Test func aFirstApplyThatFailsLeavesNone() throws {
        let steps = try Workbench().draft().plan().plan.changes.count
        let control = try bench.draft(["amy", "bob"])
        bench.box.connections = Self.every
        bench.box.fail(at: steps - 1)
        #expect(throws: GatewayError.self) { try control.apply() }
        #expect(bench.box.connections == [Self.others[2], Self.others[4]])
    }

    /// A kernel without ctnetlink, a container without the right to it: said, with what stays open, and no failure.
    @Test(arguments: [95, 1] as [Int32]) func whatCannotBeEndedIsSaid(code: Int32) throws {
        let control = try narrowed(bench)
        let changes = try control.plan().plan.changes
        let cut = try #require(changes.firstIndex { if case .cutConnections = $0 { true } else { false } })
        let number = bench.box.performed.count + cut
        bench.box.fail(at: number, with: BoxError(.init(.list, .connections), .system(.init(code, name: "no"))))
        let report = try control.apply()
        #expect(report.revision == 4)
        let warning = report.notices.texts.first { $0.hasPrefix("warning: list connections: no") }
        #expect(warning?.contains("connections of 10.77.0.1") == true, "\(report.notices)")
    }

    /// Any other error is one: all or nothing.
    @Test func whatGoesWrongIsTakenBack() throws {
        let control = try narrowed(bench)
        let changes = try control.plan().plan.changes
        let cut = try #require(changes.firstIndex { if case .cutConnections = $0 { true } else { false } })
        bench.box.fail(
            at: bench.box.performed.count + cut,
            with: BoxError(.init(.list, .connections), .system(.init(12, name: "no"))))
        #expect(throws: GatewayError.self) { try control.apply() }
        #expect(try control.records.current().applied == 3 && bench.box.connections == Self.every)
    }
}
