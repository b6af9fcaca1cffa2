public import Compiler
public import NetTypes
internal import SiteModel
internal import Storage

/// What a peer's side is written as.
public enum ExportForm: Hashable, Sendable, CaseIterable {
    /// A device's own side.
    case client(ClientForm)
    /// A gateway's own side, for a peer with networks behind it: its wg-quick file, with the secrets.
    case gateway
    /// The same as wggw's profile, which holds no secrets.
    case profile

    /// Every form, devices' first.
    public static let allCases = ClientForm.allCases.map { Self.client($0) } + [.gateway, .profile]

    /// By the name that a command gives it. Throws `ParseError` with all of them.
    public init(parsing name: String) throws(ParseError) {
        guard let form = Self.allCases.first(where: { $0.name == name }) else {
            throw ParseError(name, .noneOf(Self.allCases.map(\.name)))
        }
        self = form
    }

    /// `wg-quick`, `networkd`, …
    public var name: String {
        switch self {
        case .client(let form): form.rawValue
        case .gateway: "gateway"
        case .profile: "profile"
        }
    }
}

/// What a peer's side is to be like, where that is not as usual.
public struct ExportChoices: Sendable {
    /// When a device of Apple's connects by itself.
    public var onDemand: OnDemand?
    /// At which of the tunnel's ports it dials; nil: the endpoint's.
    public var port: UInt16?
    /// Which AmneziaWG a disguised peer's app has; nil: one that takes all of the site's disguise.
    public var version: AWGVersion?

    /// As usual.
    public init() {}
}

/// A peer's side, written.
public struct Export: Sendable {
    /// The peer.
    public let name: String
    /// At least one; all are needed.
    public let files: [ClientFile]
    /// What there is to say besides.
    public let notices: [Notice]

    /// One file as it stands; of several each behind a comment with its name.
    public var text: String {
        if files.count == 1 { return files[0].text }
        return files.map { "# \($0.name)\n\($0.text)" }.joined(separator: "\n")
    }
}

extension ControlPlane {
    /// A peer's own configuration, with its private key if the pair was made here, and hints for people.
    public func export(
        _ name: String, as form: ExportForm = .client(.wgQuick), _ choices: ExportChoices = ExportChoices()
    ) throws(GatewayError) -> Export {
        try wrapping {
            let site = try siteToExport(form, choices)
            let peer = site.peers[try site.index(of: name)]
            let export = try export(peer, of: site, form, choices)
            let notices = export.notices + (try noticesUnapplied(peer: name))
            return Export(name: name, files: export.files, notices: notices)
        }
    }

    /// All peers' configurations, by name, but of those that have no side to write: the notices name them.
    public func exportAll(
        as form: ExportForm, _ choices: ExportChoices = ExportChoices()
    ) throws(GatewayError) -> (exports: [Export], notices: [Notice]) {
        try wrapping {
            let site = try siteToExport(form, choices)
            var exports: [Export] = []
            var notices = try noticesUnapplied(peer: nil)
            for peer in site.peers {
                var choices = choices
                if peer.disguise == .none { choices.version = nil }
                do {
                    exports.append(try export(peer, of: site, form, choices))
                    notices += exports[exports.count - 1].notices
                } catch GatewayError.exporting(let why) { notices.append(.exporting(.leftOut(why))) }
            }
            guard !exports.isEmpty else { throw ExportingError.nothing }
            return (exports, notices)
        }
    }

    /// The newest, for a device with an MTU that it takes over from the gateway.
    private func siteToExport(_ form: ExportForm, _ choices: ExportChoices) throws -> Site {
        let newest = try newest()
        var site = newest.site
        if let port = choices.port {
            guard site.tunnel.ports.contains(port) else { throw ExportingError.noSuchPort(port, site.tunnel.ports) }
            site.endpoint = site.endpoint.map { Endpoint($0.host, port: port) }
        }
        guard site.tunnel.mtu == nil, case .client = form else { return site }
        let known = try records.surroundings(of: newest.revision.id)?.mtu
        let found = try known ?? lookAround(newest, previous: nil, asksNames: false).surroundings.mtu
        // A disguise has an MTU always: without one, its apps take one of their own.
        site.tunnel.mtu = found == nil && site.tunnel.disguises.isEmpty ? nil : site.tunnel.mtu(found: found)
        return site
    }

    private func export(_ peer: Peer, of site: Site, _ form: ExportForm, _ choices: ExportChoices) throws -> Export {
        try wrapping {
            let (secrets, notices) = try secrets(for: peer, of: site, form)
            let files = try files(for: peer, in: site, secrets, form, choices)
            return Export(name: peer.name, files: files, notices: notices.map { .exporting($0) })
        }
    }

    private func secrets(for peer: Peer, of site: Site, _ form: ExportForm) throws -> (Secrets, notices: [ExportNotice])
    {
        var secrets = Secrets()
        var notices: [ExportNotice] = []
        if form == .profile {
            guard peer.presharedKey == .none else {
                throw ExportingError.presharedKey(peer: peer.name)
            }
            notices.append(.noKeys)
            return (secrets, notices)
        }
        if let key = peer.publicKey {
            if try revisions.holdsPrivateKey(of: key) {
                secrets.privateKeys[key] = try revisions.privateKey(of: key)
            } else {
                notices.append(.ownKey(peer: peer.name))
            }
        }
        var sealed: Set<SecretID> = []
        if case .sealed(let id) = peer.presharedKey { sealed.insert(id) }
        if case .sealed(let id)? = site.tunnel[disguise: peer.disguise]?.headerProtectionKey { sealed.insert(id) }
        secrets.presharedKeys = try revisions.presharedKeys(sealed)
        return (secrets, notices)
    }

    private func noticesUnapplied(peer: String?) throws -> [Notice] {
        let record = try records.current()
        if record.isUp, record.applied == (try revisions.newestID()) { return [] }
        return [.exporting(.unapplied(peer: peer))]
    }

    private func files(
        for peer: Peer, in site: Site, _ secrets: Secrets, _ form: ExportForm, _ choices: ExportChoices
    ) throws -> [ClientFile] {
        switch form {
        case .client(let form):
            guard !peer.isUnnumbered else {
                throw ExportingError.unnumbered(peer: peer.name)
            }
            let names = ClientNames(interface: site.tunnel.interface, site: site.name, peer: peer.name)
            let config = try clientConfig(for: peer, in: site, secrets: secrets, version: choices.version)
            guard config.isWhole(in: form) else {
                throw ClientConfigError.undisguised(peer: peer.name, form: form.rawValue)
            }
            return config.files(form, names, onDemand: choices.onDemand)
        case .gateway where peer.disguise != .none, .profile where peer.disguise != .none:
            throw ClientConfigError.undisguised(peer: peer.name, form: form.name)
        case .gateway:
            let text = try site.otherGatewayText(peer, secrets: secrets)
            return [ClientFile(name: "\(site.tunnel.interface).conf", text: text)]
        case .profile:
            return [ClientFile(name: "\(peer.name).toml", text: try site.otherGateway(peer).profileText())]
        }
    }
}
