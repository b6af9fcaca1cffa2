import BoxModel
import Compiler
import Explaining
import Firewall
import NetTypes
import SiteModel
import SiteSamples
import Testing

/// A gateway that works, drawn by hand, and what is said of it once something is wrong.
@Suite struct ExplainerTests {
    /// The site of the slides, with a guest and a branch, and a box with one card.
    struct Yard {
        var site = Lab.site { site in
            site.dns = [IPAddress("192.168.2.254")!]
            site.groups = ["printers": Policy(allow: [AccessRule("192.168.1.20:9100/tcp")!])]
            var guest = Lab.peer("guest", 2, ["192.168.2.2"])
            guest.policy = Policy(allow: [AccessRule("192.168.1.10:443/tcp")!])
            var desk = Lab.peer("desk", 3, ["192.168.2.3"])
            desk.group = "printers"
            var phone = Lab.peer("phone", 4, ["192.168.2.4"])
            phone.fullTunnel = true
            site.peers = [Lab.peer("laptop", 1, ["192.168.2.1"]), guest, desk, phone]
        }
        var terrain = DrawnTerrain()
        var prober: DrawnProber?
        /// Changes what is seen of the box.
        var observe: (inout ObservedState) -> Void = { _ in }

        init() {
            terrain.drawn = [
                TerrainLink("lo", index: 1, addresses: [InterfaceAddress("127.0.0.1/8")!]),
                TerrainLink("eth0", index: 2, addresses: [InterfaceAddress("192.168.1.127/24")!]),
                TerrainLink(
                    "wg0", index: 3, mtu: 1420, addresses: [InterfaceAddress("192.168.2.254/24")!], hardware: 65534),
            ]
            terrain.routes = [
                (IPPrefix("192.168.1.0/24")!, .leads(RouteWay("eth0"))),
                (IPPrefix("192.168.2.0/24")!, .leads(RouteWay("wg0"))),
                (.everyV4, .leads(RouteWay("eth0", gateway: IPAddress("192.168.1.254")!))),
            ]
            terrain.settings = ["net/ipv4/conf/wg0/forwarding": 1, "net/ipv4/conf/eth0/forwarding": 1]
            terrain.served = [IPAddress("192.168.2.254")!: [53]]
        }

        func explain(_ from: String, _ to: String) throws -> Explanation {
            let desired = try compile(site, secrets: Lab.secrets, surroundings: Surroundings())
            var observed = ObservedState(
                link: ObservedLink(
                    index: 3, backend: .userspace, isUp: true, mtu: 1420, addresses: desired.link.addresses),
                wireGuard: ObservedWireGuard(
                    privateKey: desired.wireGuard.privateKey, listenPort: desired.wireGuard.listenPort, fwmark: 0,
                    peers: desired.wireGuard.peers.map {
                        ObservedPeer(publicKey: $0.publicKey, allowedIPs: $0.allowedIPs, lastHandshake: 990)
                    }), firewall: desired.firewall)
            observe(&observed)
            return try Survey(
                Scene(
                    site: site, desired: desired, revision: 7, observed: observed, now: 1000,
                    terrain: terrain, prober: prober, lookUp: { $0 == "nas.lan" ? [IPAddress("192.168.1.10")!] : [] })
            ).explain(Flow(from: from, to: to))
        }
    }

    @Test(arguments: [
        ("laptop", "192.168.1.10:443/tcp"), ("laptop", "nas.lan"), ("laptop", "192.168.1.0/24"),
        ("guest", "192.168.1.10:443"),
        ("guest", "dns"), ("desk", "192.168.1.20:9100"), ("phone", "1.1.1.1:443"), ("192.168.1.10", "laptop:22"),
        ("gateway", "laptop:22"), ("laptop", "gateway/icmp"), ("192.168.2.1", "192.168.1.10"),
    ])
    func `what works arrives`(from: String, to: String) throws {
        let explanation = try Yard().explain(from, to)
        #expect(explanation.answer == .arrives, "\(explanation.steps.map { "\($0.stage) \($0.fact)" })")
        #expect(explanation.cause == nil)
    }

    /// The address of a network that is asked for is none of the gateway, which is its first one wherever the gateway is the router.
    @Test func `a network in which the gateway has the first address is more than the gateway`() throws {
        var yard = Yard()
        yard.terrain.drawn[1].addresses = [InterfaceAddress("192.168.1.1/24")!]
        for (from, to) in [
            ("laptop", "192.168.1.0/24"), ("192.168.1.0/24", "laptop:22"), ("laptop", "192.168.1.1"),
        ] {
            let explanation = try yard.explain(from, to)
            #expect(explanation.answer == .arrives, "\(explanation.steps.map { "\($0.stage) \($0.fact)" })")
        }
    }

