import NetTypes

/// wg-portal from version 2 on: everything is in a database, keys as well unless it was told to encrypt them.
struct WGPortal {
    private let database: ForeignFiles.Database
    private let interface: ForeignRecord
    private let name: String

    static func candidates(in files: ForeignFiles) -> [ForeignCandidate] {
        files.databases.flatMap { database -> [ForeignCandidate] in
            guard let peers = database["peers"], peers.columns.contains("interface_identifier") else { return [] }
            return database.records("interfaces").compactMap { interface in
                // One of the type client goes out to somebody else's gateway.
                guard let name = interface["identifier"]?.text, interface["type"]?.text != "client" else { return nil }
                let key = interface["private_key"]?.text
                return ForeignCandidate(
                    kind: .wgPortal, interface: name, file: database.path,
                    written: files.paths { $0.value?.interface.privateKey?.exposedBase64 == key }
                ) { () throws(ProfileErrors) in
                    try WGPortal(database: database, interface: interface, name: name).read()
                }
            }
        }
    }

    private func read() throws(ProfileErrors) -> Installation {
        var findings = Findings(database.path)
        var gateway = WgQuickConfig(file: database.path)
        gateway.interfacePlace = interface.place
        gateway.interface.privateKey = findings.key(interface["private_key"], "private_key")
        gateway.interface.listenPort = findings.port(interface["listen_port"], "listen_port")
        gateway.interface.mtu = findings.mtu(interface["mtu"]?.unlessZero, "mtu")
        gateway.interface.fwmark = findings.mark(interface["firewall_mark"], "firewall_mark")
        for value in addresses("interface_addresses", "interface_identifier")[name] ?? [] {
            findings.takeAddress(value, "cidr", into: &gateway.interface)
        }
        for (column, moment) in WgQuickConfig.Hook.Moment.columns { gateway.interface.take(interface[column], moment) }
        var installation = Installation(kind: .wgPortal, interface: name, gateway: gateway)
        let own = addresses("peer_addresses", "peer_identifier")
        installation.peers = database.records("peers").filter { $0["interface_identifier"]?.text == name }
            .compactMap { read($0, own[$0["identifier"]?.text ?? ""] ?? [], &findings) }
        return try findings.finish(installation)
    }

    /// By whose they are.
    private func addresses(_ table: String, _ column: String) -> [String: [ForeignValue]] {
        database.records(table).reduce(into: [:]) { all, record in
            guard let owner = record[column]?.text, let address = record["cidr_cidr"] else { return }
            all[owner, default: []].append(address)
        }
    }

    /// Its own addresses are let in as single ones, whatever network they are written with.
    private func read(
        _ record: ForeignRecord, _ addresses: [ForeignValue], _ findings: inout Findings
    ) -> Installation.Peer? {
        let isLetIn = record["disabled"] == nil
        var part = Findings(findings.file)
        defer { findings.take(part, isRefused: isLetIn) }
        let hosts = addresses.map { ForeignValue(text: String($0.text.prefix { $0 != "/" }), place: $0.place) }
        let peer = part.peer(
            title: record["display_name"], publicKey: record["identifier"], presharedKey: record["preshared_key"],
            allowedIPs: hosts + (record["extra_allowed_ips_str"]?.items ?? []), at: record.place,
            ("identifier", "preshared_key", "address"))
        var client = Installation.Client(place: record.place)
        client.privateKey = part.key(record["private_key"], "private_key")
        client.dns = part.servers(record["iface_dns_str_v"]?.items ?? [])
        client.allowedIPs = record["allowed_ips_str_v"].map { part.networks($0.items, "allowed_ips_str_v") }
        client.mtu = part.mtu(record["iface_mtu_v"]?.unlessZero, "iface_mtu_v")
        client.keepalive = part.keepalive(record["persistent_keep_alive_v"], "persistent_keep_alive_v")
        client.endpoint = part.endpoint(record["endpoint_v"], "endpoint_v")
        guard var peer else { return nil }
        peer.client = client
        peer.expiry = record["expires_at"]?.text
        if !isLetIn { peer.absence = .disabled }
        if let notes = record["notes"] {
            findings.note(notes.place, .notes(peer: peer.name, notes.text))
        }
        return peer
    }
}
