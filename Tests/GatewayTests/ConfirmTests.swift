import BoxModel
import BoxTwin
import GatewaySamples
import NetTypes
import SiteModel
import Storage
import Synchronization
import Testing

@testable import Gateway

@Suite struct ConfirmTests {
    let bench = Workbench()

    /// Revision 2 is applied; revision 3 waits for confirmation for 120 seconds.
    private func waiting() throws -> ControlPlane {
        _ = try bench.applied()
        let control = try bench.control()
        _ = try control.addPeer("phone", PeerOptions(), why: nil)
        let report = try control.apply(confirmWithin: 120)
        #expect(report.confirmWithin == 120 && report.revision == 3)
        return control
    }

    private var token: String { bench.guarded.withLock { $0[0].token } }
    private var peers: Int? { bench.box.everything.wireGuard?.peers.count }

    @Test func aConfirmedApplyStays() throws {
        let control = try waiting()
        bench.pass(100)
        #expect(try control.status().confirmWithin == 20)
        #expect(try control.confirm() == 3)
        bench.pass(1000)
        #expect(try bench.control().guardTick(token: token))
        #expect(peers == 2)
        #expect(throws: GatewayError.self) { try control.confirm() }
    }

    @Test func theGuardTakesItBack() throws {
        _ = try waiting()
        let watcher = try bench.control()
        // Of whole seconds, 120 may be little more than 119.
        bench.pass(120)
        #expect(try !watcher.guardTick(token: token))
        #expect(peers == 2)
        bench.pass(1)
        #expect(try watcher.guardTick(token: token))
        #expect(peers == 1)
        #expect(try watcher.records.current().applied == 2)
        #expect(try watcher.status().drift.isEmpty)
        #expect(try watcher.status().draft?.id == 3)
        // It was never confirmed, so a rollback does not lead there.
        #expect(try watcher.records.appliedTimes().keys.max() == 2)
    }

    /// Neither the apply nor the settings of before are lost to a moment in which nobody can tell which boot this is.
    @Test func anUnknownBootIsNotAnotherOne() throws {
        let control = try waiting()
        let saved = try control.records.savedSysctls(bootID: "boot-1")
        bench.time.boot.withLock { $0 = nil }
        let watcher = try bench.control()
        #expect(throws: GatewayError.self) { try watcher.guardTick(token: token) }
        #expect(throws: GatewayError.self) { try watcher.repair() }
        #expect(peers == 2)
        bench.time.boot.withLock { $0 = "boot-1" }
        #expect(try !watcher.guardTick(token: token))
        #expect(try control.records.savedSysctls(bootID: "boot-1") == saved)
        #expect(try control.confirm() == 3)
    }

    @Test func withoutAGuardTheNextCommandTakesItBack() throws {
        _ = try waiting()
        bench.pass(121)
        #expect(try bench.control().repair() == [.applying(.wentBack(revision: 3, to: 2))])
        #expect(peers == 1)
    }

    @Test func aRebootTakesItBack() throws {
        _ = try waiting()
        bench.reboot()
        #expect(try bench.control().up().revision == 2)
        #expect(peers == 1)
        #expect(try bench.control().records.pending() == nil)
    }

    @Test func confirmingTooLateSaysSo() throws {
        let control = try waiting()
        bench.pass(121)
        #expect { try control.confirm() } throws: { "\($0)".contains("too late") }
        #expect(peers == 1)
    }

    @Test func whileItWaitsNothingElseIsApplied() throws {
        let control = try waiting()
        #expect { try control.apply() } throws: { "\($0)".contains("run (confirm) to keep it") }
        #expect(try control.rollback(to: nil, why: nil).revision == 2)
        #expect(peers == 1)
        #expect(try bench.control().guardTick(token: token))
    }

    /// Whatever becomes of the rollback, what nobody confirmed does not stay.
    @Test func aRollbackByNumberConfirmsNothing() throws {
        let control = try waiting()
        #expect(throws: GatewayError.self) { try control.rollback(to: 99, why: nil) }
        #expect(try peers == 2 && control.records.pending() != nil)
        // Back at revision 2, and no further.
        let steps = bench.box.performed.count
        _ = try control.rollback(to: nil, why: nil)
        let back = bench.box.performed.count - steps
        _ = try control.apply(confirmWithin: 120)
        bench.box.fail(at: bench.box.performed.count + back)
        #expect(throws: GatewayError.self) { try control.rollback(to: 1, why: nil) }
        #expect(peers == 1)
        #expect(try control.records.current().applied == 2 && control.records.pending() == nil)
    }

