import BoxModel
import Compiler
import Explaining
import Firewall
import NetTypes
import SiteModel
import SiteSamples
import Testing

/// What is said of packets that the firewall refused.
@Suite struct DenialTests {
    private static func denial(_ text: String) throws -> Denial {
        let site = ExplainerTests.Yard().site
        let desired = try compile(site, secrets: Lab.secrets, surroundings: Surroundings())
        return DenialJudge(site, desired).denial(of: try #require(DeniedPacket("1764180000.000000000 " + text)))
    }

    @Test(arguments: [
        (
            "forward in=wg0 out=eth0 192.168.2.2 192.168.1.10 6 50000 445",
            "guest → 192.168.1.10: guest's policy does not allow it (allow = [\"192.168.1.10:443/tcp\"])"
        ),
        (
            "forward in=wg0 out=eth0 192.168.2.3 192.168.1.10 1 - -",
            "desk → 192.168.1.10: desk's group printers does not allow it (allow = [\"192.168.1.20:9100/tcp\"])"
        ),
        (
            "forward in=wg0 out=eth0 192.168.2.1 203.0.113.9 17 50000 443",
            "laptop → 203.0.113.9: laptop is split tunnel: it does not go out to the Internet through the gateway "
                + "(full-tunnel = false                   # the default for peers)"
        ),
        (
            "forward in=wg0 out=wg0 192.168.2.1 192.168.2.4 6 50000 22",
            "laptop → phone: laptop may not reach phone: no rule names it ([peers.laptop])"
        ),
        (
            "forward in=eth0 out=wg0 172.20.0.5 192.168.2.1 6 50000 22",
            "172.20.0.5 → laptop: 172.20.0.5 is not the LAN: only the LAN opens connections to peers "
                + "(subnets = [\"192.168.1.0/24\"])"
        ),
        // A connection that was ended: the policy allows to open one.
        (
            "forward in=wg0 out=eth0 192.168.2.2 192.168.1.10 6 50000 443",
            "guest → 192.168.1.10: it belongs to no open connection, and does not open one"
        ),
        (
            "input in=wg0 out=- 192.168.2.3 192.168.1.127 6 50000 22",
            "desk → gateway: desk's group printers does not allow it (allow = [\"192.168.1.20:9100/tcp\"])"
        ),
        (
            "prerouting in=eth0 out=- 192.168.2.1 192.168.1.10 6 50000 22",
            "laptop → 192.168.1.10: an address of the tunnel's, claimed by somebody at eth0"
        ),
        (
            "prerouting in=eth0 out=- 192.168.1.10 192.168.2.1 6 50000 22",
            "192.168.1.10 → laptop: it is for the tunnel, which was not there"
        ),
        (
            "postrouting in=- out=eth0 192.168.1.127 192.168.2.1 6 50000 22",
            "192.168.1.127 → laptop: it is for the tunnel, which was not there"
        ),
        (
            "forward in=docker0 out=eth0 172.17.0.2 203.0.113.9 6 50000 443",
            "172.17.0.2 → 203.0.113.9: site.other-forwarding does not let docker0 send to eth0"
        ),
    ]) func `who, where to, and why`(packet: String, text: String) throws {
        let denial = try Self.denial(packet)
        let place = denial.place.map { " (\($0.text))" } ?? ""
        #expect("\(denial.from) → \(denial.to): \(denial.cause)\(place)" == text)
    }

    @Test(arguments: [
        "1764180000.012345678 forward in=wg0 out=eth0 10.8.0.2 192.168.1.66 6 51000 445",
        "1764180000.000000009 input in=wg0 out=- fd00::2 fd00::1 58 - -",
        "1.000000000 output in=- out=- 10.8.0.2 192.168.1.66 47 - -",
    ]) func `a packet is read as it was written`(_ text: String) {
        #expect(DeniedPacket(text)?.description == text)
    }

    @Test(arguments: [
        "", "1.5", "1.000000000 forward in=a out=b 10.0.0.1 10.0.0.2 6 1",
        "x.0 forward in=a out=b 10.0.0.1 10.0.0.2 6 1 2",
        "1.000000000 sideways in=a out=b 10.0.0.1 10.0.0.2 6 1 2", "1.000000000 forward a b 10.0.0.1 10.0.0.2 6 1 2",
        "1.000000000 forward in=a out=b 10.0.0.1 10.0.0.300 6 1 2",
    ]) func `what is no packet is none`(_ text: String) { #expect(DeniedPacket(text) == nil) }
}
