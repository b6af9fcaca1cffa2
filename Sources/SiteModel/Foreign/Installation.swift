import NetTypes

/// Somebody's whole gateway from before, whatever program kept it: its own side, its peers with what is known of theirs, and who
/// was not let in.
///
/// Every reader of a foreign format yields one, and `site` makes a site of it.
public struct Installation: Sendable {
    /// What made it. The raw value is its name on the command line.
    public enum Kind: String, CaseIterable, Sendable {
        /// wg-easy up to version 14: `wg0.json`.
        case wgEasy14 = "wg-easy-14"
        /// wg-easy from version 15 on: `wg-easy.db`.
        case wgEasy15 = "wg-easy-15"
        /// PiVPN: `### begin NAME ###` in the gateway's file, `configs/NAME.conf`, `setupVars.conf`.
        case piVPN = "pivpn"
        /// The much-used script that leaves `params` and `### Client NAME`.
        case angristan
        /// The much-used script that writes `# BEGIN_PEER NAME`.
        case nyr
        /// A container's /config: `wg_confs/wg0.conf`, `peer_NAME/`.
        case linuxServer = "linuxserver"
        /// WGDashboard: the gateway's files and `wgdashboard.db`.
        case wgDashboard = "wgdashboard"
        /// wireguard-ui: its directory `db`.
        case wireguardUI = "wireguard-ui"
        /// wg-portal from version 2 on: its SQLite database.
        case wgPortal = "wg-portal"
        /// systemd-networkd: `NAME.netdev`, `NAME.network`.
        case networkd = "systemd-networkd"
        /// NetworkManager: `NAME.nmconnection`.
        case networkManager = "networkmanager"
        /// MikroTik's RouterOS: what `/export show-sensitive` prints.
        case mikroTik = "mikrotik"
        /// OPNsense: `config.xml`.
        case opnSense = "opnsense"
        /// Files of wg-quick, and nothing that says who wrote them.
        case wgQuick = "wg-quick"

        /// What people call it.
        public var title: String {
            switch self {
            case .wgEasy14: "wg-easy 14"
            case .wgEasy15: "wg-easy 15"
            case .piVPN: "PiVPN"
            case .angristan: "angristan's wireguard-install"
            case .nyr: "Nyr's wireguard-install"
            case .linuxServer: "linuxserver/wireguard"
            case .wgDashboard: "WGDashboard"
            case .wireguardUI: "wireguard-ui"
            case .wgPortal: "wg-portal"
            case .mikroTik: "MikroTik"
            case .opnSense: "OPNsense"
            case .networkd: "systemd-networkd"
            case .networkManager: "NetworkManager"
            case .wgQuick: "wg-quick"
            }
        }
    }

    /// Somebody who comes in, or did.
    struct Peer: Sendable {
        /// As the gateway's WireGuard has it; its name is a host label, its title what was written.
        var wireguard: WgQuickConfig.Peer
        /// Why the gateway did not let it in when its files were written; nil where it did.
        var absence: ForeignFault.Absence?
        /// When it was to be let in no longer: `2027-01-31T00:00:00.000Z`, or any beginning of that.
        var expiry: String?
        /// All that it may reach, if the gateway's program kept it to that.
        var rules: [AccessRule]?
        /// What is known of its own side.
        var client: Client?
    }

    /// A peer's own side, or what the gateway's program writes for any of them.
    struct Client: Sendable {
        var privateKey: PrivateKey?
        /// Servers that it asks; nil where that is not known.
        var dns: [IPAddress]?
        /// What it sends into the tunnel; nil where that is not known.
        var allowedIPs: [IPPrefix]?
        /// What it dials.
        var endpoint: Endpoint?
        /// Seconds, 0 is off; nil where that is not known.
        var keepalive: UInt16?
        /// Bytes of an inner packet; nil where that is not known.
        var mtu: Int?
        let place: WgQuickConfig.Place
    }

    /// What made it.
    public let kind: Kind
    /// The interface's name; nil where the files have none.
    public let interface: String?
    /// The gateway's own side, without peers, and what was noted while reading.
    var gateway: WgQuickConfig
    /// In the order of the files.
    var peers: [Peer] = []
    /// Who lets the peers' packets through.
    var forwarding = WgQuickConfig.Forwarding.hooks
    /// What peers dial, ask and send of whom nothing else is known.
    var defaults: Client?

    /// The first file, as it was named.
    public var file: String { gateway.file }
}

extension Installation {
    /// Those of a file of wg-quick, with those that are commented out there.
    static func peers(of config: WgQuickConfig) -> [Peer] {
        config.peers.map { Peer(wireguard: $0) } + config.disabled.map { Peer(wireguard: $0, absence: .disabled) }
    }

    /// A gateway's file of wg-quick alone.
    public init(_ config: WgQuickConfig, interface: String?) {
        kind = .wgQuick
        self.interface = interface
        gateway = config
        peers = Self.peers(of: config)
        gateway.peers = []
    }
}
