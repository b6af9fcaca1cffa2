import BoxTwin
import BoxModel
import Compiler
import Firewall
import GatewaySamples
import NetTypes
import SiteModel
import Storage
import Synchronization
import Testing

@testable import Gateway

@Suite struct ApplyTests {
    let bench = Workbench()

    @Test func applyingTwiceChangesNothing() throws {
        let control = try bench.draft()
        let first = try control.apply()
        #expect(!first.plan.isEmpty)
        #expect(bench.box.everything.wireGuard?.peers.count == 1)
        let second = try bench.control().apply()
        #expect(second.plan.isEmpty && second.revision == 2)
        #expect(bench.box.performed == first.plan.changes)
        #expect(try bench.control().plan().plan.isEmpty)
    }

    @Test func whatDriftedIsNamedAndPutRight() throws {
        let control = try bench.draft()
        _ = try control.apply()
        let asApplied = bench.box.everything
        bench.box.everything.sysctls["net/ipv4/ip_forward"] = 0
        bench.box.everything.wireGuard?.peers = []
        let status = try control.status()
        #expect(status.drift.plan.changes.count == 2 && !status.isWell)
        #expect(status.drift.lines.contains { $0.hasPrefix("+ peer laptop ") })
        _ = try control.apply()
        #expect(bench.box.everything == asApplied)
        #expect(try control.status().drift.isEmpty && control.status().isWell)
    }

    @Test func statusTellsWhetherAnybodyEverCameThrough() throws {
        let control = try bench.draft(["laptop", "phone"])
        #expect(try !control.status().isUnvisited)
        _ = try control.apply()
        #expect(try control.status().isUnvisited)
        bench.box.everything.wireGuard?.peers[1].lastHandshake = 1_700_000_000
        #expect(try !control.status().isUnvisited)
    }

    @Test func whatIsAppliedIsKnownBesideWhatIsDrafted() throws {
        let control = try bench.draft()
        #expect { try control.applied() } throws: { "\($0)".contains("name two revisions") }
        _ = try control.apply()
        _ = try control.addPeer("phone", PeerOptions(), why: nil)
        #expect(try control.applied().revision.id == 2)
    }

