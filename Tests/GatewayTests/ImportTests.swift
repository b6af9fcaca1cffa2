import BoxModel
import BoxTwin
import GatewaySamples
import NetTypes
import SiteModel
import Storage
import Testing

@testable import Gateway

/// What becomes of a wg-quick file on its way into a revision.
@Suite struct ImportTests {
    private let bench = Workbench()
    private static let keys = [
        "6boi5zHwfEhbX+XMUKe12f4lQ9v78LjpEcGK0hGU3RQ=", "pOCSkrZRwnj1ZHbDAgjYtZB5FpZ1zCgMTJ2Pk4Q1Vwg=",
    ]

    private func take(_ text: String, stem: String? = "wg0") throws -> Draft {
        try bench.control().takeWgQuick(
            FileText(text), file: "f", stem: stem, lan: LAN(subnets: [IPPrefix("192.168.1.0/24")!]), why: "import")
    }

    @Test(
        arguments: [
            ("wg7", [], "wg7", "home"), ("name with blanks", [], "wg0", "name-with-blanks"),
            ("name with blanks", ["wg0", "wg1"], "wg2", "name-with-blanks"),
            ("a-name-that-is-too-long", [], "wg0", "a-name-that-is-too-long"),
            ("..", [], "wg0", "home"), ("%d", ["wg0"], "wg1", "d"), ("büro", [], "wg0", "b-ro"),
        ] as [(String, [String], String, String)]) func names(
            _ stem: String, _ interfaces: [String], _ interface: String, _ site: String
        )
    {
        let names = WgQuickNames(stem: stem, previous: nil, interfaces: interfaces)
        #expect(names.interface == interface && names.site == site)
        #expect(names.notices.isEmpty == (names.interface == stem))
        var previous = Site(lan: LAN(subnets: []), tunnel: Tunnel(interface: "wg9", addresses: []))
        previous.name = "office"
        let again = WgQuickNames(stem: stem, previous: previous, interfaces: interfaces + ["wg9"])
        #expect(again.interface == (interface == stem ? stem : "wg9") && again.site == "office")
    }

    /// Who had no address and no access gets none, also when the site is taken again as a profile, and by another change.
    @Test func nobodyGetsMoreThanTheyHad() throws {
        let draft = try take(
            """
            [Interface]
            Address = 10.8.0.1/24
            # parked
            [Peer]
            PublicKey = \(Self.keys[0])
            # branch
            [Peer]
            PublicKey = \(Self.keys[1])
            AllowedIPs = 10.20.0.0/16
            """)
        let expected = [
            Peer(
                name: "branch", isUnnumbered: true, publicKey: PublicKey(Self.keys[1]),
                routes: [IPPrefix("10.20.0.0/16")!]),
            Peer(name: "parked", isUnnumbered: true, publicKey: PublicKey(Self.keys[0])),
        ]
        #expect(draft.stored.site.peers == expected)
        let control = try bench.control()
        _ = try control.apply()
        let peers = try #require(bench.box.everything.wireGuard).peers
        #expect(Set(peers.map { $0.allowedIPs.map(\.description) }) == [["10.20.0.0/16"], []])
        let profile = try Site.parse(draft.stored.site.profileText(), file: "p")
        #expect(try !control.take(profile, why: "again").isNew)
        var options = PeerOptions()
        try options.set("keepalive", ["25"])
        #expect(try control.setPeer("parked", options, why: nil).stored.site.peers[1].addresses == [])
        try options.set("addresses", ["auto"])
        #expect(
            try control.setPeer("parked", options, why: nil).stored.site.peers[1].addresses == [IPAddress("10.8.0.2")!])
        try options.set("addresses", ["none"])
        #expect(try control.setPeer("parked", options, why: nil).stored.site.peers[1].isUnnumbered)
        let error = #expect(throws: GatewayError.self) { try control.export("branch") }
        #expect(error?.description.contains("has no address in the tunnel") == true)
    }

    /// Services are this box's own.
    @Test func servicesByName() throws {
        let draft = try take(
            """
            [Interface]
            Address = 10.8.0.1/24
            ListenPort = domain
            [Peer] # a
            PublicKey = \(Self.keys[0])
            AllowedIPs = 10.8.0.2
            Endpoint = vpn.example.org:ntp
            """)
        #expect(draft.stored.site.tunnel.listenPort == 53)
        #expect(draft.stored.site.peers[0].endpoint == Endpoint("vpn.example.org:123"))
    }

    /// A file with faults leaves no revision.
    @Test func nothingOfAFaultyFile() throws {
        #expect(throws: ProfileErrors.self) { try take("[Interface]\nAddress = 10.8.0.1/24\nx = 1\n") }
        #expect(throws: GatewayError.self) { try bench.control().newest() }
    }
}
