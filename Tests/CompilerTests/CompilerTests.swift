import NetTypes
import SiteModel
import SiteSamples
import Testing

@testable import BoxModel
@testable import Compiler

struct CompilerTests {
    @Test func theSiteOfTheSlides() throws {
        let state = try compile(Lab.site(), secrets: Lab.secrets, surroundings: Surroundings())
        #expect(state.wireGuard.peers.map(\.allowedIPs) == [[IPPrefix("192.168.2.1/32")!]])
        let observed = ObservedState(kernelHasWireGuard: true, sysctls: ["net/ipv4/ip_forward": 0])
        let plan = try diff(state, observed)
        #expect(
            plan.lines.prefix(3) == [
                "+ firewall table inet wggw: 50 rules, 5 set elements",
                "- connections through wg0 that no policy allows",
                "+ interface wg0 (kernel)",
            ])
        #expect(plan.changes.last == .setSysctl(key: "net/ipv4/ip_forward", value: 1, was: 0))
    }

    static let refused: [(String, @Sendable (inout Site) -> Void)] = [
        ("tunnel.public-key is not known: give it in the profile", { $0.tunnel.publicKey = nil }),
        ("peers.laptop.public-key is not known: give it in the profile", { $0.peers[0].publicKey = nil }),
        ("peers.laptop.addresses is not known: give it in the profile", { $0.peers[0].addresses = [] }),
        ("peers.laptop.preshared-key is not known: give it in the profile", { $0.peers[0].presharedKey = .auto }),
        (
            "the private key of \(Lab.publicKey(99)) is not in the store: import it, or make a new key pair",
            { $0.tunnel.publicKey = Lab.publicKey(99) }
        ),
        (
            "peer laptop: preshared key sealed:00000000000000ff is not in the store: import it, or write \"auto\"",
            { $0.peers[0].presharedKey = .sealed(Lab.secretID(255)) }
        ),
        ("peer laptop: there is no group guests: add [groups.guests]", { $0.peers[0].group = "guests" }),
        (
            "peer phone: 192.168.2.1/32 overlaps 192.168.2.1/32 of peer laptop: a packet's source must tell the peer",
            { $0.peers.append(Lab.peer("phone", 2, ["192.168.2.1"])) }
        ),
        (
            "peer laptop: 192.168.2.1/32 overlaps 192.168.2.0/28 of peer site: a packet's source must tell the peer",
            { site in
                site.peers.append(Lab.peer("site", 2, ["192.168.2.99"]))
                site.peers[1].routes = [IPPrefix("192.168.2.0/28")!]
            }
        ),
        (
            "peer b: 10.1.0.0/16 overlaps 10.0.0.0/8 of peer a: a packet's source must tell the peer",
            { site in
                site.peers = [Lab.peer("a", 2, ["192.168.2.2"]), Lab.peer("b", 3, ["192.168.2.3"])]
                site.peers[0].routes = [IPPrefix("10.0.0.0/8")!]
                site.peers[1].routes = [IPPrefix("10.1.0.0/16")!]
            }
        ),
    ]

    @Test(arguments: refused.indices) func refuses(_ index: Int) {
        let (message, change) = Self.refused[index]
        let error = #expect(throws: CompileError.self) {
            try compile(Lab.site(change), secrets: Lab.secrets, surroundings: Surroundings())
        }
        #expect(error?.description == message)
    }

    @Test func whatIsBehindAPeerIsRoutedIntoTheTunnel() throws {
        let site = Lab.site { site in
            site.peers[0].routes = ["10.0.0.0/8", "10.1.0.0/16", "fd07::/64"].map { IPPrefix($0)! }
            site.peers.append(Lab.peer("inside", 2, ["192.168.1.77"]))
        }
        let state = try compile(site, secrets: Lab.secrets, surroundings: Surroundings())
        #expect(state.routes.map(\.destination.description) == ["10.0.0.0/8", "192.168.1.77/32", "fd07::/64"])
        #expect(state.sysctls.contains(SysctlRequirement("net/ipv6/conf/all/forwarding", .equal(1))))
    }
}
