import NetTypes

/// The keys of a profile's tables, beside those of `Site.tables`: what the parser takes, and all that it takes. wggw-profile(5) tells of
/// each.
enum ProfileKeys {
    /// The tables themselves.
    static let top = Site.tables.map(\.name) + Site.ownTables.map(\.key)
    static let otherForwarding = ["ipv4", "ipv6"]
    /// Of `[disguise.NAME]`.
    static let awg = AWGName.allCases.map(\.profileKey)
    /// Of `[groups.NAME]`.
    static let group = ["allow"]
    /// Of `[peers.NAME]`.
    static let peer = Peer.fields.map(\.key)
    /// Of each `[[check]]`.
    static let check = ["from", "to", "expect"]
}
