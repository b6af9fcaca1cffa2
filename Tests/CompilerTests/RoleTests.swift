import Firewall
import NetTypes
import SiteModel
import SiteSamples
import Testing

@testable import BoxModel
@testable import Compiler

/// Which interfaces have a role, and what those at others may not do.
struct RoleTests {
    struct Case: CustomTestStringConvertible {
        let testDescription: String
        var lan = ["192.168.1.0/24"]
        /// `eth0 192.168.1.5/24 10.0.0.1/8`: an interface with networks; `*` stands before one for guests, `-` before
        /// one that is not plugged in.
        var interfaces: [String]
        /// `10.0.0.0/8 eth0`
        var ways: [String] = []
        var known: String?
        /// As `Surroundings` says it.
        var found: String
        var missing: [String] = []
    }

    static let cases = [
        Case(
            testDescription: "one arm", interfaces: ["eth0 192.168.1.0/24"], ways: ["0.0.0.0/0 eth0"],
            found: "lan:eth0/192.168.1.0/24 uplink:eth0/0.0.0.0/0 mtu:1420"),
        Case(
            testDescription: "two uplinks, and IPv6 by a third",
            interfaces: ["eth0 192.168.1.0/24", "eth1 80.0.8.0/24", "eth2", "ppp0"],
            ways: ["0.0.0.0/0 eth1", "0.0.0.0/0 eth2", "::/0 ppp0"],
            found: "lan:eth0/192.168.1.0/24 uplink:eth1/0.0.0.0/0 uplink:eth2/0.0.0.0/0 uplink:ppp0/::/0 mtu:1420"),
        Case(
            testDescription: "halves and what is given to anybody", interfaces: ["eth0 192.168.1.0/24", "eth1"],
            ways: ["0.0.0.0/1 eth1", "128.0.0.0/1 eth1", "2000::/3 eth1", "10.0.0.0/8 eth0"],
            found: "lan:eth0/192.168.1.0/24 uplink:eth1/0.0.0.0/0 uplink:eth1/::/0 mtu:1420"),
        Case(
            testDescription: "several networks on several cards",
            lan: ["192.168.1.0/24", "192.168.5.0/24", "fd01::/64"],
            interfaces: ["eth0 192.168.1.0/24 fd01::/64", "eth2 192.168.5.0/24"],
            found: "lan:eth0/192.168.1.0/24 lan:eth0/fd01::/64 lan:eth2/192.168.5.0/24 mtu:1420"),
        Case(
            testDescription: "two cards in one network", interfaces: ["eth0 192.168.1.0/24", "wlan0 192.168.1.0/24"],
            found: "lan:eth0/192.168.1.0/24 lan:wlan0/192.168.1.0/24 mtu:1420"),
        Case(
            testDescription: "two cards in one network, one unplugged",
            interfaces: ["-eth0 192.168.1.0/24", "wlan0 192.168.1.0/24"],
            found: "lan:wlan0/192.168.1.0/24 mtu:1420"),
        Case(
            testDescription: "the only card is unplugged", interfaces: ["-eth0 192.168.1.0/24", "eth1 80.0.8.0/24"],
            found: "lan:eth0/192.168.1.0/24 mtu:1420"),
        Case(
            testDescription: "an unplugged card in a wide LAN", lan: ["10.0.0.0/8"],
            interfaces: ["-eth0 10.1.2.0/24", "eth1 10.1.3.0/24"], found: "lan:eth1/10.0.0.0/8 mtu:1420"),
        Case(
            testDescription: "behind a router, by the narrowest route", lan: ["10.5.0.0/16", "192.168.1.0/24"],
            interfaces: ["eth0 192.168.1.0/24", "eth1 80.0.8.0/24"],
            ways: ["10.0.0.0/8 eth1", "10.5.0.0/16 eth0", "0.0.0.0/0 eth1"],
            found: "lan:eth0/10.5.0.0/16 lan:eth0/192.168.1.0/24 uplink:eth1/0.0.0.0/0 mtu:1420"),
        Case(
            testDescription: "behind the LAN's own router", lan: ["10.5.0.0/16", "192.168.1.0/24"],
            interfaces: ["eth0 192.168.1.0/24"], ways: ["0.0.0.0/0 eth0"],
            found: "lan:eth0/10.5.0.0/16 lan:eth0/192.168.1.0/24 uplink:eth0/0.0.0.0/0 mtu:1420"),
        // Strangers are there, and could say that they are the LAN.
        Case(
            testDescription: "a default route is no way to the LAN", lan: ["10.5.0.0/16", "192.168.1.0/24"],
            interfaces: ["eth0 192.168.1.0/24", "eth1 80.0.8.0/24"], ways: ["0.0.0.0/0 eth1"],
            found: "lan:eth0/192.168.1.0/24 uplink:eth1/0.0.0.0/0 mtu:1420", missing: ["10.5.0.0/16"]),
        Case(
            testDescription: "a container's bridge in a wide LAN", lan: ["10.0.0.0/8"],
            interfaces: ["*docker0 10.88.0.0/16", "eth0 10.1.2.0/24"],
            found: "lan:eth0/10.1.2.0/24".replacing("10.1.2.0/24", with: "10.0.0.0/8") + " mtu:1420"),
        Case(
            testDescription: "the provider in a wide LAN", lan: ["10.0.0.0/8"],
            interfaces: ["eth0 10.1.2.0/24", "eth1 10.200.0.0/24"], ways: ["0.0.0.0/0 eth1"],
            found: "lan:eth0/10.0.0.0/8 uplink:eth1/0.0.0.0/0 mtu:1420"),
        Case(
            testDescription: "one arm in a wide LAN", lan: ["10.0.0.0/8"], interfaces: ["eth0 10.1.2.0/24"],
            ways: ["0.0.0.0/0 eth0"],
            found: "lan:eth0/10.0.0.0/8 uplink:eth0/0.0.0.0/0 mtu:1420"),
        Case(
            testDescription: "another VPN in a wide LAN: nobody knows", lan: ["10.0.0.0/8"],
            interfaces: ["eth0 10.1.2.0/24", "tun0 10.8.0.0/24"], found: "", missing: ["10.0.0.0/8 eth0 tun0"]),
        Case(
            testDescription: "only guests have the LAN", interfaces: ["*br0 192.168.1.0/24"],
            found: "lan:br0/192.168.1.0/24 mtu:1420"),
        Case(
            testDescription: "a card that is away stays known", interfaces: ["eth1 80.0.8.0/24"],
            ways: ["0.0.0.0/0 eth1"],
            known: "lan:eth0/192.168.1.0/24", found: "lan:eth0/192.168.1.0/24 uplink:eth1/0.0.0.0/0 mtu:1420",
            missing: ["192.168.1.0/24"]),
        Case(
            testDescription: "so does one without an address", interfaces: ["eth0", "eth1 80.0.8.0/24"],
            ways: ["0.0.0.0/0 eth1"],
            known: "lan:eth0/192.168.1.0/24", found: "lan:eth0/192.168.1.0/24 uplink:eth1/0.0.0.0/0 mtu:1420",
            missing: ["192.168.1.0/24"]),
        Case(
            testDescription: "but not where something else is", interfaces: ["eth0 80.0.8.0/24"],
            ways: ["0.0.0.0/0 eth0"],
            known: "lan:eth0/192.168.1.0/24", found: "uplink:eth0/0.0.0.0/0 mtu:1420", missing: ["192.168.1.0/24"]),
        Case(
            testDescription: "a default route that is away", interfaces: ["eth0 192.168.1.0/24"],
            known: "uplink:ppp0/0.0.0.0/0", found: "lan:eth0/192.168.1.0/24 uplink:ppp0/0.0.0.0/0"),
    ]

