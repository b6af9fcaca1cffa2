import BoxModel
import Firewall
import NetTypes
import SiteModel
import SiteSamples
import Testing

@testable import Compiler

/// What is the tunnel's, and what is the Internet.
struct NetworksTests {
    private func filter(_ site: Site, _ surroundings: Surroundings = Surroundings()) throws -> PacketFilter {
        PacketFilter([try compile(site, secrets: Lab.secrets, surroundings: surroundings).firewall])
    }

    // MARK: Into the tunnel, or nowhere

    /// A peer in the tunnel's subnet with a network behind it, and one whose address is the LAN's.
    static let routers: [OtherForwarding] = [
        .allow, .drop, OtherForwarding(ipv4: .from(["eth0"]), ipv6: .from(["eth0"])),
    ]

    private func site(_ other: OtherForwarding) -> Site {
        Lab.site { site in
            site.otherForwarding = other
            site.egress.interface = "eth1"
            site.peers[0].routes = [IPPrefix("10.0.0.0/8")!, IPPrefix("fd07::/64")!]
            site.peers.append(Lab.peer("near", 2, ["192.168.1.77"]))
        }
    }

    @Test(arguments: routers) func whileTheTunnelIsAwayNothingLeaves(other: OtherForwarding) throws {
        let filter = try filter(site(other))
        let server = IPAddress("192.168.1.10")!
        for destination in ["192.168.2.1", "192.168.2.9", "192.168.2.254", "192.168.1.77", "10.1.2.3"] {
            for state in [Packet.State.new, .established] {
                let packet = Packet(
                    input: "eth0", output: "eth1", source: server, destination: IPAddress(destination)!, transport: 17,
                    state: state)
                let passes = [filter.passes(packet), filter.passes(packet, .postrouting)]
                #expect(passes == [false, false], "\(packet)")
                let walk = filter.walk(packet.known, at: .postrouting)
                #expect(walk.translations.isEmpty && !walk.counts.contains { $0.set != nil })
            }
        }
        // The gateway's own, which meets no other filter.
        let own = Packet(
            input: "", output: "eth0", source: IPAddress("192.168.1.127")!, destination: IPAddress("192.168.1.77")!,
            transport: 17)
        var passes = filter.passes(own, .postrouting)
        #expect(!passes)
        let toItself = Packet(
            input: "lo", output: "lo", source: IPAddress("192.168.2.254")!, destination: IPAddress("192.168.2.254")!,
            transport: 6)
        passes = filter.passes(toItself, .postrouting) && filter.passes(toItself, .prerouting)
        #expect(passes)
    }

    /// Else an answer to a packet that a peer never sent would go to it as one of its own connections.
    @Test(arguments: routers) func whoSaysToBeAPeerComesFromTheTunnel(other: OtherForwarding) throws {
        let filter = try filter(site(other))
        for source in ["192.168.2.1", "192.168.1.77", "10.1.2.3", "fd07::5"] {
            for (input, passes) in [("eth0", false), ("eth1", false), ("wg0", true)] {
                let packet = Packet(
                    input: input, output: nil, source: IPAddress(source)!,
                    destination: IPAddress(source.contains(":") ? "fd02::ff" : "192.168.2.254")!, transport: 6)
                let verdict = filter.passes(packet, .prerouting)
                #expect(verdict == passes, "\(packet)")
            }
        }
    }

    /// A route that leads back to where a packet came from would make the kernel send a redirect, before `forward`.
    @Test(arguments: routers) func whatIsForTheTunnelDoesNotSetOutElsewhere(other: OtherForwarding) throws {
        let filter = try filter(site(other))
        for destination in ["192.168.2.1", "192.168.1.77", "10.1.2.3", "fd07::5"] {
            for (output, passes) in [("wg0", true), ("eth0", false), (nil, true)] {
                let packet = Packet(
                    input: "eth0", output: output,
                    source: IPAddress(destination.contains(":") ? "fd02::ff" : "192.168.1.9")!,
                    destination: IPAddress(destination)!, transport: 17)
                let verdict = filter.passes(packet, .prerouting)
                #expect(verdict == passes, "\(packet)")
            }
        }
    }

