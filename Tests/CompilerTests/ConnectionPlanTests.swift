import Firewall
import NetTypes
import SiteModel
import SiteSamples
import Testing

@testable import BoxModel
@testable import Compiler
import BoxTwin

/// Whose connections a plan names.
struct ConnectionPlanTests {
    /// A site with a peer of every kind.
    static let site = Lab.site { site in
        site.groups = ["staff": Policy(allow: rules(["192.168.1.10:443/tcp", "192.168.1.0/24:22/tcp"]))]
        var guest = Lab.peer("guest", 2, ["192.168.2.2"])
        guest.policy = Policy(allow: rules(["192.168.1.10:80-90/tcp"]))
        var staff = Lab.peer("staff", 3, ["192.168.2.3"])
        staff.group = "staff"
        var phone = Lab.peer("phone", 4, ["192.168.2.4"])
        phone.fullTunnel = true
        var branch = Lab.peer("branch", 5, ["192.168.2.5"])
        branch.routes = [IPPrefix("192.168.7.0/24")!]
        site.peers += [guest, staff, phone, branch]
        site.peers.sort { $0.name < $1.name }
    }

    static func rules(_ texts: [String]) -> [AccessRule] { texts.map { AccessRule($0)! } }

    /// Peers by number: branch, guest, laptop, phone, staff.
    static let edits: [(String, @Sendable (inout Site) -> Void, [String])] = [
        ("a peer more", { $0.peers.append(Lab.peer("tablet", 6, ["192.168.2.6"])) }, []),
        ("an address more", { $0.peers[2].addresses.append(IPAddress("192.168.2.9")!) }, []),
        ("full tunnel", { $0.peers[1].fullTunnel = true }, []),
        ("a rule more", { $0.peers[1].policy!.allow += rules(["192.168.1.11/icmp"]) }, []),
        ("wider rules", { $0.peers[1].policy!.allow = rules(["192.168.1.0/24:1-100/tcp"]) }, []),
        ("from a policy to the LAN", { $0.peers[1].policy = nil }, []),
        ("from a group to the LAN", { $0.peers[4].group = nil }, []),
        (
            "from a group to the same rules",
            {
                $0.peers[4].policy = $0.groups["staff"]; $0.peers[4].group = nil
            }, []
        ),
        ("a group's rule more", { $0.groups["staff"]!.allow += rules(["192.168.1.11"]) }, []),
        ("a group more", { $0.groups["nobody"] = Policy(allow: rules(["192.168.1.11"])) }, []),
        ("forwarding for others", { $0.otherForwarding = .allow }, []),
        ("the gateway's DNS", { $0.dns = [IPAddress("192.168.2.254")!] }, []),
        ("another reply path", { $0.lan.replyPath = .routed }, []),
        ("a preshared key", { $0.peers[0].presharedKey = .sealed(Lab.secretID(1)) }, []),
        ("another port, MTU, mark", { ($0.tunnel.listenPort, $0.tunnel.mtu, $0.tunnel.fwmark) = (1, 1300, 7) }, []),
        ("another datapath", { $0.tunnel.datapath = .userspace }, []),
        (
            "a peer less", { $0.peers.remove(at: 0) },
            ["- connections of branch, which had 192.168.2.5, 192.168.7.0/24"]
        ),
        (
            "another key", { $0.peers[2].publicKey = Lab.publicKey(9) },
            ["- connections of laptop, which had 192.168.2.1"]
        ),
        (
            "half of a network", { $0.peers[0].routes = [IPPrefix("192.168.7.128/25")!] },
            ["- connections of branch, which had 192.168.7.0/25"]
        ),
        (
            "a network more, which was elsewhere", { $0.peers[0].routes.append(IPPrefix("192.168.8.0/24")!) },
            ["- connections of branch that its policy forbids"]
        ),
        ("split tunnel", { $0.peers[3].fullTunnel = false }, ["- connections of phone that its policy forbids"]),
        (
            "narrower rules", { $0.peers[1].policy!.allow = rules(["192.168.1.10:80-89/tcp"]) },
            ["- connections of guest that its policy forbids"]
        ),
        (
            "from the LAN to a policy", { $0.peers[2].policy = Policy(allow: rules(["192.168.1.0/24"])) },
            ["- connections of laptop that its policy forbids"]
        ),
        (
            "from the LAN to a group", { $0.peers[2].group = "staff" },
            ["- connections of laptop that its policy forbids"]
        ),
        (
            "a group's rule less", { $0.groups["staff"]!.allow.remove(at: 0) },
            ["- connections of staff that its policy forbids"]
        ),
        (
            "another LAN", { $0.lan.subnets = [IPPrefix("192.168.1.0/25")!] },
            ["- connections through wg0 that no policy allows"]
        ),
        (
            "another way out", { $0.egress.interface = "eth1" }, ["- connections through wg0 that no policy allows"]
        ),
    ]

