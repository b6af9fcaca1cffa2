import NetTypes

/// The places where a peer can live, and so the forms in which it gets its side of the tunnel.
public enum ClientForm: String, CaseIterable, Sendable {
    /// wg-quick(8) and the official apps.
    case wgQuick = "wg-quick"
    /// A keyfile of NetworkManager (nm-settings-keyfile(5)).
    case networkManager = "networkmanager"
    /// systemd.netdev(5) and systemd.network(5).
    case networkd
    /// A configuration profile of Apple's, for WireGuard's app on an iPhone or iPad.
    case ios
    /// The same for a Mac.
    case macos
    /// A piece of /etc/config/network, as uci reads it.
    case openWrt = "openwrt"
    /// A script for RouterOS 7.
    case mikroTik = "mikrotik"
    /// What to type into OPNsense's forms.
    case opnSense = "opnsense"
    /// What to type into UniFi's form.
    case uniFi = "unifi"
}

/// A file for the other side.
public struct ClientFile: Equatable, Sendable {
    /// What it should be called, without a directory.
    public let name: String
    /// Holds secrets.
    public let text: String

    /// A file.
    public init(name: String, text: String) {
        self.name = name
        self.text = text
    }
}

/// What things are called at the other side.
public struct ClientNames: Sendable {
    /// The tunnel's interface there, 1…15 characters.
    public let interface: String
    /// The gateway's site, as a person knows it; a host label.
    public let site: String
    /// The peer; a host label.
    public let peer: String

    /// Makes the names.
    public init(interface: String, site: String, peer: String) {
        self.interface = interface
        self.site = site
        self.peer = peer
    }
}

/// When a device of Apple's connects by itself.
public struct OnDemand: Equatable, Sendable {
    /// The names of wireless networks in which it does not, as the one at home.
    public var exceptWiFi: [String]

    /// Everywhere but in these networks.
    public init(exceptWiFi: [String] = []) { self.exceptWiFi = exceptWiFi }
}

extension ClientConfig {
    /// The files of a form, one or more; all of them are needed. `onDemand` is for `ios` and `macos`.
    public func files(_ form: ClientForm, _ names: ClientNames, onDemand: OnDemand? = nil) -> [ClientFile] {
        switch form {
        case .wgQuick: [ClientFile(name: "\(names.peer).conf", text: wgQuickText)]
        case .networkManager: [networkManagerKeyfile(names)]
        case .networkd: networkdFiles(names)
        case .ios, .macos: [appleProfile(names, isPhone: form == .ios, onDemand)]
        case .openWrt: [openWrtConfig(names)]
        case .mikroTik: [routerOSScript(names)]
        case .opnSense: [opnSenseForms(names)]
        case .uniFi: [uniFiForm(names)]
        }
    }

    /// Whether a form says how a disguised peer comes in; others would make it a plain one, which shows the gateway's port.
    public func isWhole(in form: ClientForm) -> Bool { disguise == nil || form == .wgQuick }

    /// Whether everything of a family goes into the tunnel.
    func takesEverything(v6: Bool) -> Bool { allowedIPs.contains(v6 ? .everyV6 : .everyV4) }

    /// What stands in a file in place of a private key that only its owner has.
    static let ownKey = "(put your own private key here)"
}

extension Endpoint {
    /// The host without brackets, for forms that ask for it and the port apart.
    var hostText: String {
        switch host {
        case .address(let address): "\(address)"
        case .name(let name): name
        }
    }
}

/// Items in one line.
func joined(_ items: [some CustomStringConvertible], by separator: String) -> String {
    items.map(\.description).joined(separator: separator)
}
