import BoxModel
import Firewall
import Foundation
import Testing

@testable import LinuxNet

/// What the kernel's older packet filter answers.
@Suite struct LegacyFirewallTests {
    /// `iptables-legacy -P FORWARD DROP; -N MINE; -A FORWARD -j MINE; -A FORWARD ! -i eth+ -o eth1 -g MINE;`
    /// `-A INPUT -p udp --dport 51820 -j ACCEPT; -A MINE -s 10.0.0.0/8 -j LOG`, as `IPT_SO_GET_ENTRIES` gives it.
    static let entries = """
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
        AAARAAAAAAAAAKAAyAACAAAAAAAAAAAAAAAAAAAAAAAAADAAdWRwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAD//2zKbMoAAAAA\
        AAAAACgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/v///wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAcACYAAIAAAAAAAAAAAAAAAAAAAAAAAAA\
        KAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAD+////AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABwAJgABAAAAAAAAAAAAAAAAAAAAAAAAAAoAAAA\
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAHAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAGV0aCsAAAAAAAAAAAAAAABldGgxAAAAAAAA\
        AAAAAAAA////AAAAAAAAAAAAAAAAAP//////AAAAAAAAAAAAAAAAAAIBAAAAAHAAmAAEAAAAAAAAAAAAAAAAAAAAAAAAACgAAAAAAAAA\
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAcAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAcACYAAQAAAAAAAAAAAAAAAAAAAAAAAAAKAAAAAAAAAAAAAAA\
        AAAAAAAAAAAAAAAAAAAAAAAAAAD/////AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABwAJgACAAAAAAAAAAAAAAAAAAAAAAAAAAoAAAAAAAAAAAAAAAAAAAA\
        AAAAAAAAAAAAAAAAAAAAAP7///8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAHAAsAAAAAAAAAAAAAAAAAAAAAAAAAAAAEAARVJST1IAAAAAAAAAAAAAAAAA\
        AAAAAAAAAAAAAAAATUlORQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAKAAAAAAAAAP8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAcACwAAQAAAAAAAAAAAAAAAAAAAAAAAAA\
        QABMT0cAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABwAJgA\
        BAAAAAAAAAAAAAAAAAAAAAAAAAAoAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAPv///8AAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAHAAsAAAAAAA\
        AAAAAAAAAAAAAAAAAAAAAEAARVJST1IAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAARVJST1IAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
        AAA=
        """

    @Test func `entries are chains with rules`() throws {
        let hooks = [(1, 0, 200), (2, 352, 656), (3, 808, 808)]
        let bytes = try #require(Data(base64Encoded: Self.entries))
        let table = bytes.withUnsafeBytes { LegacyFirewall.parse($0, hooks, .v4, .filter) }
        let chains = table.chains
        #expect(table.family == .ip && table.name == "filter (legacy)")
        #expect(chains.map(\.name) == ["INPUT", "FORWARD", "OUTPUT", "MINE"])
        #expect(chains.map { $0.hook?.drops } == [false, true, false, nil])
        #expect(
            chains[0].rules.map(\.expressions) == [
                [
                    .meta(key: 16, register: 1), .compare(op: 0, register: 1, bytes: [17]),
                    .payload(base: 2, offset: 2, length: 2, register: 1),
                    .ranges(register: 1, [ByteRange([0xca, 0x6c])], inverted: false), .verdict(.accept),
                ]
            ])
        #expect(
            chains[1].rules.map(\.expressions) == [
                [.verdict(.jump("MINE"))],
                [
                    .meta(key: 6, register: 1), .compare(op: 1, register: 1, bytes: Array("eth".utf8)),
                    .meta(key: 7, register: 1), .compare(op: 0, register: 1, bytes: Array("eth1\0".utf8)),
                    .verdict(.goto("MINE")),
                ],
            ])
        #expect(chains[2].rules == [])
        #expect(
            chains[3].rules.map(\.expressions) == [
                [
                    .payload(base: 1, offset: 12, length: 4, register: 1),
                    .bitwise(source: 1, register: 1, mask: [255, 0, 0, 0], xor: [0, 0, 0, 0]),
                    .compare(op: 0, register: 1, bytes: [10, 0, 0, 0]), .effect("target LOG"),
                ], [.verdict(.return)],
            ])

        let scope = ForeignFirewallTests.scope
        let probes = ForeignFirewall.Probe.all(scope.traffic, tunnel: "wg0", listenPort: 51820, hasIPv6: true) {
            KnownPacket.Interface($0)
        }
        let obstacles = ForeignFirewall(tables: [table], probes: probes, interface: "wg0").obstacles { _ in
            SetContents(fieldLengths: [4], [])
        }
        #expect(
            obstacles == [
                FirewallObstacle(
                    chain: "ip filter (legacy) FORWARD", owner: nil,
                    remedy: """
                        iptables-legacy -I FORWARD -i wg0 -j ACCEPT && iptables-legacy -I FORWARD -o wg0 -j ACCEPT
                        """, certainty: .drops(at: RulePlace(.ip, "filter (legacy)", "FORWARD")))
            ])
    }
}
