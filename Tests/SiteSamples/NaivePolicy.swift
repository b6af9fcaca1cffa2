package import NetTypes
package import SiteModel

/// What a site allows, said without sets, maps and chains: the naive twin of the firewall.
package struct NaivePolicy {
    package let site: Site
    package let surroundings: Surroundings

    package init(site: Site, surroundings: Surroundings) {
        self.site = site
        self.surroundings = surroundings
    }

    /// The peer that the address belongs to.
    package func owner(of address: IPAddress) -> Peer? {
        site.peers.first { $0.addresses.contains(address) }
            ?? site.peers.first { $0.routes.contains { $0.contains(address) } }
    }

    /// Whether a packet that opens a connection may go where it goes.
    package func allows(_ packet: Packet) -> Bool {
        let tunnel = site.tunnel.interface
        if isTheTunnels(packet.source) && packet.input != tunnel && packet.input != "lo" { return false }
        if let output = packet.output, isTheTunnels(packet.destination) && output != tunnel && output != "lo" {
            return false
        }
        if packet.input == tunnel {
            guard let peer = owner(of: packet.source) else { return false }
            return allows(packet, of: peer)
        }
        if packet.output == tunnel {
            return isInside(packet.source, by: packet.input)
        }
        if packet.isForThisHost { return true }
        switch packet.source.isV6 ? site.otherForwarding.ipv6 : site.otherForwarding.ipv4 {
        case nil, .drop: return false
        case .allow: return true
        case .from(let interfaces): return interfaces.contains(packet.input)
        }
    }

    /// Peers' addresses, the tunnel's subnets, and networks behind peers but for those in them that the box is in itself.
    package func isTheTunnels(_ address: IPAddress) -> Bool {
        site.peers.contains { $0.addresses.contains(address) }
            || site.tunnel.addresses.contains {
                $0.network.contains(address) && !($0.network.isHost && isInside(address))
            }
            || site.peers.flatMap(\.routes).contains { route in
                route.contains(address)
                    && !surroundings.networks.contains {
                        $0.prefix.contains(address) && route.contains($0.prefix) && $0.prefix != route
                    }
            }
    }

    private func allows(_ packet: Packet, of peer: Peer) -> Bool {
        let isEcho = packet.transport == 1 && packet.firstByte == 8 || packet.transport == 58 && packet.firstByte == 128
        if packet.isForThisHost && isEcho { return true }
        if packet.isForThisHost && isOwnDNS(packet) { return true }
        if let policy = peer.policy ?? peer.group.flatMap({ site.groups[$0] }) {
            if policy.allow.contains(where: { names($0, packet) }) { return true }
        } else if packet.isForThisHost || packet.output.map({ isInside(packet.destination, by: $0) }) ?? false {
            return true
        }
        let isFull = peer.fullTunnel ?? site.egress.fullTunnel
        guard isFull, leadsOut(packet), !isInside(packet.destination) else { return false }
        let isDNS = packet.port == 53 && [6, 17].contains(packet.transport) && site.dns.contains(packet.destination)
        return isDNS || isInternet(packet.destination)
    }

    private func isInternet(_ address: IPAddress) -> Bool {
        let isAtEgress = surroundings.networks.contains {
            isUplink($0.interface) && $0.prefix.contains(address)
        }
        let isEndpoint =
            switch site.endpoint?.host {
            case nil: false
            case .address(let own): own == address
            case .name: surroundings.endpoint.contains(address)
            }
        return isGlobal(address) && !isAtEgress && !isEndpoint && !isInside(address)
    }

    /// By the numbers, not by prefixes; a translated address is what it is translated into.
    private func isGlobal(_ address: IPAddress) -> Bool {
        switch address {
        case .v4(let a):
            let octets = a.octets
            switch (octets[0], octets[1], octets[2]) {
            case (0, _, _), (10, _, _), (127, _, _), (169, 254, _), (192, 168, _), (224..., _, _): return false
            case (100, 64...127, _), (172, 16...31, _), (198, 18...19, _): return false
            case (192, 0, 0), (192, 0, 2), (192, 88, 99), (198, 51, 100), (203, 0, 113): return false
            default: return true
            }
        case .v6(let a):
            if a.rawValue >> 32 == 0x64_ff9b << 64 {
                return isInternet(.v4(IPv4Address(rawValue: UInt32(truncatingIfNeeded: a.rawValue))))
            }
            let (first, second) = (a.rawValue >> 112, a.rawValue >> 96 & 0xffff)
            switch (first, second) {
            case (0x2001, 0...0x1ff), (0x2001, 0xdb8), (0x2002, _), (0x3fff, 0...0xfff): return false
            default: return 0x2000...0x3fff ~= first
            }
        }
    }

    private func isInside(_ address: IPAddress) -> Bool { site.lan.subnets.contains { $0.contains(address) } }

    /// Whether the address is the LAN's, and the LAN is there.
    private func isInside(_ address: IPAddress, by interface: String) -> Bool {
        if let pinned = site.lan.interface { return interface == pinned && isInside(address) }
        return surroundings.lan.contains { $0.interface == interface && $0.prefix.contains(address) }
    }

    private func isUplink(_ interface: String) -> Bool {
        site.egress.interface.map { $0 == interface } ?? surroundings.uplinks.contains { $0.interface == interface }
    }

    private func leadsOut(_ packet: Packet) -> Bool {
        if let pinned = site.egress.interface { return packet.output == pinned }
        return surroundings.uplinks.contains {
            $0.interface == packet.output && $0.prefix.contains(packet.destination)
        }
    }

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
