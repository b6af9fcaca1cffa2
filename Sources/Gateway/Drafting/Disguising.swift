import Storage
public import NetTypes
public import SiteModel

extension ControlPlane {
    /// Gives the site parameters of a disguise, drawn for it alone. Which peers come in by it they say themselves.
    ///
    /// One of that name that is there already is refused unless `anew`: with it, each of its peers needs its file anew.
    public func disguise(
        as name: DisguiseChoice = .awg, for version: AWGVersion, like likeness: Likeness, anew: Bool, why: String?
    ) throws(GatewayError) -> Draft {
        try draft(why: why ?? "disguise on") { site, keys in
            if site.tunnel[disguise: name] != nil && !anew { throw GatewayError.drafting(.disguiseIsThere(name)) }
            var numbers = SecureNumbers(source: random)
            var drawn = Disguise.drawn(for: version, like: likeness, using: &numbers)
            // A key that is there would be kept for `auto`.
            if drawn.headerProtectionKey == .auto {
                drawn.headerProtectionKey = try keys.seal(PresharedKey { random($0) })
            }
            site.tunnel[disguise: name] = drawn
        }
    }

    /// Takes a disguise away, or all, from peers as well. Returns who needs another file, by name.
    public func undisguise(_ name: DisguiseChoice? = nil, why: String?) throws(GatewayError) -> (
        draft: Draft, changed: [String]
    ) {
        var changed: [String] = []
        let made = try draft(why: why ?? "disguise off") { site, _ in
            for i in site.peers.indices
            where site.peers[i].disguise != .none && name ?? site.peers[i].disguise == site.peers[i].disguise {
                changed.append(site.peers[i].name)
                site.peers[i].disguise = .none
            }
            if let name {
                site.tunnel[disguise: name] = nil
            } else {
                (site.tunnel.disguise, site.tunnel.moreDisguises) = (nil, [:])
            }
        }
        return (made, changed)
    }
}

/// Random numbers from the source of keys.
private struct SecureNumbers: RandomNumberGenerator {
    let source: RandomSource

    mutating func next() -> UInt64 {
        var number: UInt64 = 0
        withUnsafeMutableBytes(of: &number) { source($0) }
        return number
    }
}
