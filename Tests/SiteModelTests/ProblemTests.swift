import NetTypes
import Repeats
import Testing

@testable import SiteModel

/// Each case is a profile with `«` before every place that is refused, and what the first of them is told.
@Suite struct ProblemTests {
    private static let lan = "[lan]\nsubnets = [\"192.168.1.0/24\"]\n"
    private static let tunnel = "[tunnel]\naddresses = [\"192.168.2.254/24\", \"fd00:2::1/64\"]\n"
    private static let base = lan + tunnel
    private static let proxy = "[lan]\nsubnets = [\"192.168.1.0/24\"]\nreply-path = \"proxy-arp\"\n"
    /// The tunnel has no subnet.
    private static let single = lan + "[tunnel]\naddresses = [\"10.9.0.1/32\"]\n"
    private static let key = "6boi5zHwfEhbX+XMUKe12f4lQ9v78LjpEcGK0hGU3RQ="

    static let structure: [(String, String)] = [
        ("«", "lan.subnets: names no network; name the LAN's network, like 192.168.1.0/24"),
        ("«" + lan, "tunnel.addresses: has no address"),
        ("«x = 1\n" + base, "x: unknown key; at the top level there are site, lan"),
        (base + "[«peer.a]\n", "peer: unknown key; did you mean peers?"),
        (base + "[peers.a]\n«adresses = [\"192.168.2.1\"]", "did you mean addresses?"),
        (base + "«private-key = \"\(key)\"", "tunnel.private-key: unknown key; a profile holds no secrets"),
        (base + "[peers.a]\n«Keepalive = 25", "did you mean keepalive?"),
        (base + "[peers.a]\naddresses = «\"192.168.2.1\"", "peers.a.addresses: is a string; write a list of strings"),
        (base + "[peers.a]\naddresses = [«1, «true]", "is a number; write a string in quotes"),
        (base + "[peers.a]\nkeepalive = «\"25\"", "is a string; write a whole number from 0 to 65535"),
        (base + "[peers.a]\nkeepalive = «65536", "65536 is out of range"),
        (base + "[peers.a]\nkeepalive = «-1", "out of range"),
        (base + "[peers.a]\nkeepalive = «2.5", "is a fraction"),
        (base + "[peers.a]\nfull-tunnel = «\"yes\"", "write true or false"),
        (base + "[peers]\na = «1", "peers.a: is a number; write a table, [peers.a]"),
        ("peers = «[]\n" + base, "peers: is a list; write a table, [peers]"),
        (base + "[[«peers]]\n", "peers: is a list; write a table"),
        ("lan = «1\n" + tunnel, "write a table, [lan]"),
        (base + "[site]\nendpoint = «\"itzxa.com:0\"", "itzxa.com:0: a port is a number from 1 to 65535"),
        (base + "[site]\nother-forwarding = «\"deny\"", "is none of allow, drop"),
        (base + "[site]\nother-forwarding = «[\"eth0\"]", "write a string in quotes"),
        (base + "[site]\nother-forwarding = { ipv4 = \"allow\", «ip6 = \"drop\" }", "did you mean ipv6?"),
        (base + "[site]\nother-forwarding = { ipv6 = «\"none\" }", "is none of allow, drop"),
        (base + "[site]\nother-forwarding = { ipv6 = «[] }", "names no interface; name those"),
        (base + "[site]\nother-forwarding = { ipv6 = [\"b\", «\"lo\", \"a\", «\"wg0\"] }", "lo is the box's loopback"),
        (base + "[site.other-forwarding]\nipv4 = [\"b\", «\"b\"]", "b is listed twice"),
        (base + "[site]\nname = «\"a b\"", "no host label"),
        (base + "listen-port = «0", "1 to 65535"), (base + "listen-port = «70000", "1 to 65535"),
        (base + "listen-ports = «443", "is a number; write whole numbers from 1 to 65535, [51820, 443]"),
        (base + "listen-ports = «[]", "write whole numbers from 1 to 65535"),
        (base + "listen-ports = [443, «\"53\"]", "is a string"),
        (base + "listen-ports = [443, «0]", "0 is out of range"),
        (base + "listen-ports = [443, «65536]", "65536 is out of range"),
        (base + "listen-ports = [443, 53, 4500, «53]", "tunnel.listen-ports: 53 is listed twice"),
        (base + "listen-ports = [443, 53, «443]", "443 is listed twice"),
        (
            base + "listen-ports = «[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]",
            "16 ports are too many; 15 at most"
        ),
        (base + "listen-port = 51820\n«listen-ports = [443]", "names the first port as well; leave listen-port out"),
        (base + "mtu = «1279", "take 1280 to 65456"), (base + "mtu = «65457", "out of range"),
        (base + "fwmark = «0x100000000", "out of range"),
        (base + "datapath = «\"user\"", "is none of auto, kernel, userspace"),
        (base + "interface = «\"sixteen-letters-\"", "1 to 15 characters"), (base + "interface = «\"\"", "1 to 15"),
        (base + "interface = «\"wg 0\"", "no interface name"), (base + "interface = «\"a/b\"", "no interface name"),
        (base + "public-key = «\"abc\"", "44 characters"),
        (base + "interface = «\"all\"", "all stands for every interface in the kernel's settings; take a name"),
        (base + "interface = «\"default\"", "interfaces to come"),
        (base + "interface = «\"lo\"", "lo is the box's loopback"),
        (base + "interface = «\"wg%d\"", "no interface name"),
        (base + "[egress]\ninterface = «\"wg0\"", "wg0 is the tunnel itself; name the network card"),
        (base + "[egress]\ninterface = «\"all\"", "egress.interface: all stands for every interface"),
        (base + "[egress]\ninterface = «\"lo\"", "name the network card, like eth0"),
        (base + "[egress]\ninterface = «\"eth 0\"", "no interface name"),
        ("[lan]\nsubnets = [\"192.168.1.0/24\"]\ninterface = «\"all\"\n" + tunnel, "lan.interface: all stands for"),
        (
            "[lan]\nsubnets = [\"192.168.1.0/24\"]\ninterface = «\"default\"\n" + tunnel,
            "lan.interface: default stands for"
        ),
        ("[lan]\nsubnets = [\"192.168.1.0/24\"]\ninterface = «\"wg0\"\n" + tunnel, "lan.interface: wg0 is the tunnel"),
        ("[lan]\nsubnets = [\"192.168.1.0/24\"]\ninterface = «\"../x\"\n" + tunnel, "no interface name"),
        (base + "[dns]\nservers = [\"1.1.1.1\", «\"1.1.1.1\"]", "1.1.1.1 is listed twice"),
        (base + "[groups.«guests]", "groups.guests.allow: allows nothing"),
        (base + "[groups.g]\nallow = «[]", "allows nothing"),
        (base + "[groups.«\"a b\"]\nallow = [\"10.0.0.1\"]", "no host label"),
        (base + "[groups.g]\nallow = [«\"192.168.1.10:443\"]", "without a protocol"),
        (base + "[groups.g]\nallow = [\"10.0.0.1\", \"10.0.0.1:1/tcp\", «\"10.0.0.1/32\"]", "10.0.0.1 is listed twice"),
        (base + "[peers.a]\npreshared-key = «\"\(key)\"", "does not belong in a profile"),
        (base + "[peers.a]\npreshared-key = «\"sealed:xyz\"", "auto, none, sealed:ID"),
    ]

