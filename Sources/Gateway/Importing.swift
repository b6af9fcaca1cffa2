public import SiteModel
internal import Compiler
internal import NetTypes
internal import Storage

extension ControlPlane {
    /// Takes a gateway's wg-quick file in place of the newest site, its keys as well. What such a file does not tell, the
    /// LAN and the way out, is taken from the newest site or found out.
    ///
    /// `interface` is the tunnel's, which wg-quick takes from the file's name. Of `clients`, files of the other side, the
    /// notices say what keeps them from making a tunnel with this one.
    public func takeWgQuick(
        _ text: String, file: String, interface: String, lan: LAN?, clients: [(file: String, text: String)] = [],
        why: String
    ) throws -> Draft {
        let config = try WgQuickConfig.parse(text, file: file)
        let slips = try clients.flatMap { client in
            config.mismatches(withClient: try WgQuickConfig.parse(client.text, file: client.file)) {
                KeyPair($0).publicKey
            }
        }
        return try locked {
            let previous = try store.newest()
            var choices = SiteChoices(try box.facts())
            try choices.expectPresent(lan?.interface, "--lan-interface")
            let known = try lan ?? previous?.site.lan ?? LAN(subnets: try choices.lanSubnets(tunnel: interface))
            var taken = try config.gatewaySite(interface: interface, lan: known) { KeyPair($0).publicKey }
            if let previous = previous?.site {
                taken.site.name = previous.name
                taken.site.endpoint = previous.endpoint
                taken.site.otherForwarding = previous.otherForwarding
                taken.site.egress = previous.egress
                taken.site.dns = previous.dns
                taken.site.groups = previous.groups
            }
            var keys = SiteKeys(store: store, random: random)
            if let key = taken.privateKey { _ = keys.seal(key) }
            for i in taken.site.peers.indices {
                guard let key = taken.presharedKeys[taken.site.peers[i].name] else { continue }
                taken.site.peers[i].presharedKey = try keys.seal(key)
            }
            return try record(
                taken.site, after: previous, keys: keys, kind: .imported, why: why,
                notices: choices.notices + (taken.notes + slips).map(\.description))
        }
    }
}
