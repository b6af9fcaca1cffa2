import NetTypes

/// A `[Peer]` section as it stands there.
struct PeerSection {
    var value: WgQuickConfig.Peer
    var hasKey = false
    /// The keys that it has, lower case.
    var seen: Set<String> = []

    init(place: WgQuickConfig.Place) {
        let noKey = PublicKey(bytes: [UInt8](repeating: 0, count: 32))!
        value = WgQuickConfig.Peer(publicKey: noKey, place: place)
    }

    /// A peer that was read already, with all that it has.
    init(_ peer: WgQuickConfig.Peer) {
        (value, hasKey) = (peer, true)
        if peer.presharedKey != nil { seen.insert("presharedkey") }
        if peer.endpoint != nil { seen.insert("endpoint") }
        if peer.keepalive != nil { seen.insert("persistentkeepalive") }
    }
}

extension WgQuickParser {
    private static let peerKeys = ["PublicKey", "PresharedKey", "AllowedIPs", "Endpoint", "PersistentKeepalive"]

    mutating func setPeer(_ setting: Setting) {
        let value = setting.value.withoutBlanks
        switch setting.name {
        case "publickey":
            noteIfAgain(setting, reader: "wg")
            peer?.value.places.publicKey = setting.valuePlace
            guard let parsed: PublicKey = key(setting) else { return }
            peer?.value.publicKey = parsed
            peer?.hasKey = true
        case "presharedkey":
            noteIfAgain(setting, reader: "wg")
            peer?.value.places.presharedKey = setting.valuePlace
            guard let parsed: PresharedKey = key(setting) else { return }
            peer?.value.presharedKey = isNoKey(value) ? nil : parsed
        case "allowedips":
            seen.insert(setting.name)
            setAllowedIPs(setting)
        case "endpoint":
            noteIfAgain(setting, reader: "wg")
            peer?.value.places.endpoint = setting.valuePlace
            setEndpoint(setting, value)
        case "persistentkeepalive":
            noteIfAgain(setting, reader: "wg")
            peer?.value.places.keepalive = setting.valuePlace
            let seconds = one(setting) { () throws(ParseError) in try wgKeepalive(value) }
            peer?.value.keepalive = seconds
        default: unknown(setting, Self.peerKeys)
        }
    }

    private mutating func setEndpoint(_ setting: Setting, _ value: String) {
        let services = services
        let parsed = one(setting) { () throws(ParseError) in try WgQuickEndpoint(parsing: value, services: services) }
        peer?.value.endpoint = parsed?.endpoint
        switch parsed {
        case .dialled(let endpoint) where endpoint.description != value.lowercased():
            config.note(setting.valuePlace, .endpoint(written: value, means: endpoint))
        case .neighbour(let address, let namesInterface):
            config.note(setting.valuePlace, .endpointOfOneLink(written: value, address, namesIt: namesInterface))
        case nil, .dialled: break
        }
    }

    /// An empty part is refused, as wg does it; a setting without any part is wg's way to say none on the command line.
    private mutating func setAllowedIPs(_ setting: Setting) {
        for (item, place) in items(setting, isSeparator: { $0 == UInt8(ascii: ",") }, omittingEmpty: false) {
            let bare = item.withoutBlanks
            if bare.isEmpty {
                markUnread(setting.name)
                refuse(place, .emptyItem(key: String(setting.key)))
                continue
            }
            guard let written = one(setting, at: place, parse: { () throws(ParseError) in try wgAllowedIP(bare) })
            else {
                continue
            }
            if written.network.address != written.address {
                config.note(place, .hostBits(written))
            }
            peer?.value.allowed.append(WgQuickConfig.AllowedIP(written: written, place: place))
        }
    }
}
