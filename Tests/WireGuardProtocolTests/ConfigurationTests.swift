import NetTypes
import Testing
import UAPI

@testable import WireGuardProtocol

private func key(_ number: UInt8) -> PublicKey {
    PrivateKey { for i in $0.indices { $0[i] = number &+ UInt8(i) } }.publicKey
}

private func prefix(_ text: String) -> IPPrefix { IPPrefix(text)! }

@Suite struct ConfigurationTests {
    let wire = Wire()
    let node: Node

    init() { node = Node("a", "192.0.2.1:51820", on: wire, seed: 1) }

    @discardableResult private func configure(
        _ key: PublicKey, _ change: (inout PeerSection) -> Void = { _ in }
    ) throws -> PeerIndex? {
        var configuration = PeerSection(key)
        change(&configuration)
        var peer: PeerIndex?
        try node.perform { peer = try $0.configure(configuration, now: wire.now, into: &$1) }
        return peer
    }

    private func allowedIPs(_ peer: PeerIndex) -> [String] {
        node.device.section(of: peer).allowedIPs.map(\.prefix.description)
    }

    @Test func allowedIPLines() throws {
        let first = try #require(
            try configure(key(1)) { $0.allowedIPs = [.init(prefix("10.0.0.0/24")), .init(prefix("fd00::/64"))] })
        #expect(allowedIPs(first) == ["10.0.0.0/24", "fd00::/64"])
        let second = try #require(try configure(key(2)) { $0.allowedIPs = [.init(prefix("10.0.0.0/24"))] })
        #expect(allowedIPs(first) == ["fd00::/64"])
        #expect(allowedIPs(second) == ["10.0.0.0/24"])
        // A `-` takes away only what is one's own.
        try configure(key(1)) { $0.allowedIPs = [.init(prefix("10.0.0.0/24"), isRemoval: true)] }
        #expect(allowedIPs(second) == ["10.0.0.0/24"])
        try configure(key(2)) {
            $0.allowedIPs = [.init(prefix("10.0.0.0/24"), isRemoval: true), .init(prefix("10.1.0.0/16"))]
        }
        #expect(allowedIPs(second) == ["10.1.0.0/16"])
        try configure(key(2)) {
            $0.replaceAllowedIPs = true
            $0.allowedIPs = [.init(prefix("0.0.0.0/0"))]
        }
        #expect(allowedIPs(second) == ["0.0.0.0/0"])
        #expect(node.device.tables.allowedIPs.lookup(v4: 0x0808_0808) == second)
        // Naming a prefix again moves it to the end, as in the kernel.
        try configure(key(1)) { $0.allowedIPs = [.init(prefix("10.9.0.0/16")), .init(prefix("fd00::/64"))] }
        #expect(allowedIPs(first) == ["10.9.0.0/16", "fd00::/64"])
    }

    @Test func updateOnlyAndRemove() throws {
        #expect(try configure(key(1)) { $0.updateOnly = true } == nil)
        #expect(try configure(key(1)) { $0.remove = true } == nil)
        #expect(node.device.peers.isEmpty)
        let peer = try #require(try configure(key(1)) { $0.allowedIPs = [.init(prefix("10.0.0.0/8"))] })
        #expect(try configure(key(1)) { $0.updateOnly = true } == peer)
        #expect(node.device.tables.allowedIPs.lookup(v4: 0x0a00_0001) == peer)
        #expect(try configure(key(1)) { $0.remove = true } == nil)
        #expect(node.device.peers.isEmpty)
        #expect(node.device.tables.allowedIPs.lookup(v4: 0x0a00_0001) == .none)
        #expect(node.count(.peerDestroyed, peer) == 1)
        #expect(try configure(key(2)) == peer, "its index is free again")
        #expect(allowedIPs(peer).isEmpty)
    }

    /// An index is not given away while a worker may hold it.
    @Test func indicesWaitForTheEpoch() throws {
        var effects = Effects()
        let device = node.device
        let first = try #require(try device.configure(PeerSection(key(1)), now: wire.now, into: &effects))
        var removal = PeerSection(key(1))
        removal.remove = true
        try device.configure(removal, now: wire.now, into: &effects)
        let second = try #require(try device.configure(PeerSection(key(2)), now: wire.now, into: &effects))
        #expect(second != first)
        let ticket = try #require(device.retire())
        let third = try #require(try device.configure(PeerSection(key(3)), now: wire.now, into: &effects))
        #expect(third != first)
        device.reclaim(ticket)
        let fourth = try #require(try device.configure(PeerSection(key(4)), now: wire.now, into: &effects))
        #expect(fourth == first)
        #expect(device.retire() == nil)
    }

    @Test func ownPublicKeyIsNoPeer() throws {
        let own = node.privateKey.publicKey
        #expect(try configure(own) == nil)
        #expect(node.device.peers.isEmpty)
        let other = PrivateKey { for i in $0.indices { $0[i] = 42 } }
        let peer = try configure(other.publicKey) { $0.allowedIPs = [.init(prefix("10.0.0.0/8"))] }
        let second = try #require(try configure(key(2)))
        #expect(peer != nil)
        node.perform { $0.setPrivateKey(other, now: wire.now, into: &$1) }
        #expect(node.device.peers == [second], "the peer that has our new key is gone")
        #expect(node.device.publicKey == other.publicKey)
        #expect(try configure(own) != nil, "and the old key may be a peer now")
    }

    @Test func withoutPrivateKeyNothingIsSaid() throws {
        node.perform { $0.setPrivateKey(nil, now: wire.now, into: &$1) }
        #expect(node.device.privateKey == nil)
        let peer = try #require(try configure(key(1)) { $0.endpoint = socketAddress("192.0.2.9:9") })
        node.send([1], to: peer)
        wire.advance(100)
        #expect(wire.sent.isEmpty)
    }

    @Test func replacePeersAndOrder() throws {
        let peers = try (1...20).map { number in try #require(try configure(key(UInt8(number)))) }
        #expect(node.device.peers == peers)
        try configure(key(7)) { $0.remove = true }
        #expect(node.device.peers == peers.filter { $0 != peers[6] })
        node.perform { $0.removeAllPeers(into: &$1) }
        #expect(node.device.peers.isEmpty)
        #expect(node.device.peer(key(1)) == nil)
    }

    @Test func tooManyPeers() throws {
        for number in 1...64 { try configure(key(UInt8(number))) }
        #expect(throws: ConfigurationError.tooManyPeers) { try configure(key(65)) }
        #expect(node.device.peers.count == 64)
    }

    @Test func statusTellsWhatWasSet() throws {
        let secret = PresharedKey { for i in $0.indices { $0[i] = 3 } }
        let peer = try #require(
            try configure(key(1)) {
                $0.presharedKey = secret
                $0.persistentKeepalive = 25
            })
        let status = node.device.section(of: peer)
        #expect(status.publicKey == key(1))
        #expect(status.presharedKey == secret)
        #expect(status.persistentKeepalive == 25)
        #expect(status.lastHandshake == 0)
        try configure(key(1))
        #expect(node.device.section(of: peer).presharedKey == secret, "what is not named stays")
    }

    /// A session outlives every configuration that does not touch its keys.
    @Test func reconfiguringKeepsTheSession() throws {
        let pair = try Pair()
        pair.a.send(Array("0123456789abcdef".utf8), to: pair.toB)
        let slot = pair.a.device.tables.currentKeypair(of: pair.toB)
        var configuration = PeerSection(pair.b.privateKey.publicKey)
        configuration.replaceAllowedIPs = true
        configuration.allowedIPs = [.init(prefix("10.0.0.0/8"))]
        configuration.persistentKeepalive = 20
        configuration.endpoint = pair.b.address
        try pair.a.perform { _ = try $0.configure(configuration, now: pair.wire.now, into: &$1) }
        let same = pair.a.privateKey
        pair.a.perform { $0.setPrivateKey(same, now: pair.wire.now, into: &$1) }
        #expect(pair.a.device.tables.currentKeypair(of: pair.toB) == slot)
        pair.a.send(Array("0123456789abcdef".utf8), to: pair.toB)
        #expect(pair.b.delivered.count == 2)
    }
}
