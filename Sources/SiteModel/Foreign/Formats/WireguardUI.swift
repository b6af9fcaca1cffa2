import NetTypes

/// wireguard-ui: a directory of JSON, a file for each client and three for the gateway.
struct WireguardUI {
    private let files: ForeignFiles
    private let keys: (file: ForeignFiles.File, node: JSONNode)
    private let server: JSONNode
    private let settings: JSONNode?

    static func candidates(in files: ForeignFiles) -> [ForeignCandidate] {
        files.json.compactMap { parsed in
            guard let keys = parsed.value, keys["private_key"] != nil, keys["id"] == nil, keys["allocated_ips"] == nil
            else {
                return nil
            }
            func beside(_ key: String) -> JSONNode? {
                files.json.first { $0.file.directory == parsed.file.directory && $0.value?[key] != nil }?.value
            }
            guard let server = beside("listen_port") else { return nil }
            let reader = WireguardUI(
                files: files, keys: (parsed.file, keys), server: server, settings: beside("endpoint_address"))
            let key = keys["private_key"]?.text?.text
            return ForeignCandidate(
                kind: .wireguardUI, interface: reader.interface, file: parsed.file.path,
                written: files.paths { $0.value?.interface.privateKey?.exposedBase64 == key }
            ) { () throws(ProfileErrors) in try reader.read() }
        }
    }

    /// After the file that it writes for wg-quick.
    private var interface: String {
        let path = settings?["config_file_path"]?.text?.text ?? ""
        let stem = path.split(separator: "/").last.flatMap { $0.hasSuffix(".conf") ? String($0.dropLast(5)) : nil }
        return stem ?? "wg0"
    }

    private func read() throws(ProfileErrors) -> Installation {
        var findings = Findings(keys.file.path)
        var gateway = WgQuickConfig(file: keys.file.path)
        gateway.interfacePlace = server.place
        gateway.interface.privateKey = findings.key(keys.node["private_key"]?.text, "private_key")
        gateway.interface.listenPort = findings.port(server["listen_port"]?.text, "listen_port")
        gateway.interface.mtu = findings.mtu(settings?["mtu"]?.text?.unlessZero, "mtu")
        gateway.interface.fwmark = findings.mark(settings?["firewall_mark"]?.text, "firewall_mark")
        for value in server["addresses"]?.texts ?? [] {
            findings.takeAddress(value, "addresses", into: &gateway.interface)
        }
        for (key, moment) in WgQuickConfig.Hook.Moment.columns where moment != .preUp {
            gateway.interface.take(server[key]?.text, moment)
        }
        var installation = Installation(kind: .wireguardUI, interface: interface, gateway: gateway)
        for parsed in files.json where parsed.file.path != keys.file.path {
            if let node = parsed.value, node["allocated_ips"] != nil {
                guard let peer = read(node, &findings) else { continue }
                installation.peers.append(peer)
            } else if let fault = parsed.fault {
                findings.errors += fault.errors
            }
        }
        return try findings.finish(installation)
    }

    private func read(_ node: JSONNode, _ findings: inout Findings) -> Installation.Peer? {
        let isEnabled = node["enabled"]?.bool ?? false
        var own = Findings(findings.file)
        defer { findings.take(own, isRefused: isEnabled) }
        let peer = own.peer(
            title: node["name"]?.text, publicKey: node["public_key"]?.text, presharedKey: node["preshared_key"]?.text,
            allowedIPs: (node["allocated_ips"]?.texts ?? []) + (node["extra_allowed_ips"]?.texts ?? []), at: node.place,
            ("public_key", "preshared_key", "allocated_ips"))
        var client = Installation.Client(place: node.place)
        client.privateKey = own.key(node["private_key"]?.text, "private_key")
        client.dns = node["use_server_dns"]?.bool == true ? own.servers(settings?["dns_servers"]?.texts ?? []) : []
        client.allowedIPs = own.networks(node["allowed_ips"]?.texts ?? [], "allowed_ips")
        if let settings {
            // None is what it writes where there is none.
            client.keepalive = own.keepalive(settings["persistent_keepalive"]?.text, "persistent_keepalive") ?? 0
        }
        if let host = settings?["endpoint_address"]?.text, !host.text.isEmpty {
            let port = server["listen_port"]?.text?.text ?? "51820"
            let hasPort = host.text.filter { $0 == ":" }.count == 1 || host.text.contains("]:")
            client.endpoint =
                hasPort
                ? own.endpoint(host, "endpoint_address") : own.endpoint(host: host, port: port, "endpoint_address")
        }
        let endpoint = own.endpoint(node["endpoint"]?.text, "endpoint")
        guard var peer else { return nil }
        peer.wireguard.endpoint = endpoint
        peer.client = client
        if !isEnabled { peer.absence = .disabled }
        if let notes = node["additional_notes"]?.text, !notes.text.isEmpty {
            findings.note(notes.place, .notes(peer: peer.name, notes.text))
        }
        return peer
    }
}