    /// Nobody reads the elements again while the kernel's count of changes stands still; whoever touches them raises it.
    @Test func aFirewallThatSomebodyElseChangedIsReadAgain() throws {
        let control = try bench.draft()
        _ = try control.apply()
        #expect(
            try control.records.current().ruleset == bench.box.observe(Scope(interface: "wg0")).generation?.description)
        #expect(try control.status().drift.isEmpty)
        let asApplied = bench.box.everything
        bench.box.everything.firewall?.sets.removeAll { $0.name == "from4" }
        // The table, and connections that it may have let in.
        #expect(try control.status().drift.plan.changes.count == 2)
        #expect(try control.apply().plan.changes.count == 2)
        #expect(bench.box.everything == asApplied)
        #expect(try control.plan().plan.isEmpty)
    }

    /// Whatever change of the first apply fails, the box is as before and the next apply does it all.
    @Test func aFailureAnywhereInTheFirstApplyTakesItBack() throws {
        let steps = try Workbench().applied().count
        for step in 0..<steps {
            let bench = Workbench()
            let control = try bench.draft()
            let before = bench.box.everything
            bench.box.fail(at: step)
            let failure = try #require(failure { try control.apply() })
            #expect(failure.applied.count == step && failure.failed != nil && failure.target == 2)
            #expect(failure.outcome.isBack(at: nil))
            #expect(bench.box.everything.withoutInterfaceSettings == before, "step \(step)")
            #expect(try control.records.current().journal == nil)
            #expect(try control.records.savedSysctls(bootID: "boot-1").isEmpty)
            #expect(!(try bench.control().apply()).plan.isEmpty)
        }
    }

    /// The same for an apply over another one: two peers go, one comes, the port and the firewall change.
    @Test func aFailureAnywhereInALaterApplyGoesBackToTheEarlier() throws {
        let steps = try Workbench().changed().plan().plan.changes.count
        #expect(steps > 2)
        for step in 0..<steps {
            let bench = Workbench()
            let control = try bench.changed()
            let before = bench.box.everything
            bench.box.fail(at: bench.box.performed.count + step)
            let failure = try #require(failure { try control.apply() })
            #expect(failure.outcome.isBack(at: 4) && failure.applied.count == step)
            #expect(bench.box.everything == before, "step \(step)")
            #expect(try control.records.current().applied == 4)
        }
    }

    /// Whenever the process is killed, the next start of wggw takes the box back to the revision before.
    @Test func aKilledApplyIsTakenBackByTheNextStart() throws {
        let steps = try Workbench().changed().plan().plan.changes.count
        for step in 0..<steps {
            let bench = Workbench()
            try bench.changed()
            let before = bench.box.everything
            kill(bench, at: step)
            let next = try bench.control()
            #expect(try next.records.current().journal?.target != nil)
            let notices = try next.repair().texts
            #expect(notices.count == 1 && notices[0].contains("revision 4"))
            #expect(bench.box.everything == before, "step \(step)")
            #expect(try next.repair().isEmpty)
            #expect(!(try next.apply()).plan.isEmpty)
        }
    }

    /// Refused or killed anywhere in a switch between datapaths, the box is as before, and nothing of the new one is left.
    @Test func aSwitchOfDatapathsIsTakenBack() throws {
        let steps = try Workbench().switched().plan().plan.changes.count
        #expect(steps > 6)
        for step in 0..<steps {
            for isKilled in [false, true] {
                let bench = Workbench()
                let control = try bench.switched()
                let before = bench.box.everything
                if isKilled {
                    kill(bench, at: step)
                    #expect(try bench.control().repair().count == 1)
                } else {
                    bench.box.fail(at: bench.box.performed.count + step)
                    let failure = try #require(failure { try control.apply() })
                    #expect(failure.applied.count == step)
                }
                #expect(bench.box.everything == before, "step \(step)")
                #expect(!(try bench.control().apply()).plan.isEmpty)
                #expect(bench.box.everything.link?.backend == .userspace)
                _ = try bench.control().down()
                #expect(bench.box.everything.link == nil && bench.box.everything.successor == nil)
            }
        }
    }

    @Test func aKilledFirstApplyLeavesNothing() throws {
        let steps = try Workbench().applied().count
        for step in 0..<steps {
            let bench = Workbench()
            try bench.draft()
            kill(bench, at: step)
            #expect(try bench.control().repair().count == 1)
            #expect(bench.box.everything.withoutInterfaceSettings == .office, "step \(step)")
        }
    }

    @Test func aKilledApplyMayBeRunAgain() throws {
        for step in 0..<(try Workbench().applied().count) {
            let bench = Workbench()
            try bench.draft()
            kill(bench, at: step)
            _ = try bench.control().apply()
            let again = try bench.control()
            #expect(try again.records.current().journal == nil)
            #expect(try again.status().drift.isEmpty)
            _ = try again.down()
            #expect(bench.box.everything.withoutInterfaceSettings == .office, "step \(step)")
        }
    }

    @Test func upComesBackAfterAReboot() throws {
        _ = try bench.applied()
        bench.reboot()
        bench.box.everything.sysctls["net/ipv4/ip_forward"] = 1
        #expect(!(try bench.control().up()).plan.isEmpty)
        _ = try bench.control().down()
        // What the new boot said counts, not what the old one did.
        #expect(bench.box.everything.sysctls["net/ipv4/ip_forward"] == 1)
    }

    @Test func twoWritersDoNotMix() throws {
        try bench.draft()
        let one = try bench.control(lockWait: 0)
        let held = try bench.control().records.lock(purpose: "wggw apply", waitingMilliseconds: 0)
        #expect {
            try one.apply()
        } throws: {
            "\($0)".contains("wggw apply")
        }
        #expect(throws: GatewayError.self) { try one.addPeer("phone", PeerOptions(), why: nil) }
        withExtendedLifetime(held) {}
    }

    /// Each leaves its own name behind, and none goes on while another changes something.
    @Test func requestsShareTheirEquipment() throws {
        let equipment = try bench.draft().equipment
        let amy = ControlPlane(equipment, for: Request(who: "amy", command: "wggw apply"))
        var request = Request(who: "bob", command: "POST /peers")
        request.lockWaitMilliseconds = 0
        let bob = ControlPlane(equipment, for: request)
        _ = try amy.locked {
            #expect { try bob.addPeer("phone", PeerOptions(), why: nil) } throws: { "\($0)".contains("wggw apply") }
        }
        request.lockWaitMilliseconds = 10_000
        _ = try ControlPlane(equipment, for: request).addPeer("phone", PeerOptions(), why: nil)
        #expect(try amy.history(limit: 2).map(\.note.who) == ["bob", "amy"])
    }

    /// Told to stop after whichever change, it takes back what it did; told so before, or after the last, it did nothing or all.
    @Test func whoIsToldToStopEndsClean() throws {
        let steps = try Workbench().changed().plan().plan.changes.count
        for step in 1..<steps {
            let bench = Workbench()
            try bench.changed()
            let before = bench.box.everything
            let told = Told(bench.box, after: bench.box.performed.count + step)
            let control = try bench.control(stop: told.stop)
            let failure = try #require(failure { try control.apply() })
            #expect(failure.outcome.isBack(at: 4) && failure.applied.count == step)
            #expect("\(failure)".contains("told to stop by SIGINT"))
            #expect(bench.box.everything == before && told.isDisregarded.withLock { $0 }, "step \(step)")
        }
        let bench = Workbench()
        try bench.changed()
        let before = bench.box.everything
        let control = try bench.control(stop: Told(bench.box, after: 0).stop)
        #expect { try control.apply() } throws: { "\($0)".contains("nothing was changed") }
        #expect(bench.box.everything == before)
    }

    @Test func whoIsToldToStopWaitsForNoLock() throws {
        try bench.draft()
        let held = try bench.control().records.lock(purpose: "wggw apply", waitingMilliseconds: 10_000)
        let control = try bench.control(stop: Told(bench.box, after: 0).stop)
        #expect { try control.apply() } throws: { "\($0)".contains("another wggw was at work") }
        withExtendedLifetime(held) {}
    }

    @Test func aChangedInterfaceNameLeavesNothingOfTheOld() throws {
        _ = try bench.applied()
        var options = InitOptions()
        options.interface = "vpn0"
        let control = try bench.control()
        _ = try control.initialize(options, why: nil)
        let report = try control.apply()
        #expect(report.plan.changes.contains(.deleteInterface(name: "wg0", backend: .userspace)))
        #expect(try control.status().drift.isEmpty && control.status().isWell)
    }

    // MARK: Helpers

    private func failure(_ body: () throws -> ApplyReport) throws -> ApplyFailure? {
        do { _ = try body() } catch GatewayError.applyFailed(let failure) { return failure }
        return nil
    }

    private func kill(_ bench: Workbench, at step: Int) {
        #expect(throws: GatewayError.self) { try bench.control(DyingBox(bench.box, at: step)).apply() }
    }
}