    @Test(arguments: [
        ("guest", "192.168.1.10:80", "guest's policy does not allow it", "allow = [\"192.168.1.10:443/tcp\"]"),
        ("desk", "192.168.1.20:80", "desk's group printers does not allow it", "allow = [\"192.168.1.20:9100/tcp\"]"),
        ("laptop", "1.1.1.1", "laptop is split tunnel", "full-tunnel = false"),
        ("laptop", "guest", "laptop may not reach guest", "[peers.laptop]"),
        ("phone", "10.1.1.1", "neither the LAN's nor the Internet's", ""),
    ])
    func `what the profile does not allow stops, with its line`(from: String, to: String, words: String, line: String)
        throws
    {
        let explanation = try Yard().explain(from, to)
        let cause = try #require(explanation.cause)
        #expect(explanation.answer == .stops && cause.stage == .profile)
        #expect("\(cause.fact)".contains(words))
        if !line.isEmpty { #expect(cause.place?.text.hasPrefix(line) == true, "\(String(describing: cause.place))") }
    }

    @Test func `a line is the one that export prints`() throws {
        let yard = Yard()
        let place = try #require(try yard.explain("guest", "192.168.1.10:80").cause?.place)
        let lines = yard.site.profileText().split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[place.line - 1] == place.text)
    }

