import NetTypes

extension ClientConfig {
    /// For /etc/systemd/network: a `.netdev` that makes the interface, and a `.network` that gives it addresses and routes.
    ///
    /// What goes in whole has a table of its own, which the tunnel's own packets do not ask, as systemd.netdev(5) lays it out.
    func networkdFiles(_ names: ClientNames) -> [ClientFile] {
        let isFull = takesEverything(v6: false) || takesEverything(v6: true)
        var device = ["[NetDev]", "Name=\(names.interface)", "Kind=wireguard"]
        if let mtu { device.append("MTUBytes=\(mtu)") }
        device += ["", "[WireGuard]"]
        device.append(privateKey.map { "PrivateKey=\($0.exposedBase64)" } ?? "# PrivateKey=\(Self.ownKey)")
        if isFull { device.append("FirewallMark=\(Self.mark)") }
        device.append("RouteTable=\(isFull ? Self.table : "main")")
        device += ["", "[WireGuardPeer]", "PublicKey=\(publicKey)"]
        if let presharedKey { device.append("PresharedKey=\(presharedKey.exposedBase64)") }
        device.append("AllowedIPs=\(joined(allowedIPs, by: ","))")
        device.append("Endpoint=\(endpoint)")
        if keepalive > 0 { device.append("PersistentKeepalive=\(keepalive)") }
        var network = ["[Match]", "Name=\(names.interface)", "", "[Network]"]
        network += addresses.map { "Address=\($0)" } + dns.map { "DNS=\($0)" }
        if !dns.isEmpty { network.append("Domains=~.") }
        if isFull {
            // More exact routes of the main table, the LAN at hand for one, go first.
            network += [
                "", "[RoutingPolicyRule]", "Family=both", "Table=main", "SuppressPrefixLength=0", "Priority=10",
            ]
            network += ["", "[RoutingPolicyRule]", "Family=both", "FirewallMark=\(Self.mark)", "InvertRule=yes"]
            network += ["Table=\(Self.table)", "Priority=20"]
        }
        return [(device, "netdev"), (network, "network")].map { lines, ending in
            ClientFile(name: "50-\(names.interface).\(ending)", text: lines.map { $0 + "\n" }.joined())
        }
    }

    /// wg-quick's own mark and table, in a number that networkd takes for both.
    private static var mark: String { "51820" }
    private static var table: String { "51820" }
}
