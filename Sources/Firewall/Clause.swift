import NetTypes

/// One phrase of a rule, as nft says it and as the kernel runs it. Both come from here, so they cannot drift apart.
struct Clause {
    /// What nft makes sure of before it looks into a header; once per rule, however many clauses need it.
    enum Dependency: Hashable {
        /// `NFPROTO_*`
        case family(UInt8)
        /// `IPPROTO_*`
        case transport(UInt8)
    }

    var text: String
    var dependencies: [Dependency] = []
    var expressions: [FirewallExpression]
}

extension FirewallRule {
    /// A rule of clauses, in order.
    init(_ clauses: Clause...) {
        var known: Set<Clause.Dependency> = []
        var expressions: [FirewallExpression] = []
        for clause in clauses {
            for dependency in clause.dependencies where known.insert(dependency).inserted {
                let (key, value) =
                    switch dependency {
                    case .family(let family): (Meta.family, family)
                    case .transport(let transport): (Meta.transport, transport)
                    }
                expressions.append(.meta(key: key, register: 1))
                expressions.append(.compare(op: Compare.equal, register: 1, bytes: [value]))
            }
            expressions += clause.expressions
        }
        self.init(text: clauses.map(\.text).joined(separator: " "), expressions: expressions)
    }
}

/// Which IP header: what differs between nft's `ip` and `ip6`.
enum Family: CaseIterable {
    case v4, v6

    init(_ address: IPAddress) { self = address.isV6 ? .v6 : .v4 }

    /// nft's word for the header.
    var keyword: String { self == .v4 ? "ip" : "ip6" }
    /// Last character of the names of sets.
    var digit: String { self == .v4 ? "4" : "6" }
    /// `NFPROTO_IPV4`, `NFPROTO_IPV6`.
    var number: UInt8 { self == .v4 ? 2 : 10 }
    /// Octets of an address.
    var size: UInt32 { self == .v4 ? 4 : 16 }
    var keyType: FirewallSet.KeyType { self == .v4 ? .ipv4 : .ipv6 }
    /// Where the address lies in the header.
    func offset(_ side: Side) -> UInt32 {
        switch (self, side) {
        case (.v4, .source): 12
        case (.v4, .destination): 16
        case (.v6, .source): 8
        case (.v6, .destination): 24
        }
    }
}

/// Which address of a packet.
enum Side: String {
    case source = "saddr"
    case destination = "daddr"
}

/// A bit of `ct state`.
enum ConnectionState: String {
    case invalid, established, related, new

    /// `NF_CT_STATE_BIT` of the state.
    var bit: UInt32 {
        switch self {
        case .invalid: 1
        case .established: 2
        case .related: 4
        case .new: 8
        }
    }
}

extension Clause {
    /// `iifname "wg0"`
    static func from(interface: String) -> Clause {
        Clause(text: "iifname \"\(interface)\"", expressions: match(interface: interface, Meta.inputName))
    }

    /// `oifname "eth0"`
    static func to(interface: String) -> Clause {
        Clause(text: "oifname \"\(interface)\"", expressions: match(interface: interface, Meta.outputName))
    }

    private static func match(interface: String, _ key: UInt32) -> [FirewallExpression] {
        [.meta(key: key, register: 1), .compare(op: Compare.equal, register: 1, bytes: padded(interface))]
    }

    /// A name is compared with all of its 16 bytes.
    static func padded(_ interface: String) -> [UInt8] {
        let name = Array(interface.utf8.prefix(15))
        return name + Array(repeating: 0, count: 16 - name.count)
    }

    /// `meta nfproto ipv6`
    static func family(_ family: Family) -> Clause {
        Clause(
            text: "meta nfproto ip\(family == .v4 ? "v4" : "v6")", dependencies: [.family(family.number)],
            expressions: [])
    }

    /// `ip saddr @from4`, `ip daddr != @lan4`
    static func address(_ family: Family, _ side: Side, in set: String, inverted: Bool = false) -> Clause {
        Clause(
            text: "\(family.keyword) \(side.rawValue) \(inverted ? "!= " : "")@\(set)",
            dependencies: [.family(family.number)],
            expressions: [
                load(family, side, register: 1),
                .lookup(set: set, register: 1, inverted: inverted, verdictMap: false),
            ])
    }

