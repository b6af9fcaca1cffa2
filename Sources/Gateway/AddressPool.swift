internal import NetTypes
internal import SiteModel

/// The tunnel addresses that are still free, lowest first.
///
/// With proxy-arp the peers' IPv4 addresses are the LAN's, highest first: routers count their DHCP leases up from below.
struct AddressPool {
    private var used: Set<IPAddress>
    /// What was taken last from each network: nothing before it is free, so that 10,000 are taken in one pass.
    private var latest: [IPPrefix: IPAddress] = [:]
    private let site: Site

    init(_ site: Site) {
        self.site = site
        used = Set(minimumCapacity: 2 * site.peers.count + 2)
        for own in site.tunnel.addresses { used.insert(own.address) }
        for peer in site.peers { used.formUnion(peer.addresses) }
    }

    /// The networks that a peer gets an address from: one per family that the tunnel has.
    private var networks: [(network: IPPrefix, fromTop: Bool)] {
        var networks: [(IPPrefix, Bool)] = []
        for isV6 in [false, true] {
            let lan = site.lan.subnets.first { $0.isV6 == isV6 }
            let tunnel = site.tunnel.addresses.first { $0.address.isV6 == isV6 }?.network
            if site.lan.replyPath == .proxyARP, let lan {
                networks.append((lan, !isV6))
            } else if let tunnel {
                networks.append((tunnel, false))
            }
        }
        return networks
    }

    /// The next free address of each family, which are used from now on. Throws `.refused` when a subnet is full.
    mutating func take() throws(GatewayError) -> [IPAddress] {
        var taken: [IPAddress] = []
        for (network, fromTop) in networks {
            guard let address = free(in: network, fromTop: fromTop) else {
                throw .refused(
                    "every address of \(network) is taken; widen the tunnel's subnet with `wggw profile edit`, "
                        + "or give the peer an address with --address")
            }
            used.insert(address)
            latest[network] = address
            taken.append(address)
        }
        return taken
    }

    /// Whether an address lies in the pool's networks and nobody has it.
    func isFree(_ address: IPAddress) -> Bool {
        !used.contains(address) && networks.contains { $0.network.contains(address) }
    }

    /// The address is taken from now on.
    mutating func use(_ address: IPAddress) { used.insert(address) }

    private func free(in network: IPPrefix, fromTop: Bool) -> IPAddress? {
        switch (network.address, network.last) {
        case (.v4(let first), .v4(let last)):
            // Neither the network nor the broadcast address; a /31 and a /32 have neither (RFC 3021).
            let margin: UInt32 = network.length < 31 ? 1 : 0
            let low = first.rawValue + margin
            let high = last.rawValue - margin
            // .254 and its neighbours are where routers like to be.
            let top = fromTop && high - low > 16 ? high - 4 : high
            var start = fromTop ? top : low
            if case .v4(let address)? = latest[network] { start = address.rawValue }
            let candidates = stride(from: Int(start), through: Int(fromTop ? low : high), by: fromTop ? -1 : 1)
            for value in candidates {
                let address = IPAddress.v4(IPv4Address(rawValue: UInt32(value)))
                if !used.contains(address) { return address }
            }
            return nil
        case (.v6(let first), .v6(let last)):
            var value = first.rawValue + (network.length < 127 ? 1 : 0)
            if case .v6(let address)? = latest[network] { value = address.rawValue }
            while used.contains(.v6(IPv6Address(rawValue: value))) {
                if value == last.rawValue { return nil }
                value += 1
            }
            return .v6(IPv6Address(rawValue: value))
        default: return nil
        }
    }
}
