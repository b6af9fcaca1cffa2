import BoxTwin
import BoxModel
import Compiler
import Firewall
import GatewaySamples
import NetTypes
import SiteModel
import Storage
import Testing

@testable import Gateway

/// What an apply finds around the site on its box, and what it says and remembers of it.
@Suite struct SurroundingsTests {
    let bench = Workbench()

    private var fullTunnel: InitOptions {
        var options = InitOptions.office
        options.set(\.egress.fullTunnel, to: true)
        return options
    }

    private func notInternet() throws -> Set<IPPrefix> {
        let set = try #require(bench.box.everything.firewall?.sets.first { $0.name == "not-internet4" })
        return Set(
            set.elements.compactMap { if case .network(let network) = $0.fields[0] { network } else { nil } })
    }

    @Test func theEndpointsNameIsLookedUp() throws {
        bench.box.names = ["itzxa.com": IPAddress("80.0.9.9")!]
        let control = try bench.draft(["laptop"], fullTunnel)
        #expect(try control.plan().notices.isEmpty)
        _ = try control.apply()
        #expect(try notInternet().contains(IPPrefix("80.0.9.9/32")!))
        #expect(
            try control.records.surroundings(of: control.newest().revision.id)?.endpoint == [IPAddress("80.0.9.9")!])
        #expect(try control.plan().plan.isEmpty)

