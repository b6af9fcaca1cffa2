import Firewall
import NetTypes
import SiteModel

extension DesiredState {
    /// The state as a person reads it, complete but for secrets. Golden tests keep it.
    public var text: String {
        var lines = ["interface \(interface)", "  datapath \(datapath.rawValue)", "  mtu \(link.mtu)"]
        lines += link.addresses.map { "  address \($0)" }
        lines += wireGuard.lines
        lines += section("routes", routes.map { "\($0.destination) dev \($0.interface)" })
        lines += section("proxy neighbours", proxyNeighbours.map { "\($0.address) dev \($0.interface)" })
        lines += section("sysctls", sysctls.map(\.description))
        lines += section("static routes for the LAN's router", advice.map { "\($0) via \(Self.unknownGateway)" })
        return lines.joined(separator: "\n") + "\n\n" + firewall.nftText
    }

    /// Stands for the gateway's address in the LAN as long as nobody has looked at the box.
    package static let unknownGateway = "GATEWAY"

    private func section(_ title: String, _ lines: [String]) -> [String] {
        lines.isEmpty ? [] : ["", title] + lines.map { "  \($0)" }
    }
}

extension WireGuardConfig {
    fileprivate var lines: [String] {
        var lines = [
            "", "wireguard", "  public key \(publicKey)", "  private key (hidden)", "  listen port \(listenPort)",
        ]
        if fwmark != 0 { lines.append("  fwmark 0x\(String(fwmark, radix: 16))") }
        lines += disguises.map { _ in "  disguise AmneziaWG (hidden)" }
        for peer in peers {
            lines += ["", "peer \(peer.publicKey)"]
            if peer.presharedKey != nil { lines.append("  preshared key (hidden)") }
            if let endpoint = peer.endpoint { lines.append("  endpoint \(endpoint)") }
            if peer.dialect != 1 {
                lines.append(peer.dialect == 0 ? "  in plain WireGuard" : "  by disguise \(peer.dialect)")
            }
            if peer.keepalive != 0 { lines.append("  keepalive \(peer.keepalive) s") }
            lines.append("  allowed ips " + peer.allowedIPs.map(\.description).joined(separator: ", "))
        }
        return lines
    }
}

extension SysctlRequirement: CustomStringConvertible {
    /// `net/ipv4/ip_forward = 1`
    public var description: String {
        switch need {
        case .equal(let value): "\(key) = \(value)"
        case .looseReversePath: "\(key) = 2 where it would be strict"
        case .acceptRouterAdvertisements: "\(key) = 2 where it is 1"
        }
    }
}
