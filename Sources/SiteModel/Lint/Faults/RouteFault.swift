import NetTypes

/// What is wrong with how packets come to a peer: the endpoint, the routes to it, their size.
enum RouteFault: Fault {
    /// Peers dial this file, and the port that they find changes with each start.
    case noListenPort
    /// The side that dials does not keep a NAT's mapping alive.
    case noKeepalive(Endpoint)
    /// An IPv6 address with a port behind it and no brackets.
    case bareIPv6(Endpoint)
    /// The route to the endpoint leads into the tunnel.
    case swallowsEndpoint(IPPrefix, Endpoint)
    /// All of IPv4 or IPv6 in pieces, which is no default route to wg-quick; some endpoint is in it.
    case pieces(IPPrefix, Endpoint)
    /// Everything, or a large part, goes to a peer that dials in.
    case everythingToDialer(IPPrefix)
    case noRoutes
    case noWayToDNS(IPAddress)
    /// `most`: what fits into packets of 1500 bytes.
    case mtuTooLarge(Int, most: Int)
    case mtuTooSmall(Int)

    var facts: FaultFacts {
        switch self {
        case .noListenPort:
            FaultFacts(
                "no-listen-port", .error,
                "no ListenPort, so the system takes another port at each start, and a peer without Endpoint cannot find it",
                "write the port that peers dial, like ListenPort = 51820, or the Endpoint of the peer that this side dials"
            )
        case .noKeepalive(let endpoint):
            FaultFacts(
                "no-keepalive", .hint,
                "no PersistentKeepalive: this side dials \(endpoint), and behind NAT it is not reached once it has been silent for a while",
                "write PersistentKeepalive = 25 here, on the side that dials")
        case .bareIPv6(let endpoint):
            FaultFacts(
                "bare-ipv6", .hint,
                "Endpoint: an IPv6 address without brackets; wg takes what stands behind the last colon for the port, others do not",
                "write \(endpoint)")
        case .swallowsEndpoint(let network, let endpoint):
            FaultFacts(
                "swallows-endpoint", .error,
                "AllowedIPs \(network): holds the peer's own endpoint \(endpoint), so the tunnel goes into itself",
                network.length == 0
                    ? "leave Table out, so that wg-quick keeps the endpoint out of it"
                    : "leave the endpoint's address out of the networks; wg-quick does so by itself for \(network.isV6 ? "::/0" : "0.0.0.0/0") alone"
            )
        case .pieces(let network, let endpoint):
            FaultFacts(
                "swallows-endpoint-in-pieces", .error,
                "AllowedIPs \(network): with the other pieces it holds every address, that of \(endpoint) too, so the tunnel goes into itself",
                "write \(network.isV6 ? "::/0" : "0.0.0.0/0"), of which wg-quick keeps the endpoint out")
        case .everythingToDialer(let network):
            FaultFacts(
                "default-route-to-dialer", .error,
                "AllowedIPs \(network): sends what this machine itself sends to the Internet to a peer that dials in",
                "write what is behind the peer, like 10.8.0.2/32; its way out is in its own file")
        case .noRoutes:
            FaultFacts(
                "no-routes", .hint,
                "Table = off: wg-quick sets no routes, and no command here does",
                "leave it out, or set the routes in PostUp")
        case .noWayToDNS(let server):
            FaultFacts(
                "no-way-to-dns", .hint,
                "DNS \(server): is a private address outside AllowedIPs, so no name is found unless the network outside has it",
                "add \(IPPrefix(host: server)) to the AllowedIPs of the peer that it is behind")
        case .mtuTooLarge(let mtu, let most):
            FaultFacts(
                "mtu-too-large", .hint,
                "MTU \(mtu): with WireGuard around it a packet is \(mtu + 1500 - most) bytes long, and most paths take 1500",
                "write \(most)" + (mtu <= 1440 ? "; 1440 is for IPv4 alone" : ", unless the whole path takes that"))
        case .mtuTooSmall(let mtu):
            FaultFacts(
                "mtu-too-small", .error, "MTU \(mtu): there is no IPv6 below 1280",
                "write 1280 or more, 1420 on most paths")
        }
    }
}
