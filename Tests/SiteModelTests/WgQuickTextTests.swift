import NetTypes
import Testing

@testable import SiteModel

/// The words of what cannot be taken of a file of wg-quick's, and of what a site has otherwise than the file.
@Suite struct WgQuickTextTests {
    private static let network = IPPrefix("10.9.0.0/24")!
    private static let written = InterfaceAddress(IPAddress("10.9.0.7")!, length: 24)

    private static let faults: [(WgQuickFault, String)] = [
        (.longLine(most: 9), "is longer than 9 bytes; write AllowedIPs in several lines"),
        (.zeroByte, "a NUL character: this is no text; write the line anew"),
        (.unknownSection("[x]"), "[x]: unknown section; there are [Interface] and [Peer]"),
        (.noSetting("this"), "this: is no setting; write KEY = VALUE, or # before a comment"),
        (.outsideSections(key: "MTU"), "MTU: stands before any section; begin with [Interface]"),
        (.unknownKey("MTUs", near: "MTU", known: ["MTU"]), "MTUs: unknown key; did you mean MTU?"),
        (.unknownKey("x", near: nil, known: ["MTU", "DNS"]), "x: unknown key; here there are MTU, DNS"),
        (.ofWgQuick(key: "MTU"), "MTU: wg-quick takes it in [Interface] without blanks in the brackets"),
        (
            .ofOldAmnezia(key: "J1"),
            "J1: is of AmneziaWG 1.5 alone, which nobody speaks any more; take it out, at the peers too"
        ),
        (.noPublicKey, "a [Peer] without PublicKey; every peer has one"),
        (.saveConfig("x"), "SaveConfig: x: write true or false"),
        (.mtu("9"), "MTU: 9: write a whole number from 576 to 65456"),
        (.emptyItem(key: "AllowedIPs"), "AllowedIPs: nothing between two commas or behind the last; take a comma away"),
        (.parameter(.notAKey), "\(AWGFault.notAKey)"),
        (
            .tooMany("[Peer]", 100_001, .peers),
            "[Peer]: 100001 peers are too many; 100000 at most; share them out among several gateways"
        ),
        (
            .networkOfTunnel(written, tunnel: network),
            "AllowedIPs 10.9.0.7/24: means 10.9.0.0/24 to wg, the whole tunnel; write 10.9.0.7/32"
        ),
        (
            .networkOfTunnel(written, tunnel: IPPrefix("10.9.0.0/16")!),
            "AllowedIPs 10.9.0.7/24: means 10.9.0.0/24 to wg, which shares addresses with the tunnel's 10.9.0.0/16; write 10.9.0.7/32"
        ),
    ]

    private static let remarks: [(ImportRemark, String)] = [
        (.noPrivateKey, "no PrivateKey; the gateway gets a new key pair, which the peers have to be told"),
        (.noListenPort(51820), "no ListenPort; the gateway listens on 51820"),
        (.dns, "DNS: not taken over; in a gateway's own file it is the gateway's resolver, not the peers'"),
        (
            .linkLocal(InterfaceAddress(IPAddress("fe80::1")!, length: 64)),
            "Address fe80::1/64: not taken over; the kernel gives link-local addresses itself"
        ),
        (.networkAddress(written), "Address 10.9.0.7/24: is its network's own address; taken as it stands"),
        (.egress("eth0", .hooks), "the peers go out to the Internet by eth0, as PostUp has it (full-tunnel)"),
        (
            .egress("eth0", .hooksInContainer("eth9")),
            "the peers go out to the Internet by eth0, where PostUp says eth9 in its container (full-tunnel)"
        ),
        (
            .egress("eth0", .program("PiVPN")),
            "the peers go out to the Internet by eth0, as PiVPN lets them (full-tunnel)"
        ),
        (
            .access([network, IPPrefix("10.8.0.0/24")!], .nobody, bans: true),
            "the peers may reach the LAN 10.9.0.0/24, 10.8.0.0/24, which the file does not tell; what PostUp forbids is not taken, and allowed now"
        ),
        (.access([network], .hooks, bans: false), "the peers may reach the LAN 10.9.0.0/24, as PostUp has it"),
        (.unnamed("peer1"), "nothing names this peer; it becomes peer1"),
        (.renamed("a b", isTaken: false, "a-b"), "a b: is no host label; it becomes a-b"),
        (.renamed("a", isTaken: true, "a-2"), "a: is another peer's name too; it becomes a-2"),
        (.notRouted(network), "AllowedIPs 10.9.0.0/24: not taken over; such addresses are not routed"),
        (.merged(network), "AllowedIPs 10.9.0.0/24: is in another network of this peer; merged"),
        (
            .outside(network, peer: "a"),
            "AllowedIPs 10.9.0.0/24: is outside the tunnel's subnets; taken as a network behind a"
        ),
        (.noAllowedIPs("a"), "no AllowedIPs; nothing of a is let in, and it gets no address"),
        (.hook(.postUp, refused: "rm x"), "PostUp: not taken: rm x; wggw never runs a command out of a file"),
        (
            .hookMeans(.postUp, [.forwarding, .clamping, .resolver]),
            "PostUp: taken: the kernel forwards, which wggw sets itself, TCP's segments fit into the tunnel, as wggw sees to itself, a resolver of the gateway's own, which it keeps or not without the tunnel"
        ),
        (
            .hookMeans(.preUp, [.input, .forward]),
            "PreUp: taken: packets to the gateway; wggw lets the peers' in by their policies, and opens no port in other firewalls, packets of the tunnel are forwarded, by the peers' policies"
        ),
        (
            .hookMeans(.postUp, [.egress("eth0"), .masquerade("eth1"), .masquerade(nil)]),
            "PostUp: taken: masquerade out of eth0, masquerade out of eth1, as reply-path \"masquerade\" does for the LAN, masquerade out of every interface, as reply-path \"masquerade\" does for the LAN"
        ),
    ]

    @Test func words() {
        for (fault, words) in Self.faults { #expect(ProfileFault.wgQuick(fault).description == words) }
        for (remark, words) in Self.remarks { #expect(ProfileFault.imported(remark).description == words) }
        let address = IPAddress("fe80::1")!
        let notes: [WgQuickConfig.Remark] = [
            .endpointOfOneLink(written: "[fe80::1%eth0]:1", address, namesIt: true),
            .endpointOfOneLink(written: "[fe80::1]:1", address, namesIt: false),
        ]
        #expect(
            notes.map { ProfileFault.remark($0).description } == [
                "Endpoint [fe80::1%eth0]:1: fe80::1 on one interface is a neighbour of this moment; not taken over, the peer is answered where it comes from",
                "Endpoint [fe80::1]:1: fe80::1 is of one interface, and none is named; not taken over, the peer is answered where it comes from",
            ])
    }
}
