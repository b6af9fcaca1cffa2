import NetTypes

/// A table of a profile, `[lan]`, and its keys in their order.
struct FieldTable: Sendable {
    let name: String
    let fields: [Field<Site>]
}

extension Site {
    /// A profile's tables of single values, in their order. One of which nothing is to be said is not written.
    static let tables = [
        FieldTable(
            name: "site",
            fields: [
                ValueField("name", .text, get: { $0.name }, set: { $0.name = $1 ?? "home" }), endpointField,
                otherForwardingField,
                ValueField(
                    "drift", .choice, note: "repair | report", get: { $0.drift }, set: { $0.drift = $1 ?? .repair },
                    goesWithoutSaying: { $0.drift == .repair }),
            ]),
        FieldTable(
            name: "lan",
            fields: [
                ValueField(
                    "interface", .text, column: "lan_interface", get: { $0.lan.interface },
                    set: { $0.lan.interface = $1 }),
                ValueField(
                    "subnets", .list(of: IPPrefix.self), column: "lan_subnets", get: { $0.lan.subnets },
                    set: { $0.lan.subnets = $1?.sorted() ?? [] }),
                ValueField(
                    "reply-path", .choice, note: "masquerade | proxy-arp | routed", get: { $0.lan.replyPath },
                    set: { $0.lan.replyPath = $1 ?? .masquerade }),
            ]),
        FieldTable(
            name: "tunnel",
            fields: [
                ValueField(
                    "interface", .text, column: "tunnel_interface", get: { $0.tunnel.interface },
                    set: { $0.tunnel.interface = $1 ?? "wg0" }),
                ValueField(
                    "addresses", .list(of: InterfaceAddress.self), column: "tunnel_addresses",
                    get: { $0.tunnel.addresses },
                    set: { $0.tunnel.addresses = $1?.sorted() ?? [] }),
                ValueField(
                    "listen-port", .number(1...65535), get: { $0.tunnel.listenPort },
                    set: { $0.tunnel.listenPort = $1 ?? 51820 }, goesWithoutSaying: { !$0.tunnel.otherPorts.isEmpty }),
                listenPortsField,
                ValueField("mtu", .number(576...65456), get: { $0.tunnel.mtu }, set: { $0.tunnel.mtu = $1 }),
                ValueField(
                    "datapath", .choice, note: "auto | kernel | userspace", get: { $0.tunnel.datapath },
                    set: { $0.tunnel.datapath = $1 ?? .auto }),
                ValueField(
                    "fwmark", .number(0...0xffff_ffff, isHex: true), get: { $0.tunnel.fwmark },
                    set: { $0.tunnel.fwmark = $1 ?? 0 }, goesWithoutSaying: { $0.tunnel.fwmark == 0 }),
                ValueField(
                    "public-key", .value(PublicKey.self), get: { $0.tunnel.publicKey },
                    set: { $0.tunnel.publicKey = $1 }),
            ]),
        FieldTable(
            name: "egress",
            fields: [
                ValueField(
                    "interface", .text, column: "egress_interface", get: { $0.egress.interface },
                    set: { $0.egress.interface = $1 }),
                ValueField(
                    "full-tunnel", .boolean, note: "the default for peers", get: { $0.egress.fullTunnel },
                    set: { $0.egress.fullTunnel = $1 ?? false }),
            ]),
        FieldTable(
            name: "dns",
            fields: [
                ValueField(
                    "servers", .list(of: IPAddress.self), column: "dns", get: { $0.dns }, set: { $0.dns = $1 ?? [] },
                    goesWithoutSaying: { $0.dns.isEmpty })
            ]),
        FieldTable(
            name: "log",
            fields: [
                ValueField(
                    "denied", .boolean, column: "keeps_denied", get: { $0.keepsDenied },
                    set: { $0.keepsDenied = $1 ?? false }, goesWithoutSaying: { !$0.keepsDenied })
            ]),
    ]

