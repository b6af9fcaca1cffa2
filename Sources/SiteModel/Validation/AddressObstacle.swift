public import NetTypes

/// Why nobody can have a network, or a host an address.
public enum AddressObstacle: Hashable, Sendable, CustomStringConvertible {
    case wholeInternet
    /// RFC 6890.
    case reserved, loopback, multicast, linkLocal
    /// The first address of an IPv4 network.
    case networkAddress(IPPrefix)
    /// The last.
    case broadcast(IPPrefix)
    /// The first of an IPv6 network: its routers' (RFC 4291 2.6.1).
    case anycast(IPPrefix)

    private static let special: [(network: IPPrefix, obstacle: AddressObstacle)] = [
        ("0.0.0.0/8", .reserved), ("127.0.0.0/8", .loopback), ("224.0.0.0/3", .multicast), ("::/127", .loopback),
        ("ff00::/8", .multicast), ("fe80::/10", .linkLocal),
    ].map { (IPPrefix($0)!, $1) }

    /// Why nobody can have this network; nil if somebody can.
    init?(ofNetwork network: IPPrefix) {
        if network.length == 0 {
            self = .wholeInternet
        } else {
            guard let special = Self.special.first(where: { $0.network.contains(network) }) else { return nil }
            self = special.obstacle
        }
    }

    /// Why a host in `network` cannot have `address`; nil if it can. RFC 3021: a /31 has neither a first nor a last.
    init?(of address: IPAddress, in network: IPPrefix) {
        guard network.contains(address), network.length < network.address.bitWidth - 1 else { return nil }
        if address == network.address {
            self = network.isV6 ? .anycast(network) : .networkAddress(network)
        } else if !network.isV6 && address == network.last {
            self = .broadcast(network)
        } else {
            return nil
        }
    }

    /// `is the network address of 192.168.2.0/24`
    public var description: String {
        switch self {
        case .wholeInternet: "is the whole Internet"
        case .reserved: "is reserved"
        case .loopback: "is loopback"
        case .multicast: "is multicast"
        case .linkLocal: "is link-local"
        case .networkAddress(let network): "is the network address of \(network)"
        case .broadcast(let network): "is the broadcast address of \(network)"
        case .anycast(let network): "is the routers' anycast address of \(network)"
        }
    }
}
