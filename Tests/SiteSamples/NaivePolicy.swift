package import NetTypes
package import SiteModel

/// What a site allows, said without sets, maps and chains: the naive twin of the firewall.
package struct NaivePolicy {
    package let site: Site

    package init(site: Site) { self.site = site }

    /// The peer that the address belongs to.
    package func owner(of address: IPAddress) -> Peer? {
        site.peers.first { $0.addresses.contains(address) }
            ?? site.peers.first { $0.routes.contains { $0.contains(address) } }
    }

    /// Whether a packet that opens a connection may go where it goes.
    package func allows(_ packet: Packet) -> Bool {
        if packet.input == site.tunnel.interface {
            guard let peer = owner(of: packet.source) else { return false }
            return allows(packet, of: peer)
        }
        if packet.output == site.tunnel.interface {
            return packet.input == site.lan.interface && isInside(packet.source)
        }
        return packet.isForThisHost || site.otherForwarding == .allow
    }

    private func allows(_ packet: Packet, of peer: Peer) -> Bool {
        let isEcho = packet.transport == 1 && packet.firstByte == 8 || packet.transport == 58 && packet.firstByte == 128
        if packet.isForThisHost && isEcho { return true }
        if packet.isForThisHost && isOwnDNS(packet) { return true }
        if let policy = peer.policy ?? peer.group.flatMap({ site.groups[$0] }) {
            if policy.allow.contains(where: { names($0, packet) }) { return true }
        } else if packet.isForThisHost || packet.output == site.lan.interface && isInside(packet.destination) {
            return true
        }
        let isFull = peer.fullTunnel ?? site.egress.fullTunnel
        return isFull && packet.output == site.egress.interface && !isInside(packet.destination)
    }

    private func isInside(_ address: IPAddress) -> Bool { site.lan.subnets.contains { $0.contains(address) } }

    private func isOwnDNS(_ packet: Packet) -> Bool {
        packet.port == 53 && [6, 17].contains(packet.transport) && site.dns.contains(packet.destination)
            && site.tunnel.addresses.contains { $0.address == packet.destination }
    }

    private func names(_ rule: AccessRule, _ packet: Packet) -> Bool {
        guard rule.destination.contains(packet.destination) else { return false }
        switch rule.transport {
        case nil: return true
        case .icmp: return packet.transport == (packet.source.isV6 ? 58 : 1)
        case .tcp, .udp:
            return packet.transport == (rule.transport == .tcp ? 6 : 17) && rule.ports?.contains(packet.port) ?? true
        }
    }
}
