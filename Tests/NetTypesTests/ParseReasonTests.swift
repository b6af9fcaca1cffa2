import NetTypes
import Testing

/// Why texts are refused, in words.
@Suite struct ParseReasonTests {
    private static let reasons: [(ParseError.Reason, String)] = [
        (.noIPv4, "an IPv4 address is four numbers from 0 to 255, like 192.168.1.10"),
        (.noIPv6, "an IPv6 address is up to eight groups of hex digits, like fd00::1"),
        (.prefixLength(isV6: false), "an IPv4 prefix length is a number from 0 to 32"),
        (.prefixLength(isV6: true), "an IPv6 prefix length is a number from 0 to 128"),
        (.prefixTooLong(isV6: false), "an IPv4 prefix is at most /32"),
        (.prefixTooLong(isV6: true), "an IPv6 prefix is at most /128"),
        (.hostBits(IPPrefix("10.0.0.0/8")!), "has host bits set; the network is 10.0.0.0/8"),
        (.noNetmask("255.0.255.0"), "255.0.255.0 is no netmask; write a length, like /24"),
        (
            .noSingleAddress(IPAddress("10.0.0.2")!),
            "a peer has single addresses; write 10.0.0.2, and networks behind it in routes"
        ),
        (.change, "+ and - change what a running interface has; write all of the networks without them"),
        (.noHost, "a host is a DNS name or an address, like vpn.example.org:51820"),
        (.openBracket(like: "[fd00::1]:53/udp"), "the bracket is not closed: [fd00::1]:53/udp"),
        (
            .behindBracket(like: "[fd00::1]:51820", takesProtocol: false),
            "after ] comes :PORT, like [fd00::1]:51820"
        ),
        (
            .behindBracket(like: "[fd00::1]:443/tcp", takesProtocol: true),
            "after ] comes :PORT or /PROTOCOL, like [fd00::1]:443/tcp"
        ),
        (.needsBrackets(ofRule: false), "an IPv6 address stands in brackets, like [fd00::1]:51820"),
        (
            .needsBrackets(ofRule: true),
            "with tcp or udp an IPv6 destination stands in brackets, like [fd00::1]:443/tcp"
        ),
        (.needsNoBrackets, "only an IPv6 destination stands in brackets"),
        (.noPort(write: "x:51820"), "has no port; write x:51820"), (.port, "a port is a number from 1 to 65535"),
        (.ports, "a port is a number from 1 to 65535, or two as in 8000-8999"),
        (
            .portOrService(least: 1),
            "a port is a number from 1 to 65535, or a UDP service's name in /etc/services"
        ),
        (.reversedPorts(9, 8), "the ports run backwards; write 8-9"),
        (.portWithoutProtocol("x:1"), "names a port without a protocol; write x:1/tcp or x:1/udp"),
        (.portOfICMP(write: "x/icmp"), "icmp has no ports; write x/icmp"),
        (.noProtocol("sctp"), "a protocol is tcp, udp or icmp, not sctp"),
        (.url(scheme: "udp://", rest: "x:1"), "an endpoint is no URL; leave udp:// out: x:1"),
        (.noZone, "has no interface behind %"),
        (.inRule(.port), "a port is a number from 1 to 65535; a rule is like 192.168.1.10:443/tcp or 192.168.1.0/24"),
        (.noParty, "is neither a name nor an address nor a network, like laptop, 192.168.1.10, 10.0.0.0/24"),
        (.publicKey, "a public key is 44 characters of base64 that end in =, as `wg pubkey` prints it"),
        (.key(command: "wg genkey"), "a key is 44 characters of base64 that end in =, as `wg genkey` prints it"),
        (.key(command: nil), "a key is 44 characters of base64 that end in ="),
        (.presharedKeyChoice, "is none of auto, none, sealed:ID; the key itself does not belong in a profile"),
        (.noneOf(["a", "b"]), "is none of a, b"), (.noneOf(["a", "b"], near: "a"), "is none of a, b; did you mean a?"),
        (.notInRange(0...9), "is no whole number from 0 to 9"),
        (.number(576...65456, orOff: false), "write a whole number from 576 to 65456"),
        (.number(0...65535, orOff: true), "write a whole number from 0 to 65535, or off"),
        (.mark, "write a whole number from 0 to 4294967295, in hexadecimal behind 0x, or off"),
        (.noBoolean, "is neither true nor false"), (.severalValues, "is more than one value"),
        (.moment(.notUTC), "is no moment of UTC; write it as 2026-12-31T18:00Z"),
        (.moment(.noMoment), "is no moment; write it as 2026-12-31T18:00Z"),
        (.moment(.inNoCalendar), "is in no calendar; write it as 2026-12-31T18:00Z"),
        (.moment(.over(now: "2026-01-01T00:00:00Z")), "is over; it is 2026-01-01T00:00:00Z now"),
        (.noOption, "is not set by an option"), (.noField, "is nothing that a peer has"),
    ]

    @Test func words() {
        for (reason, words) in Self.reasons { #expect(ParseError("x", reason).description == "x: \(words)") }
        #expect(throws: ParseError("(private key)", .key(command: "wg genkey"))) { try PrivateKey(parsing: "x") }
        #expect(throws: ParseError("(preshared key)", .key(command: "wg genpsk"))) { try PresharedKey(parsing: "x") }
    }
}
