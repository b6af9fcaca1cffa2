import CMnl
import BoxModel
import Compiler
import Glibc
import NetTypes
import SiteModel
import Testing

@testable import LinuxNet

/// `LinuxBox` on this machine's kernel, in namespaces of their own, with Debian's wireguard-go as the datapath.
@Suite(.serialized) struct LinuxBoxTests {
    let box = LinuxBox(datapathCommand: ["wireguard-go"])

    static func key(_ byte: UInt8) -> PublicKey { PublicKey(bytes: [UInt8](repeating: byte, count: 32))! }

    static func privateKey(_ byte: UInt8) -> PrivateKey {
        PrivateKey { bytes in for i in 0..<32 { bytes[i] = byte } }
    }

    static func presharedKey(_ byte: UInt8) -> PresharedKey {
        PresharedKey { bytes in for i in 0..<32 { bytes[i] = byte } }
    }

    /// Makes `lan0`, up, with `lan1` at its other end.
    private static func addLAN(mtu: Int = 1500) throws {
        try run("ip", "link", "add", "lan0", "mtu", "\(mtu)", "type", "veth", "peer", "name", "lan1")
        for name in ["lan0", "lan1"] { try run("ip", "link", "set", name, "up") }
    }

    @Test func `an interface that goes while it is looked at has no addresses and no routes`() throws {
        try inNetworkNamespace {
            var socket = try NetlinkSocket(NETLINK_ROUTE)
            #expect(try socket.addresses(index: 4711).isEmpty)
            #expect(try socket.ownRoutes(index: 4711, interface: "gone").isEmpty)
        }
    }

    @Test func `an interface comes, is set, and goes`() throws {
        let box = box
        try inNetworkNamespace {
            let name = "lnet-a"
            let scope = Scope(interface: name, sysctls: ["net/ipv4/ip_forward", "net/ipv4/conf/none/rp_filter"])
            #expect(try box.observe(scope).link == nil)
            let routes = ["10.9.0.0/16", "fd09::/64", "192.168.7.0/24"].map { Route(IPPrefix($0)!, interface: name) }
            let addresses = ["10.8.0.1/24", "fd08::1/64"].map { InterfaceAddress($0)! }
            var changes: [Change] = [
                .createInterface(name: name, backend: .userspace),
                .link(.setMTU(interface: name, mtu: 1400, was: 1420)),
                .link(.setUp(interface: name)), .setSysctl(key: "net/ipv4/ip_forward", value: 1, was: 0),
            ]
            changes += addresses.map { .link(.addAddress(interface: name, $0)) } + routes.map { .link(.addRoute($0)) }
            for _ in 1...2 { for change in changes { try box.perform(change) } }
            let state = try box.observe(scope)
            let link = try #require(state.link)
            #expect(link.backend == .userspace && link.isUp && link.mtu == 1400)
            #expect(link.addresses == addresses.sorted())
            #expect(state.routes == routes.sorted())
            #expect(state.sysctls == ["net/ipv4/ip_forward": 1])

            let undo: [Change] =
                routes.map { .link(.removeRoute($0)) } + [.link(.removeAddress(interface: name, addresses[0]))]
                + [.link(.removeAddress(interface: name, addresses[1]))]
            for _ in 1...2 { for change in undo { try box.perform(change) } }
            let after = try box.observe(scope)
            #expect(after.routes == [] && after.link?.addresses == [])
            for _ in 1...2 { try box.perform(.deleteInterface(name: name, backend: .userspace)) }
            #expect(try box.observe(scope).link == nil)
            #expect(access("/var/run/wireguard/\(name).sock", F_OK) != 0)
        }
    }

