import BoxModel
import BoxTwin
import GatewaySamples
import Storage
import Synchronization
import Testing

@testable import Gateway

/// Going back is a change like another one, and may lock its maker out as well.
@Suite struct RollbackConfirmTests {
    private let bench = Workbench()
    private var peers: Int? { bench.box.everything.wireGuard?.peers.count }

    @Test func aRollbackWaitsIfToldTo() throws {
        _ = try bench.applied()
        let control = try bench.control()
        _ = try control.addPeer("phone", PeerOptions(), why: nil)
        _ = try control.apply()
        let report = try control.rollback(to: nil, why: nil, confirmWithin: 60)
        #expect(report.confirmWithin == 60 && report.revision == 4 && peers == 1)
        #expect(try control.secondsToConfirm() == 60)
        bench.pass(61)
        #expect(try control.secondsToConfirm() == nil)
        #expect(try bench.control().guardTick(token: bench.guarded.withLock { $0[0].token }))
        #expect(peers == 2)
        #expect(try control.records.current().applied == 3)
    }

    /// A rollback to nothing, and `down`, wait as an apply does: what was on the box comes back.
    @Test(arguments: [true, false]) func offTheBoxItComesBack(byRollback: Bool) throws {
        _ = try bench.applied()
        let (before, firewall) = (peers, bench.box.everything.firewall)
        try takeDown(byRollback)
        #expect(bench.box.everything.link == nil && bench.box.everything.firewall == nil)
        let token = try #require(bench.guarded.withLock { $0.first }).token
        #expect(try !bench.control().guardTick(token: token))
        // A service that begins now leaves it down, and looks again in time.
        let kept = try bench.control().keep(bringsUp: true)
        #expect(kept.state == .absent && kept.deadline != nil)
        bench.pass(61)
        #expect(try bench.control().guardTick(token: token))
        #expect(peers == before && bench.box.everything.firewall == firewall)
        let record = try bench.control().records.current()
        #expect(record.isUp && record.pending == nil && record.applied == 2)
    }

    @Test func whatIsConfirmedStaysDown() throws {
        _ = try bench.applied()
        try takeDown(false)
        #expect(try bench.control().confirm() == nil)
        bench.pass(61)
        #expect(try bench.control().repair().isEmpty)
        #expect(bench.box.everything.link == nil)
        // And `up` still knows what there was.
        #expect(try bench.control().up().revision == 2)
    }

    @Test func whatWaitsIsTakenBackByRollbackAndByABoot() throws {
        _ = try bench.applied()
        try takeDown(false)
        #expect(throws: GatewayError.self) { try bench.control().apply() }
        #expect(try bench.control().rollback(to: nil, why: nil).revision == 2)
        #expect(peers == 1)
        try takeDown(false)
        bench.reboot()
        #expect(try bench.control().keep(bringsUp: true).revision == 2)
        #expect(peers == 1)
    }

    /// One that is cut short has nobody who could confirm it.
    @Test func aTeardownThatIsKilledIsTakenBack() throws {
        _ = try bench.applied()
        #expect(throws: GatewayError.self) {
            try bench.control(DyingBox(bench.box, at: 2)).down(confirmWithin: 60)
        }
        #expect(bench.box.everything.link == nil || peers != 1 || bench.box.everything.routes.isEmpty)
        #expect(try bench.control().repair() == [.applying(.tookBack(command: "wggw test", revision: nil, to: 2))])
        #expect(peers == 1)
    }

    private func takeDown(_ byRollback: Bool) throws {
        let report =
            try byRollback
            ? bench.control().rollback(to: nil, why: nil, confirmWithin: 60) : bench.control().down(confirmWithin: 60)
        #expect(report.revision == nil && report.confirmWithin == 60)
    }
}