    /// The network of another card lies in what is behind a peer: the kernel's route is narrower, and the filter knows.
    @Test func aNetworkOfTheBoxItselfIsNotTheTunnels() throws {
        let around = Surroundings(networks: [
            .init(IPPrefix("10.5.0.0/24")!, on: "eth2"), .init(IPPrefix("10.0.0.0/7")!, on: "eth2"),
            .init(IPPrefix("192.168.2.0/28")!, on: "eth2"),
        ])
        let filter = try filter(site(.allow), around)
        for (destination, passes) in [
            ("10.5.0.9", true), ("10.5.1.9", false), ("10.4.255.255", false), ("192.168.2.1", false),
        ] {
            let packet = Packet(
                input: "eth0", output: "eth2", source: IPAddress("192.168.1.10")!, destination: IPAddress(destination)!,
                transport: 6)
            let verdict = filter.passes(packet)
            #expect(verdict == passes, "\(destination)")
        }
    }

    /// With proxy-arp the gateway may have the LAN's address in the tunnel as well, and hears its own multicast on the LAN.
    @Test func anUnnumberedGatewayKeepsItsAddress() throws {
        let site = Lab.site { site in
            site.lan.replyPath = .proxyARP
            site.tunnel.addresses = [InterfaceAddress("192.168.1.127/32")!]
            site.peers[0].addresses = [IPAddress("192.168.1.250")!]
        }
        let state = try compile(site, secrets: Lab.secrets, surroundings: Surroundings())
        let tunnel = state.firewall.sets.first { $0.name == "tunnel4" }
        #expect(tunnel?.elements == [SetElement([.network(IPPrefix("192.168.1.250/32")!)])])
    }

    // MARK: The Internet

    static let around = Surroundings(
        networks: [.init(IPPrefix("80.0.8.0/24")!, on: "eth1"), .init(IPPrefix("80.0.7.0/24")!, on: "eth0")],
        endpoint: [IPAddress("80.0.9.9")!, IPAddress("2606:4700:9::9")!])

    /// Destinations, and whether full tunnel leads there.
    static let internet: [(String, Bool)] = [
        ("1.1.1.1", true), ("2606:4700::1111", true), ("80.0.7.1", true), ("80.0.8.1", false), ("80.0.9.9", false),
        ("80.0.9.8", true), ("2606:4700:9::9", false), ("192.168.1.10", false), ("10.9.0.1", false),
        ("172.16.0.1", false),
        ("172.31.255.255", false), ("172.32.0.1", true), ("192.168.0.1", false), ("100.64.0.1", false),
        ("100.127.255.255", false), ("100.128.0.1", true), ("169.254.169.254", false), ("127.0.0.1", false),
        ("0.0.0.1", false), ("192.0.0.9", false), ("192.0.2.1", false), ("198.18.0.1", false), ("198.20.0.1", true),
        ("203.0.113.7", false), ("224.0.0.251", false), ("239.1.1.1", false), ("240.0.0.1", false),
        ("255.255.255.255", false),
        ("fd12::1", false), ("fc00::1", false), ("fe80::1", false), ("fec0::1", false), ("ff05::1", false),
        ("::1", false),
        ("::ffff:1.1.1.1", false), ("::1.1.1.1", false), ("100::1", false), ("2001::1", false), ("2001:1::1", false),
        ("2001:200::1", true), ("2001:db8::1", false), ("2002:a00:1::1", false), ("3fff::1", false), ("5f00::1", false),
        ("64:ff9b:1::1", false),
        // What a translator makes of it counts.
        ("64:ff9b::1.1.1.1", true), ("64:ff9b::10.9.0.1", false), ("64:ff9b::169.254.169.254", false),
        ("64:ff9b::192.168.1.10", false), ("64:ff9b::80.0.8.1", false), ("64:ff9b::80.0.9.9", false),
    ]

    @Test(arguments: internet) func whereFullTunnelLeads(destination: String, passes: Bool) throws {
        let address = try #require(IPAddress(destination))
        let site = Lab.site { site in
            site.egress = Egress(interface: "eth1", fullTunnel: true)
            site.tunnel.addresses.append(InterfaceAddress("fd02::ff/64")!)
            site.peers[0].addresses.append(IPAddress("fd02::1")!)
        }
        var named = site
        named.peers[0].policy = Policy(allow: [AccessRule(IPPrefix(host: address), transport: .tcp, ports: 443...443)])
        for (site, port, expected) in [(site, 443, passes), (named, 443, true), (named, 80, passes)] {
            let filter = try filter(site, Self.around)
            let packet = Packet(
                input: "wg0", output: "eth1", source: IPAddress(address.isV6 ? "fd02::1" : "192.168.2.1")!,
                destination: address, transport: 6, port: UInt16(port))
            let verdict = filter.passes(packet)
            #expect(verdict == expected, "port \(port)")
        }
    }