    @Test func `what is set on a userspace interface is what it says of itself`() throws {
        let box = box
        try inNetworkNamespace {
            let name = "lnet-b"
            let scope = Scope(interface: name)
            try box.perform(.createInterface(name: name, backend: .userspace))
            defer { try? box.perform(.deleteInterface(name: name, backend: .userspace)) }
            let networks = ["10.0.0.1/32", "192.168.7.0/24", "fd00::1/128"].map { IPPrefix($0)! }
            let peers = [
                WireGuardPeerChange(
                    publicKey: Self.key(1), isNew: true, presharedKey: .set(Self.presharedKey(7)),
                    endpoint: Endpoint("[2001:db8::1]:51820"), keepalive: 25, allowedIPs: networks),
                WireGuardPeerChange(publicKey: Self.key(2), isNew: true, endpoint: Endpoint("192.0.2.7:1234")),
            ]
            try box.perform(
                .setWireGuard(
                    interface: name,
                    WireGuardChange(privateKey: Self.privateKey(9), listenPort: 51999, fwmark: 0x77, set: peers)))
            let device = try #require(try box.observe(scope).wireGuard)
            let first = ObservedPeer(
                publicKey: Self.key(1), presharedKey: Self.presharedKey(7),
                endpoint: SocketAddress(IPAddress("2001:db8::1")!, port: 51820), keepalive: 25, allowedIPs: networks)
            let second = ObservedPeer(
                publicKey: Self.key(2), endpoint: SocketAddress(IPAddress("192.0.2.7")!, port: 1234))
            #expect(
                device
                    == ObservedWireGuard(
                        privateKey: Self.privateKey(9), listenPort: 51999, fwmark: 0x77, peers: [first, second]))

            let change = WireGuardChange(
                set: [
                    WireGuardPeerChange(
                        publicKey: Self.key(1), isNew: false, presharedKey: .clear, keepalive: 0,
                        allowedIPs: [networks[0]]),
                    WireGuardPeerChange(publicKey: Self.key(3), isNew: false, keepalive: 5),
                ], remove: [Self.key(2), Self.key(4)])
            try box.perform(.setWireGuard(interface: name, change))
            let changed = try #require(try box.observe(scope).wireGuard)
            #expect(changed.peers.map(\.publicKey) == [Self.key(1)], "neither 3 nor 4 comes into being")
            #expect(changed.peers[0].presharedKey == nil && changed.peers[0].keepalive == 0)
            #expect(changed.peers[0].allowedIPs == [networks[0]] && changed.peers[0].endpoint == first.endpoint)
            #expect(changed.listenPort == 51999 && changed.fwmark == 0x77 && changed.privateKey == Self.privateKey(9))
        }
    }

    @Test func `a name that does not resolve holds up nothing else`() throws {
        let box = LinuxBox.asking { name, _ in
            name == "peer.example"
                ? .address(IPAddress("192.0.2.7")!) : .failure(code: EAI_NONAME, reason: "no such name")
        }
        try inNetworkNamespace {
            let name = "lnet-c"
            try box.perform(.createInterface(name: name, backend: .userspace))
            defer { try? box.perform(.deleteInterface(name: name, backend: .userspace)) }
            let change = WireGuardChange(
                listenPort: 51998,
                set: [
                    WireGuardPeerChange(
                        publicKey: Self.key(1), isNew: true, endpoint: Endpoint("gone.example:51820")),
                    WireGuardPeerChange(publicKey: Self.key(2), isNew: true, endpoint: Endpoint("peer.example:1234")),
                ])
            let error = #expect(throws: BoxError.self) { try box.perform(.setWireGuard(interface: name, change)) }
            #expect(error?.code == EHOSTUNREACH)
            #expect(
                error?.description == """
                    look up gone.example:51820, the endpoint of peer \(Self.key(1)): no such name; all else on lnet-c is \
                    set; correct the name, or apply again when it resolves
                    """)
            let device = try #require(try box.observe(Scope(interface: name)).wireGuard)
            #expect(
                device.listenPort == 51998 && device.peers.map { $0.endpoint?.description } == [nil, "192.0.2.7:1234"])
        }
    }

    @Test func `a name server that is not there is waited for once`() {
        let names = ["a.example", "b.example", "a.example", "c.example", "d.example"]
        let peers = names.enumerated().map { i, name in
            WireGuardPeerChange(
                publicKey: Self.key(UInt8(i)), isNew: true, endpoint: Endpoint(.name(name), port: 1))
        }
        var asked: [String] = []
        let (change, failures) = EndpointResolver.resolve(WireGuardChange(set: peers)) { name, tries in
            asked.append("\(name) \(tries)")
            return name == "d.example"
                ? .address(IPAddress("192.0.2.7")!)
                : .failure(code: name == "a.example" ? EAI_NONAME : EAI_AGAIN, reason: "none")
        }
        #expect(asked == ["a.example 3", "b.example 3", "c.example 1", "d.example 1"])
        #expect(failures.map(\.peer) == (0..<4).map { Self.key($0) })
        #expect(change.set.map { $0.endpoint?.description } == [nil, nil, nil, nil, "192.0.2.7:1"])
    }

    @Test func `proxy neighbours come and go`() throws {
        let box = box
        try inNetworkNamespace {
            try Self.addLAN()
            let scope = Scope(interface: "wg0", neighbourInterfaces: ["lan0", "nowhere"])
            let neighbours = ["192.168.1.9", "fd00::9"].map { ProxyNeighbour(IPAddress($0)!, interface: "lan0") }
            for _ in 1...2 { for n in neighbours { try box.perform(.link(.addProxyNeighbour(n))) } }
            #expect(try box.observe(scope).proxyNeighbours == neighbours.sorted())
            for _ in 1...2 { try box.perform(.link(.removeProxyNeighbour(neighbours[1]))) }
            #expect(try box.observe(scope).proxyNeighbours == [neighbours[0]])
        }
    }

    /// The kernel is asked where it would send what comes from the address.
    @Test func `answers leave by the way that has their source`() throws {
        let box = box
        try inNetworkNamespace {
            try Self.addLAN()
            let setUp = """
                ip address add 192.0.2.2/24 dev lan0; ip address add 198.51.100.2/32 dev lan1
                ip route add 203.0.113.0/24 dev lan0; ip route add default via 192.0.2.1 dev lan0
                ip -6 address add 2001:db8::2/64 dev lan1 nodad; ip -6 route add default dev lan0
                """
            try run("sh", "-ec", setUp)
            func way(_ source: String, _ gateway: String?, port: UInt16 = 51820) -> AnswerWay {
                AnswerWay(IPAddress(source)!, port: port, by: "lan1", gateway: gateway.map { IPAddress($0)! })
            }
            let ways = [
                way("198.51.100.2", "198.51.100.1"), way("192.0.2.2", nil), way("2001:db8::2", "fe80::1"),
            ].sorted()
            let scope = Scope(interface: "wg0")
            for _ in 1...2 { for way in ways { try box.perform(.link(.addAnswerWay(way))) } }
            #expect(try box.observe(scope).answers == ways)
            #expect(try box.networks(reaching: []).ways.allSatisfy { $0.interface == "lan0" })
            for (from, to, port, interface) in [
                ("198.51.100.2", "9.9.9.9", 51820, "lan1"), ("198.51.100.2", "9.9.9.9", 22, "lan0"),
                ("198.51.100.2", "203.0.113.7", 51820, "lan0"), ("2001:db8::2", "2001:db8:9::9", 51820, "lan1"),
                ("2001:db8::2", "2001:db8:9::9", 22, "lan0"),
            ] {
                let question = "ip route get \(to) from \(from) ipproto udp sport \(port) | grep -q 'dev \(interface) '"
                try run("sh", "-c", question)
            }
            // Half of one, one of another port, and one that somebody took the route of.
            try run("ip", "rule", "delete", "from", "192.0.2.2", "priority", "32764")
            try run("ip", "-6", "route", "flush", "root", "default", "proto", "119", "table", "all")
            let broken = try box.observe(scope).answers
            #expect(broken.map(\.interface) == ["", "lan1", ""])
            for way in broken { try box.perform(.link(.removeAnswerWay(way))) }
            #expect(try box.observe(scope).answers.isEmpty)
            try run("sh", "-c", "! ip rule | grep -q 'proto 119' && ! ip route show table all | grep -q 'proto 119'")
        }
    }

    @Test func `facts are the box's own`() throws {
        let box = box
        try inNetworkNamespace {
            try Self.addLAN(mtu: 1400)
            try run("ip", "address", "add", "192.168.1.5/24", "dev", "lan0")
            try run("ip", "route", "add", "default", "via", "192.168.1.1", "metric", "100")
            try run("ip", "route", "add", "default", "nexthop", "via", "192.168.1.2", "nexthop", "via", "192.168.1.3")
            try run("ip", "route", "add", "10.0.0.0/8", "via", "192.168.1.1")
            let facts = try box.facts()
            #expect(facts.interfaces.map(\.name) == ["lan0", "lan1"] && facts.interfaces[0].mtu == 1400)
            #expect(facts.interfaces[0].addresses.first == InterfaceAddress("192.168.1.5/24"))
            #expect(facts.interfaces[0].addresses.contains { $0.address.isLinkLocal })
            #expect(
                facts.ways.filter(\.leadsOut) == [
                    BoxNetworks.Way(.everyV4, by: "lan0", gateway: IPAddress("192.168.1.2")!)
                ])
            #expect(
                facts.routes.map(\.description).filter { !$0.contains("fe80") } == ["10.0.0.0/8", "192.168.1.0/24"])
            #expect(facts.forwarding == .drop)
        }
    }

    @Test func `refusals are in the kernel's words and say what would help`() throws {
        let box = box
        try inNetworkNamespace {
            try Self.addLAN()
            try run("ip", "route", "add", "10.7.0.0/16", "dev", "lan0", "scope", "link")
            let refused: [(Change, String)] = [
                (
                    .createInterface(name: "lan0", backend: .userspace),
                    """
                    create interface lan0: there is one of that name, of kind veth; give the tunnel another interface name
                    """
                ),
                (
                    .link(.setMTU(interface: "lan0", mtu: 20, was: nil)),
                    "set the MTU of lan0 to 20: Invalid argument (mtu less than device minimum)"
                ),
                (.link(.setUp(interface: "nowhere")), "set nowhere up: No such device"),
                (
                    .link(.addRoute(Route(IPPrefix("10.7.0.0/16")!, interface: "lan0"))),
                    """
                    add route 10.7.0.0/16 through lan0: File exists; another route to 10.7.0.0/16 is in the way: \
                    see `ip route show 10.7.0.0/16`
                    """
                ),
                (
                    .setSysctl(key: "net/ipv4/conf/lo/nowhere", value: 2, was: 1),
                    """
                    set sysctl net/ipv4/conf/lo/nowhere to 2: No such file or directory; there is no such \
                    interface or setting
                    """
                ),
                (
                    .setWireGuard(interface: "lan0", WireGuardChange(listenPort: 1)),
                    "set lan0: it is no WireGuard interface; apply again to make it"
                ),
            ]
            for (change, text) in refused {
                let error = #expect(throws: BoxError.self) { try box.perform(change) }
                #expect(error?.description == text)
            }
            let missing = LinuxBox(datapathCommand: ["/nowhere/wireguard-go"])
            let error = #expect(throws: BoxError.self) {
                try missing.perform(.createInterface(name: "lnet-d", backend: .userspace))
            }
            #expect(
                error?.description
                    == "start the datapath of lnet-d: No such file or directory (/nowhere/wireguard-go)")
        }
    }
}

extension LinuxBox {
    /// With wireguard-go, and a name service of its own.
    static func asking(_ names: @escaping @Sendable (String, Int) -> EndpointResolver.LookUp) -> LinuxBox {
        var box = LinuxBox(datapathCommand: ["wireguard-go"])
        box.lookUp = names
        return box
    }
}
