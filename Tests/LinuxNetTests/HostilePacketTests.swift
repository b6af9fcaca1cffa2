import NetTypes
import Repeats
import SiteModel
import SiteSamples
import Testing

@testable import LinuxNet

/// Packets of people who mean harm, from inside the tunnel, from the LAN and from the Internet: nothing gets through this
/// machine's kernel and wggw's table that the naive policy does not allow, read as the host reads it that it arrives at.
@Suite struct HostilePacketTests {
    static let peers: [Peer] = {
        var guest = Lab.peer("guest", 1, ["192.168.2.1", "fd02::1"])
        guest.policy = Policy(allow: ["192.168.1.10:443/tcp", "[fd01::10]:443/tcp"].map { AccessRule($0)! })
        var branch = Lab.peer("branch", 3, ["192.168.2.3", "fd02::3"])
        branch.routes = ["192.168.7.0/24", "fd07::/64"].map { IPPrefix($0)! }
        branch.group = "branches"
        var roamer = Lab.peer("roamer", 4, ["192.168.2.4", "fd02::4"])
        roamer.fullTunnel = true
        roamer.policy = Policy(allow: [AccessRule("192.168.1.11/icmp")!])
        return [guest, Lab.peer("laptop", 2, ["192.168.2.2", "fd02::2"]), branch, roamer]
    }()

    private static func site(_ other: OtherForwarding) -> Site {
        Lab.site { site in
            site.otherForwarding = other
            site.lan = LAN(
                interface: "eth0", subnets: ["192.168.1.0/24", "fd01::/64"].map { IPPrefix($0)! }, replyPath: .routed)
            site.tunnel.addresses = ["192.168.2.254/24", "fd02::ff/64"].map { InterfaceAddress($0)! }
            site.egress = Egress(interface: "eth1")
            site.groups = ["branches": Policy(allow: [AccessRule("192.168.1.0/24:53/udp")!, AccessRule("fd01::/64")!])]
            site.peers = peers
        }
    }

    @Test(arguments: repeats(4)) func `nothing forbidden gets through`(seed: Int) throws {
        var wrong: [String] = []
        try inNetworkNamespace {
            let judge = PacketJudge(try PacketYard(Self.site(seed % 2 == 0 ? .allow : .drop)))
            var attacker = Attacker(seed: seed)
            for number in 1...3000 { judge.look(attacker.next(number, judge)) }
            wrong = try judge.wrong()
            for kind in HostilePackets.Kind.allCases where judge.passed[kind] == nil {
                wrong.append("of the packets of kind \(kind) not even those passed that may")
            }
        }
        #expect(wrong.isEmpty, "seed \(seed), \(wrong.count):\n\(wrong.prefix(20).joined(separator: "\n"))")
    }
}

/// Sends in turn what the peers, the LAN and the Internet could: half of it is what they may send, made hostile.
struct Attacker {
    /// Some packets of one kind, where they come in, and what they are if whoever gets them reads them as they were meant.
    struct Move {
        let kind: HostilePackets.Kind
        let interface: String
        let meant: RawPacket
        let packets: [[UInt8]]
    }

    private var hostile: HostilePackets

    init(seed: Int) { hostile = HostilePackets(random: SeededRandom(state: UInt64(9000 + seed))) }

    private static let peers = ["192.168.2.1", "192.168.2.2", "192.168.2.3", "192.168.2.4", "192.168.7.9"]
    private static let peers6 = ["fd02::1", "fd02::2", "fd02::3", "fd02::4", "fd07::9"]
    private static let hosts = ["192.168.1.10", "192.168.1.11", "198.51.100.1", "8.8.8.8"]
    private static let hosts6 = ["fd01::10", "fd01::11", "2001:db8:f1::1", "2001:4860::8"]
    /// The gateway's own, and what is nobody's or everybody's.
    private static let odd = [
        "192.168.2.254", "192.168.1.127", "198.51.100.2", "127.0.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1",
        "192.168.1.255", "192.168.2.255", "192.168.2.0", "192.168.2.77", "169.254.1.1", "240.0.0.1", "239.1.2.3",
    ]
    private static let odd6 = [
        "fd02::ff", "fd01::7f", "2001:db8:f1::2", "::1", "::", "ff02::1", "ff05::2", "fe80::1", "::ffff:192.168.2.1",
        "::ffff:192.168.1.10", "::192.168.1.10", "2002:c0a8:0201::1", "2002:c0a8:010a::1", "64:ff9b::c0a8:10a",
        "fd02::77",
        "fd02::",
    ]

    mutating func next(_ number: Int, _ judge: PacketJudge) -> Move {
        let kind = hostile.pick(HostilePackets.Kind.allCases)
        let isV6 = hostile.chance(50)
        let (peers, hosts, odd) = isV6 ? (Self.peers6, Self.hosts6, Self.odd6) : (Self.peers, Self.hosts, Self.odd)
        let all = peers + hosts + odd
        let interface = hostile.pick(["wg0", "wg0", "wg0", "eth0", "eth1"])
        let honest = interface == "wg0" ? peers : interface == "eth0" ? Array(hosts[..<2]) : Array(hosts[2...])
        let source = IPAddress(hostile.chance(70) ? hostile.pick(honest) : hostile.pick(all))!
        let destination = IPAddress(
            hostile.chance(60) ? hostile.pick(interface == "wg0" ? hosts : peers) : hostile.pick(all))!
        if kind == .quoted, let known = hostile.pick([judge.known(isV6: isV6).randomElement(using: &hostile.random)]) {
            return quoting(known, number, interface, source)
        }
        let transport = hostile.pick([6, 6, 6, 17, isV6 ? 58 : 1, isV6 ? 58 : 1, 47, 132, 4, 41, 50, 2])
        let meant = RawPacket(
            from: source, UInt16(20_000 + number), to: destination, hostile.pick([443, 443, 22, 53, 51820]),
            transport: UInt8(transport), number: number, flags: hostile.pick([2, 16]))
        return Move(kind: kind, interface: interface, meant: meant, packets: hostile.sequence(kind, of: meant))
    }

    /// An error about a packet of a connection that there is, turned round or not, from one of its ends or from anybody.
    private mutating func quoting(
        _ known: PacketJudge.Flow, _ number: Int, _ interface: String, _ anybody: IPAddress
    ) -> Move {
        let flow = hostile.chance(50) ? known : known.reversed
        let quoted = RawPacket(
            from: flow.source, flow.sourcePort, to: flow.destination, flow.port, transport: flow.transport,
            number: number)
        let error = hostile.error(
            about: quoted, from: hostile.chance(50) ? flow.destination : anybody, to: flow.source, number: number)
        return Move(kind: .quoted, interface: interface, meant: error, packets: [error.bytes])
    }
}
