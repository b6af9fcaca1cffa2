import CMnl
import BoxModel
import Firewall
import Glibc
import NetTypes
import Testing

@testable import LinuxNet

/// Other people's rules, loaded into the kernel with nft, and what is said of them for tunnel wg0 and port 51820.
@Suite struct ForeignFirewallTests {
    struct Case: CustomTestStringConvertible {
        var name: String
        var rules: String
        /// Chain, owner, remedy.
        var obstacles: [(chain: String, owner: String?, remedy: String)]
        var testDescription: String { name }
    }

    static let scope = Scope(
        interface: "wg0", listenPort: 51820,
        traffic: Traffic(
            tunnel: [IPPrefix("192.168.2.0/24")!], reaches: [.init("eth0", [IPPrefix("192.168.1.0/24")!])],
            outside: ["eth0"]))
    /// The same, dialled at 443 as well.
    static let scopeOfSeveral: Scope = {
        var scope = Self.scope
        scope.traffic.otherPorts = [443]
        return scope
    }()

    @Test(arguments: cases) func `chains in the way are named`(_ example: Case) throws {
        try inNetworkNamespace {
            try load(example.rules, with: "nft", "-f")
            let found = try LinuxBox().observe(Self.scopeOfSeveral).obstacles
            #expect(found.map(\.chain) == example.obstacles.map(\.chain))
            #expect(found.map(\.owner) == example.obstacles.map(\.owner))
            #expect(found.map(\.remedy) == example.obstacles.map(\.remedy))
            for obstacle in found {
                if case .mayDrop(let doubt) = obstacle.certainty { Issue.record("only a doubt about \(doubt)") }
            }
        }
    }

    @Test(arguments: ForeignRuleset.all) func `what is said is what happens to packets`(_ example: ForeignRuleset)
        throws
    {
        try inNetworkNamespace {
            let yard = try PacketYard(ForeignRuleset.site)
            try example.load()
            let found = try LinuxBox().observe(Self.scope).obstacles
            #expect(found.map(\.line) == example.obstacles)
            let isLetIn = try yard.letsIn()
            let isForwarded = try yard.forwards()
            if let expected = example.isLetIn { #expect(isLetIn == expected) }
            if let expected = example.isForwarded { #expect(isForwarded == expected) }
            // The table's own words, without regard to what the packets said.
            let input = found.filter { $0.remedy.contains("51820") }
            let forward = found.filter { !$0.remedy.contains("51820") }
            for (obstacles, arrives) in [(input, isLetIn), (forward, isForwarded)] {
                if obstacles.isEmpty { #expect(arrives) }
                if obstacles.contains(where: \.isCertain) { #expect(!arrives) }
            }
        }
    }

    /// Nobody reads 100,000 elements to find out that any address may be blocked.
    @Test func `a set is read only where an answer hangs on it`() throws {
        try inNetworkNamespace {
            try load(
                """
                table inet f {
                set blocked { type ipv4_addr; flags interval; elements = { 192.0.2.0/24 }; }
                set names { type ifname; elements = { "wg0" }; }
                set unused { type ipv4_addr; elements = { 192.0.2.1 }; }
                chain input { type filter hook input priority 0; policy accept
                ip saddr @blocked drop
                }
                chain forward { type filter hook forward priority 0; policy drop
                iifname @names accept
                oifname "wg0" accept
                ip saddr @unused drop
                }; }
                """, with: "nft", "-f")
            var socket = try NetlinkSocket(NETLINK_NETFILTER)
            let foreign = ForeignFirewall(
                tables: try socket.foreignTables(where: \.filtersTransit),
                probes: ForeignFirewall.Probe.all(
                    Self.scope.traffic, tunnel: "wg0", listenPort: 51820, hasIPv6: true
                ) {
                    KnownPacket.Interface($0)
                }, interface: "wg0")
            var asked: [String] = []
            let obstacles = try foreign.obstacles { name in
                asked.append(name.set)
                return try socket.contents(of: name)
            }
            #expect(obstacles == [])
            #expect(asked == ["names"])
        }
    }

    @Test func `wggw's own table is in nobody's way`() throws {
        try inNetworkNamespace {
            try LinuxBox().perform(.firewall(.replace(Sample.firewall, carrying: nil)))
            #expect(try LinuxBox().observe(Self.scope).obstacles == [])
        }
    }
}

extension FirewallObstacle {
    /// `drops inet f input: rule 3 of inet f input`
    fileprivate var line: String {
        switch certainty {
        case .drops(let place): "drops \(chain): \(place)"
        case .sendsElsewhere(let place): "sends elsewhere \(chain): \(place)"
        case .mayDrop(let doubt): "may drop \(chain): \(doubt.place)"
        }
    }
}