    /// A profile's tables whose names or number are the user's, or whose keys are another list's; behind the others.
    static let ownTables: [Field<Site>] = [
        OwnField(
            "disguise",
            columns: [
                FieldColumn(
                    "disguise", .text(write: DisguiseText.write, read: DisguiseText.read),
                    get: { $0.tunnel.disguise }, set: { $0.tunnel.disguise = $1 }),
                FieldColumn(
                    "more_disguises", .text(write: DisguiseText.writeSeveral, read: DisguiseText.readSeveral),
                    get: { $0.tunnel.moreDisguises.isEmpty ? nil : $0.tunnel.moreDisguises },
                    set: { $0.tunnel.moreDisguises = $1 ?? [:] }),
            ],
            read: { reader, top, site in
                for (name, disguise) in reader.disguises(top) {
                    if name == DisguiseChoice.awg.name {
                        site.tunnel.disguise = disguise
                    } else {
                        site.tunnel.moreDisguises[name] = disguise
                    }
                }
            },
            write: { site, writer in
                for (name, disguise) in site.tunnel.disguises { writer.disguise(name, disguise) }
            }),
        OwnField(
            "groups",
            columns: [
                FieldColumn(
                    "groups", .text(write: GroupText.write, read: GroupText.read), get: { $0.groups },
                    set: { $0.groups = $1 ?? [:] })
            ],
            read: { reader, top, site in site.groups = reader.groups(top) },
            write: { site, writer in writer.groups(site.groups) }),
        // In rows of their own.
        OwnField(
            "peers", columns: [], read: { reader, top, site in site.peers = reader.peers(top).ordered { $0.name } },
            write: { site, writer in for peer in site.peers { writer.peer(peer) } }),
        OwnField(
            "check",
            columns: [
                FieldColumn(
                    "checks", .text(write: CheckText.write, read: CheckText.read),
                    get: { $0.checks.isEmpty ? nil : $0.checks }, set: { $0.checks = $1 ?? [] })
            ],
            read: { reader, top, site in site.checks = reader.checks(top) },
            write: { site, writer in writer.sections += site.checks.map(\.profileSection) }),
    ]

    /// Where a store keeps all of a site but its peers.
    public static let columns = (tables.flatMap(\.fields) + ownTables).flatMap(\.columns)

    /// Nothing said: what all fields are without their keys.
    public static let unsaid = Site(lan: LAN(subnets: []), tunnel: Tunnel(addresses: []))

    /// Its port is the tunnel's unless it names one: `tunnel` is read before.
    private static let endpointField = OwnField<Site>(
        "endpoint",
        columns: [
            FieldColumn(
                "endpoint", FieldForm.value(Endpoint.self).stored, get: { $0.endpoint }, set: { $0.endpoint = $1 })
        ],
        read: { reader, section, site in
            let port = site.tunnel.listenPort
            site.endpoint = reader.value("endpoint", in: section) { text throws(ParseError) in
                try Endpoint(parsing: text, defaultPort: port)
            }
        },
        write: { site, writer in writer.quoted("endpoint", site.endpoint) })

    /// In place of `listen-port`, which is read before.
    private static let listenPortsField = OwnField<Site>(
        "listen-ports",
        columns: [
            FieldColumn(
                "other_ports",
                .text(write: { ListText.write($0) }, read: { ListText.read($0) }),
                get: { $0.tunnel.otherPorts.isEmpty ? nil : $0.tunnel.otherPorts },
                set: { $0.tunnel.otherPorts = $1 ?? [] })
        ],
        read: { reader, section, site in
            if let ports = reader.ports(section, beside: "listen-port") { site.tunnel.ports = ports }
        },
        write: { site, writer in
            if !site.tunnel.otherPorts.isEmpty { writer.raw("listen-ports", "\(site.tunnel.ports)") }
        })

    private static let otherForwardingField = OwnField<Site>(
        "other-forwarding",
        columns: [
            FieldColumn(
                "other_forwarding4", .otherForwarding, get: { $0.otherForwarding.ipv4 },
                set: { $0.otherForwarding.ipv4 = $1 }),
            FieldColumn(
                "other_forwarding6", .otherForwarding, get: { $0.otherForwarding.ipv6 },
                set: { $0.otherForwarding.ipv6 = $1 }),
        ],
        read: { reader, section, site in site.otherForwarding = reader.otherForwarding(section) },
        write: { site, writer in writer.otherForwarding(site.otherForwarding) })
}
