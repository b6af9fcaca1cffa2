import Glibc
import NetTypes
import SiteModel
import Testing

@testable import LinuxNet

extension ForeignRuleset {
    func load() throws {
        for (text, command) in rulesets { try LinuxNetTests.load(text, with: command) }
    }
}

/// Gives a ruleset to a command as a file.
func load(_ rules: String, with command: String...) throws { try load(rules, with: command) }

/// The same for a command that was put together.
func load(_ rules: String, with command: [String]) throws {
    let path = "/tmp/wggw-foreign-\(getpid())-\(pthread_self()).rules"
    let file = try #require(fopen(path, "w"))
    fputs(rules, file)
    fclose(file)
    defer { unlink(path) }
    try run(command + [path])
}

extension PacketYard {
    /// Whether a packet gets to where it wants: to the gateway itself, or out.
    func arrives(_ packet: RawPacket, into interface: String) throws -> Bool {
        let departures = send(packet.bytes, into: interface)
        if own.contains(packet.destination) { return try heard().v4.contains(packet.number) }
        return departures.contains { ReadPacket($0.bytes)?.number == packet.number }
    }

    /// Whether a stranger's datagram reaches the tunnel's port.
    func letsIn() throws -> Bool {
        let (stranger, gateway) = (IPAddress("203.0.113.7")!, Self.lanAddresses[0].address)
        let packet = RawPacket(from: stranger, 40000, to: gateway, 51820, transport: RawPacket.udp, number: 1)
        return try arrives(packet, into: Self.lan)
    }

    /// Whether a connection from the tunnel reaches the LAN, and its answer the tunnel.
    func forwards() throws -> Bool {
        let (peer, host) = (IPAddress("192.168.2.1")!, IPAddress("192.168.1.10")!)
        let request = RawPacket(from: peer, 40000, to: host, 443, transport: RawPacket.tcp, number: 2)
        let answer = RawPacket(from: host, 443, to: peer, 40000, transport: RawPacket.tcp, number: 3, flags: 0x12)
        return try arrives(request, into: site.tunnel.interface) && arrives(answer, into: Self.lan)
    }
}
