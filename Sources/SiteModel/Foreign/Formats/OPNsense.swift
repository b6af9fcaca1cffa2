import NetTypes

/// OPNsense: the part of its config.xml that is WireGuard's, with instances ("server") and peers ("client").
struct OPNsense {
    private let file: ForeignFiles.File
    private let server: XMLElement
    private let clients: [XMLElement]

    static func candidates(in files: ForeignFiles) -> [ForeignCandidate] {
        files.files.flatMap { file -> [ForeignCandidate] in
            guard file.text.text.contains("<opnsense>") || file.text.text.contains("<OPNsense>") else { return [] }
            let root: XMLElement
            do throws(ProfileErrors) { root = try XMLText.parse(file.text.text, file: file.path) } catch {
                return [
                    ForeignCandidate(kind: .opnSense, interface: nil, file: file.path) { () throws(ProfileErrors) in
                        throw error
                    }
                ]
            }
            let all = root.name == "OPNsense" ? root : root["OPNsense"]
            guard let wireguard = all?["wireguard"] else { return [] }
            let clients = wireguard["client"]?["clients"]?.children ?? []
            return (wireguard["server"]?["servers"]?.children ?? []).map { server in
                ForeignCandidate(
                    kind: .opnSense, interface: "wg\(server.value("instance")?.text ?? "0")", file: file.path
                ) {
                    () throws(ProfileErrors) in
                    try OPNsense(file: file, server: server, clients: clients).read()
                }
            }
        }
    }

    private func read() throws(ProfileErrors) -> Installation {
        var findings = Findings(file.path)
        var gateway = WgQuickConfig(file: file.path)
        gateway.interfacePlace = server.place
        gateway.interface.privateKey = findings.key(server.value("privkey"), "privkey")
        gateway.interface.listenPort = findings.port(server.value("port"), "port")
        gateway.interface.mtu = findings.mtu(server.value("mtu"), "mtu")
        for value in server.value("tunneladdress")?.items ?? [] {
            findings.takeAddress(value, "tunneladdress", into: &gateway.interface)
        }
        let interface = "wg\(server.value("instance")?.text ?? "0")"
        var installation = Installation(kind: .opnSense, interface: interface, gateway: gateway)
        let chosen = Set(server.value("peers")?.items.map(\.text) ?? [])
        let own = server.attributes["uuid"]
        let members = clients.filter { client in
            let servers = client.value("servers")?.items.map(\.text) ?? []
            return client.attributes["uuid"].map(chosen.contains) ?? false || own.map(servers.contains) ?? false
        }
        installation.peers = members.compactMap { read($0, &findings) }
        return try findings.finish(installation)
    }

    private func read(_ client: XMLElement, _ findings: inout Findings) -> Installation.Peer? {
        let isEnabled = client.value("enabled")?.text == "1"
        var part = Findings(findings.file)
        defer { findings.take(part, isRefused: isEnabled) }
        var peer = part.peer(
            title: client.value("name"), publicKey: client.value("pubkey"), presharedKey: client.value("psk"),
            allowedIPs: client.value("tunneladdress")?.items ?? [], at: client.place, ("pubkey", "psk", "tunneladdress")
        )
        peer?.wireguard.endpoint = part.endpoint(
            host: client.value("serveraddress"), port: client.value("serverport")?.text ?? "51820", "serveraddress")
        peer?.wireguard.keepalive = part.keepalive(client.value("keepalive"), "keepalive")
        if !isEnabled { peer?.absence = .disabled }
        return peer
    }
}
