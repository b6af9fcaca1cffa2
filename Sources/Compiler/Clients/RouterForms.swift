import BoxModel
import NetTypes

extension ClientConfig {
    /// OPNsense: two forms, in the order in which they need each other.
    func opnSenseForms(_ names: ClientNames) -> ClientFile {
        let peer = FormPage(
            "VPN → WireGuard → Peers → +",
            [
                ("Name", names.site), ("Public key", "\(publicKey)"), ("Pre-shared key", presharedKey?.exposedBase64),
                ("Allowed IPs", joined(allowedIPs, by: ", ")), ("Endpoint address", endpoint.hostText),
                ("Endpoint port", "\(endpoint.port)"), ("Keepalive interval", keepalive > 0 ? "\(keepalive)" : nil),
            ])
        let instance = FormPage(
            "VPN → WireGuard → Instances → +",
            [
                ("Name", names.interface), ("Private key", privateKey?.exposedBase64 ?? Self.ownKey),
                ("MTU", mtu.map { "\($0)" }), ("DNS servers", dns.isEmpty ? nil : joined(dns, by: ", ")),
                ("Tunnel address", joined(addresses, by: ", ")), ("Peers", names.site),
            ])
        return typed(names, "OPNsense", [peer, instance], last: "VPN → WireGuard → General: Enable WireGuard, Apply")
    }

    /// UniFi: one form. It takes IPv4 only, and sends everything of the networks that its traffic rules name into the tunnel.
    func uniFiForm(_ names: ClientNames) -> ClientFile {
        let v4 = addresses.first { !$0.address.isV6 }
        let form = FormPage(
            "Settings → VPN → VPN Client → Create New → WireGuard → Manual",
            [
                ("Name", names.site), ("Private Key", privateKey?.exposedBase64 ?? Self.ownKey),
                ("Tunnel IP", v4.map { "\($0)" } ?? "(this peer has no IPv4 address: it cannot be set up here)"),
                ("Server Address", endpoint.hostText), ("Port", "\(endpoint.port)"),
                ("Public Server Key", "\(publicKey)"),
                ("Pre-shared Key", presharedKey?.exposedBase64),
                ("Primary DNS Server", dns.first { !$0.isV6 }.map { "\($0)" }),
            ])
        return typed(
            names, "UniFi", [form],
            last: "Settings → Policy Engine → Traffic & Firewall Rules: route "
                + joined(allowedIPs.filter { !$0.isV6 }, by: ", ") + " to \(names.site)")
    }

    private func typed(_ names: ClientNames, _ router: String, _ pages: [FormPage], last: String) -> ClientFile {
        let text = pages.map(\.text).joined(separator: "\n") + "\n\(last)\n"
        return ClientFile(name: "\(names.peer)-\(router.lowercased()).txt", text: text)
    }
}

/// A page of a router's user interface, and what goes into its fields, in their order.
private struct FormPage {
    private let place: String
    private let fields: [(name: String, value: String)]

    /// Fields without a value stay empty there, and are left out.
    init(_ place: String, _ fields: [(String, String?)]) {
        self.place = place
        self.fields = fields.compactMap { name, value in value.map { (name, $0) } }
    }

    var text: String {
        let width = fields.map(\.name.count).max() ?? 0
        let rows = fields.map { "  \($0.name)\(String(repeating: " ", count: width - $0.name.count))  \($0.value)\n" }
        return "\(place)\n\(rows.joined())"
    }
}
