import BoxModel
import BoxTwin
import GatewaySamples
import NetTypes
import SiteModel
import Storage
import Testing

@testable import Gateway

/// The box is another one than when the site was applied: its address, its cards' names, where peers are.
@Suite struct MovedBoxTests {
    private let bench = Workbench()

    private func keep() throws -> Kept { try bench.control(command: "wggw watch").keep() }

    private func move(_ address: String?, card: String = "eth0") {
        bench.box.changeFacts {
            $0.interfaces = [
                .init(name: card, mtu: 1500, addresses: address.map { [InterfaceAddress("\($0)/24")!] } ?? [])
            ]
            $0.ways = [BoxNetworks.Way(.everyV4, by: card)]
        }
    }

    private var addresses: [String]? { bench.box.everything.link?.addresses.map(\.description) }

    /// With proxy-arp the tunnel has the address that the LAN's card has, which DHCP may change.
    @Test func theTunnelHasTheCardsAddress() throws {
        var options = InitOptions.office
        options.set(\.lan.replyPath, to: .proxyARP)
        options.tunnel6 = InitOptions.IPv6Choice.none
        _ = try bench.draft(["a"], options).apply()
        #expect(addresses == ["192.168.1.127/32"])
        move("192.168.1.20")
        let kept = try keep()
        #expect(addresses == ["192.168.1.20/32"])
        #expect(kept.notices.texts.contains { $0.contains("192.168.1.127") && $0.contains("192.168.1.20 now") })
        #expect(try keep().state == .well)
        // While it has none, the last one stays; and what the profile says comes back.
        move(nil)
        _ = try keep()
        #expect(addresses == ["192.168.1.20/32"])
        move("192.168.1.127")
        _ = try keep()
        #expect(addresses == ["192.168.1.127/32"])
        #expect(try keep().notices.isEmpty)
    }

    /// An address of the LAN's that no card ever had is the tunnel's alone.
    @Test func anAddressOfItsOwnStays() throws {
        var options = InitOptions.office
        options.set(\.lan.replyPath, to: .proxyARP)
        options.tunnel = InterfaceAddress("192.168.1.200/32")
        options.tunnel6 = InitOptions.IPv6Choice.none
        _ = try bench.draft(["a"], options).apply()
        move("192.168.1.20")
        _ = try keep()
        #expect(addresses == ["192.168.1.200/32"])
    }

    /// A card that gets another name keeps its settings: they are given back to it.
    @Test func aRenamedCardGetsItsSettingsBack() throws {
        let key = "net/ipv4/conf/eth0/proxy_arp"
        var options = InitOptions.office
        options.set(\.lan.replyPath, to: .proxyARP)
        options.tunnel6 = InitOptions.IPv6Choice.none
        bench.box.numbers = ["eth0": 2, "wg0": 9]
        let control = try bench.draft(["a"], options)
        _ = try control.apply()
        let saved = try control.records.savedSysctls(bootID: "boot-1")
        try #require(saved[key] == 0 && bench.box.everything.sysctls[key] == 1)
        // Another one takes the name.
        bench.box.numbers = ["lan0": 2, "eth0": 5, "wg0": 9]
        for (key, value) in bench.box.everything.sysctls where key.contains("/eth0/") {
            bench.box.everything.sysctls[key.replacing("/eth0/", with: "/lan0/")] = value
            bench.box.everything.sysctls[key] = 0
        }
        move("192.168.1.127", card: "lan0")
        _ = try keep()
        let renamed = try bench.control().records.savedSysctls(bootID: "boot-1")
        #expect(renamed["net/ipv4/conf/lan0/proxy_arp"] == 0 && renamed[key] == nil)
        _ = try bench.control().down()
        #expect(bench.box.everything.sysctls["net/ipv4/conf/lan0/proxy_arp"] == 0)
        #expect(try bench.control().records.savedSysctls(bootID: "boot-1").isEmpty)
    }

