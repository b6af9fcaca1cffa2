import NetTypes

extension [IPPrefix] {
    /// The same addresses without networks that lie in others; sorted. An interval set of the kernel's must not overlap.
    func disjoint() -> [IPPrefix] {
        var all: [IPPrefix] = []
        for network in sorted() where all.last?.contains(network) != true { all.append(network) }
        return all
    }

    /// Whether one of these, sorted and disjoint, holds all of `network`.
    func hold(_ network: IPPrefix) -> Bool {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].address <= network.address { low = middle + 1 } else { high = middle }
        }
        return low > 0 && self[low - 1].contains(network)
    }
}

extension IPPrefix {
    /// What is left of this network without `holes`; sorted and disjoint. At most a network for each bit of each hole's length.
    func subtracting(_ holes: [IPPrefix]) -> [IPPrefix] {
        let inside = holes.filter(overlaps)
        if inside.isEmpty { return [self] }
        if inside.contains(where: { $0.contains(self) }) { return [] }
        return halves.flatMap { $0.subtracting(inside) }
    }

    /// The two networks that this one, which is no host, consists of.
    private var halves: [IPPrefix] {
        let second: IPAddress =
            switch address {
            case .v4(let a): .v4(IPv4Address(rawValue: a.rawValue | 1 << UInt32(31 - length)))
            case .v6(let a): .v6(IPv6Address(rawValue: a.rawValue | 1 << UInt128(127 - length)))
            }
        return [address, second].map { IPPrefix(masking: $0, length: length + 1) }
    }

    /// The IPv6 network by which a translator reaches this IPv4 network (NAT64, well-known prefix 64:ff9b::/96, RFC 6052 2.1);
    /// nil for IPv6.
    var translated: IPPrefix? {
        guard case .v4(let a) = address else { return nil }
        let wellKnown = UInt128(0x64_ff9b) << 96
        return IPPrefix(masking: .v6(IPv6Address(rawValue: wellKnown | UInt128(a.rawValue))), length: 96 + length)
    }
}
