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

    /// The site as it counts: without the peers whose time was over.
    public func active(in surroundings: Surroundings) -> Site {
        if surroundings.expired.isEmpty { return self }
        let expired = Set(surroundings.expired)
        var site = self
        site.peers.removeAll { expired.contains($0.name) }
        return site
    }
}
