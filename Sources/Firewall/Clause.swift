package import NetTypes

/// One phrase of a rule, as nft says it and as the kernel runs it. Both come from here, so they cannot drift apart.
package struct Clause {
    /// What nft makes sure of before it looks into a header; once per rule, however many clauses need it.
    package enum Dependency: Hashable {
        /// `NFPROTO_*`
        case family(UInt8)
        /// `IPPROTO_*`
        case transport(UInt8)
    }

    package var text: String
    package var dependencies: [Dependency] = []
    package var expressions: [FirewallExpression]
}

extension FirewallRule {
    /// A rule of clauses, in order.
    package init(_ clauses: Clause...) {
        var known: Set<Clause.Dependency> = []
        var expressions: [FirewallExpression] = []
        for clause in clauses {
            for dependency in clause.dependencies where known.insert(dependency).inserted {
                let (key, value) =
                    switch dependency {
                    case .family(let family): (Nft.Meta.family, family)
                    case .transport(let transport): (Nft.Meta.transport, transport)
                    }
                expressions.append(.meta(key: key, register: 1))
                expressions.append(.compare(op: Nft.Compare.equal, register: 1, bytes: [value]))
            }
            expressions += clause.expressions
        }
        self.init(text: clauses.map(\.text).joined(separator: " "), expressions: expressions)
    }
}

/// Which IP header: what differs between nft's `ip` and `ip6`.
public enum Family: CaseIterable, Sendable {
    case v4, v6

    package init(_ address: IPAddress) { self = address.isV6 ? .v6 : .v4 }

    /// nft's word for the header.
    package var keyword: String { self == .v4 ? "ip" : "ip6" }
    /// Last character of the names of sets.
    package var digit: String { self == .v4 ? "4" : "6" }
    /// `NFPROTO_IPV4`, `NFPROTO_IPV6`.
    package var number: UInt8 { self == .v4 ? 2 : 10 }
    /// Octets of an address.
    package var size: UInt32 { self == .v4 ? 4 : 16 }
    package var keyType: FirewallSet.KeyType { self == .v4 ? .ipv4 : .ipv6 }
    /// Where the address lies in the header.
    package func offset(_ side: Side) -> UInt32 {
        switch (self, side) {
        case (.v4, .source): 12
        case (.v4, .destination): 16
        case (.v6, .source): 8
        case (.v6, .destination): 24
        }
    }
}

/// Which address of a packet.
package enum Side: String {
    case source = "saddr"
    case destination = "daddr"
}

/// A bit of `ct state`.
package enum ConnectionState: String {
    case invalid, established, related, new

    /// `NF_CT_STATE_BIT` of the state.
    package var bit: UInt32 {
        switch self {
        case .invalid: Nft.ConnectionState.invalid
        case .established: Nft.ConnectionState.established
        case .related: Nft.ConnectionState.related
        case .new: Nft.ConnectionState.new
        }
    }
}

extension Clause {
    /// `iifname "wg0"`
    package static func from(interface: String) -> Clause {
        Clause(text: "iifname \"\(interface)\"", expressions: match(interface: interface, Nft.Meta.inputName))
    }

    /// `oifname "eth0"`
    package static func to(interface: String) -> Clause {
        Clause(text: "oifname \"\(interface)\"", expressions: match(interface: interface, Nft.Meta.outputName))
    }

    private static func match(interface: String, _ key: UInt32) -> [FirewallExpression] {
        [.meta(key: key, register: 1), .compare(op: Nft.Compare.equal, register: 1, bytes: Nft.padded(interface))]
    }

    /// `meta nfproto ipv6`
    package static func family(_ family: Family) -> Clause {
        Clause(
            text: "meta nfproto ip\(family == .v4 ? "v4" : "v6")", dependencies: [.family(family.number)],
            expressions: [])
    }

    /// `ip saddr @from4`, `ip daddr != @lan4`
    package static func address(_ family: Family, _ side: Side, in set: String, inverted: Bool = false) -> Clause {
        Clause(
            text: "\(family.keyword) \(side.rawValue) \(inverted ? "!= " : "")@\(set)",
            dependencies: [.family(family.number)],
            expressions: [
                load(family, side, register: 1),
                .lookup(set: set, register: 1, inverted: inverted, verdictMap: false),
            ])
    }