    @Test func anUnconfirmedFirstApplyLeavesNothing() throws {
        let control = try bench.draft()
        _ = try control.apply(confirmWithin: 60)
        bench.pass(61)
        #expect(try control.guardTick(token: token))
        #expect(bench.box.everything.withoutInterfaceSettings == .office)
        #expect(try control.records.current().applied == nil)
        #expect(throws: GatewayError.self) { try control.up() }
    }

    /// Whatever change of going back fails, the guard goes on until the box has arrived, and `status` says so meanwhile.
    @Test func anAttemptToGoBackThatFailsIsNotTheLast() throws {
        let bench = Workbench()
        let steps = try bench.stepsBack()
        #expect(steps > 1)
        for step in 0..<steps {
            let bench = Workbench()
            let token = try bench.unconfirmed()
            let watcher = try bench.control()
            bench.pass(121)
            bench.box.fail(at: bench.box.performed.count + step)
            #expect(throws: GatewayError.self) { try watcher.guardTick(token: token) }
            #expect(
                try watcher.status().alarms.first?.prose.description.contains("revision 3 was not confirmed in time")
                    == true)
            #expect(try watcher.guardTick(token: token), "step \(step)")
            #expect(bench.box.everything.wireGuard?.peers.count == 1)
            #expect(try watcher.status().alarms.isEmpty && watcher.status().drift.isEmpty)
            #expect(try watcher.records.current().applied == 2)
        }
    }

    /// It waits longer from one attempt to the next, and not for ever.
    @Test func theGuardDoesNotGiveUp() throws {
        let token = try bench.unconfirmed()
        bench.pass(121)
        let watcher = try bench.control(RefusingBox(bench.box, times: 7))
        var pauses: [Int] = []
        watcher.guardApply(token: token) { pauses.append($0) }
        #expect(pauses == [2, 4, 8, 16, 30, 30, 30])
        #expect(peers == 1)
    }

    @Test func aHangingDatapathDoesNotKeepTheBoxFromGoingBack() throws {
        let token = try bench.unconfirmed()
        bench.box.hang()
        #expect { try bench.control().plan() } throws: { "\($0)".contains("does not answer") }
        #expect(try bench.control().status().alarms.count == 1)
        bench.pass(121)
        #expect(try bench.control().guardTick(token: token))
        #expect(peers == 1)
        #expect(try bench.control().status().drift.isEmpty)
    }

    /// The command died while it applied: its guard takes the box back at once, and not while the command is at work.
    @Test func theGuardTakesBackWhatADeadCommandBegan() throws {
        _ = try bench.applied()
        let control = try bench.control(DyingBox(bench.box, at: 1))
        _ = try control.addPeer("phone", PeerOptions(), why: nil)
        #expect(throws: GatewayError.self) { try control.apply(confirmWithin: 120) }
        let held = try bench.control().records.lock(purpose: "wggw apply", waitingMilliseconds: 10_000)
        #expect(try !bench.control(lockWait: 0).guardTick(token: token))
        withExtendedLifetime(held) {}
    }

    @Test func aGuardThatCannotStandStopsTheApply() throws {
        _ = try bench.applied()
        let control = try bench.control()
        #expect(throws: GatewayError.self) { try control.prepareToGuard(token: "none") }
        _ = try control.addPeer("phone", PeerOptions(), why: nil)
        _ = try control.apply(confirmWithin: 120)
        try control.prepareToGuard(token: token)
    }

    /// What nobody confirmed does not come back by `down` and `up`.
    @Test func downIsNoConfirmation() throws {
        _ = try waiting()
        _ = try bench.control().down()
        #expect(try bench.control().up().revision == 2)
        #expect(peers == 1)
    }

    @Test func anApplyThatFailsWaitsForNothing() throws {
        let control = try bench.draft()
        bench.box.fail(at: 3)
        #expect(throws: GatewayError.self) { try control.apply(confirmWithin: 60) }
        #expect(try control.records.pending() == nil)
        #expect(bench.box.everything.withoutInterfaceSettings == .office)
    }
}

