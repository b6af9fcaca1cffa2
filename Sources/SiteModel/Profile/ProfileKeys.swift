import NetTypes

/// The keys of each table of a profile: what the parser takes, and all that it takes. wggw-profile(5) tells of each.
enum ProfileKeys {
    /// The tables themselves.
    static let top = ["site", "lan", "tunnel", "egress", "dns", "log", "disguise", "groups", "peers", "check"]
    static let site = ["name", "endpoint", "other-forwarding", "drift"]
    static let otherForwarding = ["ipv4", "ipv6"]
    static let lan = ["interface", "subnets", "reply-path"]
    static let tunnel = ["interface", "addresses", "listen-port", "mtu", "datapath", "fwmark", "public-key"]
    static let egress = ["interface", "full-tunnel"]
    static let dns = ["servers"]
    static let log = ["denied"]
    static let disguise = ["awg"]
    /// Of `[disguise.awg]`.
    static let awg = AWGName.allCases.map(\.profileKey)
    /// Of `[groups.NAME]`.
    static let group = ["allow"]
    /// Of `[peers.NAME]`.
    static let peer = [
        "addresses", "public-key", "preshared-key", "full-tunnel", "group", "allow", "routes", "endpoint", "keepalive",
        "disguise",
    ]
    /// Of each `[[check]]`.
    static let check = ["from", "to", "expect"]
}
