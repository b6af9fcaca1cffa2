internal import NetTypes
internal import SiteModel

/// The tunnel addresses that are still free: first those that nobody ever had, lowest first, then those that were freed the
/// longest time ago. Who still knows an address, a server or a connection, means whoever had it.
///
/// With proxy-arp the peers' IPv4 addresses are the LAN's, highest first: routers count their DHCP leases up from below.
struct AddressPool {
    private let site: Site
    private var used: Set<IPAddress>
    private let freed: [IPAddress: Int]
    /// The rank of what comes next in each network: nothing before it is fresh, so that 10,000 are taken in one pass.
    private var next: [IPPrefix: UInt128] = [:]
    /// Where no address is fresh any more, the others; the last comes first.
    private var reusable: [IPPrefix: [IPAddress]] = [:]

    /// `freed` are addresses that peers had, by the last revision in which they had them; some may be in use again.
    init(_ site: Site, freed: [IPAddress: Int]) {
        self.site = site
        self.freed = freed
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

    /// The next free address of each family, which are used from now on. Throws `.drafting` when a subnet is full.
    mutating func take() throws(GatewayError) -> [IPAddress] {
        var taken: [IPAddress] = []
        for (network, fromTop) in networks {
            let order = AddressOrder(network, fromTop: fromTop)
            guard let address = fresh(in: network, order) ?? longestFree(in: network, order) else {
                throw .drafting(.noFreeAddress(in: network))
            }
            used.insert(address)
            taken.append(address)
        }
        return taken
    }

    /// The addresses that a peer had, if the pool would still give their kind and nobody else has them; else new ones.
    mutating func takeAgain(_ addresses: [IPAddress]) throws(GatewayError) -> [IPAddress] {
        let networks = networks.map(\.network)
        let areFree = addresses.allSatisfy { own in !used.contains(own) && networks.contains { $0.contains(own) } }
        guard !addresses.isEmpty, areFree else { return try take() }
        used.formUnion(addresses)
        return addresses
    }

    /// One that nobody ever had.
    private mutating func fresh(in network: IPPrefix, _ order: AddressOrder) -> IPAddress? {
        if reusable[network] != nil { return nil }
        var rank = next[network] ?? 0
        while rank <= order.last {
            let address = order.address(rank)
            if !used.contains(address), freed[address] == nil {
                next[network] = rank
                return address
            }
            rank += 1
        }
        let others = freed.compactMap { address, revision in order.rank(address).map { (revision: revision, rank: $0) }
        }
        reusable[network] = others.sorted { $0 > $1 }.map { order.address($0.rank) }
        return nil
    }

    /// The one that was freed first.
    private mutating func longestFree(in network: IPPrefix, _ order: AddressOrder) -> IPAddress? {
        while let address = reusable[network]?.popLast() {
            if !used.contains(address) { return address }
        }
        return nil
    }
}

/// The addresses of a network that peers can have, by how many come before each.
private struct AddressOrder {
    private let isV6: Bool
    private let low: UInt128
    private let high: UInt128
    private let isDescending: Bool

    init(_ network: IPPrefix, fromTop: Bool) {
        let (first, last) = (Self.number(network.address), Self.number(network.last))
        isV6 = network.isV6
        isDescending = fromTop
        // Neither a network's first address nor IPv4's broadcast address; the smallest networks have neither (RFC 3021).
        let hasEdges = network.address.bitWidth - network.length > 1
        low = hasEdges ? first + 1 : first
        let top = hasEdges && !isV6 ? last - 1 : last
        // .254 and its neighbours are where routers like to be.
        high = fromTop && top - low > 16 ? top - 4 : top
    }

    var last: UInt128 { high - low }

    func address(_ rank: UInt128) -> IPAddress {
        let number = isDescending ? high - rank : low + rank
        return isV6 ? .v6(IPv6Address(rawValue: number)) : .v4(IPv4Address(rawValue: UInt32(number)))
    }

    /// nil where it is none of them.
    func rank(_ address: IPAddress) -> UInt128? {
        let number = Self.number(address)
        guard address.isV6 == isV6, (low...high).contains(number) else { return nil }
        return isDescending ? high - number : number - low
    }

    private static func number(_ address: IPAddress) -> UInt128 {
        switch address {
        case .v4(let a): UInt128(a.rawValue)
        case .v6(let a): a.rawValue
        }
    }
}
