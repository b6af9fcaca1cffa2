import BoxModel
import BoxTwin
import Compiler
import GatewaySamples
import Glibc
import NetTypes
import SiteModel
import Storage
import Testing

@testable import Gateway

@Suite struct DraftTests {
    let bench = Workbench()

    @Test func initFindsOutWhatIsNotSaid() throws {
        let control = try bench.control()
        let draft = try control.initialize(.office, why: nil)
        let site = draft.stored.site
        #expect(site.lan.interface == nil && site.egress.interface == nil && site.tunnel.mtu == nil)
        #expect(site.otherForwarding == .drop)
        #expect(site.tunnel.addresses[0] == InterfaceAddress("10.77.0.254/24"))
        #expect(site.tunnel.addresses[1].description.hasPrefix("fd") && site.tunnel.addresses[1].length == 64)
        #expect(site.endpoint == Endpoint("itzxa.com:51820"))
        let said = draft.notices.texts.joined(separator: "\n")
        for word in [
            "LAN on eth0, found by 192.168.1.0/24", "out by eth0, found by the default route of IPv4", "MTU 1420",
            "10.77.0.0/24", "many homes use 192.168.1.0/24", "not forwarded",
        ] {
            #expect(said.contains(word), "\(word)")
        }
        #expect(site.problems().isEmpty)
    }

    @Test func noCommandMakesMoreThanASiteMayHave() throws {
        let control = try bench.draft()
        var options = PeerOptions()
        try options.set(
            "routes", (0...10_000).map { "\(IPv4Address(rawValue: 0xac10_0000 + UInt32($0) << 4))/28" })
        let refusal = "peers.laptop.routes: 10001 networks are too many; 10000 at most; name wider networks"
        #expect { try control.setPeer("laptop", options, why: nil) } throws: { "\($0)" == refusal }
        #expect(try control.newest().site.peers[0].routes.isEmpty)
    }

    @Test func theTunnelCollidesWithNothing() throws {
        var facts = BoxFacts.office
        facts.routes += [IPPrefix("10.77.0.0/16")!, IPPrefix("10.78.0.128/25")!]
        let bench = Workbench(facts)
        let site = try bench.control().initialize(.office, why: nil).stored.site
        #expect(site.tunnel.addresses[0].network == IPPrefix("10.79.0.0/24"))
    }

    @Test func aLANThatIsAllOfTenLeavesTheTunnelAPlaceElsewhere() throws {
        var options = InitOptions.office
        options.lan = [IPPrefix("10.0.0.0/8")!]
        options.lanInterface = "eth0"
        let site = try bench.control().initialize(options, why: nil).stored.site
        #expect(site.tunnel.addresses[0].network == IPPrefix("172.27.77.0/24"))
    }

