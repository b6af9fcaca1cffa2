import Testing

@testable import NetTypes

/// Parses, and says why not if not.
func reason<T>(_ parse: () throws(ParseError) -> T) -> String? {
    do {
        _ = try parse()
        return nil
    } catch {
        return error.description
    }
}

@Suite struct IPv4AddressTests {
    @Test(
        arguments: [
            ("0.0.0.0", 0), ("255.255.255.255", 0xffff_ffff), ("192.168.1.1", 0xc0a8_0101), ("1.2.3.4", 0x0102_0304),
        ] as [(String, UInt32)]) func valid(_ text: String, _ value: UInt32)
    {
        #expect(IPv4Address(text)?.rawValue == value)
        #expect(IPv4Address(rawValue: value).description == text)
        #expect(IPAddress(octets: IPv4Address(rawValue: value).octets) == IPAddress(text))
    }

    @Test(arguments: [
        "", ".", "1", "1.2.3", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.4.", "1.2.3.4.5", "256.1.1.1", "1.1.1.256",
        "01.2.3.4", "1.2.3.00", "+1.2.3.4", "-1.2.3.4", " 1.2.3.4", "1.2.3.4 ", "1.2.3.4\n", "0x1.2.3.4", "1,2,3,4",
        "١.٢.٣.٤", "1.2.3.99999999999999999999", "1.2.3.4\u{0}", "::1",
    ]) func invalid(_ text: String) {
        #expect(IPv4Address(text) == nil)
        let told = reason { () throws(ParseError) in try IPv4Address(parsing: text) }
        #expect(told == "\(text): an IPv4 address is four numbers from 0 to 255, like 192.168.1.10")
    }

    @Test func itsOctetsAndOrder() {
        #expect(IPv4Address(192, 168, 2, 254) == IPv4Address("192.168.2.254"))
        #expect(IPv4Address("9.0.0.0")! < IPv4Address("10.0.0.0")!)
    }
}

@Suite struct IPv6AddressTests {
    /// Text, number, and the form of RFC 5952 where it differs.
    @Test(
        arguments: [
            ("::", 0, nil), ("::1", 1, nil), ("1::", 1 << 112, nil), ("fd00::1", 0xfd00 << 112 | 1, nil),
            ("1:2:3:4:5:6:7:8", 0x1_0002_0003_0004_0005_0006_0007_0008, nil),
            ("1:2:3:4:5:6:7::", 0x1_0002_0003_0004_0005_0006_0007_0000, "1:2:3:4:5:6:7:0"),
            ("::2:3:4:5:6:7:8", 0x2_0003_0004_0005_0006_0007_0008, "0:2:3:4:5:6:7:8"),
            ("2001:DB8::A", 0x2001_0db8 << 96 | 10, "2001:db8::a"), ("0:0:0:0:0:0:0:0", 0, "::"),
            ("2001:0db8:0000:0000:0001:0000:0000:0001", 0x2001_0db8_0000_0000_0001_0000_0000_0001, "2001:db8::1:0:0:1"),
            ("1:0:0:2:0:0:0:3", 0x1_0000_0000_0002_0000_0000_0000_0003, "1:0:0:2::3"),
            ("::ffff:192.168.1.1", 0xffff_c0a8_0101, nil), ("::ffff:c0a8:101", 0xffff_c0a8_0101, "::ffff:192.168.1.1"),
            ("64:ff9b::1.2.3.4", 0x64_ff9b << 96 | 0x0102_0304, "64:ff9b::102:304"),
            ("1:2:3:4:5:6:1.2.3.4", 0x1_0002_0003_0004_0005_0006_0102_0304, "1:2:3:4:5:6:102:304"),
            ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ~0, nil),
        ] as [(String, UInt128, String?)]) func valid(_ text: String, _ value: UInt128, _ canonical: String?)
    {
        #expect(IPv6Address(text)?.rawValue == value)
        let description = IPv6Address(rawValue: value).description
        #expect(description == canonical ?? text)
        #expect(IPv6Address(description)?.rawValue == value)
        #expect(IPAddress(octets: IPv6Address(rawValue: value).octets) == IPAddress(text))
    }

    @Test(arguments: [
        "", ":", ":::", "1", "1:2", ":1", "1:", "1:::2", "::1::", "1::2::3", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8", "12345::", "g::", "::1 ", " ::1", "fe80::1%eth0", "[::1]", "::1/64", "::1.2.3", "1.2.3.4",
        "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "::١", "::-1", "::+1", "::0x1", "1:2:3:4:5:6:7:", "::1.2.3.256",
    ]) func invalid(_ text: String) {
        #expect(IPv6Address(text) == nil)
        let told = reason { () throws(ParseError) in try IPv6Address(parsing: text) }
        #expect(told == "\(text): an IPv6 address is up to eight groups of hex digits, like fd00::1")
    }

    @Test func randomOnesComeBack() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            // Mostly zero groups, which is where the shortening can go wrong.
            let groups = (0..<8).map { _ in
                Bool.random(using: &random) ? 0 : UInt128(UInt16.random(in: 0...0xffff, using: &random))
            }
            let address = IPv6Address(rawValue: groups.reduce(0) { $0 << 16 | $1 })
            #expect(IPv6Address(address.description) == address)
        }
    }
}

