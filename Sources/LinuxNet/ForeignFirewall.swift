internal import Compiler
import Glibc
internal import NetTypes

/// What other people's chains do with wggw's packets. Every base chain has its say, and one that drops is enough.
///
/// A rule is followed as far as it speaks of what is known of a packet: its interface, protocol, port and connection state.
/// Where it asks for more, it is taken not to match, unless it names the tunnel's interface or port: whoever wrote that one
/// meant the tunnel.
struct ForeignFirewall {
    private let chains: [KernelChain]
    private let interface: String
    private let index: UInt32?

    /// `chains` of all tables but wggw's own, with their rules; `interface` is the tunnel, `index` its number if it exists.
    init(_ chains: [KernelChain], interface: String, index: UInt32?) {
        self.chains = chains
        self.interface = interface
        self.index = index
    }

    /// The chains in the way, at most one for each remedy. `listenPort` nil: nothing about what comes in from outside.
    func obstacles(listenPort: UInt16?, hasIPv6: Bool) -> [FirewallObstacle] {
        var obstacles: [FirewallObstacle] = []
        for chain in chains where chain.hook?.type == "filter" && (hasIPv6 || chain.family != Nft.ip6) {
            let owner = Owner(of: chain, among: chains)
            var remedy: String?
            switch chain.hook?.number {
            case 1 where listenPort != nil:
                let datagram = probe(chain, transport: UInt8(IPPROTO_UDP), port: listenPort)
                if drops(chain, datagram) { remedy = owner.remedy(port: listenPort!, chain) }
            case 2:
                let fromTunnel = probe(chain, input: interface)
                let intoTunnel = probe(chain, output: interface, isReply: true)
                if drops(chain, fromTunnel) || drops(chain, intoTunnel) {
                    remedy = owner.remedy(interface: interface, chain)
                }
            default: break
            }
            guard let remedy, !obstacles.contains(where: { $0.remedy == remedy }) else { continue }
            obstacles.append(FirewallObstacle(chain: chain.description, owner: owner.name, remedy: remedy))
        }
        return obstacles
    }

    private func probe(
        _ chain: KernelChain, input: String? = nil, output: String? = nil, transport: UInt8? = nil,
        port: UInt16? = nil, isReply: Bool = false
    ) -> Probe {
        Probe(
            family: chain.family == Nft.ip6 ? Nft.ip6 : Nft.ip, input: input, output: output, index: index,
            transport: transport, port: port, isReply: isReply)
    }

    private func drops(_ chain: KernelChain, _ probe: Probe) -> Bool {
        switch walk(chain, probe, meant: false, depth: 0) {
        case .accept: false
        case .drop: true
        case nil: chain.hook?.drops ?? false
        }
    }

    private enum Fate { case accept, drop }

    /// nil: the chain comes to its end, or returns. `meant`: a rule on the way here named the tunnel.
    private func walk(_ chain: KernelChain, _ probe: Probe, meant: Bool, depth: Int) -> Fate? {
        if depth > 16 { return nil }
        for rule in chain.rules {
            let (certainty, verdict) = probe.run(rule)
            guard certainty == .yes || certainty == .meant || (meant && certainty == .maybe) else { continue }
            switch verdict {
            case .accept: return .accept
            case .drop: return .drop
            case .return: return nil
            case .jump(let name), .goto(let name):
                guard let next = chains.first(where: { $0.isIn(chain) && $0.name == name }) else { continue }
                let fate = walk(next, probe, meant: meant || certainty == .meant, depth: depth + 1)
                if let fate { return fate }
                if case .goto = verdict { return nil }
            case nil: continue
            }
        }
        return nil
    }
}

/// A packet, as far as it is known.
private struct Probe {
    let family: UInt8
    let input: String?
    let output: String?
    let index: UInt32?
    let transport: UInt8?
    let port: UInt16?
    let isReply: Bool

    /// Whether a rule matches; `meant`: it does as far as can be known, and names the tunnel.
    enum Certainty { case yes, maybe, no, meant }

