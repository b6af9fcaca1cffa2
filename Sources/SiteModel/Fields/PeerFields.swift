public import NetTypes

extension Peer {
    /// What is said of a peer beside its name, in a profile's order.
    public static let fields: [Field<Peer>] = [
        ValueField(
            "addresses", .peerAddresses, get: { $0.addresses },
            set: { ($0.addresses, $0.isUnnumbered) = ($1?.ordered() ?? [], $1?.isEmpty == true) },
            goesWithoutSaying: { $0.addresses.isEmpty && !$0.isUnnumbered }, clear: "auto"),
        ValueField(
            "public-key", .value(PublicKey.self).stored(.publicKeyBytes), get: { $0.publicKey },
            set: { $0.publicKey = $1 },
            clear: "auto"),
        // Behind the public key, on which it depends what goes without saying.
        ValueField(
            "preshared-key", .presharedKey, get: { $0.presharedKey },
            set: { $0.presharedKey = $1 ?? $0.usualPresharedKey },
            goesWithoutSaying: { $0.presharedKey == $0.usualPresharedKey }),
        ValueField("full-tunnel", .boolean, get: { $0.fullTunnel }, set: { $0.fullTunnel = $1 }),
        ValueField(
            "group", .text, column: "group_name", get: { $0.group }, set: { $0.group = $1 }, clear: "none",
            // A peer has its group's policy or its own: who names the one with an option takes the other away.
            edit: { ($0.group, $0.policy) = ($1, $1 == nil ? $0.policy : nil) }),
        ValueField(
            "allow", .list(of: AccessRule.self), get: { $0.policy?.allow },
            set: { $0.policy = $1.map { Policy(allow: $0) } },
            clear: "any", edit: { ($0.policy, $0.group) = ($1.map { Policy(allow: $0) }, $1 == nil ? $0.group : nil) }),
        ValueField(
            "routes", .list(of: IPPrefix.self), get: { $0.routes.isEmpty ? nil : $0.routes },
            set: { $0.routes = $1?.ordered() ?? [] },
            clear: "none"),
        ValueField("endpoint", .value(Endpoint.self), get: { $0.endpoint }, set: { $0.endpoint = $1 }, clear: "none"),
        ValueField("keepalive", .number(0...65535), get: { $0.keepalive }, set: { $0.keepalive = $1 }, clear: "0"),
        ValueField(
            "disguise", .value(DisguiseChoice.self), get: { $0.disguise == .none ? nil : $0.disguise },
            set: { $0.disguise = $1 ?? .none }),
        ValueField("expires", .value(UTCTime.self), get: { $0.expires }, set: { $0.expires = $1 }, clear: "never"),
    ]

    /// Where a store keeps them.
    public static let columns = fields.flatMap(\.columns)

    /// One of its addresses in a profile; its length may stand behind it.
    static func address(parsing text: String) throws(ParseError) -> IPAddress {
        let parsed = try InterfaceAddress(parsing: text)
        guard parsed.length == parsed.address.bitWidth else {
            throw ParseError(text, .noSingleAddress(parsed.address))
        }
        return parsed.address
    }

    /// Addresses out of their column; nil if they make no sense.
    public static func addresses(stored bytes: UnsafeRawBufferPointer) -> [IPAddress]? {
        var result: [IPAddress] = []
        var rest = bytes[...]
        while let family = rest.popFirst() {
            let octets = UnsafeRawBufferPointer(rebasing: rest.prefix(family == 6 ? 16 : 4))
            guard let address = IPAddress(octets: octets), address.isV6 == (family == 6) else { return nil }
            result.append(address)
            rest = rest.dropFirst(octets.count)
        }
        return result
    }
}
