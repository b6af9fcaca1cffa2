import BoxModel
import BoxTwin
import GatewaySamples
import Storage
import Testing

@testable import Gateway

/// What `down` leaves: nothing, whatever was there when it began.
@Suite struct TeardownTests {
    let bench = Workbench()

    @Test func aKilledTeardownIsFinished() throws {
        let steps = try Workbench().applied { try $0.down() }.plan.changes.count
        #expect(steps > 2)
        for step in 0..<steps {
            let bench = Workbench()
            _ = try bench.applied()
            let dying = DyingBox(bench.box, at: step)
            #expect(throws: GatewayError.self) { try bench.control(dying).down() }
            #expect(try bench.control().repair().count == 1)
            #expect(bench.box.everything.withoutInterfaceSettings == .office, "step \(step)")
            #expect(try !bench.control().records.current().isUp)
        }
    }

    @Test func downGivesBackWhatWasThere() throws {
        _ = try bench.applied()
        let report = try bench.control().down()
        #expect(!report.plan.isEmpty && report.revision == nil)
        #expect(bench.box.everything.withoutInterfaceSettings == .office)
        #expect(try bench.control().down().plan.isEmpty)
        #expect(try bench.control().up().revision == 2)
        #expect(try bench.control().status().drift.isEmpty)
    }

    /// As an upgrade has it: the datapath starts anew, and a draft stays one.
    @Test func upStartsTheDatapathAnewAndTakesNoDraft() throws {
        _ = try bench.applied()
        var options = InitOptions()
        options.mtu = 1300
        #expect(try bench.control().initialize(options, why: nil).isNew)
        #expect(try bench.control().up().plan.isEmpty)
        let report = try bench.control().up(restarts: true)
        #expect(!report.plan.isEmpty && report.revision == 2)
        #expect(try bench.control().status().draft != nil)
    }

    /// Nothing of a datapath that hangs is needed to end it, or to put another in its place.
    @Test func aHangingDatapathIsReplacedAndTakenDown() throws {
        _ = try bench.applied()
        bench.box.hang()
        #expect { try bench.control().apply() } throws: { "\($0)".contains("does not answer") }
        _ = try bench.control().apply(restarts: true)
        #expect(try bench.control().status().drift.isEmpty)
        bench.box.hang()
        _ = try bench.control().down()
        #expect(bench.box.everything.withoutInterfaceSettings == .office)
    }

    /// The filter is for whatever interface there is: of an apply that gave it another name and was cut short, the old one or the new.
    @Test func theFilterStandsUntilTheLastInterfaceIsGone() throws {
        var interfaces: Set<String> = []
        for step in 0..<40 {
            let bench = Workbench()
            _ = try bench.applied()
            var options = InitOptions()
            options.interface = "vpn0"
            _ = try bench.control().initialize(options, why: nil)
            guard (try? bench.control(DyingBox(bench.box, at: step)).apply()) == nil else { break }
            let changes = try bench.control().down().plan.changes
            let deletions = changes.enumerated().compactMap { at, change in
                if case .deleteInterface(let name, _) = change { (at: at, name: name) } else { nil }
            }
            interfaces.formUnion(deletions.map(\.name))
            let filter = try #require(changes.firstIndex(of: .firewall(.remove)))
            #expect(deletions.allSatisfy { $0.at < filter }, "step \(step): \(changes)")
        }
        #expect(interfaces == ["wg0", "vpn0"])
    }
}
