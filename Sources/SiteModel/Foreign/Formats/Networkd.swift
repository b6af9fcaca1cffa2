import NetTypes

/// systemd-networkd: `NAME.netdev` has keys and peers, a `.network` that matches its interface the addresses (systemd.netdev(5),
/// systemd.network(5)).
struct Networkd {
    private let files: ForeignFiles
    private let file: ForeignFiles.File
    private let device: IniText
    private let name: String

    static func candidates(in files: ForeignFiles) -> [ForeignCandidate] {
        files.files.compactMap { file in
            guard file.text.text.contains("[WireGuardPeer]") || file.text.text.contains("[WireGuard]") else {
                return nil
            }
            var device = IniText(file, isPeer: { $0 == "WireGuardPeer" })
            guard device["NetDev"]?["Kind"]?.text == "wireguard", let name = device["NetDev"]?["Name"]?.text else {
                return nil
            }
            for part in files.files where part.directory == "\(file.path).d/" && part.name.hasSuffix(".conf") {
                device.append(IniText(part, isPeer: { $0 == "WireGuardPeer" }))
            }
            // Others come in, and it does not only go out to one that has everything.
            let isGateway =
                device["WireGuard"]?["ListenPort"] != nil
                || device.sections.contains { $0.name == "WireGuardPeer" && $0["Endpoint"] == nil }
            if !isGateway { return nil }
            let reader = Networkd(files: files, file: file, device: device, name: name)
            return ForeignCandidate(kind: .networkd, interface: name, file: file.path) { () throws(ProfileErrors) in
                try reader.read()
            }
        }
    }

    private func read() throws(ProfileErrors) -> Installation {
        var findings = Findings(file.path)
        var gateway = WgQuickConfig(file: file.path)
        let own = device.sections.filter { $0.name == "WireGuard" }
        func setting(_ key: String) -> ForeignValue? { own.compactMap { $0[key] }.last }
        gateway.interfacePlace = own.first?.place ?? WgQuickConfig.Place()
        gateway.interface.privateKey = findings.key(
            setting("PrivateKey") ?? content(of: setting("PrivateKeyFile"), "PrivateKeyFile", &findings), "PrivateKey")
        if let port = setting("ListenPort"), port.text != "auto" {
            gateway.interface.listenPort = findings.port(port, "ListenPort")
        }
        gateway.interface.fwmark = findings.mark(setting("FirewallMark"), "FirewallMark")
        gateway.interface.mtu = findings.mtu(device["NetDev"]?["MTUBytes"], "MTUBytes")
        var installation = Installation(kind: .networkd, interface: name, gateway: gateway)
        takeNetwork(&installation, &findings)
        installation.peers = device.sections.filter { $0.name == "WireGuardPeer" }.compactMap { read($0, &findings) }
        return try findings.finish(installation)
    }

    /// A key that is kept in a file of its own.
    private func content(of path: ForeignValue?, _ name: String, _ findings: inout Findings) -> ForeignValue? {
        guard let path else { return nil }
        guard let text = files.keyFile(path.text) else {
            findings.refuse(path.place, .noKeyFile(named: name, path: path.text))
            return nil
        }
        return ForeignValue(text: text, place: path.place)
    }

    private func takeNetwork(_ installation: inout Installation, _ findings: inout Findings) {
        let networks = files.files.filter { $0.text.text.contains("[Match]") }.map {
            IniText($0, isPeer: { _ in false })
        }
        let matching = networks.filter {
            $0["Match"]?["Name"]?.text.split(separator: " ").contains { $0 == name } ?? false
        }
        for section in matching.flatMap(\.sections) where section.name == "Network" || section.name == "Address" {
            for value in section.all("Address") {
                findings.takeAddress(value, "Address", into: &installation.gateway.interface)
            }
            if let masquerade = section["IPMasquerade"], masquerade.text != "no" {
                installation.forwarding = .program("IPMasquerade=\(masquerade.text.quotable)")
            }
        }
        if matching.isEmpty {
            findings.refuse(installation.gateway.interfacePlace, .noNetworkFile(name))
        }
    }

    private func read(_ section: IniText.Section, _ findings: inout Findings) -> Installation.Peer? {
        let title = section.title.map { ForeignValue(text: $0.written, place: section.place) }
        let preshared =
            section["PresharedKey"] ?? content(of: section["PresharedKeyFile"], "PresharedKeyFile", &findings)
        var peer = findings.peer(
            title: title, publicKey: section["PublicKey"], presharedKey: preshared,
            allowedIPs: section.all("AllowedIPs").flatMap(\.items), at: section.place,
            ("PublicKey", "PresharedKey", "AllowedIPs"))
        peer?.wireguard.endpoint = findings.endpoint(section["Endpoint"], "Endpoint")
        peer?.wireguard.keepalive = findings.keepalive(section["PersistentKeepalive"], "PersistentKeepalive")
        return peer
    }
}
