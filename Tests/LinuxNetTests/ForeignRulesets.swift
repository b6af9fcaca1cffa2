import NetTypes
import SiteModel
import SiteSamples
import Testing

/// Other people's rulesets, and what is to be said of them for tunnel wg0 with 192.168.2.0/24, LAN 192.168.1.0/24 at eth0
/// and port 51820. `arrives` says what real packets do: a stranger's datagram to the port, and a connection from the tunnel
/// to the LAN with its answer.
struct ForeignRuleset: CustomTestStringConvertible {
    var name: String
    /// Each with the command that takes it from a file.
    var rulesets: [(text: String, command: [String])]
    /// `drops CHAIN: PLACE`, `may drop CHAIN: PLACE`.
    var obstacles: [String]
    /// nil where it is left to chance, or to what no packet shows.
    var isLetIn: Bool? = true
    var isForwarded: Bool? = true
    var testDescription: String { name }

    /// A ruleset with one chain at input, and one at forward, that drop what their rules do not accept.
    init(
        _ name: String, input: String? = nil, forward: String? = nil, more: String = "", _ obstacles: [String] = [],
        isLetIn: Bool? = true, isForwarded: Bool? = true
    ) {
        func chain(_ hook: String, _ rules: String?) -> String {
            guard let rules else { return "" }
            return "chain \(hook) { type filter hook \(hook) priority 0; policy drop\n\(rules)\n}\n"
        }
        self.init(
            name, "table inet f {\n\(more)\n\(chain("input", input))\(chain("forward", forward))}", obstacles,
            isLetIn: isLetIn, isForwarded: isForwarded)
    }

    init(
        _ name: String, _ rules: String, _ obstacles: [String] = [], isLetIn: Bool? = true, isForwarded: Bool? = true
    ) {
        self.name = name
        self.rulesets = [(rules, ["nft", "-f"])]
        self.obstacles = obstacles
        self.isLetIn = isLetIn
        self.isForwarded = isForwarded
    }

    /// Rules of iptables, or another command of its family.
    init(
        _ name: String, _ tool: String = "iptables-nft", filter rules: [String], _ obstacles: [String] = [],
        isLetIn: Bool? = true, isForwarded: Bool? = true
    ) {
        self.init(name, "", obstacles, isLetIn: isLetIn, isForwarded: isForwarded)
        rulesets = [("*filter\n" + rules.joined(separator: "\n") + "\nCOMMIT\n", [tool + "-restore"])]
    }

    /// The site that they are judged for: five peers, whose addresses the LAN knows.
    static let site = Lab.site { site in
        site.lan.replyPath = .routed
        site.peers = [1, 2, 5, 10, 77].map { Lab.peer("p\($0)", $0, ["192.168.2.\($0)"]) }
    }

    static let dropsInput = "drops inet f input: the policy of inet f input"
    static let dropsForward = "drops inet f forward: the policy of inet f forward"

    static let all = lettingIn + notLettingIn + forwarding + notForwarding + iptables

