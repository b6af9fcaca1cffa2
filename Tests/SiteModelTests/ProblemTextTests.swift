import NetTypes
import Testing

@testable import SiteModel

/// The words of what is wrong with a site or a profile, whole.
@Suite struct ProblemTextTests {
    private static let key = PublicKey(bytes: [UInt8](repeating: 7, count: 32))!
    private static let host = IPAddress("10.9.0.2")!
    private static let narrow = IPPrefix("10.9.0.0/24")!
    private static let wide = IPPrefix("10.0.0.0/8")!
    private static let other = IPPrefix("192.168.1.0/24")!
    private static let card = "name the network card, like eth0"
    private static let onlyBehind = "name only what is behind the peer; two sites need different networks"

    private static let names: [(SiteProblem.NameFault, String)] = [
        (
            .noLabel("a b", .site),
            "\"a b\" is no host label; a site's name is 1 to 63 letters, digits and inner hyphens"
        ),
        (
            .noLabel("a b", .peer),
            "\"a b\" is no host label; a peer's name is 1 to 63 letters, digits and inner hyphens"
        ),
        (
            .noLabel("a b", .group),
            "\"a b\" is no host label; a group's name is 1 to 63 letters, digits and inner hyphens"
        ),
        (
            .noInterface("a/b"),
            "\"a/b\" is no interface name; Linux takes 1 to 15 characters without space, slash, colon and percent sign, like wg0"
        ),
        (
            .reserved(.every, isTunnel: true),
            "all stands for every interface in the kernel's settings; take a name of its own, like wg0"
        ),
        (
            .reserved(.toCome, isTunnel: false),
            "default stands for interfaces to come in the kernel's settings; \(card)"
        ),
        (.reserved(.loopback, isTunnel: false), "lo is the box's loopback interface; \(card)"),
        (.tunnel("wg0"), "wg0 is the tunnel itself; \(card)"),
        (.twice("a", other: "a"), "a is there twice; rename one of them"),
        (.twice("a", other: "A"), "a differs from A only in case; rename one of them"),
        (.unknownGroup("g", .one("guests")), "there is no group \"g\"; did you mean guests?"),
        (.unknownGroup("g", .unknown), "there is no group \"g\"; add [groups.g]"),
        (.unknownGroup("g", .some(["a", "b c"])), "there is no group \"g\"; the groups are a, \"b c\""),
        (
            .unknownPeer("x", try! Flow(from: "x", to: "10.0.0.1:443/tcp"), near: nil),
            "x → 10.0.0.1:443/tcp: no peer is called x; name a peer, gateway, dns, an address or a network"
        ),
        (
            .unknownPeer("x", try! Flow(from: "x", to: "10.0.0.1:443/tcp"), near: "y"),
            "x → 10.0.0.1:443/tcp: no peer is called x; did you mean y?"
        ),
    ]

    private static let entries: [(SiteProblem.EntryFault, String)] = [
        (.empty(.network), "names no network; name the LAN's network, like 192.168.1.0/24"),
        (.empty(.interface), "names no interface; name those that others may come in by, or write \"drop\""),
        (.empty(.gatewayAddress), "has no address; give the gateway an address in the tunnel, like 192.168.2.254/24"),
        (.empty(.destination), "allows nothing; name at least one destination, like 192.168.1.10:443/tcp"),
        (.twice("10.9.0.2"), "10.9.0.2 is listed twice; remove one of them"),
        (.tooMany(257, .subnets), "257 networks are too many; 256 at most; name wider networks"),
        (.noPort, "0 is no port; take one from 1 to 65535, like 51820"),
        (
            .mtu(1279, least: 1280, hasV6: true),
            "1279 bytes is out of range; take 1280 to 65456, 1420 on most links; IPv6 needs 1280"
        ),
        (.mtu(575, least: 576, hasV6: false), "575 bytes is out of range; take 576 to 65456, 1420 on most links"),
        (.policyBesideGroup, "stands beside group; keep the group's policy or this one, not both"),
        (.gatewayKey(key), "\(key) is the gateway's own key; write what `wg pubkey` prints on the peer's side"),
        (.keyOfPeer(key, "a"), "\(key) is the key of peer a too; make a key pair for each device"),
        (.zeroKey, "is all zeros; write what `wg pubkey` prints"),
    ]

