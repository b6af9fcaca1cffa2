import NetTypes

/// MikroTik's RouterOS: the script that `/export show-sensitive` prints.
struct MikroTik {
    private let file: ForeignFiles.File
    private let script: RouterOSScript
    private let interface: RouterOSScript.Entry

    static func candidates(in files: ForeignFiles) -> [ForeignCandidate] {
        files.files.flatMap { file -> [ForeignCandidate] in
            guard file.text.text.contains("/interface wireguard") || file.text.text.contains("/interface/wireguard")
            else {
                return []
            }
            let script = RouterOSScript(file)
            return script["/interface wireguard"].map { interface in
                ForeignCandidate(kind: .mikroTik, interface: interface["name"]?.text, file: file.path) {
                    () throws(ProfileErrors) in
                    try MikroTik(file: file, script: script, interface: interface).read()
                }
            }
        }
    }

    private func read() throws(ProfileErrors) -> Installation {
        var findings = Findings(file.path)
        let name = interface["name"]?.text
        var gateway = WgQuickConfig(file: file.path)
        gateway.interfacePlace = interface.place
        gateway.interface.privateKey = findings.key(interface["private-key"], "private-key")
        if interface["private-key"] == nil {
            findings.note(interface.place, .keyHidden)
        }
        gateway.interface.listenPort = findings.port(interface["listen-port"], "listen-port")
        gateway.interface.mtu = findings.mtu(interface["mtu"], "mtu")
        for entry in script["/ip address"] + script["/ipv6 address"] where entry["interface"]?.text == name {
            if isOff(entry) { continue }
            findings.takeAddress(entry["address"], "address", at: entry.place, into: &gateway.interface)
        }
        var installation = Installation(kind: .mikroTik, interface: name, gateway: gateway)
        installation.peers = script["/interface wireguard peers"].filter { $0["interface"]?.text == name }
            .compactMap { read($0, &findings) }
        return try findings.finish(installation)
    }

    private func isOff(_ entry: RouterOSScript.Entry) -> Bool {
        ["yes", "true"].contains(entry["disabled"]?.text ?? "no")
    }

    private func read(_ entry: RouterOSScript.Entry, _ findings: inout Findings) -> Installation.Peer? {
        var part = Findings(findings.file)
        defer { findings.take(part, isRefused: !isOff(entry)) }
        let peer = part.peer(
            title: entry["comment"] ?? entry["name"], publicKey: entry["public-key"],
            presharedKey: entry["preshared-key"],
            allowedIPs: entry["allowed-address"]?.items ?? [], at: entry.place,
            ("public-key", "preshared-key", "allowed-address"))
        var client = Installation.Client(place: entry.place)
        client.privateKey = part.key(
            entry["private-key"].flatMap { ["none", "auto"].contains($0.text) ? nil : $0 }, "private-key")
        client.dns = entry["client-dns"].map { part.servers($0.items) }
        client.allowedIPs = entry["client-allowed-address"].map { part.networks($0.items, "client-allowed-address") }
        client.endpoint = part.endpoint(
            host: entry["client-endpoint"], port: interface["listen-port"]?.text ?? "13231", "client-endpoint")
        guard var peer else { return nil }
        peer.wireguard.endpoint = part.endpoint(
            host: entry["endpoint-address"], port: entry["endpoint-port"]?.text ?? "51820", "endpoint-address")
        let seconds = entry["persistent-keepalive"].map {
            ForeignValue(text: $0.text.hasSuffix("s") ? String($0.text.dropLast()) : $0.text, place: $0.place)
        }
        peer.wireguard.keepalive = part.keepalive(seconds, "persistent-keepalive")
        peer.client = client
        if isOff(entry) { peer.absence = .disabled }
        return peer
    }
}
