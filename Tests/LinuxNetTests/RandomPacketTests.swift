import NetTypes
import Repeats
import SiteModel
import SiteSamples
import Testing

@testable import LinuxNet

/// Real packets through the tables of random sites on this machine's kernel: what the naive policy allows arrives, answers
/// find back, and nothing else goes anywhere.
@Suite struct RandomPacketTests {
    @Test(arguments: repeats(24)) func `packets go where the policy lets them`(seed: Int) throws {
        var wrong: [String] = []
        try inNetworkNamespace { wrong = try Self.wrong(RandomWorld(seed: 7000 + seed)) }
        #expect(wrong.isEmpty, "seed \(seed):\n\(wrong.joined(separator: "\n"))")
    }

    /// One that was sent, what the naive policy says of it, and whether it was forwarded.
    private struct Sent {
        let packet: Packet
        let isAllowed: Bool
        let left: Bool
    }

    /// What a random site's box does otherwise than the naive policy, in words.
    private static func wrong(_ world: consuming RandomWorld) throws -> [String] {
        var wrong: [String] = []
        let site = world.site()
        let yard = try PacketYard(site, world.surroundings())
        let naive = yard.naive
        var sent: [Sent] = []
        var withoutPorts: Set<IPAddress> = []
        for number in 0..<250 {
            var packet = world.packet(interfaces: [site.tunnel.interface, site.tunnel.interface, "eth0", "eth1"])
            packet.output = yard.output(to: packet.destination)
            packet.firstByte = packet.source.isV6 ? 128 : 8
            // A protocol without ports is one connection for both ways, and one for all who are seen with one address.
            let ends = Set([packet.source, packet.destination])
            if packet.transport == 47, !withoutPorts.isDisjoint(with: ends) { packet.transport = 17 }
            if packet.transport == 47 { withoutPorts.formUnion(ends) }
            let raw = RawPacket(
                from: packet.source, UInt16(20_000 + number), to: packet.destination, packet.port,
                transport: packet.transport, number: number)
            let departures = yard.send(raw.bytes, into: packet.input)
            for departure in departures { wrong += judge(departure, raw, packet, yard) }
            let forwards = yard.forwards(v6: packet.source.isV6) || packet.isForThisHost
            sent.append(
                Sent(packet: packet, isAllowed: forwards && naive.allows(packet), left: !departures.isEmpty))
        }
        let heard = try yard.heard()
        for (number, one) in sent.enumerated() {
            let heard = (one.packet.source.isV6 ? heard.v6 : heard.v4).contains(number)
            if heard && !one.packet.isForThisHost || one.left && one.packet.isForThisHost {
                wrong.append("\(one.packet) ended elsewhere")
            }
            if (heard || one.left) != one.isAllowed {
                wrong.append("\(one.packet) is \(one.isAllowed ? "dropped" : "let through")")
            }
        }
        return wrong
    }

    /// A packet that was let through went by its route; and its answer, sent where it came out and with the addresses that it
    /// had there, comes back to whom the first one was from.
    private static func judge(
        _ departure: PacketYard.Departure, _ raw: RawPacket, _ packet: Packet, _ yard: PacketYard
    ) -> [String] {
        guard let seen = ReadPacket(departure.bytes), seen.number == raw.number, seen.destination == raw.destination,
            seen.source == raw.source || yard.own.contains(seen.source), departure.interface == packet.output
        else { return ["\(packet) left \(departure.interface) as \(departure.bytes)"] }
        let back = yard.send(seen.answer(number: 0xf000 + raw.number).bytes, into: departure.interface)
        // Nobody answers from the tunnel with an address that is no peer's.
        if departure.interface == yard.site.tunnel.interface,
            yard.naive.owner(of: seen.destination) == nil
        {
            return back.isEmpty ? [] : ["an answer from \(seen.destination), which is nobody's, came back: \(back)"]
        }
        // The network of another card, which the yard has not: its route leads into the tunnel.
        if packet.input != yard.site.tunnel.interface, yard.output(to: raw.source) == yard.site.tunnel.interface,
            !yard.naive.isTheTunnels(raw.source)
        {
            return []
        }
        // What has nothing to do with the tunnel is judged packet by packet, answers too.
        if packet.input != yard.site.tunnel.interface, departure.interface != yard.site.tunnel.interface {
            let answer = Packet(
                input: departure.interface, output: yard.output(to: raw.source), source: seen.destination,
                destination: raw.source, transport: raw.transport)
            if !yard.naive.allows(answer) { return back.isEmpty ? [] : ["the answer to \(packet) came back: \(back)"] }
        }
        guard back.count == 1, back[0].interface == yard.output(to: raw.source), let read = ReadPacket(back[0].bytes),
            read.source == raw.destination, read.destination == raw.source
        else { return ["the answer to \(packet), seen from \(seen.source), came back as \(back)"] }
        return []
    }
}
