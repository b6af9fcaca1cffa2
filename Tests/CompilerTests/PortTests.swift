import BoxTwin
import NetTypes
import SiteModel
import SiteSamples
import Testing

@testable import Firewall
@testable import BoxModel
@testable import Compiler

/// One tunnel at several UDP ports: who is sent on to WireGuard's own, and who is left to whomever he asked.
@Suite struct PortTests {
    /// One arm: the LAN is at the way out.
    private static func table(router: Bool) throws -> FirewallTable {
        let site = Lab.site { site in
            site.tunnel.otherPorts = [53, 443]
            site.lan.subnets = [IPPrefix("192.168.1.0/24")!]
            (site.lan.interface, site.egress.interface) = (nil, nil)
        }
        let surroundings = Surroundings(
            networks: [
                .init(IPPrefix("192.168.5.0/24")!, on: "eth0"), .init(IPPrefix("2606:4700:8::/64")!, on: "eth0"),
            ],
            lan: [.init(IPPrefix("192.168.1.0/24")!, on: router ? "eth7" : "eth0")],
            uplinks: [.init(.everyV4, on: "eth0"), .init(.everyV6, on: "eth1")])
        return try compile(site, secrets: Lab.secrets, surroundings: surroundings).firewall
    }

    /// Of a datagram to this box at a port: by which interface, from whom, and whether it goes to WireGuard's.
    private static let datagrams: [(router: Bool, String, String, UInt16, local: Bool, isSentOn: Bool)] = [
        // A stranger, by each way out, in both families.
        (false, "eth0", "1.1.1.1", 443, true, true), (false, "eth0", "1.1.1.1", 53, true, true),
        (false, "eth1", "2606:4700::1", 443, true, true), (true, "eth0", "1.1.1.1", 53, true, true),
        // At other ports, WireGuard's own among them.
        (false, "eth0", "1.1.1.1", 51820, true, false), (false, "eth0", "1.1.1.1", 80, true, false),
        // To somebody else.
        (false, "eth0", "1.1.1.1", 443, false, false),
        // The LAN and whatever else is on that cable, link-local addresses too.
        (false, "eth0", "192.168.1.10", 53, true, false), (false, "eth0", "192.168.5.3", 53, true, false),
        (false, "eth0", "2606:4700:8::9", 53, true, false), (false, "eth0", "fe80::1", 53, true, false),
        // Where the LAN has an interface of its own, the same addresses outside are neighbours of the provider's.
        (true, "eth0", "192.168.5.3", 53, true, true),
        // By an interface that does not lead out: the LAN, a bridge of somebody's machines, the tunnel, this box itself.
        (true, "eth7", "192.168.1.10", 53, true, false), (true, "virbr0", "192.168.122.5", 53, true, false),
        (false, "wg0", "192.168.2.1", 53, true, false), (false, "lo", "127.0.0.1", 53, true, false),
    ]

    @Test(arguments: datagrams)
    func sentOn(router: Bool, interface: String, source: String, port: UInt16, local: Bool, isSentOn: Bool) throws {
        let address = try #require(IPAddress(source))
        var packet = KnownPacket(address.isV6 ? .v6 : .v4)
        packet.isPlain = true
        packet.input = KnownPacket.Interface(interface)
        packet.connection = .new
        packet.set(source: IPPrefix(host: address))
        packet.set(transport: 17)
        packet.set(destinationPort: port)
        packet.destinationType = local ? Nft.AddressType.local : Nft.AddressType.unicast
        let filter = PacketFilter([try Self.table(router: router)])
        let chain = try #require(filter.baseChains(at: .prerouting, packet.family).first { $0.hook.kind == .nat })
        let walk = filter.walk(packet, through: [chain])
        #expect(walk.translations == (isSentOn ? [Walk.Translated(kind: .destination, isCertain: true)] : []))
        #expect(walk.packet.destinationPort == (isSentOn ? 51820 : port))
    }

    @Test func oneTunnelWithOnePortHasNoneOfIt() throws {
        let table = try compile(Lab.site(), secrets: Lab.secrets, surroundings: Surroundings()).firewall
        #expect(
            !table.nftText.contains("dnat") && !table.sets.contains { $0.name == "ports" || $0.name.hasPrefix("near") })
    }

    /// Who tried before is known to the kernel as one who means nobody, and has to be forgotten.
    @Test func whoTriedBefore() throws {
        let box = SimulatedBox(ObservedState(kernelHasWireGuard: true, sysctls: Lab.freshSysctls))
        var previous: DesiredState?
        func cut(_ port: UInt16, _ others: [UInt16]) throws -> [UInt16] {
            let site = Lab.site { ($0.tunnel.listenPort, $0.tunnel.otherPorts) = (port, others) }
            let state = try compile(site, secrets: Lab.secrets, surroundings: Surroundings())
            let plan = try diff(state, box.observe(state.scope(previous: previous)), previous: previous)
            for change in plan.changes { try box.perform(change) }
            previous = state
            #expect(try diff(state, box.observe(state.scope()), previous: state).isEmpty)
            return plan.changes.flatMap { change in
                if case .cutConnections(let cut) = change { cut.ports } else { [UInt16]() }
            }
        }
        #expect(try cut(51820, []) == [])
        #expect(try cut(51820, [53]) == [53])
        #expect(try cut(51820, [53, 443]) == [443])
        // What comes to these is led to where nobody is.
        #expect(try cut(40077, [53, 443]) == [51820])
        #expect(try cut(40077, [443]) == [])
        #expect(try cut(40078, []) == [])
        let cut = ConnectionCut(released: [], judged: .nothing, rules: nil, ports: [53])
        let own = IPAddress("192.168.1.127")!
        let selector = ConnectionSelector(cut, local: [own], networks: [])
        func ends(_ server: IPAddress, _ port: UInt16, transport: UInt8 = 17) -> Bool {
            selector.ends(Connection(client: IPAddress("1.1.1.1")!, server: server, transport: transport, port: port))
        }
        #expect(ends(own, 53) && !ends(own, 54) && !ends(own, 53, transport: 6) && !ends(IPAddress("9.9.9.9")!, 53))
        #expect(Change.cutConnections(cut).lines == ["- datagrams to UDP port 53, so far led elsewhere"])
    }
}
