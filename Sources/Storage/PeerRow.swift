internal import GRDB
internal import NetTypes
internal import SiteModel

/// A `Peer` as a row of table `peer`, and back.
enum PeerRow {
    static let columns =
        "name, addresses, public_key, preshared_key, full_tunnel, group_name, allow, routes, endpoint, keepalive, disguise"
    static let insert = "INSERT INTO peer (first, last, \(columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

    static func arguments(_ peer: Peer, first: Int, last: Int) -> StatementArguments {
        let addresses = Blob(bytes(peer.addresses))
        let key = peer.publicKey.map { Blob($0.bytes) }
        let presharedKey =
            switch peer.presharedKey {
            case .none: "none"
            case .auto: "auto"
            case .sealed(let id): id.description
            }
        return [
            first, last, peer.name, addresses, key, presharedKey, peer.fullTunnel, peer.group,
            peer.policy.map { ListText.write($0.allow) }, peer.routes.isEmpty ? nil : ListText.write(peer.routes),
            peer.endpoint?.description, peer.keepalive.map { Int($0) },
            peer.disguise == .none ? nil : peer.disguise.rawValue,
        ]
    }

    static func peer(_ row: Columns) throws -> Peer {
        let name = row.text(0) ?? ""
        var peer = Peer(name: name, addresses: try addresses(row.bytes(1), of: name))
        // A revision is whole: whoever has no address in it is to have none.
        peer.isUnnumbered = peer.addresses.isEmpty
        if !row.isNull(2) {
            let key = row.bytes(2)
            guard key.count == 32 else { throw damaged(name) }
            peer.publicKey = PublicKey(loading: key)
        }
        peer.presharedKey = try presharedKey(row.text(3) ?? "", of: name)
        peer.fullTunnel = row.number(4).map { $0 != 0 }
        peer.group = row.text(5)
        if let text = row.text(6) { peer.policy = Policy(allow: try ListText.read(text)) }
        if let text = row.text(7) { peer.routes = try ListText.read(text) }
        if let text = row.text(8) {
            guard let endpoint = Endpoint(text) else { throw damaged(name) }
            peer.endpoint = endpoint
        }
        peer.keepalive = row.number(9).flatMap { UInt16(exactly: $0) }
        if let text = row.text(10) {
            guard let disguise = DisguiseChoice(rawValue: text) else { throw damaged(name) }
            peer.disguise = disguise
        }
        return peer
    }

    private static func presharedKey(_ text: String, of name: String) throws -> PresharedKeyChoice {
        switch text {
        case "none": return .none
        case "auto": return .auto
        default:
            guard let id = SecretID(text) else { throw damaged(name) }
            return .sealed(id)
        }
    }

    /// One octet for the family, 4 or 6, then the address: 10,000 peers are read without parsing text.
    private static func bytes(_ addresses: [IPAddress]) -> [UInt8] {
        addresses.flatMap { [$0.isV6 ? 6 : 4] + $0.octets }
    }

    static func addresses(_ bytes: UnsafeRawBufferPointer, of name: String) throws -> [IPAddress] {
        var result: [IPAddress] = []
        var rest = bytes[...]
        while let family = rest.popFirst() {
            let octets = UnsafeRawBufferPointer(rebasing: rest.prefix(family == 6 ? 16 : 4))
            guard let address = IPAddress(octets: octets), address.isV6 == (family == 6) else { throw damaged(name) }
            result.append(address)
            rest = rest.dropFirst(octets.count)
        }
        return result
    }

    private static func damaged(_ name: String) -> DatabaseError {
        DatabaseError(resultCode: .SQLITE_CORRUPT, message: "peer \(name) makes no sense")
    }
}
