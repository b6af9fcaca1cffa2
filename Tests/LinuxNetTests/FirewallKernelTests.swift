import CMnl
import BoxModel
import Firewall
import Glibc
import NetTypes
import Testing

@testable import LinuxNet

/// Table `inet wggw` on the kernel of this machine.
@Suite struct FirewallKernelTests {
    static let scope = Scope(interface: "wg0")

    static func host(_ number: Int) -> SetElement {
        SetElement([.network(IPPrefix(host: .v4(IPv4Address(rawValue: 0x0a00_0000 + UInt32(number)))))])
    }

    @Test func `what is replaced is what is observed, and what nft lists`() throws {
        try inNetworkNamespace {
            let box = LinuxBox()
            #expect(try box.observe(Self.scope).firewall == nil)
            for _ in 1...2 {
                try box.perform(.firewall(.replace(Sample.firewall, carrying: nil)))
                let observed = try #require(try box.observe(Self.scope).firewall)
                for (a, b) in zip(observed.sets, Sample.firewall.sets) { #expect(a == b) }
                for (a, b) in zip(observed.chains, Sample.firewall.chains) { #expect(a == b) }
                #expect(observed == Sample.firewall)
            }
            #expect(try run("nft", "list", "table", "inet", "wggw") == Sample.listing)
            for _ in 1...2 { try box.perform(.firewall(.remove)) }
            #expect(try box.observe(Self.scope).firewall == nil)
        }
    }

    @Test func `counters go on over a replacement`() throws {
        try inNetworkNamespace {
            let box = LinuxBox()
            let set = FirewallSet("from4", [.ipv4], hasCounters: true, elements: [1, 2, 3].map(Self.host))
            try box.perform(.firewall(.replace(FirewallTable(sets: [set], chains: []), carrying: nil)))
            let counted = "{ 10.0.0.2 counter packets 5 bytes 700 }"
            try run("nft", "delete element inet wggw from4 { 10.0.0.2 }; add element inet wggw from4 " + counted)
            let observed = try #require(try box.observe(Self.scope).firewall)
            let more = FirewallSet("from4", [.ipv4], hasCounters: true, elements: [0, 2, 4].map(Self.host))
            try box.perform(.firewall(.replace(FirewallTable(sets: [more], chains: []), carrying: observed)))
            let counters = try #require(try box.observe(Self.scope).firewall).sets[0].elements.map(\.counter)
            let none = Counter(packets: 0, bytes: 0)
            #expect(counters == [none, Counter(packets: 5, bytes: 700), none])
        }
    }

    @Test func `what is known is not read again until somebody changes a table`() throws {
        try inNetworkNamespace {
            let box = LinuxBox()
            let before = try box.observe(Self.scope).generation
            let change = Change.firewall(.replace(Sample.firewall, carrying: nil))
            try box.perform(change)
            var scope = Self.scope
            let marked = FirewallTable(sets: [], chains: [])
            scope.knownFirewall = KnownFirewall(marked, since: before?.after(Plan([change])))
            #expect(try box.observe(scope).firewall == marked, "our one transaction raised it by one")
            try run("nft", "add table ip somebody-else")
            #expect(try box.observe(scope).firewall == Sample.firewall)
            try run("nft", "delete table inet wggw")
            scope.knownFirewall = KnownFirewall(marked, since: try box.observe(scope).generation)
            #expect(try box.observe(scope).firewall == nil, "a table that is gone is gone, whatever is known of it")
        }
    }

    @Test(arguments: Sample.sets) func `elements come and go, also those that did already`(_ set: FirewallSet) throws {
        try inNetworkNamespace {
            let box = LinuxBox()
            try box.perform(.firewall(.replace(Sample.firewall, carrying: nil)))
            func elements() throws -> [SetElement] {
                let firewall = try #require(try box.observe(Self.scope).firewall)
                #expect(firewall.chains == Sample.chains)
                return try #require(firewall.sets.first { $0.name == set.name }).elements
            }
            var empty = set
            empty.elements = []
            let first = set.elements[0]
            let others = Array(set.elements.dropFirst())
            for _ in 1...2 { try box.perform(.firewall(.update([SetUpdate(set: empty, delete: [first])]))) }
            #expect(try elements() == others)
            let both = SetUpdate(set: empty, add: [first], delete: others)
            for _ in 1...2 { try box.perform(.firewall(.update([both]))) }
            #expect(try elements() == [first])
            for _ in 1...2 { try box.perform(.firewall(.update([SetUpdate(set: empty, add: set.elements)]))) }
            #expect(try elements() == set.elements)
        }
    }

    @Test func `an element changes its verdict`() throws {
        try inNetworkNamespace {
            let box = LinuxBox()
            try box.perform(.firewall(.replace(Sample.firewall, carrying: nil)))
            for name in ["policy4", "policy6"] {
                let set = try #require(Sample.sets.first { $0.name == name })
                var changed = set.elements[0]
                changed.verdict = .drop
                let update = SetUpdate(set: set, add: [changed], delete: [set.elements[0]])
                for _ in 1...2 { try box.perform(.firewall(.update([update]))) }
                let now = try #require(try box.observe(Self.scope).firewall?.sets.first { $0.name == name })
                #expect(now.elements.first == changed && now.elements.count == set.elements.count)
            }
        }
    }

    @Test func `ten thousand elements of every kind of set`() throws {
        let networks = (0..<10_000).map { (i: Int) -> SetElement.Field in
            .network(IPPrefix(masking: .v4(IPv4Address(rawValue: 0x0b00_0000 + UInt32(i) << 8)), length: 24))
        }
        let sets = [
            FirewallSet("hosts", [.ipv4], hasCounters: true, elements: (0..<10_000).map(Self.host)),
            FirewallSet(
                "map", [.ipv4], isInterval: true, isVerdictMap: true,
                elements: networks.map { SetElement([$0], verdict: .accept) }),
            FirewallSet("networks", [.ipv4], isInterval: true, elements: networks.map { SetElement([$0]) }),
            FirewallSet(
                "own", [.ipv4, .port], isInterval: true, elements: networks.map { SetElement([$0, .numbers(80...90)]) }),
        ]
        try inNetworkNamespace {
            let box = LinuxBox()
            let firewall = FirewallTable(sets: sets, chains: [])
            for old in [nil, firewall] {
                try box.perform(.firewall(.replace(firewall, carrying: old)))
                #expect(try box.observe(Self.scope).firewall == firewall)
            }
        }
    }

    @Test(arguments: [
        "add set inet wggw x { type ipv4_addr; timeout 1h; }", "add set inet wggw x { type ether_addr; }",
        "add map inet wggw x { type ipv4_addr : ipv4_addr; }",
        "add element inet wggw networks4 { 10.9.0.5-10.9.0.9 }",
        "add rule inet wggw guests limit rate 5/second accept", "add rule inet wggw guests log",
        "add rule inet wggw guests meta mark set 5", "add rule inet wggw guests ct mark set 5",
        "add rule inet wggw postrouting masquerade random",
        "add chain inet wggw mangle { type route hook output priority 0; }",
        "add chain inet wggw input { type filter hook input priority 0; }",
        "delete element inet wggw hosts4 { 10.0.0.9 }",
    ]) func `whatever somebody else did to the table is seen, and put right`(_ command: String) throws {
        try inNetworkNamespace {
            let box = LinuxBox()
            try box.perform(.firewall(.replace(Sample.firewall, carrying: nil)))
            try run("nft", command)
            let observed = try #require(try box.observe(Self.scope).firewall)
            #expect(observed != Sample.firewall)
            try box.perform(.firewall(.replace(Sample.firewall, carrying: observed)))
            #expect(try box.observe(Self.scope).firewall == Sample.firewall)
        }
    }

    @Test func `a batch that comes too late is refused`() throws {
        try inNetworkNamespace {
            var socket = try NetlinkSocket(NETLINK_NETFILTER)
            try socket.replaceFirewall(with: Sample.firewall, carrying: nil)
            let generation = try socket.rulesetGeneration()
            let set = try #require(Sample.sets.first { $0.name == "hosts4" })
            let update = [SetUpdate(set: set, add: [Self.host(77)])]
            try NftTableWriter.updating(update, generation: generation).commit(on: &socket, .init(.update, .table()))
            var late: BoxError?
            do {
                try NftTableWriter.updating(update, generation: generation).commit(
                    on: &socket, .init(.update, .table()))
            } catch {
                late = error as? BoxError
            }
            #expect(late?.code == ERESTART)
        }
    }

    @Test func `a refusal names what was refused, and leaves the old table`() throws {
        try inNetworkNamespace {
            let box = LinuxBox()
            try box.perform(.firewall(.replace(Sample.firewall, carrying: nil)))
            var broken = Sample.firewall
            broken.chains[1].rules[0].expressions.append(.verdict(.jump("nowhere")))
            broken.chains[1].rules[0].text = "jump nowhere"
            let error = #expect(throws: BoxError.self) { try box.perform(.firewall(.replace(broken, carrying: nil))) }
            #expect(
                error?.description
                    == "replace table inet wggw, rule “jump nowhere” of chain forward: No such file or directory")
            #expect(try box.observe(Self.scope).firewall == Sample.firewall)
        }
    }
}
