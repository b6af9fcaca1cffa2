public import NetTypes

extension WgQuickConfig {
    /// Why this gateway's file and that client's file do not make a tunnel; empty if they do, as far as files can tell.
    ///
    /// `publicKey` makes a public key of a private one (X25519). Each note points into one of the two files.
    public func mismatches(
        withClient client: WgQuickConfig, publicKey: (PrivateKey) -> PublicKey
    ) -> [ProfileError] {
        var (own, theirs) = (self, client)
        (own.notes, theirs.notes) = ([], [])
        if let mine = interface.privateKey, let other = client.interface.privateKey, mine == other {
            theirs.note(
                client.place("privatekey"),
                "PrivateKey: is the same as in \(file); each side makes its own with `wg genkey` and keeps it")
        }
        let ownKey = interface.privateKey.map(publicKey)
        let clientKey = client.interface.privateKey.map(publicKey)
        let target = client.peers.first { $0.publicKey == ownKey } ?? client.peers.first
        let entry = peers.first { $0.publicKey == clientKey } ?? (peers.count == 1 ? peers.first : nil)
        if let target, let ownKey, target.publicKey != ownKey {
            theirs.note(target.place, "PublicKey \(target.publicKey): \(file) has the key \(ownKey)")
        }
        if let clientKey, !peers.contains(where: { $0.publicKey == clientKey }) {
            own.note(
                entry?.place ?? interfacePlace,
                "no peer has the PublicKey \(clientKey), which belongs to the PrivateKey in \(client.file)")
        }
        if let target {
            compareEndpoint(of: target, &theirs)
            if let entry { comparePeers(entry, target, client, &own) }
        }
        return own.notes + theirs.notes
    }

    private func place(_ key: String) -> Place { places[key] ?? interfacePlace }

    private func compareEndpoint(of target: Peer, _ notes: inout WgQuickConfig) {
        guard let endpoint = target.endpoint else {
            return notes.note(target.place, "no Endpoint; a client says where to dial")
        }
        guard let port = interface.listenPort, port != endpoint.port else { return }
        notes.note(
            target.place,
            "Endpoint \(endpoint): \(file) listens on \(port); write \(Endpoint(endpoint.host, port: port)), unless a router forwards the one to the other"
        )
    }

    private func comparePeers(_ entry: Peer, _ target: Peer, _ client: WgQuickConfig, _ notes: inout WgQuickConfig) {
        if entry.presharedKey != target.presharedKey {
            notes.note(entry.place, "PresharedKey: differs from the one in \(client.file)")
        }
        for address in client.interface.addresses {
            if interface.addresses.contains(where: { $0.address == address.address }) {
                notes.note(place("address"), "Address \(address.address): \(client.file) has the same")
            } else if !entry.allowedIPs.contains(where: { $0.contains(address.address) }) {
                notes.note(
                    entry.place,
                    "AllowedIPs: do not hold \(address.address), which \(client.file) has; add \(IPPrefix(host: address.address))"
                )
            }
        }
    }
}
