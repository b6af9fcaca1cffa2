import NetTypes
import Testing

@testable import SiteModel

@Suite struct AccessRuleTests {
    /// Text, and its canonical form where it differs.
    @Test(
        arguments: [
            ("192.168.1.10:443/tcp", nil), ("192.168.1.0/24", nil), ("192.168.1.0/24:8000-8999/udp", nil),
            ("[fd00::1]:53/udp", nil), ("[fd00::/64]:80/tcp", nil), ("192.168.1.9/icmp", nil), ("fd00::1", nil),
            ("fd00::/64", nil), ("fd00::/64/icmp", nil), ("fd00::1/icmp", nil), ("192.168.1.0/24/tcp", nil),
            ("[fd00::1]/tcp", nil), ("0.0.0.0/0", nil), ("::/0", nil), ("10.0.0.1:1-65535/tcp", nil),
            ("192.168.1.9/32", "192.168.1.9"), ("[fd00::1]", "fd00::1"), ("[fd00::1]/icmp", "fd00::1/icmp"),
            ("192.168.1.9:80-80/tcp", "192.168.1.9:80/tcp"), ("[FD00:0::1/128]:53/udp", "[fd00::1]:53/udp"),
            ("192.168.1.9:0080/tcp", "192.168.1.9:80/tcp"),
        ] as [(String, String?)]) func valid(_ text: String, _ canonical: String?) throws
    {
        let rule = try AccessRule(parsing: text)
        #expect(rule.description == canonical ?? text)
        #expect(AccessRule(rule.description) == rule)
    }

    @Test func itsParts() throws {
        let rule = try AccessRule(parsing: "192.168.1.0/24:8000-8999/udp")
        #expect(rule == AccessRule(IPPrefix("192.168.1.0/24")!, transport: .udp, ports: 8000...8999))
        #expect(try AccessRule(parsing: "fd00::1") == AccessRule(IPPrefix("fd00::1/128")!))
    }

    @Test(arguments: [
        ("", "like 192.168.1.10"), ("server:443/tcp", "four numbers"), ("192.168.1.10:443", "without a protocol"),
        ("192.168.1.10:443", "write 192.168.1.10:443/tcp or"), ("192.168.1.10:443/sctp", "tcp, udp or icmp, not sctp"),
        ("192.168.1.10:443/TCP", "not TCP"), ("192.168.1.10:0/tcp", "1 to 65535"),
        ("192.168.1.10:65536/tcp", "1 to 65535"), ("192.168.1.10:+1/tcp", "1 to 65535"),
        ("192.168.1.10:/tcp", "1 to 65535"), ("192.168.1.10:1-/tcp", "1 to 65535"),
        ("192.168.1.10:1-2-3/tcp", "1 to 65535"), ("192.168.1.10:90-80/tcp", "write 80-90"),
        ("192.168.1.10:8/icmp", "write 192.168.1.10/icmp"), ("192.168.1.10/24:80/tcp", "network is 192.168.1.0/24"),
        ("192.168.1.0/33", "at most /32"), ("fd00::1:443/tcp", "[fd00::1]:443/tcp"), ("[fd00::1:53/udp", "not closed"),
        ("[fd00::1]53/udp", "after ] comes"), ("[192.168.1.1]:53/udp", "only an IPv6"), ("[fd00::1]:53", "protocol"),
        ("192.168.1.1 :80/tcp", "four numbers"), ("192.168.1.10:443/tcp/udp", "1 to 65535"), ("/tcp", "four numbers"),
        ("fd00::/129", "at most /128"), ("[fd00::5/64]:80/tcp", "network is fd00::/64"),
    ]) func invalid(_ text: String, _ fragment: String) {
        #expect(AccessRule(text) == nil)
        #expect {
            try AccessRule(parsing: text)
        } throws: { error in
            (error as? ParseError)?.input == text && "\(error)".contains(fragment)
        }
    }
}