    private static let addresses: [(SiteProblem.AddressFault, String)] = [
        (.unusable("0.0.0.0/0", .wholeInternet, .lan), "0.0.0.0/0 is the whole Internet; name the LAN's own network"),
        (
            .unusable("127.0.0.1/8", .loopback, .gateway),
            "127.0.0.1/8 is loopback; take a private address, like 192.168.2.254/24"
        ),
        (.unusable("fe80::1", .linkLocal, .peer), "fe80::1 is link-local; take a private address"),
        (.unusable("ff00::/8", .multicast, .route), "ff00::/8 is multicast; name a network behind the peer"),
        (.unusable("0.1.0.0/16", .reserved, .route), "0.1.0.0/16 is reserved; name a network behind the peer"),
        (
            .unusable("10.9.0.255", .broadcast(narrow), .host(narrow)),
            "10.9.0.255 is the broadcast address of 10.9.0.0/24; take one from 10.9.0.1 to 10.9.0.254"
        ),
        (
            .unusable("10.9.0.0", .networkAddress(narrow), .host(IPPrefix("10.9.0.7/32")!)),
            "10.9.0.0 is the network address of 10.9.0.0/24; there is only 10.9.0.7"
        ),
        (
            .unusable("fd00::", .anycast(IPPrefix("fd00::/126")!), .host(IPPrefix("fd00::/126")!)),
            "fd00:: is the routers' anycast address of fd00::/126; take one from fd00::1 to fd00::3"
        ),
        (.gateway(host), "10.9.0.2 is the gateway's own address; take another one"),
        (.taken(host, by: "a", peer: "b"), "10.9.0.2 belongs to peer a already; give b another one"),
        (
            .outside(host, [other], isLAN: true),
            "10.9.0.2 is outside the LAN, 192.168.1.0/24; take one from 192.168.1.1 to 192.168.1.254"
        ),
        (
            .outside(host, (1...6).map { IPPrefix("192.168.\($0).0/24")! }, isLAN: false),
            "10.9.0.2 is outside the tunnel's subnets, 192.168.1.0/24 and 192.168.2.0/24 and 192.168.3.0/24 and 192.168.4.0/24 and 2 more; take one from 192.168.1.1 to 192.168.1.254"
        ),
        (
            .outside(host, [], isLAN: false),
            "10.9.0.2 is outside the tunnel's subnets; give the gateway an IPv4 address in tunnel.addresses first"
        ),
        (
            .tooWide(IPPrefix("::/0")!),
            "::/0 would send all of the gateway's own traffic to this peer; name the networks behind it; for a peer's way out to the Internet there is full-tunnel"
        ),
        (
            .tooWide(IPPrefix("0.0.0.0/1")!),
            "0.0.0.0/1 would send a large part of the gateway's own traffic to this peer; name the networks behind it; for a peer's way out to the Internet there is full-tunnel"
        ),
        (
            .holdsEndpoint(wide, host),
            "10.0.0.0/8 contains the peer's own endpoint 10.9.0.2, so the tunnel would go into itself; leave that address out of the routes"
        ),
    ]

    private static let overlaps: [(SiteProblem.Overlap, String)] = [
        (.within(narrow, wide), "10.9.0.0/24 is in 10.0.0.0/8 already; remove one of them"),
        (
            .tunnelAndLAN(narrow, wide),
            "10.9.0.0/24 overlaps the LAN's 10.0.0.0/8; take a network of its own for the tunnel, or reply-path \"proxy-arp\""
        ),
        (
            .tunnelOverLAN(wide, narrow, gateway: host),
            "10.0.0.0/8 overlaps the LAN's 10.9.0.0/24 whole, so the LAN would be on two interfaces; with proxy-arp write 10.9.0.2/32"
        ),
        (.routeAndLAN(wide, narrow), "10.0.0.0/8 overlaps the LAN's 10.9.0.0/24; \(onlyBehind)"),
        (.routeAndTunnel(wide, narrow), "10.0.0.0/8 overlaps the tunnel's 10.9.0.0/24; \(onlyBehind)"),
        (
            .routeAndTunnel(narrow, narrow),
            "10.9.0.0/24 overlaps the tunnel's 10.9.0.0/24; if all of the tunnel is behind this peer, give the gateway its address as a single one, /32 or /128"
        ),
        (
            .routes(narrow, wide, of: "a"),
            "10.9.0.0/24 overlaps 10.0.0.0/8 behind peer a; a network is behind one peer only"
        ),
        (
            .routeAndPeer(wide, host, "a"),
            "10.0.0.0/8 holds 10.9.0.2, which is peer a's; name only what is behind the peer; an address belongs to one peer"
        ),
        (
            .peerAndLAN(host, narrow),
            "10.9.0.2 is in the LAN's 10.9.0.0/24; take an address of another network, or reply-path \"proxy-arp\""
        ),
    ]

    private static let disguises: [(SiteProblem.DisguiseFault, String)] = [
        (
            .parameter(.notANumber(.jc)),
            "\(AWGFault.notANumber(.jc)); correct it here and at the peers"
        ),
        (.reservedName, "none is what peers in plain WireGuard have; take another name"),
        (
            .confused(with: "old"),
            "nobody can tell its initiations from those of [disguise.old]; take another s1, or an h1 that has no number in common with that one's"
        ),
        (.hidesNothing, "hides nothing; write parameters, or remove the table"),
        (
            .ofKernel("awg"),
            "the kernel's WireGuard speaks no AmneziaWG; write auto or userspace, or remove [disguise.awg]"
        ),
        (.missing(.awg), "there is no [disguise.awg]; write one, or none here"),
        (
            .excludesPlain("awg"),
            "a plain initiation is one of the disguise too, but nothing that answers it; write awg for all peers, or an s1 of 1 or more in [disguise.awg]"
        ),
    ]

