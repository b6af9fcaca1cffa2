import NetTypes
import SiteModel
import SiteSamples
import Testing

@testable import BoxModel
@testable import Compiler
import BoxTwin

/// From one state to the next: what a person would read in the plan.
struct DiffTests {
    /// A box on which `site` was applied.
    private func applied(_ site: Site) throws -> (DesiredState, SimulatedBox) {
        let box = SimulatedBox(
            ObservedState(kernelHasWireGuard: true, sysctls: Lab.freshSysctls),
            names: ["a.example": IPAddress("198.51.100.1")!, "b.example": IPAddress("198.51.100.2")!])
        let state = try compile(site, secrets: Lab.secrets, surroundings: Surroundings())
        for change in try diff(state, box.observe(state.scope())).changes { try box.perform(change) }
        return (state, box)
    }

    private func lines(
        from before: Site, to after: Site, saved: [String: Int] = [:], drift: (inout ObservedState) -> Void = { _ in }
    ) throws -> [String] {
        let (previous, box) = try applied(before)
        drift(&box.everything)
        let state = try compile(after, secrets: Lab.secrets, surroundings: Surroundings())
        let scope = state.scope(previous: previous, savedSysctls: saved)
        let names = Dictionary((before.peers + after.peers).map { ($0.publicKey!, $0.name) }) {
            first, _ in first
        }
        return try diff(state, box.observe(scope), previous: previous, savedSysctls: saved).lines(naming: names)
    }

    static let edits: [(String, @Sendable (inout Site) -> Void, [String])] = [
        ("nothing", { _ in }, []),
        (
            "a peer more", { $0.peers.append(Lab.peer("phone", 2, ["192.168.2.2"])) },
            [
                "+ firewall set from4 192.168.2.2", "+ firewall map policy4 192.168.2.2 : goto lan",
                "+ firewall set to4 192.168.2.2", "+ peer phone  allowed ips 192.168.2.2/32",
            ]
        ),
        (
            "a peer less", { $0.peers = [] },
            [
                "- firewall set from4 192.168.2.1", "- firewall map policy4 192.168.2.1 : goto lan",
                "- firewall set to4 192.168.2.1", "- connections of laptop, which had 192.168.2.1", "- peer laptop",
            ]
        ),
        (
            "its address goes to another, in three steps",
            { $0.peers = [Lab.peer("phone", 2, ["192.168.2.1"])] },
            [
                "- peer laptop", "- connections of laptop, which had 192.168.2.1",
                "+ peer phone  allowed ips 192.168.2.1/32",
            ]
        ),
        ("a port", { $0.tunnel.listenPort = 443 }, ["~ wireguard listen port 443"]),
        ("a smaller MTU", { $0.tunnel.mtu = 1380 }, ["~ mtu wg0 1420 → 1380"]),
        (
            "another address of the same subnet, added first",
            { $0.tunnel.addresses = [InterfaceAddress("192.168.2.253/24")!] },
            ["+ address 192.168.2.253/24 on wg0", "- address 192.168.2.254/24 on wg0"]
        ),
        (
            "a preshared key", { $0.peers[0].presharedKey = .sealed(Lab.secretID(1)) },
            ["~ peer laptop  preshared key (hidden)"]
        ),
        (
            "an endpoint", { $0.peers[0].endpoint = Endpoint("a.example:7") }, ["~ peer laptop  endpoint a.example:7"]
        ),
        (
            "the other implementation, with the endpoint that was learned", { $0.tunnel.datapath = .userspace },
            [
                "+ interface wg0-next (userspace)", "~ wireguard private key (hidden)", "~ wireguard listen port 51820",
                "+ peer laptop  allowed ips 192.168.2.1/32  endpoint 198.51.100.9:4444", "+ mtu wg0-next 1420",
                "~ interface wg0 (kernel → userspace): wg0-next takes its place", "+ address 192.168.2.254/24 on wg0",
                "~ sysctl net.ipv4.conf.wg0.promote_secondaries 0 → 1",
                "~ sysctl net.ipv4.conf.wg0.rp_filter 1 → 2", "~ interface wg0 up", "~ handshake with laptop",
            ]
        ),
        (
            "another name of the interface", { $0.tunnel.interface = "wg1" },
            [
                "- interface wg0 (kernel)", "~ firewall table inet wggw: 50 rules, 5 set elements",
                "- connections through wg1 that no policy allows",
                "+ interface wg1 (kernel)", "~ wireguard private key (hidden)", "~ wireguard listen port 51820",
                "+ peer laptop  allowed ips 192.168.2.1/32", "+ address 192.168.2.254/24 on wg1", "+ mtu wg1 1420",
                "~ sysctl net.ipv4.conf.wg1.promote_secondaries 0 → 1",
                "~ sysctl net.ipv4.conf.wg1.rp_filter 1 → 2", "~ interface wg1 up",
            ]
        ),
    ]