    static let lettingIn: [ForeignRuleset] = [
        .init(
            "translated for others alone",
            """
            table inet n { chain pre { type nat hook prerouting priority dstnat
            iifname "eth9" udp dport 51820 redirect to :53
            udp dport 51821 redirect to :53
            tcp dport 51820 redirect to :53
            udp dport 51820 redirect to :51820
            }; }
            """),
        .init("anonymous set of ports", input: "udp dport { 53, 51820 } accept"),
        .init("range of ports", input: "udp dport 50000-52000 accept"),
        .init("anonymous set of ranges", input: "udp dport { 1000-2000, 51000-52000 } accept"),
        .init(
            "named set of ports", input: "udp dport @ports accept",
            more: "set ports { type inet_service; elements = { 22, 51820 }; }"),
        .init(
            "named set of ranges", input: "udp dport @ports accept",
            more: "set ports { type inet_service; flags interval; elements = { 1-22, 51000-65535 }; }"),
        .init("verdict map of ports", input: "udp dport vmap { 53 : drop, 51820 : accept }"),
        .init(
            "verdict map of protocols that jumps", input: "meta l4proto vmap { tcp : jump t, udp : jump u }",
            more: "chain t { tcp dport 22 accept\n}\nchain u { udp dport 51820 accept\n}"),
        .init("concatenation", input: "meta l4proto . th dport { tcp . 22, udp . 51820 } accept"),
        .init(
            "concatenation of ranges, as a map", input: "meta l4proto . th dport vmap @services",
            more: """
                map services { type inet_proto . inet_service : verdict; flags interval
                elements = { tcp . 1-1024 : accept, udp . 51000-52000 : accept }; }
                """),
        .init("protocol and port by themselves", input: "meta l4proto { tcp, udp } th dport { 80, 443, 51820 } accept"),
        .init(
            "states as a map", input: "ct state vmap { established : accept, invalid : drop }\nudp dport 51820 accept"),
        .init("states as a set", input: "ct state { new } udp dport 51820 accept"),
        .init("interfaces as a set", input: "iifname { \"lo\", \"eth0\" } accept"),
        .init("interface by its wildcard", input: "iifname \"eth*\" udp dport 51820 accept"),
        .init(
            "interface and port together", input: "iifname . udp dport @open accept",
            more: "set open { type ifname . inet_service; elements = { \"eth0\" . 51820 }; }"),
        .init("what is not another port", input: "udp dport != 53 accept"),
        .init("family, and goto", input: "meta nfproto ipv4 goto v4", more: "chain v4 { udp dport 51820 accept\n}"),
        .init("to this host", input: "fib daddr type local udp dport 51820 accept"),
        .init("the protocol in the header", input: "ip protocol udp accept"),
        .init("a rate, a counter, a log", input: "udp dport 51820 limit rate 10/second counter log accept"),
        .init(
            "a blocklist and a rate before it",
            input: """
                ip saddr @blocked drop
                ct count over 1000 drop
                ip saddr { 10.0.0.0/8, 172.16.0.0/12 } drop
                meta pkttype { broadcast, multicast } drop
                udp dport 51820 accept
                """,
            more: "set blocked { type ipv4_addr; flags interval; elements = { 192.0.2.0/24 }; }"),
        .init("what is not spoofed", input: "fib saddr . iif oif missing drop\nudp dport 51820 accept"),
        .init(
            "mark set before", input: "meta mark 7 accept",
            more: """
                chain pre { type filter hook prerouting priority -150; policy accept
                udp dport 51820 meta mark set 7
                }
                """),
        .init("a mask of ports", input: "udp dport & 0xff00 == 0xca00 accept"),
        .init(
            "not tracked", input: "ct state untracked accept",
            more: """
                chain raw { type filter hook prerouting priority -300; policy accept
                udp dport 51820 notrack
                }
                """),
        .init(
            "return to the policy of accept",
            """
            table inet f { chain input { type filter hook input priority 0; policy accept
            udp dport 51820 return
            drop
            }; }
            """),
    ]

    static let notLettingIn: [ForeignRuleset] = [
        .init(
            "translated by a set of ports",
            "table ip n { chain pre { type nat hook prerouting priority dstnat; udp dport { 53, 51820 } dnat to 192.168.1.10; }; }",
            ["sends elsewhere ip n pre: rule 1 of ip n pre"], isLetIn: false),
        .init("a set without the port", input: "udp dport { 53, 51821 } accept", [dropsInput], isLetIn: false),
        .init("another range", input: "udp dport 1-51819 accept", [dropsInput], isLetIn: false),
        .init("all but the port", input: "udp dport != 51820 accept", [dropsInput], isLetIn: false),
        .init("the port of TCP", input: "tcp dport 51820 accept", [dropsInput], isLetIn: false),
        .init("another interface", input: "iifname { \"lo\", \"eth1\" } accept", [dropsInput], isLetIn: false),
        .init(
            "verdict map that drops", input: "udp dport vmap { 53 : accept, 51820 : drop }\naccept",
            ["drops inet f input: rule 1 of inet f input"], isLetIn: false),
        .init(
            "refused in a chain of its own", input: "jump refuse\naccept",
            more: "chain refuse { udp dport { 51820, 51821 } reject\n}",
            ["drops inet f input: rule 1 of inet f refuse"], isLetIn: false),
        .init("what is not for this host", input: "fib daddr type != local accept", [dropsInput], isLetIn: false),
        .init(
            "established alone", input: "ct state { established, related } accept", [dropsInput], isLetIn: false),
        .init(
            "dropped at prerouting",
            """
            table ip raw { chain pre { type filter hook prerouting priority -300; policy accept
            udp dport 51820 drop
            }; }
            """, ["drops ip raw pre: rule 1 of ip raw pre"], isLetIn: false),
        .init(
            "a state that is not known yet",
            """
            table ip raw { chain pre { type filter hook prerouting priority -300; policy accept
            udp dport 51820 ct state invalid drop
            }; }
            """, ["drops ip raw pre: rule 1 of ip raw pre"], isLetIn: false),
        .init(
            "one address alone", input: "ip saddr 198.51.100.7 accept",
            ["may drop inet f input: rule 1 of inet f input"], isLetIn: false),
        .init(
            "what nobody can tell", input: "meta skuid 0 accept\nsocket transparent 1 accept",
            ["may drop inet f input: rule 1 of inet f input"], isLetIn: nil),
    ]

