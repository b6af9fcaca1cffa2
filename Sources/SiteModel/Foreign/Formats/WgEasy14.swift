import NetTypes

/// wg-easy up to version 14: everything is in `wg0.json`, and `wg0.conf` beside it is written anew from that and from the
/// container's environment at each change.
enum WgEasy14 {
    static func candidates(in files: ForeignFiles) -> [ForeignCandidate] {
        files.json.compactMap { parsed in
            guard let root = parsed.value, let server = root["server"], server["privateKey"] != nil,
                let clients = root["clients"], clients.isObject
            else { return nil }
            return ForeignCandidate(
                kind: .wgEasy14, interface: "wg0", file: parsed.file.path,
                written: Set([written(beside: parsed.file, files)?.file.path].compactMap(\.self))
            ) { () throws(ProfileErrors) in try read(parsed.file, server, clients, files) }
        }
    }

    private static func read(
        _ file: ForeignFiles.File, _ server: JSONNode, _ clients: JSONNode, _ files: ForeignFiles
    ) throws(ProfileErrors) -> Installation {
        var findings = Findings(file.path)
        let key: PrivateKey? = findings.key(server["privateKey"]?.text, "server.privateKey")
        var gateway = gateway(beside: file, key: key, files) ?? assumed(file, server, &findings)
        gateway.interface.privateKey = key
        (gateway.interface.addresses, gateway.interface.addressPlaces) = ([], [])
        findings.takeAddress(server["address"]?.text, "server.address", into: &gateway.interface) {
            text throws(ParseError) in
            try InterfaceAddress(IPAddress(parsing: text), length: 24)
        }
        var installation = Installation(kind: .wgEasy14, interface: "wg0", gateway: gateway)
        installation.forwarding =
            gateway.file == file.path ? .program("wg-easy") : .hooksInContainer(uplink: "eth0")
        installation.peers = clients.members.compactMap { read($0.node, &findings) }
        return try findings.finish(installation)
    }

    /// What wg-easy made of the environment that it ran in.
    private static func written(
        beside file: ForeignFiles.File, _ files: ForeignFiles
    ) -> ForeignFiles.Parsed<WgQuickConfig>? {
        files.configurations.first { $0.file.directory == file.directory && $0.file.name == "wg0.conf" }
    }

    /// The gateway's side of that, if it is for the same key.
    private static func gateway(
        beside file: ForeignFiles.File, key: PrivateKey?, _ files: ForeignFiles
    ) -> WgQuickConfig? {
        guard var config = written(beside: file, files)?.value, let key, config.interface.privateKey == key else {
            return nil
        }
        // Its peers are those of the JSON that are let in; what the hooks mean is noted later on.
        (config.peers, config.remarks) = ([], [])
        return config
    }

    private static func assumed(
        _ file: ForeignFiles.File, _ server: JSONNode, _ findings: inout Findings
    ) -> WgQuickConfig {
        var config = WgQuickConfig(file: file.path)
        config.interfacePlace = server.place
        config.interface.listenPort = 51820
        findings.note(server.place, .wgEasyAssumed)
        return config
    }

    private static func read(_ node: JSONNode, _ findings: inout Findings) -> Installation.Peer? {
        // What is wrong with somebody who is not let in keeps nobody from moving.
        let isEnabled = node["enabled"]?.bool ?? false
        var own = Findings(findings.file)
        defer { findings.take(own, isRefused: isEnabled) }
        let address = node["address"]?.text.map { ForeignValue(text: "\($0.text)/32", place: $0.place) }
        let peer = own.peer(
            title: node["name"]?.text, publicKey: node["publicKey"]?.text, presharedKey: node["preSharedKey"]?.text,
            allowedIPs: [address].compactMap(\.self), at: node.place, ("publicKey", "preSharedKey", "address"))
        var client = Installation.Client(place: node.place)
        client.privateKey = own.key(node["privateKey"]?.text, "privateKey")
        guard var peer else { return nil }
        peer.client = client
        peer.expiry = node["expiredAt"]?.text.flatMap { $0.text.isEmpty ? nil : $0.text }
        if !isEnabled { peer.absence = .disabled }
        if node["oneTimeLink"]?.text != nil {
            findings.note(node.place, .oneTimeLink(peer: peer.name))
        }
        return peer
    }
}
