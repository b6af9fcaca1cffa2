import BoxModel
import Firewall
import NetTypes

/// A table with one of everything that `FirewallTable` can say, and how `nft list` prints it.
enum Sample {
    static func network(_ text: String) -> SetElement.Field { .network(IPPrefix(text)!) }
    static func name(_ text: String) -> [UInt8] {
        Array(text.utf8) + [UInt8](repeating: 0, count: 16 - text.utf8.count)
    }

    static let sets: [FirewallSet] = [
        FirewallSet(
            "access4", [.ipv4, .ipv4, .transport, .port], isInterval: true,
            elements: [
                SetElement([
                    network("10.0.0.1/32"), network("192.168.1.0/24"), .numbers(6...6), .numbers(443...443),
                ]),
                SetElement([network("10.0.0.2/32"), network("0.0.0.0/0"), .numbers(0...255), .numbers(0...65535)]),
                SetElement([network("10.0.0.3/32"), network("192.168.1.5/32"), .numbers(17...17), .numbers(100...200)]),
            ]),
        FirewallSet(
            "counted6", [.ipv6], hasCounters: true,
            elements: [SetElement([network("fd00::1/128")]), SetElement([network("fd00::2/128")])]),
        FirewallSet(
            "hosts4", [.ipv4], elements: [SetElement([network("10.0.0.9/32")]), SetElement([network("10.0.0.10/32")])]),
        FirewallSet("hosts6", [.ipv6], elements: [SetElement([network("fd00::9/128")])]),
        FirewallSet(
            "networks4", [.ipv4], isInterval: true,
            elements: [
                SetElement([network("0.0.0.0/8")]), SetElement([network("10.0.0.0/25")]),
                SetElement([network("10.0.0.128/25")]), SetElement([network("10.0.1.7/32")]),
                SetElement([network("255.0.0.0/8")]),
            ]),
        FirewallSet(
            "networks6", [.ipv6], isInterval: true,
            elements: [SetElement([network("fd00:1::/64")]), SetElement([network("ff00::/8")])]),
        FirewallSet(
            "pairs", [.ipv4, .port],
            elements: [SetElement([network("10.0.0.1/32"), .numbers(53...53)])]),
        FirewallSet(
            "policy4", [.ipv4], isInterval: true, isVerdictMap: true,
            elements: [
                SetElement([network("10.0.0.0/24")], verdict: .jump("guests")),
                SetElement([network("11.0.0.1/32")], verdict: .accept),
                SetElement([network("12.0.0.0/8")], verdict: .drop),
                SetElement([network("13.0.0.0/8")], verdict: .return),
            ]),
        FirewallSet(
            "policy6", [.ipv6], isVerdictMap: true, hasCounters: true,
            elements: [SetElement([network("fd00::7/128")], verdict: .goto("guests"))]),
        FirewallSet("ports", [.port], isInterval: true, elements: [SetElement([.numbers(1024...65535)])]),
    ]

    static let v4: [FirewallExpression] = [
        .meta(key: 15, register: 1), .compare(op: 0, register: 1, bytes: [2]),
    ]

