import NetTypes

/// wg-easy from version 15 on: everything is in a database.
enum WgEasy15 {
    static func candidates(in files: ForeignFiles) -> [ForeignCandidate] {
        files.databases.flatMap { database -> [ForeignCandidate] in
            guard let clients = database["clients_table"], clients.columns.contains("pre_shared_key") else { return [] }
            return database.records("interfaces_table").compactMap { interface in
                guard let name = interface["name"]?.text else { return nil }
                return ForeignCandidate(
                    kind: .wgEasy15, interface: name, file: database.path,
                    written: files.paths {
                        $0.file.directory == database.directory && $0.file.name == "\(name).conf"
                    }
                ) { () throws(ProfileErrors) in try read(database, interface, name) }
            }
        }
    }

    private static func read(
        _ database: ForeignFiles.Database, _ interface: ForeignRecord, _ name: String
    ) throws(ProfileErrors) -> Installation {
        var findings = Findings(database.path)
        var gateway = WgQuickConfig(file: database.path)
        gateway.interfacePlace = interface.place
        gateway.interface.privateKey = findings.key(interface["private_key"], "private_key")
        gateway.interface.listenPort = findings.port(interface["port"], "port")
        gateway.interface.mtu = findings.mtu(interface["mtu"], "mtu")
        for column in ["ipv4_cidr", "ipv6_cidr"] {
            // The gateway is the first host of each.
            findings.takeAddress(interface[column], column, into: &gateway.interface) { text throws(ParseError) in
                let written = try InterfaceAddress(parsing: text)
                return InterfaceAddress(written.network.address.neighbour(1), length: written.length)
            }
        }
        takeHooks(of: name, interface, database, &gateway)
        let settings = database.records("user_configs_table").first { $0["id"]?.text == name }
        let isFiltered = interface.isOn("firewall_enabled")
        var installation = Installation(kind: .wgEasy15, interface: name, gateway: gateway)
        installation.forwarding = .hooksInContainer(uplink: interface["device"]?.text ?? "eth0")
        let links = Set(database.records("one_time_links_table").compactMap { $0["id"]?.text })
        for record in database.records("clients_table") where record["interface_id"]?.text ?? name == name {
            guard var peer = read(record, settings, &findings) else { continue }
            if isFiltered {
                peer.rules = rules(record, settings, &findings)
                if peer.rules == [] { peer.absence = peer.absence ?? .reachesNothing }
            }
            if let id = record["id"]?.text, links.contains(id) {
                findings.note(record.place, .oneTimeLink(peer: peer.name))
            }
            installation.peers.append(peer)
        }
        return try findings.finish(installation)
    }

    /// They stand there with the interface's values to be put in.
    private static func takeHooks(
        of name: String, _ interface: ForeignRecord, _ database: ForeignFiles.Database, _ gateway: inout WgQuickConfig
    ) {
        let hooks = database.records("hooks_table").first { $0["id"]?.text == name }
        for (column, moment) in WgQuickConfig.Hook.Moment.columns {
            guard let value = hooks?[column] else { continue }
            var command = value.text.replacing("\r", with: " ")
            for (word, column) in [
                ("ipv4Cidr", "ipv4_cidr"), ("ipv6Cidr", "ipv6_cidr"), ("device", "device"), ("port", "port"),
            ] {
                command = command.replacing("{{\(word)}}", with: interface[column]?.text ?? "")
            }
            gateway.interface.take(ForeignValue(text: command, place: value.place), moment)
        }
    }

    private static func read(
        _ record: ForeignRecord, _ settings: ForeignRecord?, _ findings: inout Findings
    ) -> Installation.Peer? {
        let isEnabled = record.isOn("enabled")
        var own = Findings(findings.file)
        defer { findings.take(own, isRefused: isEnabled) }
        let addresses = [record["ipv4_address"], record["ipv6_address"]].compactMap(\.self)
        let peer = own.peer(
            title: record["name"], publicKey: record["public_key"], presharedKey: record["pre_shared_key"],
            allowedIPs: addresses + (record.list("server_allowed_ips") ?? []), at: record.place,
            ("public_key", "pre_shared_key", "address"))
        var client = Installation.Client(place: record.place)
        client.privateKey = own.key(record["private_key"], "private_key")
        client.dns = own.servers(record.list("dns") ?? settings?.list("default_dns") ?? [])
        client.allowedIPs = (record.list("allowed_ips") ?? settings?.list("default_allowed_ips")).map {
            own.networks($0, "allowed_ips")
        }
        client.mtu = own.mtu(record["mtu"], "mtu")
        client.keepalive = own.keepalive(record["persistent_keepalive"], "persistent_keepalive")
        client.endpoint = own.endpoint(host: settings?["host"], port: settings?["port"]?.text ?? "51820", "host")
        let endpoint = own.endpoint(record["server_endpoint"], "server_endpoint")
        guard var peer else { return nil }
        peer.wireguard.endpoint = endpoint
        peer.client = client
        peer.expiry = record["expires_at"]?.text
        if !isEnabled { peer.absence = .disabled }
        return peer
    }

    /// What wg-easy's own firewall lets it reach.
    private static func rules(
        _ record: ForeignRecord, _ settings: ForeignRecord?, _ findings: inout Findings
    ) -> [AccessRule] {
        let own = record.list("firewall_ips").flatMap { $0.isEmpty ? nil : $0 }
        let values = own ?? record.list("allowed_ips") ?? settings?.list("default_allowed_ips") ?? []
        return values.flatMap { value in
            findings.read(value, "firewall_ips") { text throws(ParseError) in
                let protocols = text.hasSuffix("/tcp") || text.hasSuffix("/udp") ? [""] : ["/tcp", "/udp"]
                if let whole = AccessRule(
                    text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text)
                {
                    return [whole]
                }
                var rules: [AccessRule] = []
                for ending in protocols { rules.append(try AccessRule(parsing: text + ending)) }
                return rules
            } ?? []
        }
    }
}
