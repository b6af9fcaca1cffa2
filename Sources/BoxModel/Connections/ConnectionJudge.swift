import Firewall
import NetTypes

/// Tells whether a connection could be opened now, by the rules themselves.
///
/// Nobody knows any more by which interface its packets came. That of a peer's address is the tunnel; of others it is every one
/// that a rule names, and one that none names: what passes by any of them is allowed. None is the loopback's.
struct ConnectionJudge {
    private let filter: PacketFilter
    private let tunnel: KnownPacket.Interface
    private let others: [KnownPacket.Interface]
    private let local: Set<IPAddress>
    private let tunnelled: IPPrefixSet
    /// Peers' own addresses, of which none is the gateway's, even if it still has it.
    private let hosts: Set<IPAddress>
    private let opening4 = KnownPacket(opening: .v4)
    private let opening6 = KnownPacket(opening: .v6)

    /// `tunnelled` are the addresses of peers and of what is behind them.
    init(_ rules: ConnectionRules, tunnelled: IPPrefixSet, local: Set<IPAddress>) {
        filter = PacketFilter([rules.firewall])
        tunnel = KnownPacket.Interface(rules.interface)
        let named = rules.firewall.interfaces.subtracting([rules.interface, "lo"]).sorted()
        others = named.map { KnownPacket.Interface($0) } + [.none]
        self.local = local.union(rules.addresses)
        self.tunnelled = tunnelled
        hosts = Set(rules.peers.lazy.flatMap(\.allowedIPs).filter(\.isHost).map(\.address))
    }

    /// Whether it may be opened; one that has nothing to do with the tunnel may.
    func allows(_ connection: Connection) -> Bool {
        let (isFromPeer, isToPeer) = (isPeers(connection.client), isPeers(connection.server))
        guard isFromPeer || isToPeer else { return true }
        var packet = connection.client.isV6 ? opening6 : opening4
        connection.open(&packet)
        if isFromPeer && isToPeer { return passes(&packet, tunnel, tunnel) }
        if isFromPeer {
            if local.contains(connection.server) { return passes(&packet, tunnel, nil) }
            return others.contains { passes(&packet, tunnel, $0) }
        }
        if local.contains(connection.client) { return passes(&packet, nil, tunnel) }
        return others.contains { passes(&packet, $0, tunnel) }
    }

    private func isPeers(_ address: IPAddress) -> Bool {
        tunnelled.contains(address) && (hosts.contains(address) || !local.contains(address))
    }

    /// Without an input it is this host that sends it, without an output it is for this host. All that wggw's rules ask is known
    /// of it; what could not be told would not pass.
    private func passes(
        _ packet: inout KnownPacket, _ input: KnownPacket.Interface?, _ output: KnownPacket.Interface?
    ) -> Bool {
        packet.input = input ?? .none
        packet.output = output ?? .none
        packet.route = packet.output
        packet.destinationType = output == nil ? Nft.AddressType.local : Nft.AddressType.unicast
        return filter.fate(packet, input == nil ? .fromThisHost : output == nil ? .toThisHost : .through) == .passes
    }
}

extension KnownPacket {
    /// The packet that opens a connection, as far as all of them are alike: TCP's flags are SYN.
    fileprivate init(opening family: Family) {
        self.init(family)
        connection = .new
        set(transportHeader: [UInt8](repeating: 0, count: 13) + [2] + [UInt8](repeating: 0, count: 6), at: 0)
    }
}

extension Connection {
    /// Makes a packet the one that opens it.
    fileprivate func open(_ packet: inout KnownPacket) {
        packet.set(source: IPPrefix(host: client))
        packet.set(destination: IPPrefix(host: server))
        packet.set(transport: transport)
        let start = icmpType == 0 ? [UInt8(clientPort >> 8), UInt8(clientPort & 255)] : [icmpType, 0]
        packet.set(transportHeader: start + [UInt8(port >> 8), UInt8(port & 255)], at: 0)
    }
}

extension FirewallTable {
    /// The interfaces that rules compare with.
    fileprivate var interfaces: Set<String> {
        Set(chains.lazy.flatMap(\.rules).flatMap(\.interfaces))
    }
}

extension FirewallRule {
    fileprivate var interfaces: [String] {
        zip(expressions, expressions.dropFirst()).compactMap { load, test in
            guard case .meta(Nft.Meta.inputName...Nft.Meta.outputName, _) = load, case .compare(_, _, let bytes) = test
            else { return nil }
            return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