    @Test(arguments: edits.indices) func edit(_ index: Int) throws {
        let (what, change, expected) = Self.edits[index]
        var after = Self.site
        change(&after)
        #expect(try lines(from: Self.site, to: after) == expected, "\(what)")
    }

    private func lines(
        from before: Site, to after: Site, drift: (inout ObservedState) -> Void = { _ in }
    ) throws -> [String] {
        let box = SimulatedBox(ObservedState(kernelHasWireGuard: true, sysctls: Lab.freshSysctls))
        let previous = try compile(before, secrets: Lab.secrets, surroundings: Surroundings())
        let first = try diff(previous, box.observe(previous.scope()))
        for change in first.changes { try box.perform(change) }
        drift(&box.everything)
        let state = try compile(after, secrets: Lab.secrets, surroundings: Surroundings())
        let names = Dictionary((before.peers + after.peers).map { ($0.publicKey!, $0.name) }) { first, _ in first }
        return try diff(state, box.observe(state.scope(previous: previous)), previous: previous)
            .lines(naming: names).filter { $0.contains("connections") }
    }

    /// What somebody else changed may have let in what the site never allowed.
    @Test func whatDriftedIsJudged() throws {
        let everything = ["- connections through wg0 that no policy allows"]
        #expect(try lines(from: Self.site, to: Self.site) { _ in } == [])
        #expect(try lines(from: Self.site, to: Self.site) { $0.sysctls["net/ipv4/ip_forward"] = 0 } == [])
        #expect(try lines(from: Self.site, to: Self.site) { $0.firewall = nil } == everything)
        #expect(try lines(from: Self.site, to: Self.site) { $0.firewall!.chains.removeLast() } == everything)
        let stranger = try lines(from: Self.site, to: Self.site) { box in
            box.wireGuard!.peers[0].allowedIPs = []
            box.wireGuard!.peers.append(
                ObservedPeer(publicKey: Lab.publicKey(20), allowedIPs: [IPPrefix("192.168.2.5/32")!]))
            box.wireGuard!.peers.sort { $0.publicKey < $1.publicKey }
        }
        #expect(stranger == ["- connections of \(Lab.publicKey(20)), which had 192.168.2.5"])
    }

    /// An interface that was there before wggw has carried what others allowed.
    @Test func whatSomebodyElseMadeIsJudged() throws {
        let state = try compile(Lab.site(), secrets: Lab.secrets, surroundings: Surroundings())
        let box = SimulatedBox(ObservedState(kernelHasWireGuard: true, sysctls: Lab.freshSysctls))
        for change in try diff(state, box.observe(state.scope())).changes { try box.perform(change) }
        box.everything.firewall = nil
        #expect(
            try diff(state, box.observe(state.scope())).lines.contains(
                "- connections through wg0 that no policy allows"))
    }

    @Test func longListsAreSummedUp() throws {
        let holders = (1...10).map { ConnectionCut.Holder(Lab.publicKey($0), [IPPrefix("192.168.2.\($0)")!]) }
        let change = Change.cutConnections(ConnectionCut(released: holders))
        #expect(Plan([change]).lines.count == 5 && Plan([change]).lines.last == "- 6 more peers' connections")
        #expect(Plan([change]).size == 10)
    }
}
