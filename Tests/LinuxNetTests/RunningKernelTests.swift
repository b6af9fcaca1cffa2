import BoxModel
import Compiler
import Glibc
import NetTypes
import Testing

@testable import LinuxNet

/// The kernel's WireGuard by generic netlink, with Debian's `wg` as the witness. Where this machine's kernel has none,
/// `scripts/test vm` runs these on one that has.
@Suite(.enabled(if: kernelHasWireGuard, "this kernel has no WireGuard: see scripts/test vm"))
struct RunningKernelTests {
    static let name = "wgk"
    static let networks = ["10.0.0.0/24", "10.1.0.7/32", "fd00::/64"].map { IPPrefix($0)! }
    static let key = LinuxBoxTests.key
    static let box = LinuxBox()

    /// One peer with everything, one by IPv6, one with nothing.
    static let change = WireGuardChange(
        privateKey: LinuxBoxTests.privateKey(0x40), listenPort: 51820, fwmark: 0x77,
        set: [
            WireGuardPeerChange(
                publicKey: key(1), isNew: true, presharedKey: .set(LinuxBoxTests.presharedKey(7)),
                endpoint: Endpoint("192.0.2.7:1234"), keepalive: 25, allowedIPs: networks),
            WireGuardPeerChange(publicKey: key(2), isNew: true, endpoint: Endpoint("[2001:db8::9]:80")),
            WireGuardPeerChange(publicKey: key(3), isNew: true, allowedIPs: [IPPrefix("10.3.0.0/16")!]),
        ])
    /// The same as the kernel tells it.
    static let observed = ObservedWireGuard(
        privateKey: LinuxBoxTests.privateKey(0x40), listenPort: 51820, fwmark: 0x77,
        peers: [
            ObservedPeer(
                publicKey: key(1), presharedKey: LinuxBoxTests.presharedKey(7),
                endpoint: SocketAddress(IPAddress("192.0.2.7")!, port: 1234), keepalive: 25, allowedIPs: networks),
            ObservedPeer(publicKey: key(2), endpoint: SocketAddress(IPAddress("2001:db8::9")!, port: 80)),
            ObservedPeer(publicKey: key(3), allowedIPs: [IPPrefix("10.3.0.0/16")!]),
        ])

    /// Runs `body` beside an interface of the kernel's that is new, and has been set.
    static func withInterface(_ change: WireGuardChange, _ body: @escaping () throws -> Void) throws {
        try inNetworkNamespace {
            // Twice, as an apply may that goes on where another was cut off.
            for _ in 1...2 { try box.perform(.createInterface(name: name, backend: .kernel)) }
            try set(change)
            try body()
        }
    }

    static func set(_ change: WireGuardChange) throws {
        try box.perform(.setWireGuard(interface: name, change))
    }

    static func read() throws -> ObservedWireGuard {
        let state = try box.observe(Scope(interface: name))
        #expect(state.link?.backend == .kernel)
        return try #require(state.wireGuard)
    }

    /// The peers' lines of `wg show dump`: key, preshared key, endpoint, allowed IPs, handshake, received, sent, keepalive.
    static func shown() throws -> [String] {
        try run("wg", "show", name, "dump").split(separator: "\n").dropFirst().map(String.init)
    }

