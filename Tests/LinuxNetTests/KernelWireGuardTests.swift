import CMnl
import BoxModel
import Compiler
import Glibc
import NetTypes
import SiteModel
import Testing

@testable import LinuxNet
import Netlink

/// Messages of generic netlink family "wireguard", byte by byte.
@Suite struct KernelWireGuardTests {
    static func hex(_ bytes: UnsafeRawBufferPointer) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    static let change = WireGuardChange(
        privateKey: LinuxBoxTests.privateKey(0x40), listenPort: 51820, fwmark: 7,
        set: [
            WireGuardPeerChange(
                publicKey: LinuxBoxTests.key(1), isNew: true, presharedKey: .clear,
                endpoint: Endpoint("192.0.2.7:1234"), keepalive: 25,
                allowedIPs: [IPPrefix("10.0.0.0/24")!, IPPrefix("fd00::/64")!]),
            WireGuardPeerChange(
                publicKey: LinuxBoxTests.key(2), isNew: false, presharedKey: .set(LinuxBoxTests.presharedKey(3)),
                endpoint: Endpoint("[fd00::9]:80")),
        ], remove: [LinuxBoxTests.key(4)])

    /// `wg set wg0 private-key … listen-port 51820 fwmark 7 peer … preshared-key /dev/null endpoint 192.0.2.7:1234 …`
    @Test func `a change is one message`() {
        let expected: [String] = [
            "1f00", "0000", "00000000", "00000000", "01010000",  // family, flags, sequence, port; SET_DEVICE, version 1
            "08000200", "77673000",  // IFNAME wg0
            "24000300", Self.fill("40", 32),  // PRIVATE_KEY
            "06000600", "6cca0000",  // LISTEN_PORT 51820
            "08000700", "07000000",  // FWMARK
            "60010880",  // PEERS
            "b8000080", "24000100", Self.fill("01", 32),  // a peer: PUBLIC_KEY
            "08000300", "02000000",  // FLAGS: replace allowed IPs
            "24000200", Self.fill("00", 32),  // PRESHARED_KEY
            "14000400", "0200", "04d2", "c0000207", Self.fill("00", 8),  // ENDPOINT: sockaddr_in
            "06000500", "19000000",  // PERSISTENT_KEEPALIVE_INTERVAL
            "48000980",  // ALLOWEDIPS
            "1c000080", "06000100", "02000000", "08000200", "0a000000", "05000300", "18000000",
            "28000080", "06000100", "0a000000", "14000200", "fd", Self.fill("00", 15), "05000300", "40000000",
            "74000080", "24000100", Self.fill("02", 32),
            "08000300", "04000000",  // FLAGS: update only
            "24000200", Self.fill("03", 32),
            "20000400", "0a00", "0050", "00000000", "fd", Self.fill("00", 14), "09", "00000000",  // sockaddr_in6
            "30000080", "24000100", Self.fill("04", 32),
            "08000300", "05000000",  // FLAGS: remove, update only
        ]
        var encoder = KernelWireGuardEncoder(interface: "wg0", family: 0x1f, change: Self.change)
        let message = encoder.next()
        #expect(!encoder.hasMore)
        #expect(Self.hex(message.bytes).dropFirst(8) == expected.joined())
        #expect(message.bytes.loadUnaligned(as: UInt32.self) == UInt32(message.count))
    }

    static func fill(_ byte: String, _ count: Int) -> String { String(repeating: byte, count: count) }

    /// Peers with 0…400 allowed IPs, in messages of 1 KB: what the reader makes of them is what was put in.
    @Test func `what is split is put together again`() {
        let peers = (0..<40).map { (i: Int) -> WireGuardPeerChange in
            WireGuardPeerChange(
                publicKey: LinuxBoxTests.key(UInt8(i)), isNew: true,
                allowedIPs: (0..<(i * 10)).map { (j: Int) -> IPPrefix in
                    IPPrefix(host: .v4(IPv4Address(10, UInt8(i), UInt8(j >> 8), UInt8(j & 255))))
                })
        }
        var encoder = KernelWireGuardEncoder(
            interface: "wg0", family: 31, change: WireGuardChange(listenPort: 9, set: peers), limit: 1024)
        var reader = KernelWireGuardReader()
        var messages = 0
        var replacing = 0
        while encoder.hasMore {
            let message = encoder.next()
            messages += 1
            #expect(message.count < 1024 + 200)
            let payload = UnsafeRawBufferPointer(rebasing: message.bytes[16...])
            reader.read(payload)
            for peer in Attributes(payload, after: genlmsghdr.self).first(WGDEVICE_A_PEERS)!.nested {
                let flags = peer.nested.first(WGPEER_A_FLAGS)?.u32
                #expect(flags == 2 || flags == 4)
                if flags == 2 { replacing += 1 }
            }
        }
        let device = reader.device
        #expect(messages > 200 && replacing == 40)
        #expect(device.listenPort == 9 && device.peers.map(\.publicKey) == peers.map(\.publicKey))
        #expect(device.peers.map(\.allowedIPs) == peers.map { $0.allowedIPs! })
    }

    @Test(.enabled(if: !kernelHasWireGuard, "this kernel has WireGuard")) func `a kernel without it is told apart`()
        throws
    {
        try inNetworkNamespace {
            let error = #expect(throws: BoxError.self) {
                try LinuxBox().perform(.createInterface(name: "wgk", backend: .kernel))
            }
            #expect(error?.code == EOPNOTSUPP && error?.remedy?.description.contains("userspace") == true)
        }
    }
}