    @Test func problems() {
        let path = SitePath(["peers", "a b"], index: 3)
        func check(_ fault: SiteProblem.Fault, _ words: String) {
            #expect(SiteProblem(path, fault).description == "peers.\"a b\": \(words)")
        }
        for (fault, words) in Self.names { check(.name(fault), words) }
        for (fault, words) in Self.entries { check(.entry(fault), words) }
        for (fault, words) in Self.addresses { check(.address(fault), words) }
        for (fault, words) in Self.overlaps { check(.overlap(fault), words) }
        for (fault, words) in Self.disguises { check(.disguise(fault), words) }
    }

    private static let place = SitePath(["peers", "a", "x"])

    private static let faults: [(ProfileFault, String)] = [
        (.toml(.zeroByte), "this is not TOML: a zero byte"),
        (.toml(.expected("=")), "this is not TOML: here should stand ="),
        (.toml(.noKey), "this is not TOML: here should stand a key"),
        (.toml(.noValue), "this is not TOML: here should stand a value; text stands in quotes"),
        (.toml(.twice("a b")), "this is not TOML: \"a b\" is there already; keep one of them"),
        (.toml(.noTable("a")), "this is not TOML: a is there already, and is no table"),
        (.toml(.noListOfTables("a")), "this is not TOML: a is there already, and is no list of tables"),
        (.toml(.openString(onItsLine: true)), "this is not TOML: this string does not end on its line"),
        (.toml(.openString(onItsLine: false)), "this is not TOML: this string does not end"),
        (
            .toml(.noEscape),
            "this is not TOML: a backslash in double quotes begins an escape; write \\\\ or use single quotes"
        ),
        (.toml(.library("no")), "this is not TOML: no"),
        (.toml(.longKey(most: 255)), "a key is at most 255 bytes long"),
        (.toml(.tooDeep(most: 64)), "this goes deeper than 64 levels; a profile has three"),
        (
            .toml(.manyUnheaded(most: 9)),
            "more than 9 tables have no [header] of their own; write one for each"
        ),
        (
            .unknownKey("private-key", in: SitePath(["tunnel"]), known: ["mtu"]),
            "tunnel.private-key: unknown key; a profile holds no secrets, wggw keeps them sealed"
        ),
        (.unknownKey("mtus", in: SitePath(["tunnel"]), known: ["mtu"]), "tunnel.mtus: unknown key; did you mean mtu?"),
        (
            .unknownKey("zzzz", in: SitePath(["tunnel"]), known: ["mtu", "x"]),
            "tunnel.zzzz: unknown key; in tunnel there are mtu, x"
        ),
        (
            .unknownKey("zzzz", in: SitePath([]), known: ["site", "lan"]),
            "zzzz: unknown key; at the top level there are site, lan"
        ),
        (.missing(place), "peers.a.x: is missing"),
        (.wrongType(place, .string, .table), "peers.a.x: is a string; write a table, [peers.a.x]"),
        (.wrongType(place, .integer, .listOfTables), "peers.a.x: is a number; write [[peers.a.x]] above each"),
        (.wrongType(place, .boolean, .string), "peers.a.x: is true or false; write a string in quotes"),
        (
            .wrongType(place, .list, .integerOrRange),
            "peers.a.x: is a list; write a whole number without quotes, or a range in quotes, \"LOW-HIGH\""
        ),
        (.wrongType(place, .table, .boolean), "peers.a.x: is a table; write true or false, without quotes"),
        (
            .wrongType(place, .fraction, .integer(0...9)),
            "peers.a.x: is a fraction; write a whole number from 0 to 9, without quotes"
        ),
        (
            .wrongType(place, .moment, .listOfStrings),
            "peers.a.x: is a date or time; write a list of strings, [\"…\", \"…\"]"
        ),
        (.outOfRange(place, 10, 0...9), "peers.a.x: 10 is out of range; write a whole number from 0 to 9"),
        (.value(place, ParseError("y", .noBoolean)), "peers.a.x: y: is neither true nor false"),
        (.parameter(place, .notAKey), "peers.a.x: \(AWGFault.notAKey)"),
        (
            .problem(SiteProblem(place, .entry(.noPort))),
            "peers.a.x: 0 is no port; take one from 1 to 65535, like 51820"
        ),
    ]

    @Test func profiles() {
        for (fault, words) in Self.faults {
            #expect(ProfileError(file: "f", line: 2, column: 3, fault).description == "f:2:3: \(words)")
        }
    }
}
