import NetTypes

extension ClientConfig {
    /// Sections for OpenWrt's /etc/config/network, as `uci import` reads them. Routes come from the allowed IPs, and one to the
    /// endpoint past the tunnel by itself.
    func openWrtConfig(_ names: ClientNames) -> ClientFile {
        // A section's name has no other characters.
        let section = String(names.interface.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
        func option(_ name: String, _ value: some CustomStringConvertible) -> String { "\toption \(name) '\(value)'" }
        func list(_ name: String, _ values: [some CustomStringConvertible]) -> [String] {
            values.map { "\tlist \(name) '\($0)'" }
        }
        var lines = ["# On the router: uci -m import network < FILE && uci commit network && service network reload"]
        lines += ["", "config interface '\(section)'", option("proto", "wireguard")]
        lines.append(
            privateKey.map { option("private_key", $0.exposedBase64) } ?? "\t# option private_key '\(Self.ownKey)'")
        lines += list("addresses", addresses)
        if let mtu { lines.append(option("mtu", mtu)) }
        lines += list("dns", dns)
        lines += [
            "", "config wireguard_\(section)", option("description", names.site), option("public_key", publicKey),
        ]
        if let presharedKey { lines.append(option("preshared_key", presharedKey.exposedBase64)) }
        lines += list("allowed_ips", allowedIPs) + [option("route_allowed_ips", 1)]
        lines += [option("endpoint_host", endpoint.hostText), option("endpoint_port", endpoint.port)]
        if keepalive > 0 { lines.append(option("persistent_keepalive", keepalive)) }
        return ClientFile(name: "\(names.peer).uci", text: lines.map { $0 + "\n" }.joined())
    }

    /// Commands for RouterOS 7 (`/import file-name=…`, or pasted into its terminal). It makes no routes by itself.
    func routerOSScript(_ names: ClientNames) -> ClientFile {
        let interface = names.interface
        func quoted(_ text: some CustomStringConvertible) -> String {
            // $ and " mean something between quotes (RouterOS scripting); a label, a key and a number have neither.
            "\""
                + text.description.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing(
                    "$", with: "\\$") + "\""
        }
        var lines = ["# On the router: /import file-name=\(names.peer).rsc, and delete the file there: it holds keys."]
        lines.append(
            "/interface wireguard add name=\(quoted(interface)) comment=\(quoted(names.site)) private-key="
                + quoted(privateKey?.exposedBase64 ?? Self.ownKey) + (mtu.map { " mtu=\($0)" } ?? ""))
        lines.append(
            "/interface wireguard peers add interface=\(quoted(interface)) comment=\(quoted(names.site)) "
                + "public-key=\(quoted(publicKey))"
                + (presharedKey.map { " preshared-key=\(quoted($0.exposedBase64))" } ?? "")
                + " endpoint-address=\(quoted(endpoint.hostText)) endpoint-port=\(endpoint.port)"
                + " allowed-address=\(joined(allowedIPs, by: ","))"
                + (keepalive > 0 ? " persistent-keepalive=\(keepalive)s" : ""))
        lines += addresses.map {
            $0.address.isV6
                ? "/ipv6 address add address=\($0) interface=\(quoted(interface)) advertise=no"
                : "/ip address add address=\($0) interface=\(quoted(interface))"
        }
        lines += allowedIPs.filter { $0.length > 0 }.map {
            "/\($0.isV6 ? "ipv6" : "ip") route add dst-address=\($0) gateway=\(quoted(interface))"
        }
        if takesEverything(v6: false) || takesEverything(v6: true) {
            lines += [
                "# Everything goes in: add the default routes yourself, after a route to \(endpoint.hostText) by your provider's",
                "# gateway; without that one the tunnel's own packets go into the tunnel, and nothing leaves the router.",
            ]
            for (v6, menu, every) in [(false, "ip", "0.0.0.0/0"), (true, "ipv6", "::/0")] where takesEverything(v6: v6)
            {
                lines.append("# /\(menu) route add dst-address=\(every) gateway=\(quoted(interface)) distance=1")
            }
        }
        return ClientFile(name: "\(names.peer).rsc", text: lines.map { $0 + "\n" }.joined())
    }
}
