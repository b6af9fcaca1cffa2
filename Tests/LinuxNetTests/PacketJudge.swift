import NetTypes
import SiteModel
import SiteSamples

@testable import LinuxNet

/// Looks at what a yard lets through, and says what it should not have: the naive policy, with the simplest memory of
/// connections that there is.
final class PacketJudge {
    /// One direction of a connection.
    struct Flow: Hashable {
        let source: IPAddress
        let sourcePort: UInt16
        let destination: IPAddress
        let port: UInt16
        let transport: UInt8
        var reversed: Flow {
            Flow(source: destination, sourcePort: port, destination: source, port: sourcePort, transport: transport)
        }
    }

    private let yard: PacketYard
    private let naive: NaivePolicy
    /// What was let through, and may be answered.
    private var open: Set<Flow> = []
    private var flows: (v4: [Flow], v6: [Flow]) = ([], [])
    /// By number, and whether the gateway may take it for itself.
    private var moves: [Int: (move: Attacker.Move, mayBeTaken: Bool)] = [:]
    private var found: [String] = []
    /// How many packets of each kind got through.
    private(set) var passed: [HostilePackets.Kind: Int] = [:]

    init(_ yard: PacketYard) {
        self.yard = yard
        naive = yard.naive
    }

    /// Connections that were let through.
    func known(isV6: Bool) -> [Flow] { isV6 ? flows.v6 : flows.v4 }

    func look(_ move: Attacker.Move) {
        let readings = move.packets.compactMap { ReadPacket($0) }
        moves[move.meant.number] = (move, readings.contains { mayPass($0, flow($0, of: move), move, nil) })
        for packet in move.packets {
            // A datagram that came together leaves in pieces again; only the first of them has ports.
            var whole: [ReadPacket] = []
            for departure in yard.send(packet, into: move.interface) {
                guard let read = ReadPacket(departure.bytes) else {
                    found.append("\(departure.interface) got no packet: \(departure.bytes)")
                    continue
                }
                let isContinued = whole.contains {
                    $0.number == read.number && $0.source == read.source && $0.destination == read.destination
                }
                if read.offset > 0 && isContinued { continue }
                whole.append(read)
                let flow = flow(read, of: move)
                if read.offset == 0 && mayPass(read, flow, move, departure.interface) {
                    passed[move.kind, default: 0] += 1
                    remember(flow, seenFrom: read.source)
                } else {
                    found.append("\(departure.interface) got \(read), of \(move)")
                }
            }
        }
    }

    /// Which connection a packet belongs to, by the addresses that it had before the gateway put its own in place.
    private func flow(_ read: ReadPacket, of move: Attacker.Move) -> Flow {
        let isMasqueraded = yard.own.contains(read.source) && !yard.own.contains(move.meant.destination)
        let hasPorts = [RawPacket.tcp, RawPacket.udp].contains(read.transport)
        return Flow(
            source: isMasqueraded ? move.meant.source : read.source, sourcePort: hasPorts ? read.sourcePort : 0,
            destination: read.destination, port: hasPorts ? read.port : 0, transport: read.transport)
    }

    private func remember(_ flow: Flow, seenFrom source: IPAddress) {
        guard open.insert(flow).inserted, flow.port != 0 else { return }
        let seen = Flow(
            source: source, sourcePort: flow.sourcePort, destination: flow.destination, port: flow.port,
            transport: flow.transport)
        if source.isV6 { flows.v6.append(seen) } else { flows.v4.append(seen) }
    }

    private func mayPass(_ read: ReadPacket, _ flow: Flow, _ move: Attacker.Move, _ output: String?) -> Bool {
        if open.contains(flow.reversed) { return true }
        if let quoted = read.quoted, isRelated(self.flow(quoted, of: move), to: read.destination) { return true }
        return naive.allows(
            Packet(
                input: move.interface, output: output, source: flow.source, destination: flow.destination,
                transport: read.transport, port: read.port, firstByte: read.body.first ?? 0))
    }

    /// An error goes to whom it concerns.
    private func isRelated(_ quoted: Flow, to destination: IPAddress) -> Bool {
        quoted.source == destination && (open.contains(quoted) || open.contains(quoted.reversed))
    }

    /// What got through and must not, in words.
    func wrong() throws -> [String] {
        let heard = try yard.heard()
        for (number, (move, mayBeTaken)) in moves {
            guard (move.meant.isV6 ? heard.v6 : heard.v4).contains(number) else { continue }
            passed[move.kind, default: 0] += 1
            if !mayBeTaken { found.append("the gateway took \(move)") }
        }
        return found
    }
}
