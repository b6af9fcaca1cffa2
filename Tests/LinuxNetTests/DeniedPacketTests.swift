import CMnl
import BoxModel
import Firewall
import Glibc
import NetTypes
import SiteModel
import SiteSamples
import Testing

@testable import LinuxNet

/// What the kernel tells of the packets that table `inet wggw` drops, and what is kept of them.
@Suite struct DeniedPacketTests {
    private static let site = Lab.site { site in
        site.egress.interface = "eth1"
        site.tunnel.addresses.append(InterfaceAddress("fd02::fe/64")!)
        site.lan.subnets.append(IPPrefix("fd01::/64")!)
        var guest = Lab.peer("guest", 2, ["192.168.2.2", "fd02::2"])
        guest.policy = Policy(allow: [AccessRule("192.168.1.10:443/tcp")!])
        site.peers.append(guest)
    }

    /// A packet, the interface that it comes in by, and what is told of it; nil: it passes.
    private static let packets: [(from: String, to: String, port: UInt16, transport: UInt8, input: String, String?)] = [
        ("192.168.2.2", "192.168.1.10", 443, 6, "wg0", nil),
        ("192.168.2.2", "192.168.1.10", 445, 6, "wg0", "forward wg0 eth0"),
        ("192.168.2.2", "192.168.1.127", 22, 6, "wg0", "input wg0 -"),
        ("192.168.2.1", "203.0.113.9", 443, 17, "wg0", "forward wg0 eth1"),
        ("192.168.2.1", "192.168.2.2", 22, 6, "wg0", "forward wg0 wg0"),
        ("192.168.2.1", "192.168.1.66", 80, 17, "wg0", nil),
        ("203.0.113.9", "192.168.2.1", 80, 17, "eth1", "forward eth1 wg0"),
        ("192.168.2.1", "192.168.1.10", 80, 17, "eth0", "prerouting eth0 -"),
        ("192.168.1.10", "192.168.2.1", 22, 6, "eth0", nil),
        ("203.0.113.9", "192.168.1.10", 22, 6, "eth1", "forward eth1 eth0"),
        ("fd02::2", "fd01::10", 445, 6, "wg0", "forward wg0 eth0"),
        ("2001:db8::9", "fd01::10", 445, 17, "eth1", "forward eth1 eth0"),
    ]

    @Test func `each packet that is dropped is told of, and no other`() throws {
        try inNetworkNamespace {
            let yard = try PacketYard(Self.site)
            let listener = try DeniedPackets(for: .command)
            for (number, sent) in Self.packets.enumerated() {
                let raw = RawPacket(
                    from: IPAddress(sent.from)!, 50_000, to: IPAddress(sent.to)!, sent.port, transport: sent.transport,
                    number: number)
                let departures = yard.send(raw.bytes, into: sent.input)
                var told: [DeniedPackets.Entry] = []
                listener.read { told.append($0) }
                let expected = sent.5.map { place in
                    "\(place) \(sent.from) → \(sent.to) \(sent.port)/\(sent.transport == 6 ? "tcp" : "udp")"
                }
                #expect(departures.isEmpty == (expected != nil), "\(sent)")
                #expect(
                    told.map {
                        guard case .denied(let packet) = $0 else { return "\($0)" }
                        return
                            "\(packet.point.rawValue) \(packet.input ?? "-") \(packet.output ?? "-") \(packet.header)"
                    } == [expected].compactMap { $0 })
            }
        }
    }

    @Test func `a flood is told of a hundred times, and what is not read in time is counted`() throws {
        try inNetworkNamespace {
            let yard = try PacketYard(Self.site)
            let listener = try DeniedPackets(for: .service)
            let raw = RawPacket(
                from: IPAddress("192.168.2.2")!, 50_000, to: IPAddress("192.168.1.10")!, 445, transport: 17, number: 1)
            for _ in 0..<2000 { _ = yard.send(raw.bytes, into: "wg0") }
            var told = 0
            listener.read { if case .denied = $0 { told += 1 } }
            // The burst, and what the rate allows in the moment that it takes.
            #expect((100...150).contains(told))
        }
    }

    /// The kernel's WireGuard in a container: its log is not there, and what the firewall refuses is told all the same.
    @Test func `what is read beside goes on where the kernel's lines cannot be had`() throws {
        var ends: [Int32] = [0, 0]
        var gone: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0 && pipe(&gone) == 0)
        defer { for end in ends + [gone[1]] { close(end) } }
        _ = write(ends[1], "x", 1)
        var told: [TunnelLog.Entry] = []
        var bytes = 0
        let log = TunnelLog(interface: "wg0", backend: .kernel, switchCommand: ["/bin/false"])
        try inNetworkNamespace {
            try log.read(
                remembered: false, follows: true, beside: ends[0],
                reading: {
                    var byte: UInt8 = 0
                    bytes += read(ends[0], &byte, 1)
                    // Nobody reads any more.
                    close(gone[0])
                }, reader: gone[1]
            ) { told.append($0) }
        }
        #expect(bytes == 1 && told.count == 1)
        if case .deaf? = told.first {} else { Issue.record("told \(told)") }
    }

    @Test func `there is one listener of a kind, and the other kind besides`() throws {
        try inNetworkNamespace {
            let first = try DeniedPackets(for: .command)
            do throws(BoxError) {
                _ = try DeniedPackets(for: .command)
                Issue.record("two listen")
            } catch {
                #expect(error.code == EBUSY && error.remedy == "end the other \(.look(.denied))")
            }
            _ = try DeniedPackets(for: .service)
            withExtendedLifetime(first) {}
        }
    }

    @Test func `asking whether packets can be logged leaves nothing behind`() throws {
        try inNetworkNamespace {
            var socket = try NetlinkSocket(NETLINK_NETFILTER)
            let before = try socket.rulesetGeneration()
            #expect(try socket.canLog())
            #expect(try run("nft", "list", "ruleset").isEmpty)
            #expect(try socket.rulesetGeneration() == before)
        }
    }

    @Test func `the last packets are kept, in two files, and no others' eyes see them`() throws {
        let path = "/tmp/wggw-denied-\(getpid())"
        let record = DeniedRecord(path: path, limit: 10_000)
        defer { record.remove() }
        func packet(_ second: Int64) -> DeniedPacket {
            DeniedPacket(
                seconds: second, at: .forward, input: "wg0", output: "eth0",
                PacketHeader(from: IPAddress("192.168.2.2")!, to: IPAddress("192.168.1.10")!, transport: 6))
        }
        #expect(try record.packets(since: 0).isEmpty)
        for second in 1...1000 { try record.append([packet(Int64(second))]) }
        let kept = try record.packets(since: 0)
        #expect(kept.last?.seconds == 1000 && kept.count > 100 && kept.count < 400)
        #expect(kept.map(\.seconds) == Array((1001 - Int64(kept.count))...1000))
        #expect(try record.packets(since: 990).map(\.seconds) == Array(990...1000))
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        // Nobody else's file is written to.
        record.remove()
        symlink("/tmp/wggw-denied-elsewhere", path)
        #expect(throws: BoxError.self) { try record.append([packet(1)]) }
        #expect(access("/tmp/wggw-denied-elsewhere", F_OK) != 0)
    }
}