    /// One thing that somebody did to the box, where it stops a packet, and what is said of it.
    struct Fault: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let stage: Step.Stage
        let words: String
        var leg = Step.Leg.there
        var answer = Explanation.Answer.stops
        let put: @Sendable (inout Yard) -> Void
    }

    @Test(arguments: [
        Fault(testDescription: "forwarding", stage: .forwarding, words: "net.ipv4.conf.wg0.forwarding is 0") {
            $0.terrain.settings["net/ipv4/conf/wg0/forwarding"] = 0
        },
        Fault(testDescription: "forwarding of answers", stage: .forwarding, words: "conf.eth0.forwarding", leg: .back) {
            $0.terrain.settings["net/ipv4/conf/eth0/forwarding"] = 0
        },
        Fault(testDescription: "no interface", stage: .session, words: "interface wg0 is gone") {
            $0.observe = { $0.link = nil }
        },
        Fault(testDescription: "interface down", stage: .session, words: "wg0 is down") {
            $0.observe = { $0.link?.isUp = false }
        },
        Fault(testDescription: "peer removed", stage: .session, words: "does not know laptop") {
            $0.observe = { $0.wireGuard?.peers.removeAll { $0.publicKey == Lab.publicKey(1) } }
        },
        Fault(testDescription: "allowed IPs elsewhere", stage: .owner, words: "192.168.2.1 is guest's") {
            $0.observe = { state in
                for i in state.wireGuard!.peers.indices {
                    let isGuest = state.wireGuard!.peers[i].publicKey == Lab.publicKey(2)
                    if isGuest { state.wireGuard!.peers[i].allowedIPs = [IPPrefix("192.168.2.1")!] }
                    if state.wireGuard!.peers[i].publicKey == Lab.publicKey(1) {
                        state.wireGuard!.peers[i].allowedIPs = []
                    }
                }
            }
        },
        Fault(testDescription: "silent", stage: .session, words: "was last heard", answer: .cannotTell) {
            $0.observe = { state in
                for i in state.wireGuard!.peers.indices { state.wireGuard!.peers[i].lastHandshake = 500 }
            }
        },
        Fault(testDescription: "never seen", stage: .session, words: "has not shaken hands", answer: .cannotTell) {
            $0.observe = { state in
                for i in state.wireGuard!.peers.indices { state.wireGuard!.peers[i].lastHandshake = 0 }
            }
        },
        Fault(testDescription: "no table", stage: .forward, words: "table inet wggw is gone") {
            $0.observe = { $0.firewall = nil }
        },
        Fault(testDescription: "no route", stage: .route, words: "no route leads to 192.168.1.10") {
            $0.terrain.routes.removeAll { $0.destination != IPPrefix("192.168.2.0/24")! }
        },
        Fault(testDescription: "prohibited", stage: .route, words: "192.168.1.10 is prohibited") {
            $0.terrain.routes.append((IPPrefix("192.168.1.10")!, .refused(.prohibit)))
        },
        Fault(testDescription: "astray", stage: .route, words: "should go by wg0", leg: .back) {
            $0.terrain.routes.append((IPPrefix("192.168.2.1")!, .leads(RouteWay("eth0"))))
        },
        Fault(testDescription: "no neighbour", stage: .neighbour, words: "does not answer ARP") {
            $0.terrain.neighbours[IPAddress("192.168.1.10")!] = .failed
        },
        Fault(testDescription: "no carrier", stage: .link, words: "eth0 has no carrier") {
            $0.terrain.drawn[1].hasCarrier = false
        },
        Fault(
            testDescription: "a chain that drops", stage: .forward,
            words: "the policy of ip filter FORWARD (Docker) drops it"
        ) {
            $0.terrain.tables = [
                FirewallTable(
                    .ip, "filter",
                    chains: [
                        FirewallChain("DOCKER-USER", rules: []),
                        FirewallChain(
                            "FORWARD", hook: .init(kind: .filter, point: .forward, priority: 0, drops: true), rules: []),
                    ])
            ]
        },
        Fault(testDescription: "a rule that nobody reads", stage: .forward, words: "may drop it", answer: .cannotTell) {
            $0.terrain.tables = [
                FirewallTable(
                    .inet, "f",
                    chains: [
                        FirewallChain(
                            "c", hook: .init(kind: .filter, point: .forward, priority: 0, drops: false),
                            rules: [FirewallRule(expressions: [.condition("match time"), .verdict(.drop)])])
                    ])
            ]
        },
    ])
    func `what is wrong is named`(fault: Fault) throws {
        var yard = Yard()
        fault.put(&yard)
        let explanation = try yard.explain("laptop", "192.168.1.10:443/tcp")
        let cause = try #require(explanation.cause)
        #expect(
            explanation.answer == fault.answer && cause.stage == fault.stage && cause.leg == fault.leg, "\(cause.fact)")
        #expect("\(cause.fact)".contains(fault.words), "\(cause.fact)")
        #expect(cause.remedy != nil)
    }

    @Test func `a host is asked as the one that it sees`() throws {
        var yard = Yard()
        var prober = DrawnProber()
        let own = IPAddress("192.168.1.127")!
        let host = IPAddress("192.168.1.10")!
        yard.prober = prober
        #expect(try yard.explain("laptop", "192.168.1.10:443").cause?.stage == .host)
        // The peer is asked in the host's name, the host in the gateway's, which it sees.
        prober.answers = [
            Probe(IPAddress("192.168.2.1")!, from: host, by: "wg0", transport: 1): .answered(milliseconds: 9),
            Probe(host, from: own, by: "eth0", transport: 6, port: 443): .answered(milliseconds: 2),
        ]
        yard.prober = prober
        #expect(try yard.explain("laptop", "192.168.1.10:443").answer == .arrives)
        prober.answers[Probe(host, from: own, by: "eth0", transport: 6, port: 443)] = .refused
        yard.prober = prober
        #expect(try "\(#require(yard.explain("laptop", "192.168.1.10:443").cause).fact)".contains("refuses 443/tcp"))
    }

    @Test func `a router without the route answers the gateway alone`() throws {
        var yard = Yard()
        yard.site.lan.replyPath = .routed
        let (host, peer) = (IPAddress("192.168.1.10")!, IPAddress("192.168.2.1")!)
        #expect(try yard.explain("laptop", "192.168.1.10:443").answer == .cannotTell)
        var prober = DrawnProber()
        prober.answers = [
            Probe(peer, from: host, by: "wg0", transport: 1): .answered(milliseconds: 9),
            Probe(host, from: IPAddress("192.168.1.127")!, by: "eth0", transport: 6, port: 443): .answered(
                milliseconds: 2),
        ]
        yard.prober = prober
        let cause = try #require(try yard.explain("laptop", "192.168.1.10:443").cause)
        #expect(cause.stage == .replyPath)
        #expect(cause.remedy == .routerRoute(IPPrefix("192.168.2.0/24")!, via: IPAddress("192.168.1.127")!))
    }

    @Test(arguments: [
        ("nobody", "192.168.1.10", "no peer is called that"), ("192.168.1.10", "192.168.1.11", "neither"),
        ("laptop", "laptop", "both ends are laptop"), ("laptop", "fd00::1", "no addresses of the same family"),
    ])
    func `what makes no sense is refused`(from: String, to: String, words: String) {
        do {
            _ = try Yard().explain(from, to)
            Issue.record("it was explained")
        } catch { #expect("\(error)".contains(words)) }
    }
}