@Suite struct IPPrefixTests {
    @Test(
        arguments: [
            ("0.0.0.0/0", nil), ("192.168.1.0/24", nil), ("10.0.0.1/32", nil), ("10.0.0.1", "10.0.0.1/32"),
            ("::/0", nil),
            ("fd00::/8", nil), ("fd00::1", "fd00::1/128"), ("FD00:0::/64", "fd00::/64"), ("128.0.0.0/1", nil),
        ] as [(String, String?)]) func valid(_ text: String, _ canonical: String?)
    {
        #expect(IPPrefix(text)?.description == canonical ?? text)
    }

    @Test(arguments: [
        ("10.0.0.0/40", "10.0.0.0/40: an IPv4 prefix is at most /32"),
        ("fd00::/129", "fd00::/129: an IPv6 prefix is at most /128"),
        ("10.0.0.0/99999999999999999999", "at most /32"), ("10.0.0.0/", "is a number from 0 to 32"),
        ("10.0.0.0/08", "is a number from 0 to 32"), ("10.0.0.0/+8", "is a number from 0 to 32"),
        ("10.0.0.0/8/8", "is a number from 0 to 32"), ("fd00::/x", "is a number from 0 to 128"),
        ("10.0.0.0/255.0.0.0", "is a number from 0 to 32"),
        ("192.168.1.1/24", "192.168.1.1/24: has host bits set; the network is 192.168.1.0/24"),
        ("fd00::1/64", "the network is fd00::/64"), ("0.0.0.1/0", "the network is 0.0.0.0/0"), ("/24", "four numbers"),
        ("10.0.0/8", "10.0.0/8: an IPv4 address is four numbers"), ("", "four numbers"),
        ("10.0.0.0 /8", "four numbers"),
    ]) func invalid(_ text: String, _ fragment: String) {
        #expect(IPPrefix(text) == nil)
        let told = reason { () throws(ParseError) in try IPPrefix(parsing: text) }
        #expect(told?.contains(fragment) == true, "\(told ?? "was taken")")
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.255.255"), ("0.0.0.0/0", "255.255.255.255"), ("10.0.0.1/32", "10.0.0.1"),
        ("fd00::/64", "fd00::ffff:ffff:ffff:ffff"), ("::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("10.0.0.2/31", "10.0.0.3"), ("::1/128", "::1"),
    ]) func last(_ prefix: String, _ address: String) { #expect(IPPrefix(prefix)!.last == IPAddress(address)) }

    @Test func containsIsNumeric() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let a = IPPrefix(
                masking: .v4(IPv4Address(rawValue: .random(in: 0...UInt32.max, using: &random))),
                length: .random(in: 0...6, using: &random))
            let b = IPPrefix(
                masking: .v4(IPv4Address(rawValue: .random(in: 0...UInt32.max, using: &random))),
                length: .random(in: 0...32, using: &random))
            #expect(a.contains(b) == (a.address <= b.address && b.last <= a.last))
            #expect(a.overlaps(b) == (a.address <= b.last && b.address <= a.last))
            #expect(a.contains(b.last) == (a.address <= b.last && b.last <= a.last))
        }
        #expect(!IPPrefix.everyV4.contains(IPAddress("::")!) && !IPPrefix.everyV6.contains(IPAddress("0.0.0.0")!))
        #expect(!IPPrefix.everyV4.overlaps(.everyV6))
    }

    @Test func order() {
        let sorted = ["0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/16", "192.168.0.0/16", "::/0", "fd00::/8"].map {
            IPPrefix($0)!
        }
        #expect(sorted.reversed().sorted() == sorted)
    }
}

@Suite struct InterfaceAddressTests {
    @Test(arguments: [
        ("192.168.2.254/24", "192.168.2.254/24", "192.168.2.0/24"), ("10.0.0.1", "10.0.0.1/32", "10.0.0.1/32"),
        ("fd00::1/64", "fd00::1/64", "fd00::/64"), ("fd00::1", "fd00::1/128", "fd00::1/128"),
        ("10.0.0.1/0", "10.0.0.1/0", "0.0.0.0/0"),
    ]) func valid(_ text: String, _ canonical: String, _ network: String) {
        #expect(InterfaceAddress(text)?.description == canonical)
        #expect(InterfaceAddress(text)?.network == IPPrefix(network))
    }

    @Test(arguments: [
        "", "/", "10.0.0.1/", "10.0.0.1/33", "10.0.0.1/-1", "10.0.0.1/1 ", "fd00::1/129", "a/24", "/24",
        "10.0.0.1/\u{301}8",
    ])
    func invalid(_ text: String) { #expect(InterfaceAddress(text) == nil) }
}
