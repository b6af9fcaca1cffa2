import BoxModel
import CMnl
import Firewall
import NetTypes
import Repeats
import SiteSamples
import Testing

@testable import LinuxNet

/// The interpreter against the kernel: random rulesets, random packets, and packets that are known in part.
@Suite struct RandomRulesetTests {
    @Test(arguments: repeats(24)) func `the kernel does what the interpreter says`(seed: Int) throws {
        try inNetworkNamespace {
            var world = RandomRules(seed: seed)
            let yard = try PacketYard(ForeignRuleset.site)
            try load(world.ruleset(), with: "nft", "-f")
            let filter = try Self.filter(beside: yard.state.firewall)
            let packets = (0..<60).map { world.packet($0) }
            let departed = packets.map { packet, interface in
                yard.send(packet.bytes, into: interface).contains { ReadPacket($0.bytes)?.number == packet.number }
            }
            let heard = try yard.heard().v4
            var untold = 0
            for (number, (packet, interface)) in packets.enumerated() {
                let arrives = departed[number] || heard.contains(number)
                let fate = filter.fate(KnownPacket(packet, from: interface), packet.way)
                if case .cannotTell = fate { untold += 1 } else { #expect((fate == .passes) == arrives, "\(packet)") }
                for _ in 0..<4 {
                    let partly = filter.fate(world.forgetting(packet, from: interface), packet.way)
                    if case .cannotTell = partly { continue }
                    #expect((partly == .passes) == arrives, "\(packet), known in part")
                }
            }
            #expect(untold < 6, "all of the packet is known")
        }
    }

    /// All tables, with all that is in their sets.
    private static func filter(beside own: FirewallTable) throws -> PacketFilter {
        var socket = try NetlinkSocket(NETLINK_NETFILTER)
        let tables = try socket.foreignTables(where: \.filtersTransit)
        var sets: [SetName: SetContents] = [:]
        for table in tables {
            for rule in table.chains.flatMap(\.rules) {
                for case .lookup(let set, _, _, _) in rule.expressions {
                    let name = SetName(table.family, table.name, set)
                    sets[name] = try socket.contents(of: name)
                }
            }
        }
        return PacketFilter([own] + tables, sets: sets)
    }
}

extension RawPacket {
    /// From where to where it goes through the yard.
    fileprivate var way: PacketWay { destination == PacketYard.lanAddresses[0].address ? .toThisHost : .through }
}

extension KnownPacket {
    /// A new connection's packet that comes in by an interface of the yard.
    fileprivate init(_ packet: RawPacket, from interface: String) {
        self.init(.v4)
        let isLocal = packet.way == .toThisHost
        input = Interface(interface)
        output = isLocal ? .none : Interface(interface == "wg0" ? "eth0" : "wg0")
        route = output
        set(source: IPPrefix(host: packet.source))
        set(destination: IPPrefix(host: packet.destination))
        set(transport: packet.transport)
        set(transportHeader: Array(packet.body.prefix(20)), at: 0)
        connection = .new
        mark = KnownBytes([0, 0, 0, 0])
        sourceType = Nft.AddressType.unicast
        destinationType = isLocal ? Nft.AddressType.local : Nft.AddressType.unicast
        hasRouteBack = true
        isPlain = true
        packetType = 0
    }
}

/// Rulesets and packets that meet each other often.
struct RandomRules {
    var random: SeededRandom

    init(seed: Int) { random = RandomWorld(seed: seed).random }

    private mutating func one<Value>(of values: [Value]) -> Value { values.randomElement(using: &random)! }

    private static let ports = ["53", "443", "51820"]

    private mutating func match() -> String {
        let port = one(of: Self.ports)
        let not = one(of: ["", "", "!= "])
        switch Int.random(in: 0..<20, using: &random) {
        case 0: return "udp dport \(not)\(port)"
        case 1: return "tcp dport \(not){ \(port), 80 }"
        case 2: return "th dport \(not)400-50000"
        case 3: return "meta l4proto \(not){ tcp, icmp }"
        case 4: return "ip protocol \(not)udp"
        case 5: return "ip saddr \(not)192.168.2.0/\(one(of: [24, 30, 31, 32]))"
        case 6: return "ip saddr \(not){ 192.168.1.10, 192.168.2.0/29, 10.0.0.0/8 }"
        case 7: return "ip daddr \(not)192.168.1.2-192.168.2.2"
        case 8: return "ip daddr \(not)@hosts"
        case 9: return "iifname \(not)\"\(one(of: ["wg0", "eth0", "eth*", "wg*"]))\""
        case 10: return "iifname . oifname \(not){ \"wg0\" . \"eth0\", \"eth0\" . \"wg0\" }"
        case 11: return "ip saddr . th dport \(not)@services"
        case 12: return "meta l4proto . ip daddr \(not){ tcp . 192.168.1.10, udp . 192.168.1.127 }"
        case 13: return "ct state \(one(of: ["new", "established,new", "{ new, invalid }", "established"]))"
        case 14: return "meta mark & 1 == \(one(of: ["0", "1"]))"
        case 15: return "meta mark \(not)2"
        case 16: return "fib daddr type \(not)local"
        case 17: return "meta nfproto \(one(of: ["ipv4", "ipv6"]))"
        case 18: return "udp dport & 0xff == \(Int(port)! & 255)"
        default: return "ct status \(not)dnat"
        }
    }

