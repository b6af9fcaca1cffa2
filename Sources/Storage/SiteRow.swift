internal import GRDB
internal import NetTypes
internal import SiteModel

/// All of a `Site` but its peers, as columns of table `revision`, and back.
enum SiteRow {
    static let columns = """
        name, endpoint, other_forwarding4, other_forwarding6, lan_interface, lan_subnets, reply_path, tunnel_interface, \
        tunnel_addresses, listen_port, mtu, datapath, fwmark, public_key, egress_interface, full_tunnel, dns, groups, \
        drift, checks, keeps_denied, disguise
        """

    static func arguments(_ site: Site) -> StatementArguments {
        [
            site.name, site.endpoint?.description, site.otherForwarding.ipv4?.description,
            site.otherForwarding.ipv6?.description, site.lan.interface, ListText.write(site.lan.subnets),
            site.lan.replyPath.rawValue, site.tunnel.interface,
            ListText.write(site.tunnel.addresses), Int(site.tunnel.listenPort), site.tunnel.mtu,
            site.tunnel.datapath.rawValue, Int(site.tunnel.fwmark), site.tunnel.publicKey?.description,
            site.egress.interface, site.egress.fullTunnel, ListText.write(site.dns), GroupText.write(site.groups),
            site.drift.rawValue, CheckText.write(site.checks), site.keepsDenied,
            site.tunnel.disguise.map { DisguiseText.write($0) },
        ]
    }

    /// Without peers. What is no such value is an error, as the database's: GRDB's subscripts would end the process.
    static func site(_ row: Row) throws -> Site {
        Site(
            name: try row.decode(forColumn: "name"), endpoint: try value(row, "endpoint"),
            otherForwarding: OtherForwarding(
                ipv4: try value(row, "other_forwarding4"), ipv6: try value(row, "other_forwarding6")),
            drift: try choice(row, "drift"), keepsDenied: try row.decode(forColumn: "keeps_denied"),
            lan: LAN(
                interface: try row.decode(forColumn: "lan_interface"),
                subnets: try ListText.read(try row.decode(forColumn: "lan_subnets")),
                replyPath: try choice(row, "reply_path")),
            tunnel: Tunnel(
                interface: try row.decode(forColumn: "tunnel_interface"),
                addresses: try ListText.read(try row.decode(forColumn: "tunnel_addresses")),
                listenPort: try number(row, "listen_port"), mtu: try row.decode(forColumn: "mtu"),
                datapath: try choice(row, "datapath"), fwmark: try number(row, "fwmark"),
                disguise: try row.decode(String?.self, forColumn: "disguise").map { try DisguiseText.read($0) },
                publicKey: try value(row, "public_key")),
            egress: Egress(
                interface: try row.decode(forColumn: "egress_interface"),
                fullTunnel: try row.decode(forColumn: "full_tunnel")),
            dns: try ListText.read(try row.decode(forColumn: "dns")),
            groups: try GroupText.read(try row.decode(forColumn: "groups")),
            checks: try CheckText.read(try row.decode(forColumn: "checks")))
    }

    static func value<V: LosslessStringConvertible>(_ row: Row, _ column: String) throws -> V? {
        guard let text: String = try row.decode(forColumn: column) else { return nil }
        guard let value = V(text) else { throw ListText.damaged(text) }
        return value
    }

    private static func number<V: FixedWidthInteger>(_ row: Row, _ column: String) throws -> V {
        let number: Int = try row.decode(forColumn: column)
        guard let value = V(exactly: number) else { throw ListText.damaged("\(column) \(number)") }
        return value
    }

    static func choice<V: RawRepresentable>(_ row: Row, _ column: String) throws -> V where V.RawValue == String {
        guard let value: V = try choiceIfPresent(row, column) else { throw ListText.damaged("\(column) is missing") }
        return value
    }

    private static func choiceIfPresent<V: RawRepresentable>(
        _ row: Row, _ column: String
    ) throws -> V? where V.RawValue == String {
        guard let text: String = try row.decode(forColumn: column) else { return nil }
        guard let value = V(rawValue: text) else { throw ListText.damaged(text) }
        return value
    }
}
