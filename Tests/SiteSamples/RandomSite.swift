package import NetTypes
package import Repeats
package import SiteModel

/// Random sites and packets in a world so small that they meet often.
package struct RandomWorld {
    package var random: SeededRandom

    package init(seed: Int) { random = SeededRandom(state: UInt64(seed)) }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
    private mutating func pick<T>(_ items: [T]) -> T { items.randomElement(using: &random)! }

    package static let lanHosts = ["192.168.1.10", "192.168.1.11", "192.168.1.200", "fd01::10", "fd01::11"]
    /// On the Internet and not: private, shared, link-local, at the egress, the endpoint, and the same through a translator.
    package static let outside = [
        "1.1.1.1", "2606:4700::1", "64:ff9b::101:101", "10.9.0.1", "100.64.0.9", "169.254.169.254", "80.0.8.7",
        "80.0.9.9",
        "fd99::1", "2606:4700:8::7", "2606:4700:9::9", "64:ff9b::a09:1", "64:ff9b::5000:807", "64:ff9b::5000:909",
        "64:ff9b::c0a8:10a", "2001:db8::1", "5f00::1",
    ]
    package static let own = ["192.168.2.254", "fd02::ff"]
    package static let ports: [UInt16] = [22, 53, 80, 443, 8080]

    package mutating func site() -> Site {
        let hasV6 = chance(70)
        let replyPath = pick(ReplyPath.allCases)
        let isRouter = chance(50)
        let routes = ["192.168.7.0/24", "192.168.8.0/25", "192.168.8.128/25", "fd07::/64", "192.168.2.64/26"]
        var freeRoutes = routes.shuffled(using: &random)[...]
        var free = Array(1...9).shuffled(using: &random)[...]
        let groups = Dictionary(
            uniqueKeysWithValues: ["guests", "staff"].prefix(Int.random(in: 0...2, using: &random))
                .map { ($0, policy()) })
        var peers: [Peer] = []
        for number in Array(1...6).shuffled(using: &random).prefix(Int.random(in: 0...6, using: &random)) {
            let host = free.removeFirst()
            var peer = Lab.peer("peer\(number)", number, ["192.168.\(replyPath == .proxyARP ? 1 : 2).\(100 + host)"])
            if replyPath != .proxyARP { peer = Lab.peer("peer\(number)", number, ["192.168.2.\(host)"]) }
            if hasV6, chance(80) { peer.addresses.append(IPAddress("fd02::\(host)")!) }
            if chance(40), let route = freeRoutes.popFirst() {
                peer.routes = [IPPrefix(route)!].filter { hasV6 || !$0.isV6 }
            }
            if chance(50) { peer.fullTunnel = chance(50) }
            if chance(40) { peer.group = groups.keys.sorted().randomElement(using: &random) }
            if peer.group == nil, chance(40) { peer.policy = policy() }
            if chance(30) { peer.presharedKey = .sealed(Lab.secretID(Int.random(in: 1...3, using: &random))) }
            if chance(30) { peer.endpoint = pick([Endpoint("203.0.113.7:51820"), Endpoint("a.example:1")]) }
            if chance(30) { peer.keepalive = 25 }
            peers.append(peer)
        }
        var addresses = [InterfaceAddress(replyPath == .proxyARP ? "192.168.1.254/32" : "192.168.2.254/24")!]
        if hasV6 { addresses.append(InterfaceAddress("fd02::ff/64")!) }
        // Some are found.
        let (namesLAN, namesEgress) = (chance(50), chance(50))
        return Site(
            endpoint: pick([
                nil, Endpoint("80.0.9.9:51820"), Endpoint("[2606:4700:9::9]:51820"), Endpoint("vpn.example:1"),
            ]),
            otherForwarding: OtherForwarding(ipv4: otherForwarding(), ipv6: otherForwarding()),
            lan: LAN(
                interface: namesLAN ? "eth0" : nil, subnets: ["192.168.1.0/24", "fd01::/64"].map { IPPrefix($0)! },
                replyPath: replyPath),
            tunnel: Tunnel(
                interface: chance(90) ? "wg0" : "wg1", addresses: addresses,
                listenPort: pick([51820, 51821]), otherPorts: pick([[], [], [53, 443]]), mtu: pick([1420, 1380]),
                datapath: pick(DatapathChoice.allCases), fwmark: pick([0, 0, 0x77]), publicKey: Lab.gatewayKey),
            egress: Egress(interface: namesEgress ? isRouter ? "eth1" : "eth0" : nil, fullTunnel: chance(30)),
            dns: pick([[], ["192.168.2.254"], ["10.9.0.1", "fd99::1"]]).map { IPAddress($0)! }, groups: groups,
            peers: peers)
    }

    private mutating func otherForwarding() -> OtherForwarding.Choice? {
        pick([.allow, .drop, .from(["eth0"]), .from(["eth0", "eth1"]), nil])
    }

    /// Where the LAN is and what leads out; networks at the egress, and one inside a network behind a peer; what the endpoint's name stands for.
    package mutating func surroundings() -> Surroundings {
        let networks = [
            ("80.0.8.0/24", "eth1"), ("80.0.8.0/24", "eth0"), ("2606:4700:8::/64", "eth1"), ("192.168.1.0/24", "eth0"),
            ("192.168.7.64/26", "eth2"), ("fd07::8:0/112", "eth2"), ("192.168.7.0/24", "eth2"),
            ("192.168.0.0/16", "eth2"),
        ]
        return Surroundings(
            networks: networks.filter { _ in chance(50) }.map { Surroundings.Network(IPPrefix($0.0)!, on: $0.1) },
            lan: some([
                ("192.168.1.0/24", "eth0"), ("fd01::/64", "eth0"), ("fd01::/64", "eth1"), ("192.168.1.0/24", "eth1"),
            ]), uplinks: some([("0.0.0.0/0", "eth0"), ("0.0.0.0/0", "eth1"), ("::/0", "eth1"), ("::/0", "eth0")]),
            endpoint: ["80.0.9.9", "2606:4700:9::9"].filter { _ in chance(50) }.map { IPAddress($0)! })
    }

    private mutating func some(_ networks: [(String, String)]) -> [Surroundings.Network] {
        networks.filter { _ in chance(60) }.map { Surroundings.Network(IPPrefix($0.0)!, on: $0.1) }
    }

    package mutating func policy() -> Policy {
        Policy(allow: (0..<Int.random(in: 1...5, using: &random)).map { _ in rule() })
    }

    private mutating func rule() -> AccessRule {
        let places =
            Self.lanHosts + Self.own + ["192.168.1.0/24", "192.168.1.8/29", "fd01::/64", "0.0.0.0/0", "192.168.7.0/24"]
        let destination = IPPrefix(pick(places))!
        let transport = pick([nil, .tcp, .udp, .icmp] as [AccessRule.Transport?])
        guard transport == .tcp || transport == .udp, chance(70) else {
            return AccessRule(destination, transport: transport)
        }
        let ends = [pick(Self.ports), pick(Self.ports)].sorted()
        return AccessRule(destination, transport: transport, ports: ends[0]...ends[1])
    }

    package mutating func address() -> IPAddress {
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<3: IPAddress("192.168.2.\(Int.random(in: 1...9, using: &random))")!
        case 3: IPAddress("192.168.1.\(100 + Int.random(in: 1...9, using: &random))")!
        case 4..<6: IPAddress("fd02::\(Int.random(in: 1...9, using: &random))")!
        case 6:
            IPAddress(
                pick([
                    "192.168.7.3", "192.168.7.70", "192.168.8.3", "192.168.8.130", "192.168.2.70", "fd07::1",
                    "fd07::8:1",
                ]))!
        case 7: IPAddress(pick(Self.outside))!
        default: IPAddress(pick(Self.lanHosts))!
        }
    }

    /// A packet that opens a connection, between addresses of one family.
    package mutating func packet(interfaces: [String] = ["wg0", "wg0", "wg0", "wg1", "eth0", "eth1"]) -> Packet {
        let source = address()
        var destination = address()
        while destination.isV6 != source.isV6 { destination = address() }
        let isLocal = chance(15)
        if isLocal { destination = IPAddress(source.isV6 ? Self.own[1] : Self.own[0])! }
        let input = pick(interfaces)
        return Packet(
            input: input, output: isLocal ? nil : pick(["eth0", "eth0", "eth1", "wg0", "wg1"]), source: source,
            destination: destination, transport: pick([6, 17, source.isV6 ? 58 : 1, 47]), port: pick(Self.ports),
            firstByte: pick([0, 8, 128]))
    }
}
