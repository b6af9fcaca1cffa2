/// Addresses, named by networks. A look-up is a binary search.
public struct IPPrefixSet: Equatable, Sendable {
    /// Sorted; none lies in another.
    public let prefixes: [IPPrefix]

    /// The addresses of all the networks; they may overlap.
    public init(_ prefixes: some Sequence<IPPrefix>) { self.prefixes = Array(prefixes).disjoint() }

    /// Whether it has no address.
    public var isEmpty: Bool { prefixes.isEmpty }

    /// Whether the address is one of them.
    public func contains(_ address: IPAddress) -> Bool { overlaps(IPPrefix(host: address)) }

    /// Whether all of the network lies in one of the networks.
    public func contains(_ prefix: IPPrefix) -> Bool { overlapping(prefix).first?.contains(prefix) == true }

    /// Whether an address of the network is one of them.
    public func overlaps(_ prefix: IPPrefix) -> Bool { !overlapping(prefix).isEmpty }

    /// The network without these addresses, as networks; sorted and disjoint.
    public func subtracted(from prefix: IPPrefix) -> [IPPrefix] { prefix.subtracting(overlapping(prefix)) }

    /// What of the network is among these addresses, as networks; sorted and disjoint.
    public func intersection(_ prefix: IPPrefix) -> [IPPrefix] {
        overlapping(prefix).map { $0.contains(prefix) ? prefix : $0 }
    }

    /// Those of the networks that share addresses with this one.
    private func overlapping(_ prefix: IPPrefix) -> ArraySlice<IPPrefix> {
        var (low, high) = (0, prefixes.count)
        while low < high {
            let middle = (low + high) / 2
            if prefixes[middle].last < prefix.address { low = middle + 1 } else { high = middle }
        }
        return prefixes[low...].prefix { $0.overlaps(prefix) }
    }
}

extension [IPPrefix] {
    /// The same addresses without networks that lie in others; sorted. An interval set of the kernel's must not overlap.
    public func disjoint() -> [IPPrefix] {
        var all: [IPPrefix] = []
        for network in sorted() where all.last?.contains(network) != true { all.append(network) }
        return all
    }
}

extension IPPrefix {
    /// What is left of this network without `holes`; sorted and disjoint. At most a network for each bit of each hole's length.
    public func subtracting(_ holes: some Collection<IPPrefix>) -> [IPPrefix] {
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
}
