import NetTypes

/// What is wrong with the addresses of a file and the networks of its peers.
enum AddressFault: Fault {
    /// An address that nobody can have.
    case unusable(setting: String, InterfaceAddress, AddressObstacle)
    /// A section of a peer that has one already.
    case samePeer(line: Int)
    case noAllowedIPs
    /// A network that another peer, at that line, had before.
    case taken(IPPrefix, line: Int)
    /// A network in which another peer, at that line, has a narrower one.
    case holdsOther(IPPrefix, IPPrefix, line: Int)
    /// A network that is written like an address with a mask; `tunnel`: it takes addresses of this network of the tunnel.
    case hostBits(InterfaceAddress, tunnel: IPPrefix?)
    /// A peer with the file's own address.
    case own(IPAddress)
    /// A network that many homes have as well.
    case commonNetwork(IPPrefix)

    var facts: FaultFacts {
        switch self {
        case .unusable(let setting, let address, let obstacle):
            FaultFacts(
                "unusable-address", obstacle.isOfWholeNetwork ? .hint : .error, "\(setting) \(address): \(obstacle)",
                obstacle.remedy)
        case .samePeer(let line):
            FaultFacts(
                "same-peer", .error,
                "[Peer]: is the one at line \(line) by its PublicKey, which loses its AllowedIPs to this section",
                "write one section with all of its AllowedIPs, or give each device a key pair")
        case .noAllowedIPs:
            FaultFacts(
                "no-allowed-ips", .error,
                "a [Peer] without AllowedIPs: nothing of it is let in, and nothing goes there",
                "write its addresses, like 10.8.0.2/32")
        case .taken(let network, let line):
            FaultFacts(
                "taken-allowed-ip", .error,
                "AllowedIPs \(network): the peer at line \(line) has it too, and loses it to this one",
                "give each peer addresses of its own")
        case .holdsOther(let wide, let narrow, let line):
            FaultFacts(
                "overlapping-allowed-ips", .hint,
                "AllowedIPs \(wide): holds \(narrow) of the peer at line \(line), which keeps that",
                "name only what is behind this peer")
        case .hostBits(let written, let tunnel):
            FaultFacts(
                "host-bits", tunnel == nil ? .hint : .error,
                "AllowedIPs \(written): means \(written.network) to wg"
                    + (tunnel.map { ", and takes addresses of the tunnel's \($0)" } ?? ""),
                "write \(IPPrefix(host: written.address)) for the one address"
                    + (tunnel == nil ? ", \(written.network) for the network" : ""))
        case .own(let address):
            FaultFacts(
                "own-address", .error, "AllowedIPs \(address): is this file's own address", "give the peer another one")
        case .commonNetwork(let network):
            FaultFacts(
                "common-network", .hint,
                "AllowedIPs \(network): many homes have this network, too, and from one of them nothing in it is reached through the tunnel",
                "give the LAN behind the tunnel a rarer one, like 10.83.27.0/24")
        }
    }
}

extension AddressObstacle {
    /// Linux and wg-quick take a network's own address, and much-used pages hand it out.
    fileprivate var isOfWholeNetwork: Bool {
        switch self {
        case .networkAddress, .anycast: true
        default: false
        }
    }

    fileprivate var remedy: String {
        switch self {
        case .networkAddress(let network), .broadcast(let network), .anycast(let network):
            Self.range(of: network)
        case .wholeInternet, .reserved, .loopback, .multicast, .linkLocal: "take a private address, like 10.8.0.1/24"
        }
    }
}