    /// `ip saddr vmap @policy4`
    static func address(_ family: Family, _ side: Side, decidedBy map: String) -> Clause {
        Clause(
            text: "\(family.keyword) \(side.rawValue) vmap @\(map)", dependencies: [.family(family.number)],
            expressions: [
                load(family, side, register: 1),
                .lookup(set: map, register: 1, inverted: false, verdictMap: true),
            ])
    }

    /// `ip saddr . ip daddr . meta l4proto . th dport @own4`: fields of a concatenation lie in consecutive 4-byte registers.
    static func access(_ family: Family, _ sides: [Side], in set: String) -> Clause {
        var words: [String] = []
        var expressions: [FirewallExpression] = []
        var word: UInt32 = 0
        for side in sides {
            words.append("\(family.keyword) \(side.rawValue)")
            expressions.append(load(family, side, register: register(word)))
            word += family.size / 4
        }
        expressions += [
            .meta(key: Meta.transport, register: register(word)),
            // nft converts the one byte as if it were two, which does nothing; the kernel gives it back, so it is kept.
            .byteorder(
                source: register(word), register: register(word), op: Byteorder.hostToNetwork, length: 1, size: 2),
            .payload(base: Payload.transport, offset: 2, length: 2, register: register(word + 1)),
            .lookup(set: set, register: 1, inverted: false, verdictMap: false),
        ]
        return Clause(
            text: (words + ["meta l4proto", "th dport"]).joined(separator: " . ") + " @\(set)",
            dependencies: [.family(family.number)], expressions: expressions)
    }

    /// `ip saddr . udp sport . ip daddr . udp dport @ended4`
    static func isAnswer(_ family: Family, in set: String) -> Clause {
        let address = family.size / 4
        return Clause(
            text: "\(family.keyword) saddr . udp sport . \(family.keyword) daddr . udp dport @\(set)",
            dependencies: [.family(family.number), .transport(17)],
            expressions: [
                load(family, .source, register: 1),
                .payload(base: Payload.transport, offset: 0, length: 2, register: register(address)),
                load(family, .destination, register: register(address + 1)),
                .payload(base: Payload.transport, offset: 2, length: 2, register: register(2 * address + 1)),
                .lookup(set: set, register: 1, inverted: false, verdictMap: false),
            ])
    }

    /// The register that begins at a 4-byte word: 1…4 where it can be, as the kernel dumps it.
    private static func register(_ word: UInt32) -> UInt32 { word % 4 == 0 ? 1 + word / 4 : 8 + word }

    private static func load(_ family: Family, _ side: Side, register: UInt32) -> FirewallExpression {
        .payload(base: Payload.network, offset: family.offset(side), length: family.size, register: register)
    }

    /// `ct state established,related`
    static func state(_ states: ConnectionState...) -> Clause {
        let mask = states.reduce(0) { $0 | $1.bit }
        return Clause(
            text: "ct state " + states.map(\.rawValue).joined(separator: ","),
            expressions: [
                .conntrack(key: Conntrack.state, register: 1),
                .bitwise(source: 1, register: 1, mask: native(mask), xor: native(0)),
                .compare(op: Compare.notEqual, register: 1, bytes: native(0)),
            ])
    }

    /// `fib daddr type local`, `fib daddr type != local`
    static func toThisHost(_ isSo: Bool = true) -> Clause {
        Clause(
            text: "fib daddr type \(isSo ? "" : "!= ")local",
            expressions: [
                .fib(result: Fib.addressType, flags: Fib.destination, register: 1),
                .compare(op: isSo ? Compare.equal : Compare.notEqual, register: 1, bytes: native(Fib.local)),
            ])
    }

    /// `fib daddr oifname != "wg0"`: the route leads elsewhere, or there is none.
    static func notRouted(to interface: String) -> Clause {
        Clause(
            text: "fib daddr oifname != \"\(interface)\"",
            expressions: [
                .fib(result: Fib.outputName, flags: Fib.destination, register: 1),
                .compare(op: Compare.notEqual, register: 1, bytes: padded(interface)),
            ])
    }

