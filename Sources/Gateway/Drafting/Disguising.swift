import Storage
public import NetTypes
public import SiteModel

extension ControlPlane {
    /// Gives the site parameters of a disguise, drawn for it alone. Which peers come in by it they say themselves.
    ///
    /// One that is there already is refused unless `anew`: with it, each disguised peer needs its file anew.
    public func disguise(
        for version: AWGVersion, like likeness: Likeness, anew: Bool, why: String?
    ) throws(GatewayError) -> Draft {
        try locked {
            let previous = try newest()
            var site = previous.site
            if site.tunnel.disguise != nil && !anew { throw GatewayError.drafting(.disguiseIsThere) }
            // A key that is there would be kept for `auto`.
            var keys = SiteKeys(revisions: revisions, random: random)
            var numbers = SecureNumbers(random)
            var drawn = Disguise.drawn(for: version, like: likeness, using: &numbers)
            if drawn.headerProtectionKey == .auto {
                drawn.headerProtectionKey = try keys.seal(PresharedKey { random($0) })
            }
            site.tunnel.disguise = drawn
            return try record(site, after: previous, keys: keys, why: why ?? "disguise on")
        }
    }

    /// Takes the disguise away, from peers as well. Returns who needs another file, by name.
    public func undisguise(why: String?) throws(GatewayError) -> (draft: Draft, changed: [String]) {
        try locked {
            let previous = try newest()
            var site = previous.site
            let changed = site.peers.filter { $0.disguise != .none }.map(\.name)
            site.tunnel.disguise = nil
            for i in site.peers.indices { site.peers[i].disguise = .none }
            return (try record(site, after: previous, why: why ?? "disguise off"), changed)
        }
    }
}

/// Random numbers from the source of keys.
private struct SecureNumbers: RandomNumberGenerator {
    private let source: RandomSource

    init(_ source: @escaping RandomSource) { self.source = source }

    mutating func next() -> UInt64 {
        var number: UInt64 = 0
        withUnsafeMutableBytes(of: &number) { source($0) }
        return number
    }
}
