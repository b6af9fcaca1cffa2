import BoxModel
import BoxTwin
import Compiler
import GatewaySamples
import NetTypes
import SiteModel
import Storage
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
            guard case .differs(let plan) = told.state, !plan.isEmpty else {
                Issue.record("\(what): \(told)")
                continue
            }
            #expect(try keep().state == .putBack(plan), "\(what)")
            #expect(bench.box.everything.firewall == desired.firewall && bench.box.everything.link == desired.link)
            #expect(try keep().state == .well, "\(what)")
        }
    }

    /// Who wants no repair is told; the firewall comes back all the same, and what the box's networks ask for is done.
    @Test func whatDiffersIsReported() throws {
        var options = InitOptions.office
        options.set(\.drift, to: .report)
        let control = try bench.draft(["amy", "bob"], options)
        _ = try control.apply()
        bench.box.everything.wireGuard?.peers.removeFirst()
        let told = try keep()
        guard case .reported(let plan) = told.state else { return #expect(Bool(false), "\(told)") }
        #expect(plan.lines.count == 1 && plan.lines[0].hasPrefix("+ peer "))
        #expect(bench.box.everything.wireGuard?.peers.count == 1 && told.interface == "wg0")
        bench.box.changeFacts { $0.interfaces[0].name = "lan0" }
        guard case .followed = try keep().state else { return #expect(Bool(false)) }
        bench.box.everything.firewall = nil
        guard case .putBack = try keep().state else { return #expect(Bool(false)) }
        #expect(try keep().state == .well)
        bench.box.everything.wireGuard?.peers.removeFirst()
        _ = try control.up()
        #expect(bench.box.everything.wireGuard?.peers.count == 2)
    }

    @Test func whatSomebodyAddedIsAdopted() throws {
        let control = try bench.draft(["amy"])
        _ = try control.apply()
        #expect { try control.adopt(name: nil, why: nil) } throws: { "\($0)".contains("nothing to adopt") }
        func stranger(_ number: UInt8, _ allowedIPs: [String]) -> ObservedPeer {
            let key = PublicKey(of: PrivateKey { for i in $0.indices { $0[i] = number } })
            let preshared = PresharedKey { for i in $0.indices { $0[i] = number } }
            return ObservedPeer(publicKey: key, presharedKey: preshared, allowedIPs: allowedIPs.map { IPPrefix($0)! })
        }
        let found = [stranger(70, ["10.77.0.70/32", "172.20.0.0/16"]), stranger(71, ["172.21.0.0/16", "0.0.0.0/0"])]
        bench.box.everything.wireGuard!.peers = (bench.box.everything.wireGuard!.peers + found).sorted {
            $0.publicKey < $1.publicKey
        }
        #expect { try control.adopt(name: "bob", why: nil) } throws: { "\($0)".contains("has 2 peers") }
        let draft = try control.adopt(name: nil, why: nil)
        let adopted = draft.stored.site.peers.filter { $0.name.hasPrefix("adopted-") }
        #expect(Set(adopted.compactMap(\.publicKey)) == Set(found.map(\.publicKey)))
        let first = try #require(adopted.first { $0.publicKey == found[0].publicKey })
        #expect(
            first.addresses.map(\.description) == ["10.77.0.70"] && first.routes.map(\.description) == ["172.20.0.0/16"]
        )
        let second = try #require(adopted.first { $0.publicKey == found[1].publicKey })
        #expect(second.isUnnumbered && second.routes.map(\.description) == ["172.21.0.0/16"])
        #expect(draft.notices.texts.contains { $0.hasPrefix("warning:") && $0.contains("all addresses") })
        let report = try control.apply()
        // Nothing of theirs is set anew but what no profile can say.
        #expect(report.plan.lines.filter { $0.hasPrefix("+ peer") }.isEmpty)
        #expect(try keep().state == .well)
        #expect { try control.adopt(name: nil, why: nil) } throws: { "\($0)".contains("nothing to adopt") }
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
        #expect(kept.notices.texts.contains { $0.contains("was not confirmed in time") })
        #expect(bench.box.everything.wireGuard?.peers.count == 1)
    }

    @Test func aKilledApplyIsTakenBack() throws {
        let control = try bench.draft(["amy"])
        _ = try control.apply()
        _ = try control.addPeer("bob", PeerOptions(), why: nil)
        #expect(throws: GatewayError.self) { try bench.control(DyingBox(bench.box, at: 1)).apply() }
        let kept = try keep()
        #expect(kept.revision == 2 && kept.notices.texts.contains { $0.contains("was cut short") })
        #expect(bench.box.everything.wireGuard?.peers.count == 1)
    }

    /// It ends by the clock, with what it had, and no repair is needed for that: also where the site wants none.
    @Test(arguments: [DriftChoice.repair, .report]) func aPeersTimeEnds(drift: DriftChoice) throws {
        var options = InitOptions.office
        options.set(\.drift, to: drift)
        let control = try bench.draft(["amy"], options)
        var guest = PeerOptions()
        try guest.set("expires", [UTCTime(1_700_000_000 + 1_000 + 60).description])
        _ = try control.addPeer("guest", guest, why: nil)
        _ = try control.apply()
        let kept = try keep()
        #expect(kept.state == .well && kept.deadline == 1_060)
        let addresses = try #require(control.newest().site.peers.first { $0.name == "guest" }).addresses
        bench.box.connections = [
            Connection(client: addresses[0], server: IPAddress("192.168.1.10")!, transport: 6, port: 443)
        ]
        bench.pass(59)
        #expect(try keep().state == .well && bench.box.everything.wireGuard?.peers.count == 2)
        bench.pass(1)
        #expect(try control.status().drift.isEmpty == false)
        let ended = try keep()
        guard case .followed(let plan, _) = ended.state else { return #expect(Bool(false), "\(ended)") }
        #expect(plan.lines.contains { $0.hasPrefix("- peer guest") }, "\(plan.lines)")
        #expect(bench.box.everything.wireGuard?.peers.count == 1 && bench.box.connections.isEmpty)
        #expect(try keep().state == .well && ended.deadline == nil)
        // Somebody sets the clock back, or gives it longer.
        bench.pass(-30)
        guard case .followed = try keep().state else { return #expect(Bool(false)) }
        #expect(bench.box.everything.wireGuard?.peers.count == 2)
        bench.pass(60)
        _ = try keep()
        var longer = PeerOptions()
        try longer.set("expires", ["never"])
        _ = try control.setPeer("guest", longer, why: nil)
        _ = try control.apply()
        #expect(bench.box.everything.wireGuard?.peers.count == 2)
    }

    /// Nobody comes in again by an apply that is taken back after his time.
    @Test func goingBackLetsNobodyInWhoseTimeEnded() throws {
        let control = try bench.draft(["amy"])
        var guest = PeerOptions()
        try guest.set("expires", [UTCTime(1_700_000_000 + 1_000 + 60).description])
        _ = try control.addPeer("guest", guest, why: nil)
        _ = try control.apply()
        _ = try control.removePeers(["guest"], why: nil)
        _ = try control.apply(confirmWithin: 120)
        #expect(bench.box.everything.wireGuard?.peers.count == 1)
        bench.pass(121)
        #expect(try !control.repair().isEmpty)
        #expect(bench.box.everything.wireGuard?.peers.count == 1)
        #expect(try control.record().applied == 3)
        #expect(try keep().state == .well)
    }
}
