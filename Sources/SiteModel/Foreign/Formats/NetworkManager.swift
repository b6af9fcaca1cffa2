import NetTypes

/// NetworkManager: a keyfile with a section for each peer, whose public key is in its head (nm-settings-keyfile(5)).
struct NetworkManager {
    private static let head = "wireguard-peer."
    private let file: ForeignFiles.File
    private let text: IniText

    static func candidates(in files: ForeignFiles) -> [ForeignCandidate] {
        files.files.compactMap { file in
            guard file.text.text.contains("[wireguard]") else { return nil }
            let text = IniText(file, isPeer: { $0.hasPrefix(head) })
            guard let connection = text["connection"], connection["type"]?.text == "wireguard" else { return nil }
            let peers = text.sections.filter { $0.name.hasPrefix(head) }
            let isGateway = peers.contains { $0["endpoint"] == nil } || text["wireguard"]?["listen-port"] != nil
            if !isGateway { return nil }
            let name = connection["interface-name"]?.text
            return ForeignCandidate(kind: .networkManager, interface: name, file: file.path) {
                () throws(ProfileErrors) in
                try NetworkManager(file: file, text: text).read(name)
            }
        }
    }

    private func read(_ name: String?) throws(ProfileErrors) -> Installation {
        var findings = Findings(file.path)
        var gateway = WgQuickConfig(file: file.path)
        let own = text["wireguard"]
        gateway.interfacePlace = own?.place ?? WgQuickConfig.Place()
        gateway.interface.privateKey = findings.key(own?["private-key"], "private-key")
        if own?["private-key"] == nil, let flags = own?["private-key-flags"], flags.text != "0" {
            findings.note(flags.place, .keyInKeyring)
        }
        gateway.interface.listenPort = findings.port(own?["listen-port"], "listen-port")
        gateway.interface.fwmark = findings.mark(own?["fwmark"], "fwmark")
        gateway.interface.mtu = findings.mtu(own?["mtu"], "mtu")
        var installation = Installation(kind: .networkManager, interface: name, gateway: gateway)
        for section in text.sections where section.name == "ipv4" || section.name == "ipv6" {
            takeAddresses(section, &installation, &findings)
        }
        installation.peers = text.sections.filter { $0.name.hasPrefix(Self.head) }.compactMap { read($0, &findings) }
        return try findings.finish(installation)
    }

    /// `address1=10.8.0.1/24,10.8.0.254`: what stands behind the comma is a router.
    private func takeAddresses(
        _ section: IniText.Section, _ installation: inout Installation, _ findings: inout Findings
    ) {
        for (key, value) in section.settings where key.hasPrefix("address") && !key.hasPrefix("addresses-") {
            let values = key == "addresses" ? value.text.split(separator: ";").map(String.init) : [value.text]
            for text in values {
                let bare = text.split(separator: ",").first.map(String.init) ?? ""
                let own = ForeignValue(text: bare, place: value.place)
                findings.takeAddress(own, key, into: &installation.gateway.interface)
            }
        }
        if section["method"]?.text == "shared" { installation.forwarding = .program("NetworkManager (method=shared)") }
    }

    private func read(_ section: IniText.Section, _ findings: inout Findings) -> Installation.Peer? {
        let key = ForeignValue(text: String(section.name.dropFirst(Self.head.count)), place: section.place)
        let allowed = (section["allowed-ips"]?.text ?? "").split(separator: ";").map {
            ForeignValue(text: String($0.trimmedOfBlanks), place: section["allowed-ips"]!.place)
        }
        var peer = findings.peer(
            title: section.title.map { ForeignValue(text: $0.written, place: section.place) }, publicKey: key,
            presharedKey: section["preshared-key"], allowedIPs: allowed, at: section.place,
            ("public key", "preshared-key", "allowed-ips"))
        peer?.wireguard.endpoint = findings.endpoint(section["endpoint"], "endpoint")
        peer?.wireguard.keepalive = findings.keepalive(section["persistent-keepalive"], "persistent-keepalive")
        return peer
    }
}