    /// Nobody means a container's bridge, or a card that nothing is plugged into, if there is a LAN besides.
    @Test func theLANIsWhereSomebodyIs() throws {
        var facts = BoxFacts.office
        facts.interfaces += [
            BoxFacts.Interface(
                name: "docker0", mtu: 1500, addresses: [InterfaceAddress("172.17.0.1/16")!], isForGuests: true),
            BoxFacts.Interface(
                name: "eth1", mtu: 1500, addresses: [InterfaceAddress("192.168.9.1/24")!], isReady: false),
        ]
        var options = InitOptions.office
        options.lan = []
        let site = try Workbench(facts).control().initialize(options, why: nil).stored.site
        #expect(site.lan.subnets == [IPPrefix("192.168.1.0/24")!])
        // Where two are left, both are named.
        facts.interfaces[facts.interfaces.count - 1].isReady = true
        #expect { try Workbench(facts).control().initialize(options, why: nil) } throws: {
            "\($0)".contains("192.168.1.0/24, 192.168.9.0/24")
        }
    }

    /// What the box forwards, and what `init` says of it.
    static let routers: [(OtherForwarding, [String])] = [
        (.allow, ["other traffic is left alone"]), (.drop, ["other traffic is not forwarded"]),
        (
            OtherForwarding(ipv4: .allow, ipv6: .drop),
            ["other IPv4 traffic is left alone", "other IPv6 traffic is not forwarded"]
        ),
        (
            OtherForwarding(ipv4: .drop, ipv6: .allow),
            ["other IPv4 traffic is not forwarded", "other IPv6 traffic is left alone"]
        ),
        (
            OtherForwarding(ipv4: .from(["eth0", "wg0"]), ipv6: .from(["wg0"])),
            ["other IPv4 traffic is left alone where it comes in by eth0:", "other IPv6 traffic is not forwarded"]
        ),
    ]

    @Test(arguments: routers) func whatOthersMayIsKeptForEachFamily(found: OtherForwarding, said: [String]) throws {
        var facts = BoxFacts.office
        facts.forwarding = found
        let bench = Workbench(facts)
        let draft = try bench.control().initialize(.office, why: nil)
        func withoutTunnel(_ choice: OtherForwarding.Choice?) -> OtherForwarding.Choice? {
            switch choice {
            case .from(["wg0"]): .drop
            case .from: .from(["eth0"])
            default: choice
            }
        }
        let expected = OtherForwarding(ipv4: withoutTunnel(found.ipv4), ipv6: withoutTunnel(found.ipv6))
        #expect(draft.stored.site.otherForwarding == expected)
        let sentences = draft.notices.texts.filter { $0.hasPrefix("other ") }
        #expect(sentences.count == said.count && zip(sentences, said).allSatisfy { $0.hasPrefix($1) }, "\(sentences)")

        // By now the box forwards because of wggw; a profile that does not say it keeps the answer, half a one the half.
        var profile = draft.stored.site
        profile.otherForwarding = OtherForwarding()
        #expect(try !bench.control().take(profile, why: "git").isNew)
        profile.otherForwarding.ipv6 = .from(["eth0"])
        let taken = try bench.control().take(profile, why: "git").stored.site.otherForwarding
        #expect(taken == OtherForwarding(ipv4: expected.ipv4, ipv6: .from(["eth0"])))
    }

    @Test func withProxyARPPeersGetLANAddresses() throws {
        var options = InitOptions.office
        options.set(\.lan.replyPath, to: .proxyARP)
        options.tunnel6 = InitOptions.IPv6Choice.none
        let control = try bench.draft(["a", "b"], options)
        let site = try control.newest().site
        #expect(site.tunnel.addresses == [InterfaceAddress("192.168.1.127/32")!])
        #expect(site.peers.map(\.addresses) == [[IPAddress("192.168.1.250")!], [IPAddress("192.168.1.249")!]])
    }

    struct Refusal: CustomTestStringConvertible {
        let testDescription: String
        let words: [String]
        let change: @Sendable (inout InitOptions) -> Void
    }

    static let refusals: [Refusal] = [
        Refusal(testDescription: "foreign LAN", words: ["10.9.0.0/24", "eth0: 192.168.1.127/24", "Input.lanInterface"])
        {
            $0.lan = [IPPrefix("10.9.0.0/24")!]
        },
        Refusal(testDescription: "tunnel in the LAN", words: ["overlaps the LAN"]) {
            $0.tunnel = InterfaceAddress("192.168.1.0/25")
        },
        Refusal(testDescription: "MTU", words: ["tunnel.mtu"]) { $0.mtu = 90 },
        Refusal(testDescription: "endpoint", words: ["Input.endpoint", "in brackets"]) { $0.endpoint = "a:b:c" },
        Refusal(testDescription: "interface", words: ["no interface name"]) { $0.interface = "a/b" },
        Refusal(testDescription: "all", words: ["lan.interface: all stands for every interface"]) {
            $0.lanInterface = "all"
        },
        Refusal(testDescription: "absent", words: ["Input.lanInterface)) eth7: there is no such", "there are eth0"]) {
            $0.lanInterface = "eth7"
        },
        Refusal(testDescription: "absent egress", words: ["Input.egressInterface)) ppp0", "there are eth0"]) {
            $0.egressInterface = "ppp0"
        },
    ]

    @Test(arguments: refusals) func badOptionsAreRefusedAndNothingIsWritten(refusal: Refusal) throws {
        var options = InitOptions.office
        refusal.change(&options)
        let control = try bench.control()
        #expect {
            try control.initialize(options, why: nil)
        } throws: { error in
            refusal.words.allSatisfy { "\(error)".contains($0) }
        }
        #expect(try control.revisions.newestID() == nil)
    }

    @Test func initAgainChangesWhatIsGiven() throws {
        let control = try bench.draft()
        let before = try control.newest().site
        var options = InitOptions()
        options.set(\.egress.fullTunnel, to: true)
        options.set(\.dns, to: [IPAddress("192.168.1.1")!])
        var expected = before
        expected.egress.fullTunnel = true
        expected.dns = [IPAddress("192.168.1.1")!]
        #expect(try control.initialize(options, why: nil).stored.site == expected)
    }

    /// Not the one that was just freed, as long as there are others.
    @Test func peersGetTheNextFreshAddresses() throws {
        let control = try bench.draft(["a", "b", "c"])
        _ = try control.removePeers(["b"], why: nil)
        let draft = try control.addPeer("z", PeerOptions(), why: nil)
        #expect(
            draft.stored.site.peers.map(\.addresses[0])
                == ["10.77.0.1", "10.77.0.3", "10.77.0.4"].map { IPAddress($0)! })
    }

    /// Where every address was somebody's, the one that was freed first comes first; one of the same draft counts as freed last.
    @Test func freedAddressesComeBackInTheOrderInWhichTheyWereFreed() throws {
        var options = InitOptions.office
        options.tunnel = InterfaceAddress("10.5.0.0/29")
        options.tunnel6 = InitOptions.IPv6Choice.none
        let control = try bench.draft(["a", "b", "c", "d", "e"], options)
        for name in ["c", "a"] { _ = try control.removePeers([name], why: nil) }
        var site = try control.newest().site
        site.peers.removeAll { $0.name == "b" }
        site.peers += ["x", "y", "z"].map { Peer(name: $0) }
        let taken = try control.take(site, why: "git").stored.site.peers.filter { $0.name > "w" }
        #expect(taken.map(\.addresses) == ["10.5.0.3", "10.5.0.1", "10.5.0.2"].map { [IPAddress($0)!] })
    }

    @Test func aFullSubnetSaysSo() throws {
        var options = InitOptions.office
        options.tunnel = InterfaceAddress("10.5.0.0/30")
        let control = try bench.draft(["a"], options)
        #expect { try control.addPeer("b", PeerOptions(), why: nil) } throws: {
            "\($0)".contains("10.5.0.0/30 is taken")
        }
    }

    @Test func aPeerThatBringsItsKeyHasNoSecretHere() throws {
        let control = try bench.draft([])
        var options = PeerOptions()
        let key = PublicKey(of: PrivateKey { for i in $0.indices { $0[i] = 77 } })
        try options.set("public-key", [key.description])
        let peer = try control.addPeer("phone", options, why: nil).stored.site.peers[0]
        #expect(peer.publicKey == key && peer.presharedKey == .none)
        #expect(try !control.revisions.holdsPrivateKey(of: key))
        let exported = try control.export("phone")
        #expect(!exported.text.contains("\nPrivateKey") && exported.notices.count == 2)
    }

    @Test func unknownPeersAreNamedWithTheLikelyOne() throws {
        let control = try bench.draft(["laptop", "phone"])
        #expect { try control.removePeers(["Laptops"], why: nil) } throws: { "\($0)".contains("did you mean laptop?") }
        #expect(throws: GatewayError.self) { try control.addPeer("laptop", PeerOptions(), why: nil) }
        #expect(try control.newest().revision.id == 3)
    }

    @Test func aPeerWithAnotherNameIsTheSamePeer() throws {
        let control = try bench.draft(["laptop", "phone"])
        _ = try control.apply()
        var options = PeerOptions()
        options.name = "phone"
        #expect { try control.setPeer("laptop", options, why: nil) } throws: { "\($0)".contains("phone already") }
        options.name = "tablet"
        var expected = try control.newest().site.peers[0]
        expected.name = "tablet"
        let peers = try control.setPeer("laptop", options, why: nil).stored.site.peers
        #expect(peers.map(\.name) == ["phone", "tablet"] && peers[1] == expected)
        #expect(try control.plan().plan.isEmpty)
    }

    /// A profile in git names no keys: taking it again must not make new ones.
    @Test func takingAProfileTwiceChangesNothing() throws {
        let text = """
            [lan]
            subnets = ["192.168.1.0/24"]
            [tunnel]
            addresses = ["192.168.2.254/24"]
            [peers.laptop]
            [peers.phone]
            addresses = ["192.168.2.9"]
            """
        let profile = try Site.parse(text, file: "site.toml")
        let control = try bench.control()
        let first = try control.take(profile, why: "git")
        #expect(first.isNew && first.stored.revision.note.kind == .imported)
        _ = try control.apply()
        let applied = bench.box.everything
        let second = try bench.control().take(profile, why: "git")
        #expect(!second.isNew && second.stored.revision.id == 1)
        #expect(try bench.control().apply().plan.isEmpty)
        #expect(bench.box.everything == applied)
        // As does what is exported, which names all that was made.
        let exported = try Site.parse(first.stored.site.profileText(), file: "exported.toml")
        #expect(try !bench.control().take(exported, why: "git").isNew)
    }

    @Test func aWrongKeyFileStopsEveryDraft() throws {
        let control = try bench.draft()
        let fd = open(control.records.directory.key, O_WRONLY | O_TRUNC)
        _ = [UInt8](repeating: 9, count: 32).withUnsafeBytes { write(fd, $0.baseAddress, 32) }
        close(fd)
        let path = control.records.directory.key
        for body in [
            { _ = try bench.control().addPeer("phone", PeerOptions(), why: nil) }, { _ = try bench.control().apply() },
            { _ = try bench.control().export("laptop") },
        ] as [() throws -> Void] {
            #expect {
                try body()
            } throws: {
                if case GatewayError.storage(.wrongKey(path)) = $0 { true } else { false }
            }
        }
        #expect(bench.box.performed.isEmpty)
        #expect(try bench.control().newest().revision.id == 2)
    }

    @Test func aWgQuickFileComesWithItsKeys() throws {
        let text = """
            [Interface]
            PrivateKey = AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=
            Address = 192.168.2.254/24
            ListenPort = 51821
            # laptop
            [Peer]
            PublicKey = 6boi5zHwfEhbX+XMUKe12f4lQ9v78LjpEcGK0hGU3RQ=
            PresharedKey = AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=
            AllowedIPs = 192.168.2.1/32
            """
        let client = """
            [Interface]
            PrivateKey = AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=
            Address = 192.168.2.1/24
            [Peer]
            PublicKey = pOCSkrZRwnj1ZHbDAgjYtZB5FpZ1zCgMTJ2Pk4Q1Vwg=
            Endpoint = itzxa.com:51820
            AllowedIPs = 192.168.2.0/24
            """
        let control = try bench.control()
        let draft = try control.takeWgQuick(
            FileText(text), file: "wg0.conf", stem: "wg0", lan: nil, clients: [("laptop.conf", FileText(client))],
            why: "import")
        #expect(draft.stored.site.peers.map(\.name) == ["laptop"])
        for slip in [
            "laptop.conf:2:14: PrivateKey: is the same as in wg0.conf", "laptop.conf:6:12: Endpoint itzxa.com:51820",
            "wg0.conf:8:16: PresharedKey: laptop.conf has none",
        ] {
            #expect(draft.notices.texts.contains { $0.hasPrefix(slip) }, "\(slip) is not in \(draft.notices)")
        }
        _ = try control.apply()
        let wireGuard = try #require(bench.box.everything.wireGuard)
        #expect(wireGuard.listenPort == 51821)
        #expect(wireGuard.peers[0].presharedKey?.exposedBase64 == "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=")
        #expect(wireGuard.privateKey == (try PrivateKey(parsing: "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=")))
    }
}