    /// `ip saddr vmap @policy4`
    package static func address(_ family: Family, _ side: Side, decidedBy map: String) -> Clause {
        Clause(
            text: "\(family.keyword) \(side.rawValue) vmap @\(map)", dependencies: [.family(family.number)],
            expressions: [
                load(family, side, register: 1),
                .lookup(set: map, register: 1, inverted: false, verdictMap: true),
            ])
    }

    /// `ip saddr . ip daddr . meta l4proto . th dport @own4`: fields of a concatenation lie in consecutive 4-byte registers.
    package static func access(_ family: Family, _ sides: [Side], in set: String) -> Clause {
        var words: [String] = []
        var expressions: [FirewallExpression] = []
        var word: UInt32 = 0
        for side in sides {
            words.append("\(family.keyword) \(side.rawValue)")
            expressions.append(load(family, side, register: register(word)))
            word += family.size / 4
        }
        expressions += [
            // nft converts this one byte as if it were two. That does nothing, and Debian 13's kernel (6.12.117) refuses it.
            .meta(key: Nft.Meta.transport, register: register(word)),
            .payload(base: Nft.Payload.transport, offset: 2, length: 2, register: register(word + 1)),
            .lookup(set: set, register: 1, inverted: false, verdictMap: false),
        ]
        return Clause(
            text: (words + ["meta l4proto", "th dport"]).joined(separator: " . ") + " @\(set)",
            dependencies: [.family(family.number)], expressions: expressions)
    }

    /// `ip saddr . udp sport . ip daddr . udp dport @ended4`
    package static func isAnswer(_ family: Family, in set: String) -> Clause {
        let address = family.size / 4
        return Clause(
            text: "\(family.keyword) saddr . udp sport . \(family.keyword) daddr . udp dport @\(set)",
            dependencies: [.family(family.number), .transport(17)],
            expressions: [
                load(family, .source, register: 1),
                .payload(base: Nft.Payload.transport, offset: 0, length: 2, register: register(address)),
                load(family, .destination, register: register(address + 1)),
                .payload(base: Nft.Payload.transport, offset: 2, length: 2, register: register(2 * address + 1)),
                .lookup(set: set, register: 1, inverted: false, verdictMap: false),
            ])
    }

    /// The register that begins at a 4-byte word: 1…4 where it can be, as the kernel dumps it.
    private static func register(_ word: UInt32) -> UInt32 { word % 4 == 0 ? 1 + word / 4 : 8 + word }

    private static func load(_ family: Family, _ side: Side, register: UInt32) -> FirewallExpression {
        .payload(base: Nft.Payload.network, offset: family.offset(side), length: family.size, register: register)
    }

    /// `ct state established,related`
    package static func state(_ states: ConnectionState...) -> Clause {
        let mask = states.reduce(0) { $0 | $1.bit }
        return Clause(
            text: "ct state " + states.map(\.rawValue).joined(separator: ","),
            expressions: [
                .conntrack(key: Nft.Conntrack.state, register: 1),
                .bitwise(source: 1, register: 1, mask: Nft.native(mask), xor: Nft.native(0)),
                .compare(op: Nft.Compare.notEqual, register: 1, bytes: Nft.native(0)),
            ])
    }

    /// `fib daddr type local`, `fib daddr type != local`
    package static func toThisHost(_ isSo: Bool = true) -> Clause {
        Clause(
            text: "fib daddr type \(isSo ? "" : "!= ")local",
            expressions: [
                .fib(result: Nft.Fib.addressType, flags: Nft.Fib.destination, register: 1),
                .compare(
                    op: isSo ? Nft.Compare.equal : Nft.Compare.notEqual, register: 1,
                    bytes: Nft.native(Nft.AddressType.local)),
            ])
    }

    /// `fib daddr oifname != "wg0"`: the route leads elsewhere, or there is none.
    package static func notRouted(to interface: String) -> Clause {
        Clause(
            text: "fib daddr oifname != \"\(interface)\"",
            expressions: [
                .fib(result: Nft.Fib.outputName, flags: Nft.Fib.destination, register: 1),
                .compare(op: Nft.Compare.notEqual, register: 1, bytes: Nft.padded(interface)),
            ])
    }

