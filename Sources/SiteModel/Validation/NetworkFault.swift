public import NetTypes

extension SiteProblem {
    /// What is wrong with an address or a network by itself.
    public enum AddressFault: Hashable, Sendable {
        /// Nobody can have it, as it stands in a list of these.
        case unusable(String, AddressObstacle, Role)
        /// A peer's is the gateway's.
        case gateway(IPAddress)
        /// It is another peer's.
        case taken(IPAddress, by: String, peer: String)
        /// It is in none of these: the LAN's networks, or the tunnel's.
        case outside(IPAddress, [IPPrefix], isLAN: Bool)
        /// A network behind a peer that is most of the Internet.
        case tooWide(IPPrefix)
        /// A network behind a peer has the peer's own endpoint in it.
        case holdsEndpoint(IPPrefix, IPAddress)

        /// What an address or network is for.
        public enum Role: Hashable, Sendable {
            case lan, gateway, peer, route
            /// One of the hosts of this network.
            case host(IPPrefix)
        }
    }

    /// Networks that lie in each other.
    public enum Overlap: Hashable, Sendable {
        /// In one of the same list.
        case within(IPPrefix, IPPrefix)
        /// The tunnel's and the LAN's.
        case tunnelAndLAN(IPPrefix, IPPrefix)
        /// The tunnel's, of which this is the gateway's address, has all of the LAN's in it.
        case tunnelOverLAN(IPPrefix, IPPrefix, gateway: IPAddress)
        /// One behind a peer, and the LAN's.
        case routeAndLAN(IPPrefix, IPPrefix)
        /// The same, and the tunnel's.
        case routeAndTunnel(IPPrefix, IPPrefix)
        /// One behind a peer, and another behind that one.
        case routes(IPPrefix, IPPrefix, of: String)
        /// One behind a peer, and the address of that one.
        case routeAndPeer(IPPrefix, IPAddress, String)
        /// A peer's address, and the LAN's.
        case peerAndLAN(IPAddress, IPPrefix)
    }
}

extension SiteProblem.AddressFault {
    var text: FaultText {
        switch self {
        case .unusable(let value, let obstacle, let role):
            FaultText("\(value) \(obstacle)", role.advice)
        case .gateway(let address): FaultText("\(address) is the gateway's own address", "take another one")
        case .taken(let address, let other, let peer):
            FaultText("\(address) belongs to peer \(other) already", "give \(peer) another one")
        case .outside(let address, let homes, let isLAN):
            FaultText(
                "\(address) is outside \(isLAN ? "the LAN" : "the tunnel's subnets")\(Self.list(homes))",
                homes.first.map(AddressObstacle.range)
                    ?? "give the gateway an \(address.isV6 ? "IPv6" : "IPv4") address in tunnel.addresses first")
        case .tooWide(let route):
            FaultText(
                "\(route) would send \(route.length == 0 ? "all" : "a large part") of the gateway's own traffic to this peer",
                "name the networks behind it; for a peer's way out to the Internet there is full-tunnel")
        case .holdsEndpoint(let route, let address):
            FaultText(
                "\(route) contains the peer's own endpoint \(address), so the tunnel would go into itself",
                "leave that address out of the routes")
        }
    }

    /// Every peer may be outside: not all of many networks each time.
    private static func list(_ networks: [IPPrefix]) -> String {
        if networks.isEmpty { return "" }
        let more = networks.count > 4 ? " and \(networks.count - 4) more" : ""
        return ", " + networks.prefix(4).map(\.description).joined(separator: " and ") + more
    }
}

extension SiteProblem.AddressFault.Role {
    fileprivate var advice: String {
        switch self {
        case .lan: "name the LAN's own network"
        case .gateway: "take a private address, like 192.168.2.254/24"
        case .peer: "take a private address"
        case .route: "name a network behind the peer"
        case .host(let network): AddressObstacle.range(of: network)
        }
    }
}

extension SiteProblem.Overlap {
    var text: FaultText {
        switch self {
        case .within(let inner, let outer):
            FaultText("\(inner) is in \(outer) already", "remove one of them")
        case .tunnelAndLAN(let tunnel, let lan):
            FaultText(
                "\(tunnel) overlaps the LAN's \(lan)",
                "take a network of its own for the tunnel, or reply-path \"proxy-arp\"")
        case .tunnelOverLAN(let tunnel, let lan, let gateway):
            FaultText(
                "\(tunnel) overlaps the LAN's \(lan) whole, so the LAN would be on two interfaces",
                "with proxy-arp write \(IPPrefix(host: gateway))")
        case .routeAndLAN(let route, let lan):
            FaultText("\(route) overlaps the LAN's \(lan)", Self.onlyBehind)
        case .routeAndTunnel(let route, let tunnel):
            FaultText(
                "\(route) overlaps the tunnel's \(tunnel)",
                route == tunnel
                    ? "if all of the tunnel is behind this peer, give the gateway its address as a single one, /32 or /128"
                    : Self.onlyBehind)
        case .routes(let route, let other, let peer):
            FaultText("\(route) overlaps \(other) behind peer \(peer)", "a network is behind one peer only")
        case .routeAndPeer(let route, let address, let peer):
            FaultText(
                "\(route) holds \(address), which is peer \(peer)'s",
                "name only what is behind the peer; an address belongs to one peer")
        case .peerAndLAN(let address, let lan):
            FaultText(
                "\(address) is in the LAN's \(lan)", "take an address of another network, or reply-path \"proxy-arp\"")
        }
    }

    private static let onlyBehind = "name only what is behind the peer; two sites need different networks"
}

extension AddressObstacle {
    /// `take one from 192.168.2.1 to 192.168.2.254`
    static func range(of network: IPPrefix) -> String {
        let isSmall = network.length >= network.address.bitWidth - 1
        let first = isSmall ? network.address : network.address.neighbour(1)
        let last = isSmall || network.isV6 ? network.last : network.last.neighbour(-1)
        return first == last ? "there is only \(first)" : "take one from \(first) to \(last)"
    }
}

extension IPAddress {
    /// So many addresses after it, round the end.
    func neighbour(_ step: Int) -> IPAddress {
        switch self {
        case .v4(let a): .v4(IPv4Address(rawValue: a.rawValue &+ UInt32(truncatingIfNeeded: step)))
        case .v6(let a): .v6(IPv6Address(rawValue: a.rawValue &+ UInt128(truncatingIfNeeded: step)))
        }
    }
}