/// A box that refuses a number of changes, whichever they are.
private final class RefusingBox: Box {
    private let box: SimulatedBox
    private var times: Int

    init(_ box: SimulatedBox, times: Int) {
        self.box = box
        self.times = times
    }

    func observe(_ scope: Scope) throws(BoxError) -> ObservedState { try box.observe(scope) }
    func facts() throws(BoxError) -> BoxFacts { try box.facts() }
    func hasIPv6(_ interface: String) throws(BoxError) -> Bool { true }
    func links() throws(BoxError) -> [String: UInt32] { [:] }
    func networks(reaching: [IPPrefix]?) throws(BoxError) -> BoxNetworks { try box.networks(reaching: reaching) }
    func addresses(of name: String) throws(BoxError) -> [IPAddress] { try box.addresses(of: name) }
    func perform(_ change: Change) throws(BoxError) {
        times -= 1
        if times >= 0 {
            throw BoxError(.init(.set, .wireGuard("wg0")), .system(.init(105, name: "No buffer space available")))
        }
        try box.perform(change)
    }
}

extension Workbench {
    /// Revision 2 is applied; revision 3 waits for confirmation for 120 seconds. The token.
    fileprivate func unconfirmed() throws -> String {
        _ = try applied()
        let control = try control()
        _ = try control.addPeer("phone", PeerOptions(), why: nil)
        _ = try control.apply(confirmWithin: 120)
        return guarded.withLock { $0[0].token }
    }

    /// How many changes lead back from there.
    fileprivate func stepsBack() throws -> Int {
        let token = try unconfirmed()
        let before = box.performed.count
        pass(121)
        _ = try control().guardTick(token: token)
        return box.performed.count - before
    }
}

@Suite struct RollbackTests {
    let bench = Workbench()

    @Test func withoutANumberItGoesBackOneApply() throws {
        let control = try bench.changed()
        let four = bench.box.everything
        _ = try control.apply()
        let changed = bench.box.everything
        #expect(changed != four)
        let report = try control.rollback(to: nil, why: "did not work")
        #expect(bench.box.everything == four)
        let newest = try control.newest().revision
        #expect(report.revision == newest.id && newest.note.kind == .rollback && newest.note.source == 4)
        #expect(newest.note.why == "did not work")
        // Once more: there was nothing before the first.
        #expect(try control.rollback(to: nil, why: nil).revision == nil)
        #expect(bench.box.everything.withoutInterfaceSettings == .office)
    }

    @Test func anyRevisionCanComeBack() throws {
        let control = try bench.changed()
        let four = bench.box.everything
        _ = try control.apply()
        _ = try control.rollback(to: 4, why: nil)
        #expect(bench.box.everything == four)
        #expect(throws: GatewayError.self) { try control.rollback(to: 99, why: nil) }
    }

    @Test func aRemovedPeerComesBackWithItsPresharedKey() throws {
        _ = try bench.applied()
        let before = try #require(bench.box.everything.wireGuard?.peers.first)
        #expect(before.presharedKey != nil)
        let control = try bench.control()
        _ = try control.removePeers(["laptop"], why: nil)
        _ = try control.apply()
        _ = try control.addPeer("laptop", PeerOptions(), why: nil)
        _ = try control.apply()
        #expect(bench.box.everything.wireGuard?.peers.first?.publicKey != before.publicKey)
        _ = try control.rollback(to: 2, why: nil)
        #expect(bench.box.everything.wireGuard?.peers == [before])
        #expect(try control.export("laptop").text.contains("PrivateKey = "))
    }

    @Test func aReplacedPresharedKeyComesBack() throws {
        _ = try bench.applied()
        let before = bench.box.everything.wireGuard?.peers.first?.presharedKey
        let control = try bench.control()
        var options = PeerOptions()
        options.presharedKey = .auto
        _ = try control.setPeer("laptop", options, why: nil)
        _ = try control.apply()
        #expect(bench.box.everything.wireGuard?.peers.first?.presharedKey != before)
        _ = try control.rollback(to: nil, why: nil)
        #expect(bench.box.everything.wireGuard?.peers.first?.presharedKey == before)
    }
}
