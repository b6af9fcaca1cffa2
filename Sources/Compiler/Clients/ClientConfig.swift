public import NetTypes
public import SiteModel

/// What a peer needs on its own side, in the terms of wg-quick and the official apps.
public struct ClientConfig: Equatable, Sendable {
    /// nil where the peer brought its own key: its owner puts it in.
    public var privateKey: PrivateKey?
    /// As host addresses; sorted.
    public var addresses: [InterfaceAddress]
    /// In order of preference.
    public var dns: [IPAddress]
    /// Bytes of an inner packet.
    public var mtu: Int?
    /// The gateway's.
    public var publicKey: PublicKey
    /// nil is none.
    public var presharedKey: PresharedKey?
    /// What the peer sends into the tunnel; sorted.
    public var allowedIPs: [IPPrefix]
    /// What the peer dials.
    public var endpoint: Endpoint
    /// AmneziaWG's parameters, as the gateway has them and the peer's app takes them; nil: plain WireGuard.
    public var disguise: AWGSettings?
    /// Seconds; 0 is off.
    public var keepalive: UInt16
}

/// A client's configuration that cannot be written: what is missing, and what would help.
public enum ClientConfigError: Error, Hashable, Sendable, ToldInProse {
    /// The site has no endpoint to dial.
    case noEndpoint
    /// The gateway has no key pair yet.
    case noGatewayKey
    /// The peer's sealed preshared key is not there.
    case noPresharedKey(peer: String)
    /// The sealed key of the disguise is not there, or its parameters do not go together.
    case noDisguise(peer: String)
    /// The peer is disguised, and the form cannot say so.
    case undisguised(peer: String, form: String)
    /// The site's disguise is none that an app of this version takes.
    case tooNew(peer: String, AWGVersionFault)
    /// An app's version is told, and the peer comes in by plain WireGuard.
    case noVersion(peer: String)

    /// `the site has no endpoint; …`
    public var prose: Prose {
        switch self {
        case .noEndpoint:
            "the site has no endpoint that a peer could dial; set site.endpoint, like vpn.example.org:51820"
        case .noGatewayKey: "the gateway has no key pair yet; draft the site first"
        case .noPresharedKey(let peer): "peer \(peer): its preshared key is not in the store"
        case .noDisguise(let peer): "peer \(peer): the site's disguise is not whole; draft the site first"
        case .undisguised(let peer, let form):
            """
            peer \(peer) comes in by AmneziaWG, which the form \(form) cannot say; take wg-quick's, which AmneziaWG's apps read, or \
            \(.peer(peer, .plain))
            """
        case .tooNew(let peer, let fault):
            """
            peer \(peer) comes in by a disguise with \(fault.names.map(\.rawValue).joined(separator: ", ")), which both ends need and \
            apps of AmneziaWG \(fault.version.rawValue) do not take as they are; take an app of AmneziaWG \(fault.needed.rawValue), or draw \
            one for it and give it to the peer: \(.disguise("old", for: fault.version)), \(.peer(peer, .disguise("old")))
            """
        case .noVersion(let peer):
            "peer \(peer) comes in by plain WireGuard, which has no versions; leave --for out"
        }
    }
}

/// The other side of a peer: what its own WireGuard has to be told. Throws `ClientConfigError`.
///
/// With a full tunnel everything of both families goes in, also where the gateway has no IPv6, so that nothing leaks past it. With an
/// app's version a disguise is as that takes it.
public func clientConfig(
    for peer: Peer, in site: Site, secrets: Secrets, version: AWGVersion? = nil
) throws(ClientConfigError) -> ClientConfig {
    guard let endpoint = site.endpoint else { throw .noEndpoint }
    guard let gatewayKey = site.tunnel.publicKey else { throw .noGatewayKey }
    var presharedKey: PresharedKey?
    switch peer.presharedKey {
    case .none: break
    case .auto: throw .noPresharedKey(peer: peer.name)
    case .sealed(let id):
        presharedKey = secrets.presharedKeys[id]
        if presharedKey == nil { throw .noPresharedKey(peer: peer.name) }
    }
    let disguise = try clientDisguise(of: peer, in: site, secrets, version)
    return ClientConfig(
        privateKey: peer.publicKey.flatMap { secrets.privateKeys[$0] },
        addresses: peer.addresses.map { InterfaceAddress($0, length: $0.bitWidth) }, dns: site.dns,
        mtu: site.tunnel.mtu, publicKey: gatewayKey, presharedKey: presharedKey,
        allowedIPs: clientAllowedIPs(of: peer, in: site), endpoint: endpoint, disguise: disguise,
        keepalive: peer.keepaliveOfItsFile)
}