    static let chains: [FirewallChain] = [
        FirewallChain(
            "guests",
            rules: [
                FirewallRule(expressions: [.counter, .verdict(.return)]),
                FirewallRule(expressions: [.reject(type: 2, code: 3)]),
                FirewallRule(expressions: [
                    .meta(key: 16, register: 1), .compare(op: 0, register: 1, bytes: [6]), .reject(type: 1, code: 0),
                ]),
            ]),
        FirewallChain(
            "forward", hook: .init(kind: .filter, point: .forward, priority: -5, drops: true),
            rules: [
                FirewallRule(expressions: [
                    .conntrack(key: 0, register: 1),
                    .bitwise(source: 1, register: 1, mask: [6, 0, 0, 0], xor: [0, 0, 0, 0]),
                    .compare(op: 1, register: 1, bytes: [0, 0, 0, 0]), .verdict(.accept),
                ]),
                FirewallRule(
                    expressions: v4 + [
                        .payload(base: 1, offset: 12, length: 4, register: 1),
                        .payload(base: 1, offset: 16, length: 4, register: 9), .meta(key: 16, register: 10),
                        .payload(base: 2, offset: 2, length: 2, register: 11),
                        .lookup(set: "access4", register: 1, inverted: false, verdictMap: false), .verdict(.accept),
                    ]),
                FirewallRule(
                    expressions: v4 + [
                        .payload(base: 1, offset: 12, length: 4, register: 1),
                        .lookup(set: "policy4", register: 1, inverted: false, verdictMap: true),
                    ]),
                FirewallRule(expressions: [
                    .meta(key: 6, register: 1), .compare(op: 0, register: 1, bytes: name("wg0")),
                    .fib(result: 1, flags: 1 | 8, register: 1), .compare(op: 1, register: 1, bytes: [0, 0, 0, 0]),
                    .verdict(.jump("guests")),
                ]),
                FirewallRule(expressions: [
                    .meta(key: 16, register: 1), .compare(op: 0, register: 1, bytes: [6]),
                    .payload(base: 2, offset: 13, length: 1, register: 1),
                    .bitwise(source: 1, register: 1, mask: [2], xor: [0]),
                    .compare(op: 1, register: 1, bytes: [0]), .route(key: 3, register: 1),
                    .byteorder(source: 1, register: 1, op: 1, length: 2, size: 2),
                    .tcpOption(type: 2, offset: 2, length: 2, register: 1, write: true),
                ]),
            ]),
        FirewallChain(
            "postrouting", hook: .init(kind: .nat, point: .postrouting, priority: 100, drops: false),
            rules: [
                FirewallRule(
                    expressions: v4 + [
                        .payload(base: 1, offset: 12, length: 4, register: 1),
                        .lookup(set: "networks4", register: 1, inverted: true, verdictMap: false),
                        .meta(key: 7, register: 1), .compare(op: 0, register: 1, bytes: name("eth0")), .masquerade,
                    ])
            ]),
    ]

    static let firewall = FirewallTable(sets: sets, chains: chains)

    /// How nft 1.0.6 lists it.
    static let listing = """
        table inet wggw {
        	set access4 {
        		type ipv4_addr . ipv4_addr . inet_proto . inet_service
        		flags interval
        		elements = { 10.0.0.1 . 192.168.1.0/24 . tcp . 443,
        			     10.0.0.2 . 0.0.0.0/0 . 0-255 . 0-65535,
        			     10.0.0.3 . 192.168.1.5 . udp . 100-200 }
        	}

        	set counted6 {
        		type ipv6_addr
        		counter
        		elements = { fd00::1 counter packets 0 bytes 0,
        			     fd00::2 counter packets 0 bytes 0 }
        	}

        	set hosts4 {
        		type ipv4_addr
        		elements = { 10.0.0.9, 10.0.0.10 }
        	}

        	set hosts6 {
        		type ipv6_addr
        		elements = { fd00::9 }
        	}

        	set networks4 {
        		type ipv4_addr
        		flags interval
        		elements = { 0.0.0.0/8, 10.0.0.0/25,
        			     10.0.0.128/25, 10.0.1.7,
        			     255.0.0.0/8 }
        	}

        	set networks6 {
        		type ipv6_addr
        		flags interval
        		elements = { fd00:1::/64,
        			     ff00::/8 }
        	}

        	set pairs {
        		type ipv4_addr . inet_service
        		elements = { 10.0.0.1 . 53 }
        	}

        	map policy4 {
        		type ipv4_addr : verdict
        		flags interval
        		elements = { 10.0.0.0/24 : jump guests, 11.0.0.1 : accept,
        			     12.0.0.0/8 : drop, 13.0.0.0/8 : return }
        	}

        	map policy6 {
        		type ipv6_addr : verdict
        		counter
        		elements = { fd00::7 counter packets 0 bytes 0 : goto guests }
        	}

        	set ports {
        		type inet_service
        		flags interval
        		elements = { 1024-65535 }
        	}

        	chain guests {
        		counter packets 0 bytes 0 return
        		reject with icmpx admin-prohibited
        		meta l4proto tcp reject with tcp reset
        	}

        	chain forward {
        		type filter hook forward priority filter - 5; policy drop;
        		ct state established,related accept
        		ip saddr . ip daddr . meta l4proto . th dport @access4 accept
        		ip saddr vmap @policy4
        		iifname "wg0" fib saddr . iif oif != 0 jump guests
        		tcp flags syn tcp option maxseg size set rt mtu
        	}

        	chain postrouting {
        		type nat hook postrouting priority srcnat; policy accept;
        		ip saddr != @networks4 oifname "eth0" masquerade
        	}
        }

        """
}
