import Testing

@testable import NetTypes

@Suite struct EndpointTests {
    @Test(
        arguments: [
            ("itzxa.com:51820", nil), ("203.0.113.7:1", nil), ("[fd00::1]:65535", nil),
            ("ITZXA.com:51820", "itzxa.com:51820"),
            ("[FD00:0::1]:51820", "[fd00::1]:51820"), ("localhost:51820", nil), ("a-b.c1:2", nil),
            ("3com.example:1", nil), ("wg_server._udp.example.org:51820", nil), ("vpn.example.org.:51820", nil),
            ("xn--bcher-kva.example:51820", nil), ("\(String(repeating: "a", count: 63)).org:1", nil),
        ] as [(String, String?)]) func valid(_ text: String, _ canonical: String?)
    {
        let endpoint = Endpoint(text)
        #expect(endpoint?.description == canonical ?? text)
        #expect(Endpoint(endpoint?.description ?? "") == endpoint)
    }

    @Test(arguments: [
        ("", "DNS name or an address"), (":51820", "DNS name or an address"), ("itzxa.com", "write itzxa.com:51820"),
        ("itzxa.com:", "1 to 65535"), ("itzxa.com:0", "1 to 65535"), ("itzxa.com:65536", "1 to 65535"),
        ("itzxa.com:+5", "1 to 65535"), ("itzxa.com:5x", "1 to 65535"), ("itzxa.com:51820 ", "1 to 65535"),
        ("fd00::1", "stands in brackets"), ("fd00::1:51820", "stands in brackets"), ("[fd00::1", "not closed"),
        ("[fd00::1]51820", "after ] comes :PORT"), ("[fd00::1]", "has no port"), ("[10.0.0.1]:1", "IPv6 address"),
        ("[]:1", "IPv6 address"), ("-a.org:1", "DNS name"), ("a-.org:1", "DNS name"), ("a..org:1", "DNS name"),
        ("a.org..:1", "DNS name"), (".:1", "DNS name"), ("1.2.3.:1", "DNS name"), ("bücher.de:1", "DNS name"),
        ("1.2.3:1", "DNS name"), ("256.1.1.1:1", "DNS name"),
        ("http://itzxa.com:1", "brackets"), ("itzxa.com/x:1", "DNS name"), ("it zxa.com:1", "DNS name"),
        ("\(String(repeating: "a", count: 64)).org:1", "DNS name"), ("[fe80::1%eth0]:1", "IPv6 address"),
        ("\(String(repeating: "abcdefg.", count: 32))org:1", "DNS name"),
    ]) func invalid(_ text: String, _ fragment: String) {
        #expect(Endpoint(text) == nil)
        let told = reason { () throws(ParseError) in try Endpoint(parsing: text) }
        #expect(told?.contains(fragment) == true, "\(told ?? "was taken")")
    }

    @Test func theDefaultPort() throws {
        #expect(try Endpoint(parsing: "itzxa.com", defaultPort: 7) == Endpoint("itzxa.com:7"))
        #expect(try Endpoint(parsing: "[fd00::1]", defaultPort: 7) == Endpoint("[fd00::1]:7"))
        #expect(try Endpoint(parsing: "itzxa.com:8", defaultPort: 7) == Endpoint("itzxa.com:8"))
    }

    @Test func socketAddresses() {
        #expect(SocketAddress(IPAddress("203.0.113.7")!, port: 51820).description == "203.0.113.7:51820")
        #expect(SocketAddress(IPAddress("2001:db8::1")!, port: 1).description == "[2001:db8::1]:1")
        #expect(SocketAddress(IPAddress("fe80::1")!, port: 1, scope: 3).description == "[fe80::1%3]:1")
    }

    @Test(arguments: [
        "", ":", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:+1", "[::1]", "[::1]:x", "::1:5", "[::1:5",
        "[::1%0]:5",
        "[::1%eth0]:5", "[1.2.3.4]:5", "host:5",
    ]) func `no socket address`(_ text: String) { #expect(SocketAddress(text) == nil) }

    @Test(arguments: [
        ("a", true), ("laptop-2", true), ("0", true), (String(repeating: "a", count: 63), true), ("A", true),
        ("", false),
        ("-a", false), ("a-", false), ("a.b", false), ("a_b", false), ("é", false), ("a b", false), ("-", false),
        (String(repeating: "a", count: 64), false), ("a\n", false),
    ]) func hostLabels(_ text: String, _ isLabel: Bool) { #expect(isHostLabel(text) == isLabel) }
}