    private enum Content {
        /// Bytes, and whether a rule that asks for them means the tunnel.
        case known([UInt8], namesTunnel: Bool)
        case state(UInt32)
        case unknown
    }

    /// Runs a rule up to its verdict.
    func run(_ rule: [FirewallExpression]) -> (Certainty, Verdict?) {
        var registers: [UInt32: Content] = [:]
        var isCertain = true
        var meant = false
        func answer(_ verdict: Verdict?) -> (Certainty, Verdict?) {
            (meant ? .meant : isCertain ? .yes : .maybe, verdict)
        }
        for expression in rule {
            switch expression {
            case .meta(let key, let register): registers[register] = meta(key)
            case .payload(2, 2, 2, let register):
                registers[register] =
                    port.map { .known([UInt8($0 >> 8), UInt8($0 & 255)], namesTunnel: true) } ?? .unknown
            case .conntrack(0, let register): registers[register] = .state(isReply ? 2 : 8)
            case .bitwise(let source, let register, let mask, _):
                registers[register] = masked(registers[source] ?? .unknown, mask)
            case .compare(let op, let register, let bytes):
                guard let isEqual = compare(registers[register] ?? .unknown, bytes), op < 2 else {
                    isCertain = false
                    continue
                }
                if isEqual != (op == 0) { return (.no, nil) }
                if case .known(_, true) = registers[register], op == 0 { meant = true }
            case .lookup(_, let register, let inverted, let isMap):
                // Sets of states hold established and related in practice; what else is in a set is not looked at.
                guard case .state(let bits) = registers[register], !inverted else {
                    isCertain = false
                    if isMap { return (.no, nil) }
                    continue
                }
                if bits & 6 == 0 { return (.no, nil) }
                if isMap { return answer(.accept) }
            case .foreign("match conntrack"), .foreign("match state"):
                if !isReply { return (.no, nil) }
            case .verdict(let verdict): return answer(verdict)
            case .reject, .foreign("target REJECT"), .foreign("target DROP"): return answer(.drop)
            case .counter, .foreign("log"), .foreign("match comment"), .foreign("target LOG"): break
            case .payload(_, _, _, let register), .conntrack(_, let register), .fib(_, _, let register),
                .route(_, let register), .byteorder(_, let register, _, _, _):
                registers[register] = .unknown
            case .tcpOption, .masquerade, .foreign: isCertain = false
            }
        }
        return answer(nil)
    }

    /// `NFT_META_IIF`, `_OIF`, `_IIFNAME`, `_OIFNAME`, `_NFPROTO`, `_L4PROTO`.
    private func meta(_ key: UInt32) -> Content {
        func name(_ name: String?) -> Content {
            guard let name else { return .unknown }
            return .known(Array(name.utf8) + Array(repeating: 0, count: 16 - name.utf8.count), namesTunnel: true)
        }
        func number(_ name: String?) -> Content {
            guard name != nil, let index else { return .unknown }
            return .known(withUnsafeBytes(of: index) { Array($0) }, namesTunnel: true)
        }
        switch key {
        case 4: return number(input)
        case 5: return number(output)
        case 6: return name(input)
        case 7: return name(output)
        case 15: return .known([family], namesTunnel: false)
        case 16: return transport.map { .known([$0], namesTunnel: false) } ?? .unknown
        default: return .unknown
        }
    }

    private func masked(_ content: Content, _ mask: [UInt8]) -> Content {
        guard case .state(let bits) = content, mask.count == 4 else { return .unknown }
        return .state(bits & mask.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) })
    }

    /// A shorter value is the start of a name: `wg*`. nil: cannot be known.
    private func compare(_ content: Content, _ bytes: [UInt8]) -> Bool? {
        switch content {
        case .known(let value, _): value.starts(with: bytes)
        case .state(let bits): withUnsafeBytes(of: bits) { Array($0) } == bytes
        case .unknown: nil
        }
    }
}