    static let addresses: [(String, String)] = [
        (
            "[lan]\nsubnets = «[\(String(repeating: "\"10.0.0.0/8\", ", count: 50_000))]\n" + tunnel,
            "lan.subnets: 50000 networks are too many; 256 at most; name wider networks"
        ),
        ("[lan]\nsubnets = [«\"192.168.1.1/24\"]\n" + tunnel, "has host bits set; the network is 192.168.1.0/24"),
        ("[lan]\nsubnets = [«\"0.0.0.0/0\"]\n" + tunnel, "whole Internet"),
        ("[lan]\nsubnets = [«\"224.0.0.0/4\"]\n" + tunnel, "is multicast"),
        ("[lan]\nsubnets = [\"10.0.0.0/8\", «\"10.1.0.0/16\"]\n" + tunnel, "10.1.0.0/16 is in 10.0.0.0/8 already"),
        (lan + "[tunnel]\naddresses = [«\"10.9.0.255/24\"]", "take one from 10.9.0.1 to 10.9.0.254"),
        (lan + "[tunnel]\naddresses = [«\"127.0.0.1/8\"]", "loopback"),
        (lan + "[tunnel]\naddresses = [«\"10.9.0.1/32\", \"10.9.0.1/24\"]", "10.9.0.1 is listed twice"),
        (lan + "[tunnel]\naddresses = [«\"192.168.1.254/24\"]", "overlaps the LAN's 192.168.1.0/24; take a network"),
        (lan + "[tunnel]\naddresses = [«\"192.168.0.1/16\"]", "overlaps the LAN's"),
        (
            base + "[peers.a]\naddresses = [«\"10.0.0.1\"]",
            "outside the tunnel's subnets, 192.168.2.0/24; take one from"
        ),
        (base + "[peers.a]\naddresses = [«\"192.168.2.0\"]", "network address"),
        (base + "[peers.a]\naddresses = [«\"192.168.2.255\"]", "broadcast address of 192.168.2.0/24"),
        (base + "[peers.a]\naddresses = [«\"fd00:2::\"]", "anycast"),
        (base + "[peers.a]\naddresses = [«\"192.168.2.254\"]", "gateway's own address"),
        (base + "[peers.a]\naddresses = [\"192.168.2.1\", «\"192.168.2.1\"]", "listed twice; remove one"),
        (
            base
                + "[peers.a]\naddresses = [\"192.168.2.1\"]\n[peers.b]\naddresses = [\"192.168.2.2\", «\"192.168.2.1\"]",
            "192.168.2.1 belongs to peer a already; give b another one"
        ),
        (base + "[peers.a]\naddresses = [«\"192.168.2.1/24\"]", "write 192.168.2.1, and networks behind it in routes"),
        (
            lan + "[tunnel]\naddresses = [\"10.9.0.1/24\"]\n[peers.a]\naddresses = [«\"fd00::1\"]",
            "give the gateway an IPv6 address in tunnel.addresses first"
        ),
        // What cannot be read casts no shadow on what depends on it.
        (lan + "[tunnel]\naddresses = [«\"10.9.0.1/40\"]\n[peers.a]\naddresses = [\"10.9.0.2\"]", "at most /32"),
        (proxy + "[tunnel]\naddresses = [«\"192.168.1.254/24\"]", "with proxy-arp write 192.168.1.254/32"),
        (
            proxy + "[tunnel]\naddresses = [\"192.168.1.254/32\"]\n[peers.a]\naddresses = [«\"192.168.2.1\"]",
            "192.168.2.1 is outside the LAN, 192.168.1.0/24; take one from 192.168.1.1 to 192.168.1.254"
        ),
        (
            proxy + "[tunnel]\naddresses = [\"192.168.1.254/32\"]\n[peers.a]\naddresses = [«\"192.168.1.255\"]",
            "broadcast"
        ),
    ]

    static let peers: [(String, String)] = [
        (base + "[peers.«a_b]", "\"a_b\" is no host label"), (base + "[peers.«\"-a\"]", "no host label"),
        (base + "[peers.«laptop]\n[peers.Other]\n[peers.Laptop]", "laptop differs from Laptop only in case"),
        (base + "[peers.a]\npublic-key = \"\(key)\"\n[peers.b]\npublic-key = «\"\(key)\"", "key of peer a too"),
        (base + "public-key = \"\(key)\"\n[peers.b]\npublic-key = «\"\(key)\"", "the gateway's own key"),
        (base + "[peers.a]\npublic-key = «\"\(String(repeating: "A", count: 43))=\"", "all zeros"),
        (base + "[peers.a]\ngroup = «\"guest\"\n[groups.guests]\nallow = [\"10.0.0.1\"]", "did you mean guests?"),
        (base + "[peers.a]\ngroup = «\"g\"", "add [groups.g]"),
        (
            base + "[peers.a]\ngroup = \"g\"\nallow = «[\"10.0.0.1\"]\n[groups.g]\nallow = [\"10.0.0.1\"]",
            "stands beside group"
        ),
        (base + "[peers.a]\nendpoint = «\"192.0.2.1\"", "has no port"),
        (base + "[peers.a]\nroutes = [«\"0.0.0.0/0\"]", "there is full-tunnel"),
        (base + "[peers.a]\nroutes = [«\"::/0\"]", "there is full-tunnel"),
        (base + "[peers.a]\nroutes = [«\"0.0.0.0/1\", «\"128.0.0.0/1\"]", "a large part of the gateway's own traffic"),
        (base + "[peers.a]\nroutes = [«\"2000::/3\"]", "a large part"),
        (base + "[peers.a]\nroutes = [«\"192.168.2.0/24\"]", "give the gateway its address as a single one"),
        (
            lan + "[tunnel]\naddresses = [\"10.9.0.1/24\"]\n[peers.a]\nroutes = [«\"10.0.0.0/8\"]\n"
                + "[peers.b]\naddresses = [\"10.9.0.2\", \"10.9.0.3\"]",
            "10.0.0.0/8 holds 10.9.0.2, which is peer b's; name only"
        ),
        (
            single + "[peers.a]\nroutes = [«\"10.20.0.0/16\"]\n[peers.b]\naddresses = [\"10.20.0.2\"]",
            "10.20.0.0/16 holds 10.20.0.2, which is peer b's"
        ),
        (single + "[peers.b]\naddresses = [«\"192.168.1.7\"]", "192.168.1.7 is in the LAN's 192.168.1.0/24"),
        (single + "[peers.b]\naddresses = [«\"127.0.0.2\"]", "127.0.0.2 is loopback"),
        (single + "[peers.b]\naddresses = [«\"10.9.0.1\"]", "gateway's own address"),
        (base + "[peers.a]\nroutes = [«\"192.168.0.0/23\"]", "192.168.0.0/23 overlaps the LAN's 192.168.1.0/24"),
        (base + "[peers.a]\nroutes = [«\"192.168.1.128/25\"]", "overlaps the LAN's"),
        (base + "[peers.a]\nroutes = [«\"192.168.2.0/25\"]", "overlaps the tunnel's 192.168.2.0/24"),
        (base + "[peers.a]\nroutes = [«\"ff02::/16\"]", "is multicast"),
        (
            base + "[peers.a]\nroutes = [\"10.0.0.0/8\"]\n[peers.b]\nroutes = [\"172.16.0.0/12\", «\"10.1.0.0/16\"]",
            "10.1.0.0/16 overlaps 10.0.0.0/8 behind peer a"
        ),
        (base + "[peers.a]\nroutes = [\"10.0.0.0/8\", «\"10.0.0.0/8\"]", "10.0.0.0/8 is listed twice"),
        (base + "[peers.a]\nroutes = [«\"10.1.0.0/16\", \"10.0.0.0/8\"]", "10.1.0.0/16 is in 10.0.0.0/8 already"),
        (
            base + "[peers.a]\nendpoint = \"203.0.113.7:51820\"\nroutes = [«\"203.0.113.0/24\"]",
            "tunnel would go into itself"
        ),
    ]

    static let fine: [String] = [
        single + "[peers.a]\naddresses = [\"10.9.0.2\", \"172.16.0.9\"]",
        single + "[peers.a]\naddresses = []\nroutes = [\"10.0.0.0/8\"]\n[peers.b]\naddresses = [\"172.16.0.2\"]",
        single + "[peers.a]\naddresses = [\"10.20.0.2\"]\nroutes = [\"10.20.0.0/16\"]",
        lan + "[tunnel]\naddresses = [\"10.9.0.0/24\", \"fd00:2::/64\"]\n[peers.a]\naddresses = [\"10.9.0.1\"]",
        base + "[site]\nother-forwarding = { ipv4 = [\"eth1\", \"eth0\"] }",
        base + "[site.other-forwarding]\nipv6 = \"drop\"",
        base + "listen-ports = [443]", base + "listen-ports = [51820, 443, 53]",
        base, base + "mtu = 65456\nlisten-port = 65535\nfwmark = 0xffffffff",
        lan + "[tunnel]\naddresses = [\"10.9.0.1/24\"]\nmtu = 576",
        lan + "[tunnel]\naddresses = [\"10.9.0.0/31\"]\n[peers.a]\naddresses = [\"10.9.0.1\"]",
        lan + "[tunnel]\naddresses = [\"fd00:2::1/120\"]\n[peers.a]\naddresses = [\"fd00:2::ff\"]",
        proxy + "[tunnel]\naddresses = [\"192.168.1.254/32\"]\n[peers.a]\naddresses = [\"192.168.1.7\"]",
        proxy + "[tunnel]\naddresses = [\"192.168.1.193/26\"]\n[peers.a]\naddresses = [\"192.168.1.194\"]",
        proxy + "[tunnel]\naddresses = [\"192.168.1.254/32\", \"fd00::1/64\"]\n[peers.a]\naddresses = [\"fd00::2\"]",
        base + "[site]\nendpoint = \"itzxa.com\"\n[peers.a]\nkeepalive = 0\nroutes = [\"10.0.0.0/8\"]\n"
            + "endpoint = \"203.0.113.7:1\"\n[peers.b]\nroutes = [\"172.16.0.0/12\"]\nallow = [\"0.0.0.0/0\"]",
    ]

    @Test(arguments: structure + addresses + peers) func refused(_ marked: String, _ message: String) {
        let text = marked.replacing("«", with: "")
        let found = refusals(text)
        #expect(found.first?.message.contains(message) == true, "\(found)")
        let marks = marked.split(separator: "«", omittingEmptySubsequences: false).dropLast()
        var before = ""
        let places = marks.map { part -> [Int] in
            before += part
            let lines = before.split(separator: "\n", omittingEmptySubsequences: false)
            return [lines.count, lines.last!.unicodeScalars.count + 1]
        }
        #expect(Set(found.map { [$0.line, $0.column] }) == Set(places), "\(found)")
    }

    @Test(arguments: fine) func taken(_ text: String) { #expect(refusals(text) == []) }

    /// What a command line edit shows, which has no file.
    @Test func withoutAFile() {
        var site = Site(
            lan: LAN(subnets: [IPPrefix("192.168.1.0/24")!]),
            tunnel: Tunnel(addresses: [InterfaceAddress("10.9.0.1/24")!]))
        site.peers = [Peer(name: "a", addresses: [IPAddress("10.9.0.255")!])]
        let problems = site.problems()
        #expect(problems.map(\.path) == [SitePath(["peers", "a", "addresses"], index: 0)])
        #expect(
            problems.first?.description
                == "peers.a.addresses: 10.9.0.255 is the broadcast address of 10.9.0.0/24; take one from 10.9.0.1 to 10.9.0.254"
        )
    }

    /// The sweep over sorted networks finds what comparing each with each finds.
    @Test func overlapsLikeTheNaiveWay() {
        var random = SeededRandom(state: 11)
        for _ in 0..<300 {
            let peers = (0..<8).map { i in
                let routes = (0..<2).map { _ in
                    IPPrefix(
                        masking: .v4(
                            IPv4Address(rawValue: 0x0a00_0000 | UInt32.random(in: 0...255, using: &random) << 16)),
                        length: Int.random(in: 9...16, using: &random))
                }
                return Peer(name: "p\(i)", routes: routes)
            }
            let site = Site(
                lan: LAN(subnets: [IPPrefix("192.168.1.0/24")!]),
                tunnel: Tunnel(addresses: [InterfaceAddress("172.16.0.1/24")!]), peers: peers)
            let all = peers.flatMap(\.routes)
            let collides = all.indices.contains { i in all.indices.contains { $0 != i && all[i].overlaps(all[$0]) } }
            #expect(site.problems().isEmpty == !collides)
        }
    }
}
