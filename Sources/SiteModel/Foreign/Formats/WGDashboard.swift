import NetTypes

/// WGDashboard: the gateway's side stands in its file of wg-quick, and a table of the interface's name says more of the peers.
struct WGDashboard {
    private let files: ForeignFiles
    private let database: ForeignFiles.Database
    /// The interface's and the table's.
    private let name: String

    static func candidates(in files: ForeignFiles) -> [ForeignCandidate] {
        files.databases.flatMap { database in
            database.tableNames.compactMap { name in
                guard let table = database[name], table.columns.contains("endpoint_allowed_ip"),
                    database["\(name)_restrict_access"] != nil
                else { return nil }
                let dashboard = WGDashboard(files: files, database: database, name: name)
                return ForeignCandidate(
                    kind: .wgDashboard, interface: name, file: database.path,
                    written: Set([dashboard.configuration?.file.path].compactMap(\.self))
                ) { () throws(ProfileErrors) in try dashboard.read() }
            }
        }
    }

    private var configuration: ForeignFiles.Parsed<WgQuickConfig>? {
        files.configurations.first { Configurations.interface(of: $0.file) == name }
    }

    private func read() throws(ProfileErrors) -> Installation {
        var findings = Findings(database.path)
        guard let configuration else {
            findings.refuse(WgQuickConfig.Place(), .noGatewayFile(name))
            throw ProfileErrors(findings.errors)
        }
        var gateway = try configuration.result.get()
        var installation = Installation(kind: .wgDashboard, interface: name, gateway: gateway)
        installation.peers = Installation.peers(of: gateway)
        gateway.peers = []
        installation.gateway = gateway
        let known = Dictionary(
            database.records(name).map { ($0["id"]?.text ?? "", $0) }, uniquingKeysWith: { first, _ in first })
        for i in installation.peers.indices {
            guard let record = known["\(installation.peers[i].wireguard.publicKey)"] else { continue }
            take(record, &installation.peers[i], gateway, &findings)
        }
        takeRestricted(&installation, &findings)
        takeJobs(&installation, &findings)
        return try findings.finish(installation)
    }

    /// What the database says of a peer and WireGuard does not ask for.
    private func take(
        _ record: ForeignRecord, _ peer: inout Installation.Peer, _ gateway: WgQuickConfig, _ findings: inout Findings
    ) {
        // What is wrong there is wrong in the peer's own file alone.
        var own = Findings(database.path)
        peer.wireguard.take(title: record["name"])
        var client = Installation.Client(place: record.place)
        client.privateKey = own.key(record["private_key"], "private_key")
        client.dns = own.servers(record["DNS"]?.items ?? [])
        client.allowedIPs = record["endpoint_allowed_ip"].map { own.networks($0.items, "endpoint_allowed_ip") }
        client.mtu = own.mtu(record["mtu"]?.unlessZero, "mtu")
        client.keepalive = own.keepalive(record["keepalive"], "keepalive")
        client.endpoint = own.endpoint(
            host: record["remote_endpoint"], port: "\(gateway.interface.listenPort ?? 51820)", "remote_endpoint")
        peer.client = client
        findings.take(own, isRefused: false)
    }

    /// Who was taken off the interface is in a table of its own.
    private func takeRestricted(_ installation: inout Installation, _ findings: inout Findings) {
        var restricted: [PublicKey: Installation.Peer] = [:]
        for record in database.records("\(name)_restrict_access") {
            var own = Findings(database.path)
            var peer = own.peer(
                title: record["name"], publicKey: record["id"], presharedKey: record["preshared_key"],
                allowedIPs: record["allowed_ip"]?.items ?? [], at: record.place, ("id", "preshared_key", "allowed_ip"))
            peer?.absence = .restricted
            if let peer { restricted[peer.wireguard.publicKey] = peer }
            findings.take(own, isRefused: false)
        }
        installation.peers.removeAll { restricted[$0.wireguard.publicKey] != nil }
        installation.peers += restricted.values.sorted { $0.wireguard.place.line < $1.wireguard.place.line }
    }

    /// What was to happen to a peer at a time, or when it has moved so much.
    private func takeJobs(_ installation: inout Installation, _ findings: inout Findings) {
        let numbers = Dictionary(
            installation.peers.enumerated().map { ("\($1.wireguard.publicKey)", $0) },
            uniquingKeysWith: { first, _ in first })
        for other in files.databases {
            for job in other.records("PeerJobs") where job["Configuration"]?.text == name && job["ExpireDate"] == nil {
                guard let i = job["Peer"].flatMap({ numbers[$0.text] }) else { continue }
                if job["Field"]?.text == "date", let value = job["Value"] {
                    let before = installation.peers[i].expiry
                    installation.peers[i].expiry = before.map { min($0, value.text) } ?? value.text
                } else {
                    let field = job["Field"]?.text ?? "", value = job["Value"]?.text ?? ""
                    findings.note(job.place, .job(peer: installation.peers[i].name, field: field, value: value))
                }
            }
        }
    }
}
