import NetTypes
import SiteModel
import Testing

/// What people write of a flow.
@Suite struct FlowTests {
    @Test(arguments: [
        ("laptop", "192.168.1.10:443/tcp", "laptop → 192.168.1.10:443/tcp"),
        ("laptop", "192.168.1.10:443", "laptop → 192.168.1.10:443/tcp"),
        ("laptop", "192.168.1.10", "laptop → 192.168.1.10"),
        ("laptop", "10.0.0.0/24", "laptop → 10.0.0.0/24"),
        ("laptop", "10.0.0.0/24:22/tcp", "laptop → 10.0.0.0/24:22/tcp"),
        ("192.168.1.10", "laptop:22/tcp", "192.168.1.10 → laptop:22/tcp"),
        ("guest", "dns", "guest → dns"),
        ("guest", "dns/udp", "guest → dns/udp"),
        ("laptop", "fd00::1", "laptop → fd00::1"),
        ("laptop", "[fd00::1]:53/udp", "laptop → [fd00::1]:53/udp"),
        ("laptop", "[fd00::1]", "laptop → fd00::1"),
        ("laptop", "nas.example.org:80", "laptop → nas.example.org:80/tcp"),
        ("laptop", "192.168.1.9/icmp", "laptop → 192.168.1.9/icmp"),
    ])
    func `a flow is read`(from: String, to: String, text: String) throws {
        #expect(try Flow(from: from, to: to).description == text)
    }

    @Test(arguments: [
        ("laptop", "192.168.1.10:0", "a port is a number from 1 to 65535"),
        ("laptop", "192.168.1.10:70000", "a port is a number from 1 to 65535"),
        ("laptop", "192.168.1.10:http", "a port is a number from 1 to 65535"),
        ("laptop", "192.168.1.10/sctp", "a protocol is tcp, udp or icmp, not sctp"),
        ("laptop", "192.168.1.10:7/icmp", "icmp has no ports; write 192.168.1.10/icmp"),
        ("laptop", "192.168.1.10/24", "has host bits set; the network is 192.168.1.0/24"),
        ("laptop", "192.168.1", "192.168.1"),
        ("laptop", "[fd00::1", "the bracket is not closed"),
        ("laptop", "[fd00::1]443", "after ] comes :PORT or /PROTOCOL"),
        ("lap top", "192.168.1.10", "is neither a name nor an address nor a network"),
        ("laptop", "", "is"),
    ])
    func `what is wrong is said`(from: String, to: String, reason: String) {
        #expect(throws: ParseError.self) { try Flow(from: from, to: to) }
        do { _ = try Flow(from: from, to: to) } catch { #expect(error.description.contains(reason)) }
    }
}