    /// IPv6 is switched off, before there is a site and afterwards.
    @Test func aBoxWithoutIPv6() throws {
        bench.box.changeFacts { $0.hasIPv6 = false }
        #expect(try !bench.draft(["a"]).newest().site.tunnel.addresses.contains { $0.address.isV6 })
        let other = Workbench()
        _ = try other.draft(["a"]).apply()
        let (addresses, peers) = (other.box.everything.link?.addresses, other.box.everything.wireGuard?.peers)
        try #require(addresses?.count == 2 && peers?.first?.allowedIPs.count == 2)
        other.box.changeFacts { $0.hasIPv6 = false }
        let kept = try other.control().keep()
        #expect(other.box.everything.link?.addresses == addresses?.filter { !$0.address.isV6 })
        #expect(other.box.everything.wireGuard?.peers.first?.allowedIPs.contains { $0.isV6 } == false)
        #expect(kept.notices.texts.contains { $0.contains("IPv6 is switched off") })
        #expect(try other.control().keep().state == .well)
        other.box.changeFacts { $0.hasIPv6 = true }
        _ = try other.control().keep()
        #expect(other.box.everything.link?.addresses == addresses && other.box.everything.wireGuard?.peers == peers)
    }

    /// Docker comes to a box that forwarded nothing before wggw: it is named, and keeps what it needs.
    @Test func guestsThatComeLater() throws {
        let control = try bench.draft(["a"])
        _ = try control.apply()
        #expect(try bench.control().status().notes.isEmpty)
        bench.box.changeFacts {
            $0.interfaces.append(
                .init(
                    name: "docker0", mtu: 1500, addresses: [InterfaceAddress("172.17.0.1/16")!], isForGuests: true))
        }
        for notices in [
            try bench.control().plan().notices.texts, try bench.control().status().notes.map { $0.prose.description },
        ] {
            #expect(notices.contains { $0.contains("IPv4 of docker0 is not forwarded") })
            #expect(!notices.contains { $0.contains("IPv6 of docker0") })
        }
        try #require(bench.box.everything.sysctls["net/ipv4/ip_forward"] == 1)
        let down = try bench.control().down()
        #expect(bench.box.everything.sysctls["net/ipv4/ip_forward"] == 1)
        #expect(bench.box.everything.sysctls["net/ipv6/conf/all/forwarding"] == 0)
        #expect(down.notices.texts.contains { $0.contains("IPv4 forwarding stays on") })
        #expect(try bench.control().records.savedSysctls(bootID: "boot-1").isEmpty)
    }

    /// Names of two cards that changed places.
    @Test func namesThatChangeHands() throws {
        let records = try bench.control().records
        try records.save(
            oldSysctls: ["net/ipv4/conf/a/rp_filter": 1, "net/ipv4/conf/b/rp_filter": 2, "net/ipv4/ip_forward": 0],
            bootID: "boot-1")
        bench.box.numbers = ["a": 2, "b": 3]
        try bench.control().followRenamedCards()
        bench.box.numbers = ["b": 2, "a": 3]
        try bench.control().followRenamedCards()
        #expect(
            try records.savedSysctls(bootID: "boot-1") == [
                "net/ipv4/conf/b/rp_filter": 1, "net/ipv4/conf/a/rp_filter": 2, "net/ipv4/ip_forward": 0,
            ])
    }

    /// Who is looked for by a name, and has no session, is told of, and set to where the name leads.
    @Test func whoIsNotReachedIsMoved() throws {
        bench.box.names = ["branch.example": IPAddress("203.0.113.7")!]
        let control = try bench.draft(["laptop"])
        var options = PeerOptions()
        try options.set("endpoint", ["branch.example:51820"])
        try options.set("keepalive", ["25"])
        _ = try control.addPeer("branch", options, why: nil)
        _ = try control.apply()
        let unreached = try keep().unreached
        try #require(unreached.map(\.name) == ["branch"])
        #expect(unreached[0].known?.address == IPAddress("203.0.113.7") && unreached[0].keepsTrying)
        let there = IPAddress("203.0.113.9")!
        #expect(try bench.control().move([PeerMove(unreached[0], to: there)]).count == 1)
        let peers = bench.box.everything.wireGuard!.peers
        #expect(peers.first { $0.publicKey == unreached[0].publicKey }?.endpoint?.address == there)
        #expect(try keep().state == .well)
        // Who has a session is where he was heard last.
        for i in peers.indices { bench.box.everything.wireGuard!.peers[i].lastHandshake = 1_700_001_000 - 20 }
        #expect(try keep().unreached.isEmpty)
        bench.pass(200)
        #expect(try keep().unreached.map(\.name) == ["branch"])
    }
}