        // It moves: an element goes and one comes, and what was applied is still known as it was.
        bench.box.names = ["itzxa.com": IPAddress("80.0.9.10")!]
        #expect(try bench.control().status().drift.isEmpty)
        let moved = try bench.control().apply()
        #expect(
            moved.plan.lines == [
                "- firewall set not-internet4 80.0.9.9", "+ firewall set not-internet4 80.0.9.10",
                "- firewall set not-internet6 64:ff9b::5000:909", "+ firewall set not-internet6 64:ff9b::5000:90a",
                "- connections through wg0 that no policy allows",
            ])
        #expect(try bench.control().plan().plan.isEmpty)
    }

    /// At boot there may be no name server yet.
    @Test func aNameThatNobodyKnowsHoldsNothingUp() throws {
        let control = try bench.draft(["laptop"], fullTunnel)
        let first = try control.apply()
        #expect(first.revision == 2 && first.notices.count == 1)
        #expect(first.notices.texts[0].hasPrefix("warning: look up itzxa.com: Name or service not known"))

        bench.box.names = ["itzxa.com": IPAddress("80.0.9.9")!]
        #expect(try control.apply().notices.isEmpty)
        bench.box.names = [:]
        let planned = try bench.control().plan()
        #expect(planned.plan.isEmpty && planned.notices.count == 1)
        #expect(planned.notices.texts[0].hasSuffix("full tunnel goes on leaving out 80.0.9.9, as it did"))
        // The next revision, too, knows what the last one knew.
        _ = try control.addPeer("phone", PeerOptions(), why: nil)
        _ = try control.apply()
        #expect(try notInternet().contains(IPPrefix("80.0.9.9/32")!))
    }

    /// Who sends nobody to the Internet asks no name server.
    @Test func aSplitTunnelAsksNobody() throws {
        let control = try bench.draft()
        #expect(try control.apply().notices.isEmpty)
        #expect(try control.records.surroundings(of: control.newest().revision.id)?.endpoint == [])
    }

    /// The network at the egress changes under an apply that is taken back: the box is as it was, not as it would be now.
    @Test func goingBackIsToWhatWasApplied() throws {
        let control = try bench.draft(["laptop"], fullTunnel)
        _ = try control.apply()
        let before = bench.box.everything
        bench.box.changeFacts { $0.interfaces[0].addresses.append(InterfaceAddress("80.0.8.5/24")!) }
        _ = try control.addPeer("phone", PeerOptions(), why: nil)
        bench.box.fail(at: bench.box.performed.count + 1)
        #expect(throws: GatewayError.self) { try control.apply() }
        #expect(bench.box.everything == before)
        _ = try control.apply()
        #expect(try notInternet().contains(IPPrefix("80.0.8.0/24")!))
    }

    @Test func anInterfaceThatIsNowhereIsNamed() throws {
        var options = InitOptions.office
        (options.lanInterface, options.egressInterface) = ("eth0", "eth0")
        let control = try bench.draft(["laptop"], options)
        _ = try control.apply()
        bench.box.changeFacts { $0.interfaces[0].name = "enp1s0" }
        let notices = try control.plan().notices
        #expect(notices.count == 2)
        #expect(notices.texts[0].hasPrefix("warning: lan.interface: there is no eth0 on this box (there are enp1s0)"))
        let status = try control.status()
        #expect(status.drift.isEmpty && status.alarms.count == 2 && !status.isWell)
    }

    /// Nobody names an interface: the card gets another name, and the default route moves.
    @Test func rolesAreFollowed() throws {
        let control = try bench.draft(["laptop"], fullTunnel)
        let report = try control.apply()
        let before = try #require(bench.box.everything.firewall)
        #expect(
            report.surroundings.roleLines == [
                "LAN on eth0, found by 192.168.1.0/24", "out by eth0, found by the default route of IPv4",
            ])
        bench.box.changeFacts { facts in
            facts.interfaces[0].name = "lan0"
            facts.interfaces.append(.init(name: "ppp1", mtu: 1492, addresses: [InterfaceAddress("80.0.8.5/32")!]))
            facts.ways = [BoxNetworks.Way(.everyV4, by: "ppp1")]
        }
        let status = try bench.control().status()
        #expect(status.drift.lines.contains { $0.contains("firewall table inet wggw") } && !status.isWell)
        let kept = try bench.control().keep()
        guard case .followed(let plan, let surroundings) = kept.state else {
            return #expect(Bool(false), "\(kept.state)")
        }
        #expect(plan.lines.contains("~ mtu wg0 1420 → 1412"))
        #expect(
            surroundings.roleLines == [
                "LAN on lan0, found by 192.168.1.0/24", "out by ppp1, found by the default route of IPv4",
            ])
        let text = try #require(bench.box.everything.firewall).nftText
        #expect(before.nftText.contains("eth0") && !text.contains("eth0"))
        #expect(text.contains("oifname \"lan0\" ip daddr @lan4 accept"))
        #expect(text.contains("oifname \"ppp1\" ip daddr != @not-internet4 accept"))
        #expect(try bench.control().keep().state == .well)
        #expect(try bench.control().status().isWell)
    }

    /// A card that is away for a while, and a default route: what was open stays so, and it is said.
    @Test func whatIsAwayStaysWhereItWas() throws {
        let control = try bench.draft(["laptop"], fullTunnel)
        _ = try control.apply()
        let before = bench.box.everything
        bench.box.changeFacts { $0 = BoxFacts(interfaces: [.init(name: "eth7", mtu: 1500, addresses: [])]) }
        let planned = try bench.control().plan()
        #expect(planned.plan.isEmpty)
        #expect(
            planned.notices.texts.contains {
                $0.hasPrefix(
                    "warning: the LAN's network 192.168.1.0/24 is on no interface of this box, and no route leads there"
                )
            })
        let status = try bench.control().status()
        #expect(
            !status.isWell
                && status.alarms.contains { $0.prose.description.hasPrefix("the LAN's network 192.168.1.0/24") })
        #expect(bench.box.everything == before)
    }

    /// A site that an older wggw took: it is not applied again, but goes when another comes.
    @Test func aStoredSiteWithoutACardIsRefused() throws {
        let control = try bench.draft()
        var site = try control.newest().site
        site.lan.interface = "all"
        let stored = try control.revisions.append(
            site, RevisionNote(who: "amy", why: "", at: 0), after: try control.newest())
        #expect { try control.apply() } throws: { "\($0)".contains("lan.interface: all stands for every interface") }
        #expect(bench.box.performed.isEmpty)

        try control.records.finish(
            applied: stored.revision.id, with: Surroundings(), at: 0, bootID: "boot-1", .init())
        var options = InitOptions()
        options.lanInterface = "eth0"
        _ = try control.initialize(options, why: nil)
        _ = try bench.control().apply()
        #expect(try bench.control().status().drift.isEmpty)
    }

    /// The box did not forward IPv6, and its site says that others' may pass: nobody may have noticed.
    @Test func whatOthersGainIsSaid() throws {
        let control = try bench.draft()
        var site = try control.newest().site
        site.otherForwarding = OtherForwarding(ipv4: .drop, ipv6: .allow)
        _ = try control.take(site, why: "git")
        let notices = try control.plan().notices
        #expect(
            notices.count == 1 && notices.texts[0].hasPrefix("note: this box forwards other IPv6 traffic from now on"))
        bench.box.everything.sysctls["net/ipv6/conf/all/forwarding"] = 1
        #expect(try control.plan().notices.isEmpty)
    }
}
