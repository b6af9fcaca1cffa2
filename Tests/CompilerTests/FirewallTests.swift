import BoxModel
import NetTypes
import SiteModel
import SiteSamples
import Testing

@testable import Firewall
@testable import Compiler

struct FirewallTests {
    @Test func agreesWithTheNaiveTwin() throws {
        for seed in 0..<120 {
            var world = RandomWorld(seed: seed)
            let site = world.site()
            let surroundings = world.surroundings()
            let table = try compile(site, secrets: Lab.secrets, surroundings: surroundings).firewall
            let filter = PacketFilter([table])
            let naive = NaivePolicy(site: site, surroundings: surroundings)
            var accepted = 0
            for _ in 0..<200 {
                let packet = world.packet()
                let fate = filter.fate(packet.known, packet.way)
                #expect(filter.walk(packet.known, packet.way).fate == fate, "whether or not it is written down")
                let passes = fate == .passes
                if case .cannotTell = fate { Issue.record("\(packet): \(fate)") }
                #expect(passes == naive.allows(packet), "seed \(seed): \(packet)")
                accepted += passes ? 1 : 0
            }
            #expect(accepted > 0 && accepted < 300)
        }
    }

    @Test func elementsOfIntervalSetsDoNotOverlap() throws {
        for seed in 0..<200 {
            var world = RandomWorld(seed: seed)
            let boxes = AccessBoxes(world.policy()).boxes
            for (i, a) in boxes.enumerated() {
                for b in boxes[..<i] {
                    let overlap =
                        a.destination.overlaps(b.destination) && a.transports.overlaps(b.transports)
                        && a.ports.overlaps(b.ports)
                    #expect(!overlap, "seed \(seed): \(a) and \(b)")
                }
            }
        }
    }

    @Test func theNumberOfRulesDoesNotGrowWithThePeers() throws {
        func rules(_ peers: Int) throws -> Int {
            let site = Lab.site { site in
                site.peers = (1...peers).map { Lab.peer("p\($0)", $0, ["192.168.2.\($0)"]) }
            }
            return try compile(site, secrets: Lab.secrets, surroundings: Surroundings()).firewall.chains.reduce(0) {
                $0 + $1.rules.count
            }
        }
        #expect(try rules(1) == rules(200))
    }

    static let answers: [(Packet.State, String, Bool)] = [
        (.established, "1.1.1.1", true), (.related, "1.1.1.1", true), (.invalid, "192.168.1.10", false),
        (.new, "1.1.1.1", false), (.new, "192.168.1.10", true),
    ]

    @Test(arguments: answers) func connectionState(state: Packet.State, destination: String, passes: Bool) throws {
        let table = try compile(Lab.site(), secrets: Lab.secrets, surroundings: Surroundings()).firewall
        let filter = PacketFilter([table])
        let packet = Packet(
            input: "wg0", output: "eth0", source: IPAddress("192.168.2.1")!, destination: IPAddress(destination)!,
            transport: 6, state: state)
        #expect(filter.passes(packet) == passes)
    }

    @Test func countsEachDirectionOnce() throws {
        let table = try compile(Lab.site(), secrets: Lab.secrets, surroundings: Surroundings()).firewall
        let peer = IPAddress("192.168.2.1")!
        let host = IPAddress("192.168.1.10")!
        let filter = PacketFilter([table])
        var counted: [String] = []
        let request = Packet(input: "wg0", output: "eth0", source: peer, destination: host, transport: 6)
        let answer = Packet(
            input: "eth0", output: "wg0", source: host, destination: peer, transport: 6, state: .established)
        for packet in [request, answer] {
            for point in [FirewallChain.Hook.Point.forward, .postrouting] {
                let walk = filter.walk(packet.known, at: point)
                #expect(walk.fate == .passes)
                #expect(!walk.counts.contains { !$0.isCertain })
                counted += walk.counts.compactMap(\.set)
            }
        }
        #expect(counted == ["from4", "to4"])
    }

    /// What the packet's source becomes: the gateway's own address, or nothing else.
    static let masquerades: [(ReplyPath, fullTunnel: Bool, input: String, destination: String, Bool)] = [
        (.masquerade, false, "wg0", "192.168.1.10", true), (.masquerade, false, "wg0", "1.1.1.1", false),
        (.masquerade, true, "wg0", "1.1.1.1", true), (.masquerade, true, "eth1", "1.1.1.1", false),
        (.routed, false, "wg0", "192.168.1.10", false), (.routed, true, "wg0", "192.168.1.10", false),
        (.routed, true, "wg0", "1.1.1.1", true), (.proxyARP, false, "wg0", "192.168.1.10", false),
    ]

    @Test(arguments: masquerades)
    func masquerade(path: ReplyPath, fullTunnel: Bool, input: String, destination: String, expected: Bool) throws {
        let site = Lab.site { site in
            site.lan.replyPath = path
            site.egress.fullTunnel = fullTunnel
        }
        let filter = PacketFilter([try compile(site, secrets: Lab.secrets, surroundings: Surroundings()).firewall])
        let packet = Packet(
            input: input, output: "eth0", source: IPAddress("192.168.2.1")!, destination: IPAddress(destination)!,
            transport: 6)
        let walk = filter.walk(packet.known, at: .postrouting)
        #expect(walk.fate == .passes)
        #expect(walk.translations == (expected ? [Walk.Translated(kind: .masquerade, isCertain: true)] : []))
    }
}