    @Test func `what wggw sets is what wg shows, and what wggw reads`() throws {
        try Self.withInterface(Self.change) {
            let psk = LinuxBoxTests.presharedKey(7).exposedBase64
            let device = try run("wg", "show", Self.name, "dump").prefix { $0 != "\n" }.split(separator: "\t")
            #expect(device.count == 4 && device[0] == LinuxBoxTests.privateKey(0x40).exposedBase64)
            #expect(device[2] == "51820" && device[3] == "0x77")
            #expect(
                try Self.shown() == [
                    "\(Self.key(1))\t\(psk)\t192.0.2.7:1234\t10.0.0.0/24,10.1.0.7/32,fd00::/64\t0\t0\t0\t25",
                    "\(Self.key(2))\t(none)\t[2001:db8::9]:80\t(none)\t0\t0\t0\toff",
                    "\(Self.key(3))\t(none)\t(none)\t10.3.0.0/16\t0\t0\t0\toff",
                ])
            #expect(try Self.read() == Self.observed)
        }
    }

    @Test func `what wg sets is what wggw reads`() throws {
        try inNetworkNamespace {
            try run("ip", "link", "add", Self.name, "type", "wireguard")
            #expect(
                try Self.read() == ObservedWireGuard(privateKey: nil, listenPort: 0, fwmark: 0, peers: []))
            let file = "/tmp/wggw-\(getpid())-wgk.conf"
            defer { unlink(file) }
            let text = """
                [Interface]
                PrivateKey = \(LinuxBoxTests.privateKey(0x40).exposedBase64)
                ListenPort = 51820
                FwMark = 0x77
                [Peer]
                PublicKey = \(Self.key(3))
                AllowedIPs = 10.3.0.0/16
                [Peer]
                PublicKey = \(Self.key(1))
                PresharedKey = \(LinuxBoxTests.presharedKey(7).exposedBase64)
                AllowedIPs = fd00::/64, 10.1.0.7/32, 10.0.0.0/24
                Endpoint = 192.0.2.7:1234
                PersistentKeepalive = 25
                [Peer]
                PublicKey = \(Self.key(2))
                Endpoint = [2001:db8::9]:80

                """
            let out = try #require(fopen(file, "w"))
            fputs(text, out)
            fclose(out)
            try run("wg", "setconf", Self.name, file)
            #expect(try Self.read() == Self.observed)
        }
    }

    @Test func `a session's endpoint, handshake and bytes are what wg shows`() throws {
        try Self.withInterface(WireGuardChange(privateKey: LinuxBoxTests.privateKey(0x40), listenPort: 51820)) {
            try run("ip", "link", "set", "lo", "up")
            try run("ip", "link", "add", "other", "type", "wireguard")
            let other = KernelWireGuard(interface: "other")
            try other.set(WireGuardChange(privateKey: LinuxBoxTests.privateKey(0x48), listenPort: 51821))
            func publicKey(_ name: String) throws -> PublicKey {
                let text = try run("wg", "show", name, "public-key").split(separator: "\n")
                return try #require(PublicKey(String(text[0])))
            }
            let (own, others) = try (publicKey(Self.name), publicKey("other"))
            for name in [Self.name, "other"] { try run("ip", "link", "set", name, "up") }
            try Self.set(WireGuardChange(set: [WireGuardPeerChange(publicKey: others, isNew: true)]))
            try other.set(
                WireGuardChange(set: [
                    WireGuardPeerChange(
                        publicKey: own, isNew: true, endpoint: Endpoint("127.0.0.1:51820"), keepalive: 1)
                ]))
            var peer = ObservedPeer(publicKey: others)
            // The keepalive of one second begins the session.
            for _ in 1...200 where peer.received < 180 {
                usleep(50_000)
                peer = try #require(try Self.read().peers.first)
            }
            #expect(peer.endpoint == SocketAddress(IPAddress("127.0.0.1")!, port: 51821))
            #expect(peer.sent == 92 && abs(peer.lastHandshake - Int64(time(nil))) < 60)
            try run("ip", "link", "set", "other", "down")
            let last = try #require(try Self.read().peers.first)
            let line =
                "\(others)\t(none)\t127.0.0.1:51821\t(none)\t\(last.lastHandshake)\t\(last.received)\t\(last.sent)\toff"
            #expect(try Self.shown() == [line])
        }
    }

    @Test func `a change is all that changes`() throws {
        try Self.withInterface(Self.change) {
            var before = try Self.shown()
            /// Makes a change to peers, after which only the lines of these numbers may be others.
            func change(_ numbers: Set<Int>, _ set: [WireGuardPeerChange], remove: [PublicKey] = []) throws -> [String]
            {
                try Self.set(WireGuardChange(set: set, remove: remove))
                let after = try Self.shown()
                for (i, (old, new)) in zip(before, after).enumerated() {
                    #expect((old != new) == numbers.contains(i + 1), "peer \(i + 1): \(old), then \(new)")
                }
                before = after
                return after
            }
            func peer(_ number: UInt8, _ body: (inout WireGuardPeerChange) -> Void) -> WireGuardPeerChange {
                var peer = WireGuardPeerChange(publicKey: Self.key(number), isNew: false)
                body(&peer)
                return peer
            }
            let moved = try change([1, 3], [peer(3) { $0.allowedIPs = [Self.networks[1], Self.networks[2]] }])
            #expect(moved[0].contains("\t10.0.0.0/24\t") && moved[2].contains("\t10.1.0.7/32,fd00::/64\t"))
            let key = LinuxBoxTests.presharedKey(8)
            let replaced = try change(
                [1, 2],
                [
                    peer(1) { $0.presharedKey = .set(key) }, peer(2) { $0.presharedKey = .set(key) },
                ])
            #expect(replaced[..<2].allSatisfy { $0.contains("\t\(key.exposedBase64)\t") })
            let cleared = try change([1], [peer(1) { $0.presharedKey = .clear }])
            #expect(cleared[0].contains("\t(none)\t192.0.2.7:1234\t"))
            let quiet = try change([1], [peer(1) { $0.keepalive = 0 }])
            #expect(quiet[0].hasSuffix("\toff"))
            let elsewhere = try change([2], [peer(2) { $0.endpoint = Endpoint("192.0.2.8:81") }])
            #expect(elsewhere[1].contains("\t192.0.2.8:81\t"))
            // Who is not there neither comes into being nor holds up others.
            _ = try change([], [peer(9) { $0.keepalive = 3 }], remove: [Self.key(8)])
            #expect(before.count == 3)
            let empty = try change([3], [peer(3) { $0.allowedIPs = [] }])
            #expect(empty[2].hasPrefix("\(Self.key(3))\t(none)\t(none)\t(none)\t"))
            try Self.set(WireGuardChange(remove: [Self.key(1)]))
            #expect(try Self.shown() == Array(before[1...]))
            try Self.set(WireGuardChange(listenPort: 51821, fwmark: 0))
            #expect(try Self.shown() == Array(before[1...]))
            for _ in 1...2 { try Self.box.perform(.deleteInterface(name: Self.name, backend: .kernel)) }
            #expect(try Self.box.observe(Scope(interface: Self.name)).link == nil)
        }
    }

    @Test func `errors are named`() throws {
        try Self.withInterface(Self.change) {
            func refused(_ words: String, _ body: () throws -> Void) {
                let error = #expect(throws: BoxError.self) { try body() }
                #expect(error?.description.hasPrefix(words) == true, "\(error?.description ?? "nothing")")
            }
            try run("ip", "link", "add", "bridge", "type", "bridge")
            for (name, cause) in [("nowhere", "No such device"), ("bridge", "Operation not supported")] {
                let device = KernelWireGuard(interface: name)
                refused("read \(name): \(cause)") { _ = try device.read() }
                refused("set \(name): \(cause)") { try device.set(Self.change) }
            }
            refused("create interface bridge: there is one of that name, of kind bridge; give the tunnel another") {
                try Self.box.perform(.createInterface(name: "bridge", backend: .kernel))
            }
            try Self.box.perform(.createInterface(name: "second", backend: .kernel))
            try Self.box.perform(.setWireGuard(interface: "second", WireGuardChange(listenPort: 51820)))
            try Self.box.perform(.link(.setUp(interface: Self.name, listenPort: 51820)))
            refused("set second up: Address already in use (UDP port 51820); ") {
                try Self.box.perform(.link(.setUp(interface: "second", listenPort: 51820)))
            }
            try giveUpCapabilities()
            let device = KernelWireGuard(interface: Self.name)
            let words = "Operation not permitted; root lacks the capability CAP_NET_ADMIN"
            refused("read \(Self.name): \(words)") { _ = try device.read() }
            refused("set \(Self.name): \(words)") { try device.set(Self.change) }
        }
    }

    /// 10,000 peers with four networks each, and one with 3,000: both are more than a message holds.
    @Test func `ten thousand peers are dumped back equal`() throws {
        let wanted = ObservedWireGuard(
            privateKey: LinuxBoxTests.privateKey(0x40), listenPort: 51820, fwmark: 0,
            peers: (0...10_000).map { (i: Int) -> ObservedPeer in
                let bytes = (0..<32).map { (at: Int) -> UInt8 in UInt8(truncatingIfNeeded: i >> (at < 2 ? at * 8 : 3)) }
                let number = UInt32(i)
                return ObservedPeer(
                    publicKey: PublicKey(bytes: bytes)!, presharedKey: LinuxBoxTests.presharedKey(UInt8(1 + i % 250)),
                    endpoint: SocketAddress(.v4(IPv4Address(rawValue: 0xc000_0000 + number)), port: 51820),
                    keepalive: UInt16(i % 3 * 25),
                    allowedIPs: (0..<(i == 10_000 ? 3000 : 4)).map {
                        IPPrefix(host: .v4(IPv4Address(rawValue: 0x0a00_0000 + number << 4 + $0)))
                    })
            })
        let change = WireGuardChange(
            privateKey: wanted.privateKey, listenPort: wanted.listenPort,
            set: wanted.peers.map { peer in
                WireGuardPeerChange(
                    publicKey: peer.publicKey, isNew: true, presharedKey: .set(peer.presharedKey!),
                    endpoint: Endpoint(.address(peer.endpoint!.address), port: 51820), keepalive: peer.keepalive,
                    allowedIPs: peer.allowedIPs)
            })
        try Self.withInterface(change) {
            let (read, shown) = try (Self.read(), Self.shown())
            #expect(read == wanted)
            let lines = wanted.peers.map { peer in
                [
                    "\(peer.publicKey)", peer.presharedKey!.exposedBase64, "\(peer.endpoint!)",
                    peer.allowedIPs.map(\.description).joined(separator: ","), "0", "0", "0",
                    peer.keepalive == 0 ? "off" : "\(peer.keepalive)",
                ].joined(separator: "\t")
            }
            #expect(shown == lines)
        }
    }
}

/// Whether this machine's kernel has it, or a module of it.
let kernelHasWireGuard = (try? LinuxBox().kernelHasWireGuard()) ?? false
