import NetTypes

/// Gateways that are kept in files of wg-quick: by hand, or by scripts that mark their own with comments and leave files of
/// settings and of the peers beside it.
struct Configurations {
    private let files: ForeignFiles
    private let gateway: ForeignFiles.Parsed<WgQuickConfig>
    private let config: WgQuickConfig
    private let kind: Installation.Kind

    static func candidates(in files: ForeignFiles) -> [ForeignCandidate] {
        gateways(in: files).map { parsed in
            let kind = kind(of: parsed.file, files)
            return ForeignCandidate(kind: kind, interface: interface(of: parsed.file), file: parsed.file.path) {
                () throws(ProfileErrors) in
                try Configurations(files: files, gateway: parsed, config: try parsed.result.get(), kind: kind).read()
            }
        }
    }

    /// The files in which a gateway's side stands: others come in, and it is not one of those itself.
    ///
    /// Where there are none, those that dial another site and not all the world: that other site's router has written them.
    static func gateways(in files: ForeignFiles) -> [ForeignFiles.Parsed<WgQuickConfig>] {
        let known = Set(files.configurations.flatMap { $0.value?.peers.map(\.publicKey) ?? [] })
        let dialled = gateways(in: files, known, mayDialAlone: false)
        return dialled.isEmpty ? gateways(in: files, known, mayDialAlone: true) : dialled
    }

    private static func gateways(
        in files: ForeignFiles, _ known: Set<PublicKey>, mayDialAlone: Bool
    ) -> [ForeignFiles.Parsed<WgQuickConfig>] {
        files.configurations.filter { parsed in
            guard let config = parsed.value else { return false }
            if config.peers.isEmpty { return config.interface.listenPort != nil }
            if config.peers.contains(where: { $0.endpoint == nil }) { return true }
            let own = config.interface.privateKey.map(files.publicKey)
            let sendsAll = config.peers.contains { $0.allowedIPs.contains(where: \.isHalfTheInternet) }
            return (mayDialAlone || config.interface.listenPort != nil) && !sendsAll
                && !(own.map(known.contains) ?? false)
        }
    }

    /// What wg-quick calls the interface.
    static func interface(of file: ForeignFiles.File) -> String? {
        file.name.hasSuffix(".conf") ? String(file.name.dropLast(5)) : nil
    }

    // MARK: Who wrote it

    private static func kind(of file: ForeignFiles.File, _ files: ForeignFiles) -> Installation.Kind {
        for line in WgQuickLine.lines(of: file.text.text) where line.utf8.first == UInt8(ascii: "#") {
            if line.hasPrefix("### begin ") || line.hasPrefix("#[disabled]") { return .piVPN }
            if line.hasPrefix("### Client ") { return .angristan }
            if line.hasPrefix("# BEGIN_PEER ") || line.contains("used by wireguard-install") { return .nyr }
        }
        if settings(files, "ORIG_SERVERURL") != nil { return .linuxServer }
        if settings(files, "pivpnHOST") != nil { return .piVPN }
        if settings(files, "SERVER_WG_NIC")?["SERVER_WG_NIC"]?.text == interface(of: file) ?? "" { return .angristan }
        return .wgQuick
    }

    /// The file of settings that has this one.
    private static func settings(_ files: ForeignFiles, _ name: String) -> ShellVariables? {
        files.files.lazy.filter { $0.text.text.utf8.count < 1 << 16 && $0.text.text.contains("\(name)=") }.map {
            ShellVariables($0)
        }
        .first { $0[name] != nil }
    }

    // MARK: Reading

    private func read() throws(ProfileErrors) -> Installation {
        var findings = Findings(gateway.file.path)
        var own = config
        own.peers = []
        var installation = Installation(kind: kind, interface: Self.interface(of: gateway.file), gateway: own)
        installation.peers = Installation.peers(of: config)
        switch kind {
        case .piVPN: takePiVPN(&installation, &findings)
        case .angristan: takeAngristan(&installation, &findings)
        case .nyr: takeNyr(&installation, &findings)
        case .linuxServer: installation.forwarding = .hooksInContainer(uplink: "eth0")
        default: break
        }
        takeClients(&installation, &findings)
        return try findings.finish(installation)
    }

    private func takePiVPN(_ installation: inout Installation, _ findings: inout Findings) {
        guard let settings = Self.settings(files, "pivpnHOST") else {
            findings.note(config.interfacePlace, .noSetupVars)
            return
        }
        installation.forwarding = .program("PiVPN")
        installation.defaults = client(
            settings["pivpnHOST"]!, port: settings["pivpnPORT"], dns: [settings["pivpnDNS1"], settings["pivpnDNS2"]],
            allowedIPs: settings["ALLOWED_IPS"], &findings)
    }