    @Test(arguments: edits.indices) func edit(_ index: Int) throws {
        let (what, change, expected) = Self.edits[index]
        let plan = try lines(from: Lab.site(), to: Lab.site(change)) { box in
            box.wireGuard!.peers[0].endpoint = SocketAddress(IPAddress("198.51.100.9")!, port: 4444)
        }
        #expect(plan == expected, "\(what)")
    }

    /// Whoever looked at the interface while it was there knows where its peers are.
    @Test func anInterfaceThatIsGoneLeavesWhereItsPeersWere() throws {
        let plan = try lines(from: Lab.site(), to: Lab.site()) { box in
            box.link = nil
            box.wireGuard = nil
            box.lost = [
                ObservedPeer(
                    publicKey: Lab.publicKey(1), endpoint: SocketAddress(IPAddress("198.51.100.9")!, port: 4444),
                    lastHandshake: 100)
            ]
        }
        #expect(plan.contains("+ peer laptop  allowed ips 192.168.2.1/32  endpoint 198.51.100.9:4444"))
        #expect(plan.contains("~ handshake with laptop"))
    }

    /// Endpoints before and after in the site, where the peer was heard, and what is set.
    static let endpoints: [(String?, String?, heard: String?, set: String?)] = [
        ("a.example:1", "a.example:1", "198.51.100.77", nil),
        ("a.example:1", "b.example:1", "198.51.100.77", "b.example:1"),
        ("203.0.113.1:1", "203.0.113.1:1", "198.51.100.77", nil),
        ("203.0.113.1:1", "203.0.113.2:1", "198.51.100.77", "203.0.113.2:1"),
        ("203.0.113.1:1", "203.0.113.2:1", "203.0.113.2", nil),
        ("a.example:1", nil, "198.51.100.77", nil),
        ("a.example:1", "a.example:1", nil, "a.example:1"),
        (nil, "a.example:1", "198.51.100.77", "a.example:1"),
    ]

    @Test(arguments: endpoints)
    func aRoamedEndpointStays(before: String?, after: String?, heard: String?, set: String?) throws {
        func site(_ endpoint: String?) -> Site { Lab.site { $0.peers[0].endpoint = endpoint.map { Endpoint($0)! } } }
        let plan = try lines(from: site(before), to: site(after)) { box in
            box.wireGuard!.peers[0].endpoint = heard.map { SocketAddress(IPAddress($0)!, port: 1) }
        }
        #expect(plan == (set.map { ["~ peer laptop  endpoint \($0)"] } ?? []))
    }