    @Test(arguments: cases) func found(_ item: Case) throws {
        let site = Lab.site { site in
            site.lan = LAN(subnets: item.lan.map { IPPrefix($0)! })
            site.egress.interface = nil
            site.tunnel.mtu = nil
        }
        let interfaces = item.interfaces.map { text in
            let words = text.split(separator: " ").map(String.init)
            return BoxNetworks.Interface(
                String(words[0].drop { "*-".contains($0) }), networks: words.dropFirst().map { IPPrefix($0)! },
                isForGuests: text.hasPrefix("*"), isReady: !text.hasPrefix("-"))
        }
        let ways = item.ways.map { text in
            let words = text.split(separator: " ").map(String.init)
            return BoxNetworks.Way(IPPrefix(words[0])!, by: words[1])
        }
        let roles = FoundRoles(
            site, on: BoxNetworks(interfaces: interfaces, ways: ways), known: item.known.map { Surroundings($0)! })
        let found = Surroundings(lan: roles.lan, uplinks: roles.uplinks, mtu: roles.mtu)
        #expect(found.description == item.found)
        #expect(Surroundings(found.description) == found)
        #expect(
            roles.missing.map { ([$0.subnet.description] + $0.candidates).joined(separator: " ") } == item.missing)
    }

    @Test func theNarrowestWayOutDecidesTheMTU() {
        let site = Lab.site { site in
            site.egress.interface = nil
            site.tunnel.mtu = nil
        }
        for (mtus, expected) in [
            ([1500, 1500], 1420), ([1500, 1492], 1412), ([9000, 9000], 1420), ([1300, 9000], 1280),
        ] {
            let box = BoxNetworks(
                interfaces: zip(["eth1", "ppp0"], mtus).map { BoxNetworks.Interface($0, networks: [], mtu: $1) },
                ways: [BoxNetworks.Way(.everyV4, by: "eth1"), BoxNetworks.Way(.everyV6, by: "ppp0")])
            #expect(FoundRoles(site, on: box).mtu == expected)
        }
        // A route's own counts as well, if it leads out.
        for (destination, expected) in [("0.0.0.0/0", 1320), ("10.0.0.0/8", 1420)] {
            let box = BoxNetworks(
                interfaces: [BoxNetworks.Interface("eth1", networks: [])],
                ways: [
                    BoxNetworks.Way(.everyV6, by: "eth1"),
                    BoxNetworks.Way(IPPrefix(destination)!, by: "eth1", mtu: 1400),
                ])
            #expect(FoundRoles(site, on: box).mtu == expected)
        }
    }

    /// What is named in the profile is not looked for.
    @Test func aNamedInterfaceIsTheOnlyOne() {
        let box = BoxNetworks(
            interfaces: [BoxNetworks.Interface("eth1", networks: [IPPrefix("192.168.1.0/24")!])],
            ways: [BoxNetworks.Way(.everyV4, by: "eth1")])
        let roles = FoundRoles(Lab.site(), on: box)
        #expect(roles.lan.isEmpty && roles.uplinks.isEmpty && roles.mtu == nil && roles.missing.isEmpty)
    }

    /// Two LAN cards, two ways out for IPv4 and one of them for IPv6: nobody at one can say that he is at another.
    @Test func eachSideIsItsOwn() throws {
        let site = Lab.site { site in
            site.lan = LAN(subnets: ["192.168.1.0/24", "192.168.5.0/24"].map { IPPrefix($0)! })
            site.egress = Egress(fullTunnel: true)
            site.tunnel.addresses.append(InterfaceAddress("fd02::ff/64")!)
            site.peers[0].addresses.append(IPAddress("fd02::1")!)
        }
        let around = Surroundings(
            "lan:eth0/192.168.1.0/24 lan:eth2/192.168.5.0/24 uplink:eth1/0.0.0.0/0 uplink:eth3/0.0.0.0/0 uplink:eth3/::/0"
        )!
        let filter = PacketFilter([try compile(site, secrets: Lab.secrets, surroundings: around).firewall])
        func passes(_ input: String, _ output: String, _ source: String, _ destination: String) -> Bool {
            filter.passes(
                Packet(
                    input: input, output: output, source: IPAddress(source)!, destination: IPAddress(destination)!,
                    transport: 6))
        }
        for (input, source, expected) in [
            ("eth0", "192.168.1.10", true), ("eth2", "192.168.5.10", true), ("eth2", "192.168.1.10", false),
            ("eth0", "192.168.5.10", false), ("eth1", "192.168.1.10", false), ("docker0", "192.168.1.10", false),
        ] {
            #expect(passes(input, "wg0", source, "192.168.2.1") == expected, "\(source) by \(input)")
            #expect(passes("wg0", input, "192.168.2.1", source) == expected, "to \(source) by \(input)")
        }
        for (output, destination, expected) in [
            ("eth1", "1.1.1.1", true), ("eth3", "1.1.1.1", true), ("eth0", "1.1.1.1", false),
            ("tun0", "1.1.1.1", false),
            ("eth3", "2606:4700::1111", true), ("eth1", "2606:4700::1111", false), ("eth1", "192.168.1.10", false),
            ("eth1", "10.9.0.1", false),
        ] {
            let source = destination.contains(":") ? "fd02::1" : "192.168.2.1"
            #expect(passes("wg0", output, source, destination) == expected, "\(destination) by \(output)")
        }
    }
}