    /// Whether nft refuses a rule with both, since each takes another header for granted.
    private func contradict(_ a: String, _ b: String) -> Bool {
        let headers = [a, b].flatMap { rule in
            let isSetOfTransports = rule.hasPrefix("meta l4proto {") || rule.hasPrefix("meta l4proto != {")
            return rule.split(separator: " ").prefix { $0 != "{" } + (isSetOfTransports ? ["tcp"] : [])
        }
        return [["tcp", "udp"], ["ip", "ipv6"]].contains { $0.allSatisfy { headers.contains(Substring($0)) } }
    }

    private mutating func action(to chains: [String]) -> String {
        switch Int.random(in: 0..<10, using: &random) {
        case 0, 1: return "accept"
        case 2, 3: return "drop"
        case 4: return "return"
        case 5: return "meta mark set \(Int.random(in: 0...3, using: &random))"
        case 6: return "counter"
        case 7: return "th dport vmap { \(one(of: Self.ports)) : accept, 80-90 : drop, 51821 : continue }"
        default: return chains.isEmpty ? "accept" : "\(one(of: ["jump", "goto"])) \(one(of: chains))"
        }
    }

    private mutating func chain(_ name: String, _ hook: String, to chains: [String]) -> String {
        var text = "chain \(name) { \(hook)\n"
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            var matches: [String] = []
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                var other = match()
                while matches.contains(where: { contradict($0, other) }) { other = match() }
                matches.append(other)
            }
            text += (matches + [action(to: chains)]).joined(separator: " ") + "\n"
        }
        return text + "}\n"
    }

    mutating func ruleset() -> String {
        var text = """
            table inet f {
            set hosts { type ipv4_addr; elements = { 192.168.1.10, 192.168.2.1, 192.168.1.127 }; }
            set services { type ipv4_addr . inet_service; flags interval
            elements = { 192.168.2.0/30 . 400-500, 192.168.1.0/24 . 53 }; }

            """
        text += chain("b", "", to: [])
        text += chain("a", "", to: ["b"])
        for (hook, priority) in [
            ("prerouting", -150), ("input", 0), ("forward", 0), ("forward", 10), ("postrouting", 0),
        ] {
            let policy = hook == "prerouting" ? "accept" : one(of: ["accept", "drop"])
            let words = "type filter hook \(hook) priority \(priority); policy \(policy)"
            text += chain("\(hook)\(priority < 0 ? 0 : priority)", words, to: ["a", "b"])
        }
        return text + "}\n"
    }

    /// A packet of a connection of its own, and the interface that it comes in by.
    mutating func packet(_ number: Int) -> (RawPacket, String) {
        let isFromTunnel = Bool.random(using: &random)
        let isLocal = Int.random(in: 0..<3, using: &random) == 0
        func address(_ network: Int, _ host: Int) -> IPAddress { IPAddress("192.168.\(network).\(host)")! }
        let source = address(isFromTunnel ? 2 : 1, one(of: [1, 2, 5, 10, 77]))
        let other = address(isFromTunnel ? 1 : 2, one(of: [1, 5, 10]))
        let packet = RawPacket(
            from: source, UInt16(20000 + number), to: isLocal ? PacketYard.lanAddresses[0].address : other,
            UInt16(one(of: Self.ports))!, transport: one(of: [RawPacket.udp, RawPacket.tcp]), number: number)
        return (packet, isFromTunnel ? "wg0" : PacketYard.lan)
    }

    /// The packet with some of it unknown.
    mutating func forgetting(_ packet: RawPacket, from interface: String) -> KnownPacket {
        let whole = KnownPacket(packet, from: interface)
        var partly = KnownPacket(.v4)
        func keep() -> Bool { Bool.random(using: &random) }
        if keep() { partly.input = whole.input }
        if keep() { partly.output = whole.output }
        if keep() { partly.route = whole.route }
        if keep() { partly.connection = whole.connection }
        if keep() { partly.mark = whole.mark }
        if keep() { partly.set(transport: packet.transport) }
        if keep() { partly.set(transportHeader: Array(packet.body[2..<4]), at: 2) }
        let lengths = (Int.random(in: 0...32, using: &random), Int.random(in: 0...32, using: &random))
        partly.set(source: IPPrefix(masking: packet.source, length: lengths.0))
        partly.set(destination: IPPrefix(masking: packet.destination, length: lengths.1))
        // Which hooks it passes is known all the same.
        partly.destinationType = whole.destinationType
        return partly
    }
}
