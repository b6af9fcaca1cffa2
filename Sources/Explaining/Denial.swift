public import BoxModel
import Firewall
import NetTypes
public import SiteModel

/// What there is to say of a packet that the gateway refused: who wanted to go where, and what stopped it.
public struct Denial: Equatable, Sendable {
    /// Why it was refused.
    public enum Cause: Equatable, Sendable {
        /// The profile does not allow it.
        case refused(Fact.Refusal)
        /// The profile allows such a connection to be opened, and the packet opens none, nor belongs to one that is open: it was
        /// ended, or the gateway has forgotten it.
        case noConnection
        /// An address of the tunnel's was claimed by somebody outside.
        case stolenSource(interface: String?)
        /// It was for the tunnel, which was away.
        case tunnelAway
        /// It has nothing to do with the tunnel, and the site does not let others be forwarded so.
        case otherForwarding(from: String?, to: String?)
    }

    /// The packet.
    public let packet: DeniedPacket
    /// The peer that sent it, or that it was for; nil: neither is one.
    public let peer: String?
    /// Who sent it: a peer's name, `gateway`, or an address.
    public let from: String
    /// Whom it was for.
    public let to: String
    /// What stopped it.
    public let cause: Cause
    /// Where in the profile that stands, if it does.
    public let place: ProfilePlace?
}

/// Says of refused packets why they were, by a site's rules.
public struct DenialJudge {
    private let judge: ProfileJudge
    private let lines: ProfileLines
    private let tunnel: String

    /// Of a site as it was applied.
    public init(_ site: Site, _ desired: DesiredState) {
        judge = ProfileJudge(site, desired, own: [], lookUp: { _ in [] })
        lines = ProfileLines(site)
        tunnel = desired.interface
    }

    /// What there is to say of a packet.
    public func denial(of packet: DeniedPacket) -> Denial {
        let header = packet.header
        // What came for this box is for an address of its own, whichever.
        let to: End = packet.point == .input ? .gateway(header.destination) : judge.end(header.destination)
        let from: End = packet.point == .output ? .gateway(header.source) : judge.end(header.source)
        let cause = cause(packet, from, to)
        var place: ProfilePlace?
        if case .refused(let refusal) = cause { place = lines.place(of: .refused(refusal)) }
        return Denial(
            packet: packet, peer: (from.peer ?? to.peer)?.name, from: Self.name(from), to: Self.name(to), cause: cause,
            place: place)
    }

    private func cause(_ packet: DeniedPacket, _ from: End, _ to: End) -> Denial.Cause {
        let isIn = packet.input == tunnel
        let isOut = packet.output == tunnel
        if packet.point == .prerouting {
            return judge.isOfTunnel(packet.header.source) ? .stolenSource(interface: packet.input) : .tunnelAway
        }
        guard isIn || isOut else {
            return packet.point == .postrouting
                ? .tunnelAway : .otherForwarding(from: packet.input, to: packet.output)
        }
        let (outcome, fact, _) = judge.judge(from, to, service(of: packet.header))
        if outcome == .stops, case .refused(let refusal) = fact { return .refused(refusal) }
        return .noConnection
    }

    private func service(of header: PacketHeader) -> Flow.Service? {
        switch header.transport {
        case 1, 58: Flow.Service(.icmp)
        case 6: Flow.Service(.tcp, port: header.destinationPort)
        case 17: Flow.Service(.udp, port: header.destinationPort)
        default: nil
        }
    }

    private static func name(_ end: End) -> String {
        switch end {
        case .peer(let peer, let network):
            peer.addresses.contains(network.address) ? peer.name : "\(network.address) (\(peer.name))"
        case .gateway: "gateway"
        case .host(let network, _): network.address.description
        }
    }
}

extension Denial.Cause: CustomStringConvertible {
    /// One clause for people.
    public var description: String {
        switch self {
        case .refused(let refusal): refusal.description
        case .noConnection: "it belongs to no open connection, and does not open one"
        case .stolenSource(let interface):
            "an address of the tunnel's, claimed by somebody at \(interface ?? "another interface")"
        case .tunnelAway: "it is for the tunnel, which was not there"
        case .otherForwarding(let input, let output):
            "site.other-forwarding does not let \(input ?? "this box") send to \(output ?? "elsewhere")"
        }
    }
}
