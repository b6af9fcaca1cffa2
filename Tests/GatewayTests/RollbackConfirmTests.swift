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

    @Test func offTheBoxThereIsNothingThatGoesBack() throws {
        _ = try bench.applied()
        #expect { try bench.control().rollback(to: nil, why: nil, confirmWithin: 60) } throws: {
            if case GatewayError.applying(.noReturnFromNothing) = $0 { true } else { false }
        }
        #expect(peers == 1)
    }
}