    /// An endpoint that is an address is known without asking.
    @Test func theEndpointsAddressIsNotTheInternet() throws {
        let site = Lab.site { site in
            site.egress.fullTunnel = true
            site.endpoint = Endpoint("80.0.9.9:51820")
        }
        let filter = try filter(site)
        let packet = Packet(
            input: "wg0", output: "eth0", source: IPAddress("192.168.2.1")!, destination: IPAddress("80.0.9.9")!,
            transport: 6)
        let passes = filter.passes(packet)
        #expect(!passes)
    }

    /// A resolver that the site hands out is named by that: for questions, and to who goes out at all.
    @Test func aPrivateResolverThatIsHandedOutAnswers() throws {
        let site = Lab.site { site in
            site.dns = [IPAddress("10.9.0.53")!, IPAddress("9.9.9.9")!, IPAddress("192.168.1.1")!]
            site.peers[0].fullTunnel = true
            site.peers[0].policy = Policy(allow: [AccessRule("192.168.1.10:443/tcp")!])
            site.peers.append(Lab.peer("split", 2, ["192.168.2.2"]))
        }
        let filter = try filter(site)
        for (source, destination, port, expected) in [
            ("192.168.2.1", "10.9.0.53", 53, true), ("192.168.2.1", "10.9.0.53", 80, false),
            ("192.168.2.1", "10.9.0.54", 53, false), ("192.168.2.2", "10.9.0.53", 53, false),
            ("192.168.2.1", "192.168.1.1", 53, false), ("192.168.2.1", "9.9.9.9", 53, true),
        ] {
            let packet = Packet(
                input: "wg0", output: "eth0", source: IPAddress(source)!, destination: IPAddress(destination)!,
                transport: 17, port: UInt16(port))
            let passes = filter.passes(packet)
            #expect(passes == expected, "\(packet)")
        }
    }

    /// What moves around the site is an element more or less, and no rule.
    @Test func whatMovesIsAnUpdateOfElements() throws {
        let site = Lab.site { $0.egress = Egress(interface: "eth1", fullTunnel: true) }
        let firewalls = try [Surroundings(), Self.around].map {
            try compile(site, secrets: Lab.secrets, surroundings: $0).firewall
        }
        let changes = firewallChanges(firewalls[1], firewalls[0])
        guard case .firewall(.update(let updates))? = changes.first else { return #expect(Bool(false), "\(changes)") }
        #expect(updates.map(\.set.name) == ["not-internet4", "not-internet6"] && changes.count == 1)
        #expect(updates.map(\.add.count) == [2, 3] && updates.allSatisfy(\.delete.isEmpty))
    }

    // MARK: Networks without networks

    @Test func subtractingIsWhatIsLeft() {
        var random = RandomWorld(seed: 5).random
        for _ in 0..<300 {
            func network(_ lengths: ClosedRange<Int>) -> IPPrefix {
                IPPrefix(
                    masking: .v4(IPv4Address(rawValue: 0x0a00_0000 | UInt32.random(in: 0...255, using: &random))),
                    length: Int.random(in: lengths, using: &random))
            }
            let whole = network(24...32)
            let holes = (0..<Int.random(in: 0...3, using: &random)).map { _ in network(23...32) }
            let rest = whole.subtracting(holes)
            #expect(rest == rest.disjoint())
            for last in UInt32(0)...255 {
                let address = IPAddress.v4(IPv4Address(rawValue: 0x0a00_0000 | last))
                let isLeft = whole.contains(address) && !holes.contains { $0.contains(address) }
                #expect(rest.contains { $0.contains(address) } == isLeft)
            }
        }
        let all = IPPrefix.everyV6.subtracting([IPPrefix("2001:db8::1")!])
        #expect(all.count == 128 && all.disjoint() == all)
    }
}
