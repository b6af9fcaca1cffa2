import BoxModel
import Glibc
import NetTypes
import Testing
import UAPI

@testable import LinuxNet

/// A plan's change and an observation in the words of the configuration protocol.
@Suite struct UserspaceWireGuardTests {
    private static func hex(_ byte: String) -> String { String(repeating: byte, count: 32) }

    @Test func `a change is written in the words of the protocol`() {
        var change = KernelWireGuardTests.change
        change.set[1].allowedIPs = []
        change.set.append(
            WireGuardPeerChange(
                publicKey: LinuxBoxTests.key(3), isNew: false, endpoint: Endpoint(.name("itzxa.com"), port: 1)))
        let names = InterfaceNames(index: { _ in nil }, name: { _ in nil })
        let text = UAPIRequest.set(SetRequest(change)).text(names: names)
        #expect(
            String(decoding: text.bytes, as: UTF8.self) == """
                set=1
                private_key=\(Self.hex("40"))
                listen_port=51820
                fwmark=7
                public_key=\(Self.hex("01"))
                preshared_key=\(Self.hex("00"))
                endpoint=192.0.2.7:1234
                persistent_keepalive_interval=25
                replace_allowed_ips=true
                allowed_ip=10.0.0.0/24
                allowed_ip=fd00::/64
                public_key=\(Self.hex("02"))
                update_only=true
                preshared_key=\(Self.hex("03"))
                endpoint=[fd00::9]:80
                replace_allowed_ips=true
                public_key=\(Self.hex("03"))
                update_only=true
                public_key=\(Self.hex("04"))
                update_only=true
                remove=true


                """)
    }

    @Test func `an answer is an observation`() {
        var section = PeerSection(LinuxBoxTests.key(1))
        #expect(ObservedPeer(section) == ObservedPeer(publicKey: LinuxBoxTests.key(1)))
        section.presharedKey = LinuxBoxTests.presharedKey(7)
        section.endpoint = SocketAddress("[fe80::1%3]:80")
        (section.lastHandshake, section.lastHandshakeNanoseconds) = (1_700_000_000, 5)
        (section.sentBytes, section.receivedBytes, section.persistentKeepalive) = (.max, 12, 65535)
        section.allowedIPs = [.init(IPPrefix("fd00::/64")!), .init(IPPrefix("10.0.0.0/8")!)]
        #expect(
            ObservedPeer(section)
                == ObservedPeer(
                    publicKey: LinuxBoxTests.key(1), presharedKey: LinuxBoxTests.presharedKey(7),
                    endpoint: SocketAddress("[fe80::1%3]:80"), keepalive: 65535,
                    allowedIPs: [IPPrefix("10.0.0.0/8")!, IPPrefix("fd00::/64")!], lastHandshake: 1_700_000_000,
                    received: 12, sent: .max))
    }
}
