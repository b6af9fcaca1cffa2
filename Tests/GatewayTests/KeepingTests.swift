import Compiler
import NetTypes
import Synchronization
import Testing

@testable import Gateway

/// What `wggw watch` does at each look.
@Suite struct KeepingTests {
    let bench = Workbench()

    private func keep(bringsUp: Bool = false, putsBack: Bool = true) throws -> Kept {
        try bench.control(command: "wggw watch").keep(bringsUp: bringsUp, putsBack: putsBack)
    }

    @Test func whereNothingIsAppliedThereIsNothingToKeep() throws {
        let control = try bench.draft(["amy"])
        #expect(try keep(bringsUp: true).state == .absent)
        _ = try control.apply()
        #expect(try keep().state == .well)
        _ = try control.down()
        #expect(try keep().state == .absent && bench.box.everything.link == nil)
        let kept = try keep(bringsUp: true)
        guard case .putBack = kept.state else { return #expect(Bool(false), "\(kept)") }
        #expect(kept.revision == 2 && bench.box.everything.link != nil)
    }

    @Test func aDraftIsNotBroughtOntoTheBox() throws {
        let control = try bench.draft(["amy"])
        _ = try control.apply()
        _ = try control.addPeer("bob", PeerOptions(), why: nil)
        #expect(try keep().state == .well && bench.box.everything.wireGuard?.peers.count == 1)
    }

    /// Whatever somebody takes away or changes.
    @Test func whatDiffersIsPutBack() throws {
        _ = try bench.draft(["amy", "bob"]).apply()
        let desired = bench.box.everything
        let drifts: [(String, (inout ObservedState) -> Void)] = [
            ("firewall", { $0.firewall = nil }),
            (
                "interface",
                {
                    $0.link = nil; $0.wireGuard = nil
                }
            ),
            ("peer", { $0.wireGuard?.peers.removeFirst() }),
            ("forwarding", { $0.sysctls["net/ipv4/ip_forward"] = 0 }),
            ("address", { $0.link?.addresses.removeAll() }),
            ("down", { $0.link?.isUp = false }),
        ]
        for (what, drift) in drifts {
            drift(&bench.box.everything)
            let told = try keep(putsBack: false)
            guard case .differs(let lines) = told.state, !lines.isEmpty else {
                Issue.record("\(what): \(told)")
                continue
            }
            #expect(try keep().state == .putBack(lines), "\(what)")
            #expect(bench.box.everything.firewall == desired.firewall && bench.box.everything.link == desired.link)
            #expect(try keep().state == .well, "\(what)")
        }
    }

    @Test func anApplyThatNobodyConfirmsGoesBack() throws {
        let control = try bench.draft(["amy"])
        _ = try control.apply()
        _ = try control.addPeer("bob", PeerOptions(), why: nil)
        _ = try control.apply(confirmWithin: 60)
        let waiting = try keep()
        #expect(waiting.state == .well && waiting.deadline == bench.time.now.withLock { $0 } + 60)
        // What somebody changes meanwhile is put back, and that confirms nothing.
        bench.box.everything.firewall = nil
        guard case .putBack = try keep().state else { return #expect(Bool(false)) }
        #expect(try control.status().confirmWithin == 60)
        bench.pass(61)
        let kept = try keep()
        #expect(kept.state == .well && kept.revision == 2 && kept.deadline == nil)
        #expect(kept.notices.contains { $0.contains("was not confirmed in time") })
        #expect(bench.box.everything.wireGuard?.peers.count == 1)
    }

    @Test func aKilledApplyIsTakenBack() throws {
        let control = try bench.draft(["amy"])
        _ = try control.apply()
        _ = try control.addPeer("bob", PeerOptions(), why: nil)
        #expect(throws: GatewayError.self) { try bench.control(DyingBox(bench.box, at: 1)).apply() }
        let kept = try keep()
        #expect(kept.revision == 2 && kept.notices.contains { $0.contains("was cut short") })
        #expect(bench.box.everything.wireGuard?.peers.count == 1)
    }
}