    private func takeAngristan(_ installation: inout Installation, _ findings: inout Findings) {
        guard let settings = Self.settings(files, "SERVER_PUB_IP"), let host = settings["SERVER_PUB_IP"] else { return }
        installation.defaults = client(
            host, port: settings["SERVER_PORT"], dns: [settings["CLIENT_DNS_1"], settings["CLIENT_DNS_2"]],
            allowedIPs: settings["ALLOWED_IPS"], &findings)
    }

    /// It masquerades in a service of its own, and keeps the endpoint in a comment.
    private func takeNyr(_ installation: inout Installation, _ findings: inout Findings) {
        installation.forwarding = .program("wg-iptables")
        for (number, line) in WgQuickLine.lines(of: gateway.file.text.text).enumerated()
        where line.hasPrefix("# ENDPOINT ") {
            let host = ForeignValue(
                text: String(line.dropFirst(11).trimmedOfBlanks),
                place: WgQuickConfig.Place(line: number + 1, column: 12, file: gateway.file.path))
            let port = config.interface.listenPort.map { ForeignValue(text: "\($0)", place: host.place) }
            installation.defaults = client(host, port: port, dns: [], allowedIPs: nil, &findings)
        }
    }

    private func client(
        _ host: ForeignValue, port: ForeignValue?, dns: [ForeignValue?], allowedIPs: ForeignValue?,
        _ findings: inout Findings
    ) -> Installation.Client {
        var client = Installation.Client(place: host.place)
        client.dns = findings.servers(dns.compactMap(\.self))
        client.allowedIPs = allowedIPs.map { findings.networks($0.items, "ALLOWED_IPS") }
        // What is no host here keeps nobody from moving: the peers' files tell it as well.
        var own = Findings(findings.file)
        client.endpoint = own.endpoint(host: host, port: port?.text ?? "51820", "the endpoint")
        findings.take(own, isRefused: false)
        return client
    }

    // MARK: The peers' own files

    private func takeClients(_ installation: inout Installation, _ findings: inout Findings) {
        let gatewayKey = config.interface.privateKey.map(files.publicKey)
        var sides: [PublicKey: ForeignFiles.Parsed<WgQuickConfig>] = [:]
        let known = Set(installation.peers.map(\.wireguard.publicKey))
        for parsed in files.configurations where parsed.file.path != gateway.file.path {
            guard let theirs = parsed.value else {
                let fault = parsed.fault!.errors[0]
                findings.note(fault.place, .fileLeftOut(fault.fault))
                continue
            }
            guard let own = theirs.interface.privateKey.map(files.publicKey) else { continue }
            if known.contains(own) {
                // The same file may lie in somebody's home as well.
                if sides[own] == nil { sides[own] = parsed }
            } else if let gatewayKey, theirs.peers.contains(where: { $0.publicKey == gatewayKey }) {
                let place = WgQuickConfig.Place(file: parsed.file.path)
                findings.note(place, .keyOfNobody(own, gateway: gateway.file.path))
            }
        }
        for i in installation.peers.indices {
            guard let side = sides[installation.peers[i].wireguard.publicKey], let theirs = side.value else { continue }
            installation.peers[i].client = Self.client(theirs, side.file, gatewayKey)
            if installation.peers[i].absence != nil { continue }
            // The others have nothing to do with it, and may be many.
            var pair = config
            pair.peers = [installation.peers[i].wireguard]
            for slip in Lint(between: [pair, theirs], publicKey: files.publicKey).findings where slip.severity == .error
            {
                findings.note(
                    WgQuickConfig.Place(line: slip.line, column: slip.column, file: slip.file), .slip(slip))
            }
        }
    }

    private static func client(
        _ config: WgQuickConfig, _ file: ForeignFiles.File, _ gatewayKey: PublicKey?
    ) -> Installation.Client {
        let target = config.peers.first { $0.publicKey == gatewayKey } ?? config.peers.first
        var place = config.interfacePlace
        place.file = file.path
        var client = Installation.Client(place: place)
        client.privateKey = config.interface.privateKey
        client.dns = config.interface.dns
        client.mtu = config.interface.mtu
        client.allowedIPs = target?.allowedIPs
        client.endpoint = target?.endpoint
        client.keepalive = target?.keepalive ?? 0
        return client
    }
}