    /// `icmp type echo-request`
    package static let echoRequest4 = Clause(
        text: "icmp type echo-request", dependencies: [.family(2), .transport(1)],
        expressions: [
            .payload(base: Nft.Payload.transport, offset: 0, length: 1, register: 1),
            .compare(op: Nft.Compare.equal, register: 1, bytes: [8]),
        ])

    /// `icmpv6 type echo-request`
    package static let echoRequest6 = Clause(
        text: "icmpv6 type echo-request", dependencies: [.family(10), .transport(58)],
        expressions: [
            .payload(base: Nft.Payload.transport, offset: 0, length: 1, register: 1),
            .compare(op: Nft.Compare.equal, register: 1, bytes: [128]),
        ])

    /// `tcp flags syn / syn,rst`
    package static let opensTCP = tcpFlags("syn / syn,rst", Nft.Compare.equal, mask: 0x06)

    /// `tcp flags != syn / fin,syn,rst,ack`
    package static let opensNoTCP = tcpFlags("!= syn / fin,syn,rst,ack", Nft.Compare.notEqual, mask: 0x17)

    /// Compares the flags of the mask with SYN alone.
    private static func tcpFlags(_ text: String, _ op: UInt32, mask: UInt8) -> Clause {
        Clause(
            text: "tcp flags " + text, dependencies: [.transport(6)],
            expressions: [
                .payload(base: Nft.Payload.transport, offset: 13, length: 1, register: 1),
                .bitwise(source: 1, register: 1, mask: [mask], xor: [0]),
                .compare(op: op, register: 1, bytes: [2]),
            ])
    }

    /// `tcp option maxseg size set rt mtu`
    package static let clampMSS = Clause(
        text: "tcp option maxseg size set rt mtu",
        expressions: [
            .route(key: Nft.Route.tcpMSS, register: 1),
            .byteorder(source: 1, register: 1, op: Nft.Byteorder.hostToNetwork, length: 2, size: 2),
            .tcpOption(type: 2, offset: 2, length: 2, register: 1, write: true),
        ])

    /// `udp dport @ports`
    package static func udpPort(in set: String) -> Clause {
        Clause(
            text: "udp dport @\(set)", dependencies: [.transport(17)],
            expressions: [
                .payload(base: Nft.Payload.transport, offset: 2, length: 2, register: 1),
                .lookup(set: set, register: 1, inverted: false, verdictMap: false),
            ])
    }

    /// `dnat to :51820`: another port of the same address, which `redirect` would change into the interface's first one.
    package static func translate(toPort port: UInt16) -> Clause {
        Clause(
            text: "dnat to :\(port)",
            expressions: [
                .data(register: 1, bytes: [UInt8(port >> 8), UInt8(port & 255)]),
                .translate(Translation(.destination, port: 1)),
            ])
    }

    /// `limit rate 50/second burst 100 packets`
    package static func limit(perSecond: UInt64, burst: UInt32) -> Clause {
        Clause(
            text: "limit rate \(perSecond)/second burst \(burst) packets",
            expressions: [.rate(perSecond: perSecond, burst: burst)])
    }

    /// `log group 30567 snaplen 128`
    package static func log(group: UInt16, bytes: UInt32) -> Clause {
        Clause(text: "log group \(group) snaplen \(bytes)", expressions: [.log(group: group, bytes: bytes)])
    }

    package static let masquerade = Clause(text: "masquerade", expressions: [.masquerade])
    package static let accept = Clause(text: "accept", expressions: [.verdict(.accept)])
    package static let drop = Clause(text: "drop", expressions: [.verdict(.drop)])
    package static let giveBack = Clause(text: "return", expressions: [.verdict(.return)])
    package static func jump(_ chain: String) -> Clause {
        Clause(text: "jump \(chain)", expressions: [.verdict(.jump(chain))])
    }
    package static func goto(_ chain: String) -> Clause {
        Clause(text: "goto \(chain)", expressions: [.verdict(.goto(chain))])
    }
}