@Suite struct AddressPoolTests {
    /// Against a twin that looks through the whole subnet every time.
    @Test(arguments: [ReplyPath.masquerade, .proxyARP]) func takesWhatASearchFinds(replyPath: ReplyPath) throws {
        let peers = [3, 4, 9, 250, 249].map { Peer(name: "p\($0)", addresses: [IPAddress("192.168.2.\($0)")!]) }
        let network = IPPrefix("192.168.2.0/24")!
        let isProxy = replyPath == .proxyARP
        let site = Site(
            lan: LAN(subnets: [isProxy ? network : IPPrefix("10.0.0.0/8")!], replyPath: replyPath),
            tunnel: Tunnel(addresses: [InterfaceAddress(isProxy ? "192.168.2.254/32" : "192.168.2.254/24")!]),
            peers: peers)
        var used = Set(peers.flatMap(\.addresses) + [IPAddress("192.168.2.254")!])
        let order = isProxy ? Array((1...250).reversed()) : Array(1...253)
        // Number by number the last revision that had it; some are in use again, some are none that a peer gets.
        let freed = [7: 3, 8: 5, 200: 3, 100: 4, 9: 6, 255: 1, 0: 1].map { (IPAddress("192.168.2.\($0)")!, $1) }
        var pool = AddressPool(site, freed: Dictionary(uniqueKeysWithValues: freed))
        let last = isProxy ? [200, 7, 100, 8] : [7, 200, 100, 8]
        for number in order.filter({ !last.contains($0) }) + last {
            let address = IPAddress("192.168.2.\(number)")!
            if !used.insert(address).inserted { continue }
            #expect(try pool.take() == [address])
        }
        #expect(throws: GatewayError.self) { try pool.take() }
    }
}
