import NetTypes

/// Peers that may come in for a while. Whether a peer's time is over is nothing that a profile tells: it is of the `Surroundings` that
/// a site meets, seen when an apply is planned.
extension Site {
    /// Those whose time is over at a moment, by name, sorted. Seconds since 1970.
    public func expired(at now: Int64) -> [String] {
        peers.lazy.filter { $0.expires.map { $0.seconds <= now } ?? false }.map(\.name)
    }

    /// When the next one's is: until then `expired(at:)` stays as it is. Nil: for ever.
    public func nextExpiry(after now: Int64) -> Int64? {
        peers.lazy.compactMap { $0.expires?.seconds }.filter { $0 > now }.min()
    }

    /// The site as it counts: without the peers whose time was over, with the box's own addresses as they are, and without the tunnel's
    /// IPv6 where the box has none.
    public func active(in surroundings: Surroundings) -> Site {
        var site = self
        if !surroundings.expired.isEmpty {
            let expired = Set(surroundings.expired)
            site.peers.removeAll { expired.contains($0.name) }
        }
        for own in surroundings.own {
            for i in site.tunnel.addresses.indices where site.tunnel.addresses[i].address == own.written {
                site.tunnel.addresses[i] = InterfaceAddress(own.now, length: site.tunnel.addresses[i].length)
            }
        }
        if !surroundings.hasIPv6 {
            site.tunnel.addresses.removeAll(where: \.address.isV6)
            for i in site.peers.indices {
                site.peers[i].addresses.removeAll(where: \.isV6)
                site.peers[i].routes.removeAll(where: \.isV6)
            }
        }
        return site
    }
}