    static let forwarding: [ForeignRuleset] = [
        .init("both directions by name", forward: "iifname \"wg0\" accept\noifname \"wg0\" accept"),
        .init("both directions by number", forward: "iif wg0 accept\noif wg0 accept"),
        .init(
            "sets of interfaces", forward: "iifname @inside oifname @inside accept",
            more: "set inside { type ifname; elements = { \"wg0\", \"eth0\" }; }"),
        .init(
            "pairs of interfaces",
            forward: """
                ct state established accept
                iifname . oifname { "wg0" . "eth0", "wg0" . "eth1" } accept
                """),
        .init("networks", forward: "ip saddr 192.168.0.0/16 ip daddr 192.168.0.0/16 accept"),
        .init(
            "a set of networks", forward: "ip saddr @private ip daddr @private accept",
            more: """
                set private { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.168.0.0/16 }; }
                """),
        .init("a range of addresses", forward: "ip saddr 192.168.0.0-192.168.9.255 accept"),
        .init(
            "a map of interfaces with goto", forward: "iifname vmap { \"wg0\" : goto vpn, \"eth0\" : goto lan }",
            more: """
                chain vpn { ip daddr 192.168.1.0/24 accept
                }
                chain lan { ct state vmap { established : accept, related : accept }
                }
                """),
        .init("direction", forward: "ct direction reply accept\niifname \"wg0\" accept"),
        .init("a group of interfaces", forward: "iifgroup 0 accept"),
        .init("the kind of interface", forward: "iiftype { ether, 65534 } accept"),
        .init("what is not translated", forward: "ct status dnat drop\naccept"),
        .init(
            "a port refused to all", forward: "tcp dport 25 drop\nct state established accept\niifname \"wg0\" accept"),
        .init(
            "a dormant table",
            "table inet f { flags dormant; chain forward { type filter hook forward priority 0; policy drop; }; }"),
        .init(
            "a chain of another kind",
            """
            table inet f { chain out { type filter hook output priority 0; policy accept; }
            chain post { type nat hook postrouting priority 100; policy accept
            oifname "eth1" masquerade
            }; }
            """),
    ]

    static let notForwarding: [ForeignRuleset] = [
        .init("one direction alone", forward: "iifname { \"wg0\" } accept", [dropsForward], isForwarded: false),
        .init(
            "another set of interfaces", forward: "iifname @inside accept\nct state established accept",
            more:
                "set inside { type ifname; elements = { \"eth0\", \"wg1\" }; }", [dropsForward], isForwarded: false),
        .init(
            "another network", forward: "ip saddr { 10.0.0.0/8, 172.16.0.0/12 } accept", [dropsForward],
            isForwarded: false),
        .init(
            "other pairs", forward: "iifname . oifname { \"wg0\" . \"eth1\", \"eth0\" . \"wg1\" } accept",
            [dropsForward],
            isForwarded: false),
        .init(
            "refused at last",
            """
            table inet f { chain forward { type filter hook forward priority 0; policy accept
            ct state established,related accept
            iifname "eth7" accept
            reject with icmpx admin-prohibited
            }; }
            """, ["drops inet f forward: rule 3 of inet f forward"], isForwarded: false),
        .init("IPv6 alone", forward: "meta nfproto ipv6 accept", [dropsForward], isForwarded: false),
        .init(
            "dropped at postrouting",
            """
            table ip f { chain post { type filter hook postrouting priority 0; policy accept
            ip saddr 192.168.2.0/24 ip daddr 192.168.1.0/24 drop
            }; }
            """, ["drops ip f post: rule 1 of ip f post"], isForwarded: false),
        .init(
            "part of the network", forward: "ct state established accept\nip saddr 192.168.2.0/30 accept",
            ["may drop inet f forward: rule 2 of inet f forward"], isForwarded: nil),
        .init(
            "one tunnel address refused by name",
            forward: """
                iifname "wg0" ip saddr 192.168.2.99 drop
                iifname "wg0" accept
                ct state established accept
                """),
    ]
}