    @Test func addressesSwapWithoutTheFilterBeingWrong() throws {
        let before = Lab.site { $0.peers.append(Lab.peer("phone", 2, ["192.168.2.2"])) }
        let after = Lab.site { site in
            site.peers = [
                Lab.peer("laptop", 1, ["192.168.2.2"]), Lab.peer("phone", 2, ["192.168.2.1"]),
            ]
            site.peers[0].fullTunnel = true
        }
        let plan = try lines(from: before, to: after)
        #expect(Set(plan.prefix(2)) == ["~ peer laptop  no allowed ips", "~ peer phone  no allowed ips"])
        #expect(plan[2].hasPrefix("~ firewall table"))
        #expect(
            Set(plan[3...4]) == [
                "- connections of laptop, which had 192.168.2.1", "- connections of phone, which had 192.168.2.2",
            ])
        #expect(
            Set(plan.dropFirst(5)) == [
                "~ peer laptop  allowed ips 192.168.2.2/32", "~ peer phone  allowed ips 192.168.2.1/32",
            ])
    }

    @Test func settingsThatAreNotNeededAnyMoreAreGivenBack() throws {
        let before = Lab.site { $0.lan.replyPath = .proxyARP }
        let saved = ["net/ipv4/conf/eth0/proxy_arp": 0, "net/ipv4/ip_forward": 0]
        let plan = try lines(from: before, to: Lab.site(), saved: saved)
        #expect(plan.last == "~ sysctl net.ipv4.conf.eth0.proxy_arp 1 → 0")
        #expect(!plan.contains { $0.contains("ip_forward") })
    }

    @Test func proxyNeighboursOfOthersStay() throws {
        let six = Lab.site { site in
            site.lan = LAN(interface: "eth0", subnets: [IPPrefix("fd01::/64")!], replyPath: .proxyARP)
            site.peers[0].addresses = [IPAddress("fd01::7")!]
        }
        let foreign = ProxyNeighbour(IPAddress("fd01::99")!, interface: "eth0")
        let plan = try lines(from: six, to: Lab.site()) { $0.proxyNeighbours.append(foreign) }
        #expect(plan.filter { $0.contains("neighbour") } == ["- proxy neighbour fd01::7 on eth0"])
    }

    /// all, eth0, and what is written to eth0: the kernel takes the maximum of the two.
    @Test(arguments: [(0, 0, nil), (0, 1, 2), (1, 0, 2), (1, 1, 2), (2, 0, nil), (2, 1, nil), (0, 2, nil), (1, 2, nil)])
    func reversePathFilter(all: Int, own: Int, written: Int?) throws {
        let state = try compile(Lab.site(), secrets: Lab.secrets, surroundings: Surroundings())
        let key = "net/ipv4/conf/eth0/rp_filter"
        let observed = ObservedState(
            kernelHasWireGuard: true, sysctls: [key: own, "net/ipv4/conf/all/rp_filter": all])
        let change = written.map { Change.setSysctl(key: key, value: $0, was: own) }
        #expect(try diff(state, observed).changes.first { $0.isAbout(key) } == change)
    }

    /// accept_ra, forwarding before, and what is written.
    @Test(arguments: [(1, 0, 2), (0, 0, nil), (2, 0, nil), (1, 1, nil)])
    func routerAdvertisements(accepts: Int, forwarding: Int, written: Int?) throws {
        let site = Lab.site { $0.tunnel.addresses.append(InterfaceAddress("fd02::1/64")!) }
        let state = try compile(site, secrets: Lab.secrets, surroundings: Surroundings())
        let key = "net/ipv6/conf/eth0/accept_ra"
        let observed = ObservedState(
            kernelHasWireGuard: true, sysctls: [key: accepts, "net/ipv6/conf/all/forwarding": forwarding])
        let change = written.map { Change.setSysctl(key: key, value: $0, was: accepts) }
        #expect(try diff(state, observed).changes.first { $0.isAbout(key) } == change)
    }

    /// The new interface is made ready beside the old one, takes its name, and calls those who had a session: who was
    /// heard last comes first, who has not been heard for longer than a session lives comes not at all.
    @Test func anotherDatapathTakesOver() throws {
        let before = Lab.site { site in
            site.tunnel.datapath = .kernel
            site.peers += [
                Lab.peer("phone", 2, ["192.168.2.2"]), Lab.peer("tablet", 3, ["192.168.2.3"]),
                Lab.peer("desk", 4, ["192.168.2.4"]),
            ]
        }
        var after = before
        after.tunnel.datapath = .userspace
        let heard: [PublicKey: Int64] = [
            Lab.publicKey(1): 1_000_000, Lab.publicKey(2): 1_000_150, Lab.publicKey(3): 999_969,
        ]
        let plan = try lines(from: before, to: after) { box in
            for i in box.wireGuard!.peers.indices {
                guard let time = heard[box.wireGuard!.peers[i].publicKey] else { continue }
                box.wireGuard!.peers[i].lastHandshake = time
                box.wireGuard!.peers[i].endpoint = SocketAddress(IPAddress("198.51.100.9")!, port: 7)
            }
        }
        #expect(
            plan.filter { !$0.hasPrefix("+ peer") } == [
                "+ interface wg0-next (userspace)", "~ wireguard private key (hidden)",
                "~ wireguard listen port 51820", "+ mtu wg0-next 1420",
                "~ interface wg0 (kernel → userspace): wg0-next takes its place", "+ address 192.168.2.254/24 on wg0",
                "~ sysctl net.ipv4.conf.wg0.promote_secondaries 0 → 1",
                "~ sysctl net.ipv4.conf.wg0.rp_filter 1 → 2", "~ interface wg0 up", "~ handshake with phone",
                "~ handshake with laptop",
            ])
        #expect(
            plan.filter { $0.hasPrefix("+ peer") && $0.hasSuffix("endpoint 198.51.100.9:7") }.count == heard.count)
    }

    @Test func aRestartIsASwitch() throws {
        let (previous, box) = try applied(Lab.site())
        let seen = try box.observe(previous.scope())
        #expect(try diff(previous, seen, previous: previous).isEmpty)
        let plan = try diff(previous, seen, previous: previous, restarts: true)
        #expect(plan.lines.first == "+ interface wg0-next (kernel)")
        for change in plan.changes { try box.perform(change) }
        #expect(try diff(previous, box.observe(previous.scope()), previous: previous).isEmpty)
    }

    @Test func whatACutOffSwitchLeftGoes() throws {
        let plan = try lines(from: Lab.site(), to: Lab.site()) { $0.successor = .userspace }
        #expect(plan == ["- interface wg0-next (userspace)"])
    }

    /// Somebody deleted the interface from under a datapath that hangs: its keys are in memory yet, and its port is taken.
    @Test func whatHasLostItsInterfaceGoesFirst() throws {
        let (previous, box) = try applied(Lab.site())
        box.everything.forgetInterface("wg0")
        box.everything.hasOrphan = true
        let scope = previous.scope()
        let again = try diff(previous, box.observe(scope), previous: previous)
        #expect(again.lines.prefix(2) == ["- interface wg0 (userspace)", "+ interface wg0 (kernel)"])
        let down = try teardown(box.observe(scope), scope: scope, savedSysctls: [:])
        #expect(down.lines.contains("- interface wg0 (userspace)"))
        for change in down.changes { try box.perform(change) }
        #expect(try teardown(box.observe(scope), scope: scope, savedSysctls: [:]).isEmpty)
    }

    /// The names are as long as the kernel takes them, and never the interface's own.
    @Test(arguments: ["wg0", "wg", "a23456789012345", "wg0-next"]) func successorsHaveNames(name: String) {
        #expect(successorName(of: name).utf8.count <= 15 && successorName(of: name) != name)
    }

    @Test func somebodyElsesWireGuardIsNotTaken() throws {
        let (previous, box) = try applied(Lab.site())
        box.everything.wireGuard!.privateKey = Lab.privateKey(9)
        let seen = try box.observe(previous.scope())
        #expect(throws: DiffError.foreignWireGuard("wg0")) { try diff(previous, seen) }
        // It is wggw's by the records, so that only its key is wrong.
        #expect(try diff(previous, seen, previous: previous).lines == ["~ wireguard private key (hidden)"])
        box.everything.wireGuard!.privateKey = nil
        #expect(try !diff(previous, box.observe(previous.scope())).isEmpty)
    }

    @Test func refusals() throws {
        let state = try compile(Lab.site(), secrets: Lab.secrets, surroundings: Surroundings())
        let bridge = ObservedLink(index: 3, backend: nil, isUp: true, mtu: 1500, addresses: [])
        #expect(throws: DiffError.foreignInterface("wg0")) {
            try diff(state, ObservedState(kernelHasWireGuard: true, link: bridge))
        }
        let kernel = try compile(
            Lab.site { $0.tunnel.datapath = .kernel }, secrets: Lab.secrets, surroundings: Surroundings())
        #expect(throws: DiffError.noKernelWireGuard) { try diff(kernel, ObservedState()) }
        #expect(try diff(state, ObservedState()).changes.contains(.createInterface(name: "wg0", backend: .userspace)))
    }
}

extension Change {
    fileprivate func isAbout(_ wanted: String) -> Bool {
        if case .setSysctl(let key, _, _) = self { key == wanted } else { false }
    }
}
