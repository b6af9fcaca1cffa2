import NetTypes

/// A file as the rules see it.
struct LintedFile {
    /// Which one it is of those that were given; set by the `LintSet`.
    var index = 0
    private(set) var config: WgQuickConfig
    /// Whether another file has the same private key, so that it does not say who this one is; set by the `LintSet`.
    var sharesKey = false
    /// What could not be read.
    let errors: [ProfileError]
    /// The networks that peers lost to others, by the lines of their sections.
    private let lost: [Int: [IPPrefix]]
    let encoding: FileText.Encoding
    let exposure: FileExposure?
    /// What belongs to its private key; nil without one.
    private(set) var publicKey: PublicKey?

    var name: String { config.file }
    var interface: WgQuickConfig.Interface { config.interface }
    var peers: [WgQuickConfig.Peer] { config.peers }

    init(_ file: LintFile, services: ServicePorts, publicKey: (PrivateKey) -> PublicKey) {
        (config, errors) = WgQuickConfig.read(file.text, file: file.name, services: services)
        lost = config.lostNetworks
        encoding = file.text.encoding
        exposure = file.exposure
        self.publicKey = config.interface.privateKey.map(publicKey)
    }

    init(_ config: WgQuickConfig, publicKey: (PrivateKey) -> PublicKey) {
        self.config = config
        lost = config.lostNetworks
        (errors, encoding, exposure) = ([], .utf8, nil)
        self.publicKey = config.interface.privateKey.map(publicKey)
    }

    /// Takes the key of a peer, or the file's own (nil), for one that says nothing of who it is.
    mutating func forgetKey(of peer: Int?) {
        if let peer { config.peers[peer].unread.insert("publickey") } else { publicKey = nil }
    }

    /// Whether the file does not have a setting of `[Interface]`, by its name in lower case; one that could not be read it has.
    func lacks(_ key: String) -> Bool { config.places[key] == nil && !config.unread.contains(key) }

    /// Where a setting of `[Interface]` stands, or that section.
    func place(_ key: String) -> WgQuickConfig.Place { config.places[key] ?? config.interfacePlace }

    /// Whether it is of a machine that goes to others and to which nobody comes.
    var onlyDials: Bool { !peers.isEmpty && peers.allSatisfy { $0.endpoint != nil } }

    /// Its own addresses, those aside that every interface has.
    var addresses: [InterfaceAddress] { interface.addresses.filter { !$0.network.isLinkLocal } }

    /// The networks that a peer had before another one took them.
    func lost(by peer: WgQuickConfig.Peer) -> [IPPrefix] { lost[peer.place.line] ?? [] }

    /// What wg-quick calls the interface.
    var interfaceName: String {
        let base = name.split(separator: "/").last.map(String.init) ?? name
        return base.hasSuffix(".conf") ? String(base.dropLast(5)) : base
    }
}

extension WgQuickConfig {
    fileprivate var lostNetworks: [Int: [IPPrefix]] {
        remarks.reduce(into: [:]) { lost, next in
            if case .networkOfOther(let network, let line) = next.remark { lost[line, default: []].append(network) }
        }
    }
}

extension WgQuickConfig.Peer {
    /// Whether its key says who it is.
    var hasKey: Bool { !unread.contains("publickey") }

    /// Whether the file does not say where to dial it; what could not be read it says.
    var lacksEndpoint: Bool { endpoint == nil && places.endpoint == nil && !unread.contains("endpoint") }

    /// Whether all of its networks could be read.
    var hasWholeAllowedIPs: Bool { !unread.contains("allowedips") }

    func allows(_ address: IPAddress) -> Bool { allowed.contains { $0.network.contains(address) } }
}

extension IPPrefix {
    /// IPv6's.
    static let linkLocal = IPPrefix("fe80::/10")!

    var isLinkLocal: Bool { Self.linkLocal.contains(self) }
}