    /// `icmp type echo-request`
    static let echoRequest4 = Clause(
        text: "icmp type echo-request", dependencies: [.family(2), .transport(1)],
        expressions: [
            .payload(base: Payload.transport, offset: 0, length: 1, register: 1),
            .compare(op: Compare.equal, register: 1, bytes: [8]),
        ])

    /// `icmpv6 type echo-request`
    static let echoRequest6 = Clause(
        text: "icmpv6 type echo-request", dependencies: [.family(10), .transport(58)],
        expressions: [
            .payload(base: Payload.transport, offset: 0, length: 1, register: 1),
            .compare(op: Compare.equal, register: 1, bytes: [128]),
        ])

    /// `tcp flags syn / syn,rst`
    static let opensTCP = tcpFlags("syn / syn,rst", Compare.equal, mask: 0x06)

    /// `tcp flags != syn / fin,syn,rst,ack`
    static let opensNoTCP = tcpFlags("!= syn / fin,syn,rst,ack", Compare.notEqual, mask: 0x17)

    /// Compares the flags of the mask with SYN alone.
    private static func tcpFlags(_ text: String, _ op: UInt32, mask: UInt8) -> Clause {
        Clause(
            text: "tcp flags " + text, dependencies: [.transport(6)],
            expressions: [
                .payload(base: Payload.transport, offset: 13, length: 1, register: 1),
                .bitwise(source: 1, register: 1, mask: [mask], xor: [0]),
                .compare(op: op, register: 1, bytes: [2]),
            ])
    }

    /// `tcp option maxseg size set rt mtu`
    static let clampMSS = Clause(
        text: "tcp option maxseg size set rt mtu",
        expressions: [
            .route(key: Routing.tcpMSS, register: 1),
            .byteorder(source: 1, register: 1, op: Byteorder.hostToNetwork, length: 2, size: 2),
            .tcpOption(type: 2, offset: 2, length: 2, register: 1, write: true),
        ])

    static let masquerade = Clause(text: "masquerade", expressions: [.masquerade])
    static let accept = Clause(text: "accept", expressions: [.verdict(.accept)])
    static let drop = Clause(text: "drop", expressions: [.verdict(.drop)])
    static let giveBack = Clause(text: "return", expressions: [.verdict(.return)])
    static func jump(_ chain: String) -> Clause {
        Clause(text: "jump \(chain)", expressions: [.verdict(.jump(chain))])
    }
    static func goto(_ chain: String) -> Clause {
        Clause(text: "goto \(chain)", expressions: [.verdict(.goto(chain))])
    }

    /// A number as it lies in a register that the kernel fills in host order.
    static func native(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }
}

// The numbers of include/uapi/linux/netfilter/nf_tables.h that the clauses use.

enum Meta {
    /// `NFT_META_IIFNAME`, `_OIFNAME`, `_NFPROTO`, `_L4PROTO`
    static let (inputName, outputName, family, transport): (UInt32, UInt32, UInt32, UInt32) = (6, 7, 15, 16)
}
private enum Compare {
    /// `NFT_CMP_EQ`, `NFT_CMP_NEQ`
    static let (equal, notEqual): (UInt32, UInt32) = (0, 1)
}
enum Payload {
    /// `NFT_PAYLOAD_NETWORK_HEADER`, `NFT_PAYLOAD_TRANSPORT_HEADER`
    static let (network, transport): (UInt32, UInt32) = (1, 2)
}
enum Conntrack {
    /// `NFT_CT_STATE`
    static let state: UInt32 = 0
}
private enum Byteorder {
    /// `NFT_BYTEORDER_HTON`
    static let hostToNetwork: UInt32 = 1
}
private enum Routing {
    /// `NFT_RT_TCPMSS`
    static let tcpMSS: UInt32 = 3
}
enum Fib {
    /// `NFT_FIB_RESULT_OIFNAME`, `NFT_FIB_RESULT_ADDRTYPE`, `NFTA_FIB_F_DADDR`
    static let (outputName, addressType, destination): (UInt32, UInt32, UInt32) = (2, 3, 2)
    /// `RTN_UNICAST`, `RTN_LOCAL`
    static let (unicast, local): (UInt32, UInt32) = (1, 2)
}