/// Who made a table, by the names in it, and how they want to be told.
private enum Owner {
    case docker, ufw, firewalld, iptables, nft

    init(of chain: KernelChain, among chains: [KernelChain]) {
        let names = chains.filter { $0.isIn(chain) }.map(\.name)
        if chain.table == "firewalld" {
            self = .firewalld
        } else if names.contains("DOCKER-USER") && chain.name == "FORWARD" {
            self = .docker
        } else if names.contains(where: { $0.hasPrefix("ufw") }) {
            self = .ufw
        } else {
            let isFilter = chain.table == "filter" || chain.table == LegacyFirewall.table
            self = isFilter && ["FORWARD", "INPUT"].contains(chain.name) ? .iptables : .nft
        }
    }

    var name: String? {
        switch self {
        case .docker: "Docker"
        case .ufw: "ufw"
        case .firewalld: "firewalld"
        case .iptables, .nft: nil
        }
    }

    /// Lets through what comes from the tunnel and what goes into it: wggw's own table says what of it may.
    func remedy(interface: String, _ chain: KernelChain) -> String {
        let tool = tool(chain)
        func iptables(_ chain: String) -> String {
            ["-i", "-o"].map { "\(tool) -I \(chain) \($0) \(interface) -j ACCEPT" }.joined(separator: " && ")
        }
        switch self {
        case .docker: return iptables("DOCKER-USER")
        case .ufw: return "ufw route allow in on \(interface) && ufw route allow out on \(interface)"
        case .firewalld:
            return "firewall-cmd --permanent --zone=trusted --add-interface=\(interface) && firewall-cmd --reload"
        case .iptables: return iptables(chain.name)
        case .nft:
            return ["iifname", "oifname"].map { "nft insert rule \(chain) \($0) '\"\(interface)\"' accept" }
                .joined(separator: " && ")
        }
    }

    private func tool(_ chain: KernelChain) -> String {
        (chain.family == Nft.ip6 ? "ip6tables" : "iptables") + (chain.table == LegacyFirewall.table ? "-legacy" : "")
    }

    /// Lets WireGuard's own datagrams in.
    func remedy(port: UInt16, _ chain: KernelChain) -> String {
        switch self {
        case .ufw: return "ufw allow \(port)/udp"
        case .firewalld: return "firewall-cmd --permanent --add-port=\(port)/udp && firewall-cmd --reload"
        case .docker, .iptables:
            return "\(tool(chain)) -I INPUT -p udp --dport \(port) -j ACCEPT"
        case .nft: return "nft insert rule \(chain) udp dport \(port) accept"
        }
    }
}

extension KernelChain: CustomStringConvertible {
    /// `ip filter FORWARD`
    var description: String {
        let familyName =
            switch family {
            case Nft.inet: "inet"
            case Nft.ip6: "ip6"
            default: "ip"
            }
        return "\(familyName) \(table) \(name)"
    }

    /// Whether it is in the same table as `other`.
    func isIn(_ other: KernelChain) -> Bool { family == other.family && table == other.table }
}

extension NetlinkSocket {
    /// The chains, with rules, of every table but wggw's that filters what is forwarded or comes in.
    mutating func foreignChains() throws(BoxError) -> [KernelChain] {
        try consistently { socket throws(BoxError) in
            var chains = try socket.chains(family: 0).filter {
                [Nft.inet, Nft.ip, Nft.ip6].contains($0.family)
                    && !($0.family == Nft.inet && $0.table == Firewall.tableName)
            }
            let bases = chains.filter { $0.hook?.type == "filter" && ($0.hook?.number == 1 || $0.hook?.number == 2) }
            chains.removeAll { chain in !bases.contains { $0.isIn(chain) } }
            var seen: [KernelChain] = []
            for base in bases where !seen.contains(where: base.isIn) {
                seen.append(base)
                let rules = try socket.rules(family: base.family, table: base.table)
                for i in chains.indices where chains[i].isIn(base) { chains[i].rules = rules[chains[i].name] ?? [] }
            }
            return chains
        }
    }
}
