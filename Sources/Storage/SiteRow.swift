internal import GRDB
internal import NetTypes
internal import SiteModel

/// All of a `Site` but its peers, as columns of table `revision`, and back.
enum SiteRow {
    static let columns = """
        name, endpoint, other_forwarding, lan_interface, lan_subnets, reply_path, tunnel_interface, tunnel_addresses, \
        listen_port, mtu, datapath, fwmark, public_key, egress_interface, full_tunnel, dns, groups
        """

    static func arguments(_ site: Site) -> StatementArguments {
        [
            site.name, site.endpoint?.description, site.otherForwarding?.rawValue, site.lan.interface,
            ListText.write(site.lan.subnets), site.lan.replyPath.rawValue, site.tunnel.interface,
            ListText.write(site.tunnel.addresses), Int(site.tunnel.listenPort), site.tunnel.mtu,
            site.tunnel.datapath.rawValue, Int(site.tunnel.fwmark), site.tunnel.publicKey?.description,
            site.egress.interface, site.egress.fullTunnel, ListText.write(site.dns), GroupText.write(site.groups),
        ]
    }

    /// Without peers.
    static func site(_ row: Row) throws -> Site {
        Site(
            name: row["name"], endpoint: try value(row, "endpoint"),
            otherForwarding: try (row["other_forwarding"] as String?).map { try choice($0) },
            lan: LAN(
                interface: row["lan_interface"], subnets: try ListText.read(row["lan_subnets"]),
                replyPath: try choice(row["reply_path"])),
            tunnel: Tunnel(
                interface: row["tunnel_interface"], addresses: try ListText.read(row["tunnel_addresses"]),
                listenPort: try number(row, "listen_port"), mtu: row["mtu"], datapath: try choice(row["datapath"]),
                fwmark: try number(row, "fwmark"), publicKey: try value(row, "public_key")),
            egress: Egress(interface: row["egress_interface"], fullTunnel: row["full_tunnel"]),
            dns: try ListText.read(row["dns"]), groups: try GroupText.read(row["groups"]))
    }

    private static func value<V: LosslessStringConvertible>(_ row: Row, _ column: String) throws -> V? {
        guard let text: String = row[column] else { return nil }
        guard let value = V(text) else { throw ListText.damaged(text) }
        return value
    }

    private static func number<V: FixedWidthInteger>(_ row: Row, _ column: String) throws -> V {
        let number: Int = row[column]
        guard let value = V(exactly: number) else { throw ListText.damaged("\(column) \(number)") }
        return value
    }

    private static func choice<V: RawRepresentable>(_ text: String) throws -> V where V.RawValue == String {
        guard let value = V(rawValue: text) else { throw ListText.damaged(text) }
        return value
    }
}