/// The disguise of a peer's file. Without a version, all lines that are not default, which some versions refuse.
private func clientDisguise(
    of peer: Peer, in site: Site, _ secrets: Secrets, _ version: AWGVersion?
) throws(ClientConfigError) -> AWGSettings? {
    guard peer.disguise != .none else {
        if version != nil { throw .noVersion(peer: peer.name) }
        return nil
    }
    var parameters: AWGParameters?
    do throws(CompileError) { parameters = try site.tunnel[disguise: peer.disguise]?.parameters(secrets) } catch {
        throw .noDisguise(peer: peer.name)
    }
    guard let version else { return parameters?.settings }
    do throws(AWGVersionFault) { return try parameters?.settings(for: version) } catch {
        throw .tooNew(peer: peer.name, error)
    }
}

/// What a peer's configuration sends into the tunnel: everything, or the LAN, the tunnel and what its policy names of other
/// sites; sorted and disjoint. `branches` are the site's: who asks for many peers finds them once.
public func clientAllowedIPs(of peer: Peer, in site: Site, branches: Branches? = nil) -> [IPPrefix] {
    if site.goesOut(peer) { return [.everyV4, .everyV6] }
    let rules = (peer.policy ?? peer.group.flatMap { site.groups[$0] })?.allow ?? []
    let branches = rules.isEmpty ? [] : (branches ?? Branches(site)).all
    let named = branches.filter { branch in
        branch.peer != peer.name && rules.contains { $0.destination.overlaps(branch.network) }
    }
    let networks = site.lan.subnets + site.tunnel.addresses.map(\.network) + named.map(\.network)
    // What is behind the peer itself must not be sent into the tunnel.
    let behind = IPPrefixSet(peer.routes)
    return networks.filter { !behind.contains($0) }.disjoint()
}

/// The networks behind a site's peers.
public struct Branches: Sendable {
    /// Each with the name of its peer.
    let all: [(peer: String, network: IPPrefix)]

    /// Finds them.
    public init(_ site: Site) { all = site.peers.flatMap { peer in peer.routes.map { (peer.name, $0) } } }
}

extension Peer {
    /// Seconds between keepalives in the file that is written for it: NAT forgets after 30.
    public var keepaliveOfItsFile: UInt16 { keepalive ?? 25 }
}

extension ClientConfig {
    /// A file that wg-quick takes, and the official apps from a QR code. Holds secrets.
    ///
    /// Without a private key it says where to put it, and is refused by wg-quick until that is done.
    public var wgQuickText: String {
        var lines = ["[Interface]"]
        lines.append(
            privateKey.map { "PrivateKey = \($0.exposedBase64)" }
                ?? "# PrivateKey = (put your own private key here and take the # away)")
        lines.append("Address = \(joined(addresses, by: ", "))")
        if !dns.isEmpty { lines.append("DNS = \(joined(dns, by: ", "))") }
        if let mtu { lines.append("MTU = \(mtu)") }
        if let disguise {
            for name in AWGName.allCases {
                if let text = disguise.exposedText(of: name) { lines.append("\(name.rawValue) = \(text)") }
            }
        }
        lines.append("")
        lines += wgQuickPeer(publicKey, presharedKey, allowedIPs, endpoint, keepalive: keepalive)
        return lines.map { $0 + "\n" }.joined()
    }
}

/// A section of wg-quick's, of whichever side, from `[Peer]` on. Holds secrets.
func wgQuickPeer(
    _ publicKey: PublicKey, _ presharedKey: PresharedKey?, _ allowedIPs: [IPPrefix], _ endpoint: Endpoint?,
    keepalive: UInt16
) -> [String] {
    var lines = ["[Peer]", "PublicKey = \(publicKey)"]
    if let presharedKey { lines.append("PresharedKey = \(presharedKey.exposedBase64)") }
    lines.append("AllowedIPs = \(joined(allowedIPs, by: ", "))")
    if let endpoint { lines.append("Endpoint = \(endpoint)") }
    if keepalive > 0 { lines.append("PersistentKeepalive = \(keepalive)") }
    return lines
}