extension Workbench {
    /// A drafted site, applied; returns its changes.
    func applied() throws -> [Change] { try draft().apply().plan.changes }

    /// The same, and then something asked of it.
    func applied<R>(_ body: (ControlPlane) throws -> R) throws -> R {
        _ = try applied()
        return try body(try control())
    }

    /// Revision 4 is applied; the newest one differs in peers, port and policy.
    @discardableResult func changed() throws -> ControlPlane {
        let control = try draft(["amy", "bob", "eve"])
        _ = try control.apply()
        _ = try control.removePeers(["amy", "eve"], why: nil)
        var narrow = PeerOptions()
        try narrow.set("allow", ["192.168.1.10:443/tcp"])
        try narrow.set("routes", ["192.168.7.0/24"])
        _ = try control.addPeer("site", narrow, why: nil)
        var options = InitOptions()
        options.set(\.tunnel.ports, to: [4500])
        options.mtu = 1300
        _ = try control.initialize(options, why: nil)
        return control
    }
}

extension Workbench {
    /// Applied with the kernel's WireGuard; the newest revision wants the built-in datapath.
    @discardableResult func switched() throws -> ControlPlane {
        box.everything.kernelHasWireGuard = true
        var options = InitOptions.office
        options.set(\.tunnel.datapath, to: .kernel)
        let control = try draft(["amy", "bob"], options)
        _ = try control.apply()
        options.set(\.tunnel.datapath, to: .userspace)
        _ = try control.initialize(options, why: nil)
        return control
    }
}

extension ObservedState {
    /// Without the settings that come and go with an interface.
    var withoutInterfaceSettings: ObservedState {
        var state = self
        state.sysctls = state.sysctls.filter { !$0.key.contains("/wg0/") }
        return state
    }
}
