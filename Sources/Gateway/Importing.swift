internal import Compiler
internal import Glibc
internal import NetTypes
public import SiteModel
internal import Storage

extension ControlPlane {
    /// Takes a gateway's wg-quick file in place of the newest site, its keys as well. What such a file does not tell, the
    /// LAN and the way out, is taken from the newest site or found out.
    ///
    /// `stem` is the file's name without directory and `.conf`, after which wg-quick calls the tunnel's interface; nil where it has
    /// none. Of `clients`, files of the other side, the notices say what keeps them from making a tunnel with this one.
    public func takeWgQuick(
        _ text: FileText, file: String, stem: String?, lan: LAN?, clients: [(file: String, text: FileText)] = [],
        why: String
    ) throws -> Draft {
        let config = try WgQuickConfig.parse(text, file: file, services: udpPort)
        let slips = try clients.flatMap { client in
            let theirs = try WgQuickConfig.parse(client.text, file: client.file, services: udpPort)
            return config.mismatches(withClient: theirs) { KeyPair($0).publicKey }
        }
        return try locked {
            let previous = try store.newest()
            let facts = try box.facts()
            var choices = SiteChoices(facts)
            try choices.expectPresent(lan?.interface, "--lan-interface")
            let names = WgQuickNames(stem: stem, previous: previous?.site, interfaces: facts.interfaces.map(\.name))
            let known = try lan ?? previous?.site.lan ?? LAN(subnets: try choices.lanSubnets(tunnel: names.interface))
            var taken = try config.gatewaySite(
                interface: names.interface, lan: known, uplink: facts.defaultInterfaceV4 ?? facts.defaultInterfaceV6
            ) { KeyPair($0).publicKey }
            taken.site.name = names.site
            if let previous = previous?.site {
                taken.site.endpoint = previous.endpoint
                taken.site.otherForwarding = previous.otherForwarding
                if !taken.tellsEgress { taken.site.egress = previous.egress }
                taken.site.dns = previous.dns
                taken.site.groups = previous.groups
            }
            choices.noticeAbsences(taken.site)
            var keys = SiteKeys(store: store, random: random)
            if let key = taken.privateKey { _ = keys.seal(key) }
            for i in taken.site.peers.indices {
                guard let key = taken.presharedKeys[taken.site.peers[i].name] else { continue }
                taken.site.peers[i].presharedKey = try keys.seal(key)
            }
            return try record(
                taken.site, after: previous, keys: keys, kind: .imported, why: why,
                notices: names.notices + choices.notices + (taken.notes + slips).map(\.description))
        }
    }
}

/// What the tunnel's interface and the site are called after a file.
struct WgQuickNames {
    private(set) var interface: String
    private(set) var site: String
    private(set) var notices: [String] = []

    /// A name that no interface can have makes a name for the site, and the interface keeps the one that it had, or gets one that
    /// is free on this box.
    init(stem: String?, previous: Site?, interfaces: [String]) {
        site = previous?.name ?? "home"
        guard let stem else {
            interface = "wg0"
            return
        }
        interface = stem
        if isInterfaceName(stem) { return }
        interface =
            previous?.tunnel.interface ?? (0...).lazy.map { "wg\($0)" }.first { !interfaces.contains($0) } ?? "wg0"
        if previous == nil, let label = hostLabel(nearest: stem) { site = label }
        notices = [
            "the file's name is none for an interface; the tunnel's is \(interface), and the site is called \(site)"
        ]
    }
}

/// The UDP port of a service on this box (services(5)); nil for one that it does not know.
private func udpPort(_ service: String) -> UInt16? {
    guard let entry = getservbyname(service, "udp") else { return nil }
    return UInt16(truncatingIfNeeded: entry.pointee.s_port).byteSwapped
}
