import NetTypes

extension ClientConfig {
    /// `nmcli connection import` and the directory /etc/NetworkManager/system-connections take it.
    ///
    /// Routes come from the allowed IPs by themselves, a default route by a table of its own (`ip4-auto-default-route`). A family that
    /// goes in whole but has no address stays on, or it would go past the tunnel.
    func networkManagerKeyfile(_ names: ClientNames) -> ClientFile {
        var lines = ["[connection]", "id=\(names.site)", "uuid=\(uuid(of: names, "networkmanager"))", "type=wireguard"]
        lines += ["interface-name=\(names.interface)", "", "[wireguard]"]
        lines.append(privateKey.map { "private-key=\($0.exposedBase64)" } ?? "# private-key=\(Self.ownKey)")
        lines.append("private-key-flags=0")
        if let mtu { lines.append("mtu=\(mtu)") }
        lines += ["", "[wireguard-peer.\(publicKey)]", "endpoint=\(endpoint)"]
        if let presharedKey {
            lines += ["preshared-key=\(presharedKey.exposedBase64)", "preshared-key-flags=0"]
        }
        if keepalive > 0 { lines.append("persistent-keepalive=\(keepalive)") }
        lines.append("allowed-ips=\(allowedIPs.map { "\($0);" }.joined())")
        for v6 in [false, true] {
            let own = addresses.filter { $0.address.isV6 == v6 }
            lines += ["", v6 ? "[ipv6]" : "[ipv4]"]
            lines.append("method=\(own.isEmpty ? takesEverything(v6: v6) ? "link-local" : "disabled" : "manual")")
            lines += own.enumerated().map { "address\($0.offset + 1)=\($0.element)" }
            let servers = dns.filter { $0.isV6 == v6 }
            if !servers.isEmpty && !own.isEmpty {
                lines.append("dns=\(servers.map { "\($0);" }.joined())")
                // All names, and before any other connection's servers: as wg-quick has it.
                lines += ["dns-search=~;", "dns-priority=-50"]
            }
        }
        return ClientFile(name: "\(names.peer).nmconnection", text: lines.map { $0 + "\n" }.joined())
    }
}

extension ClientConfig {
    /// The same for the same peer of the same gateway, so that a second import replaces the first. A name-based UUID of version 8
    /// (RFC 9562 5.8) from a 128 bit FNV-1a hash.
    func uuid(of names: ClientNames, _ use: String) -> String {
        var hash: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
        for byte in "\(use)/\(publicKey)/\(names.peer)".utf8 {
            hash = (hash ^ UInt128(byte)) &* 0x0000_0000_0100_0000_0000_0000_0000_013b
        }
        hash = hash & ~(UInt128(0xf) << 76 | UInt128(3) << 62) | UInt128(8) << 76 | UInt128(2) << 62
        let digits = String(hash, radix: 16)
        let padded = Array(String(repeating: "0", count: 32 - digits.utf8.count) + digits)
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(padded[$0]) }.joined(separator: "-")
    }
}
