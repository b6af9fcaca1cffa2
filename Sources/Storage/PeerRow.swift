internal import GRDB
internal import NetTypes
internal import SiteModel

/// A `Peer` as a row of table `peer`, and back.
enum PeerRow {
    static let columns =
        "name, addresses, public_key, preshared_key, full_tunnel, group_name, allow, routes, endpoint, keepalive"
    static let insert = "INSERT INTO peer (first, last, \(columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

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
        ]
    }

    static func peer(_ row: Row) throws -> Peer {
        let name: String = row[0]
        let addresses: Blob = row[1]
        let key: Blob? = row[2]
        var peer = Peer(name: name, addresses: try self.addresses(addresses.bytes, of: name))
        if let key {
            guard let publicKey = PublicKey(bytes: key.bytes) else { throw damaged(name) }
            peer.publicKey = publicKey
        }
        let presharedKey: String = row[3]
        switch presharedKey {
        case "none": peer.presharedKey = .none
        case "auto": peer.presharedKey = .auto
        default:
            guard let id = SecretID(presharedKey) else { throw damaged(name) }
            peer.presharedKey = .sealed(id)
        }
        peer.fullTunnel = row[4]
        peer.group = row[5]
        if let text: String = row[6] { peer.policy = Policy(allow: try ListText.read(text)) }
        if let text: String = row[7] { peer.routes = try ListText.read(text) }
        if let text: String = row[8] {
            guard let endpoint = Endpoint(text) else { throw damaged(name) }
            peer.endpoint = endpoint
        }
        peer.keepalive = (row[9] as Int?).flatMap { UInt16(exactly: $0) }
        return peer
    }

    /// One octet for the family, 4 or 6, then the address: 10,000 peers are read without parsing text.
    private static func bytes(_ addresses: [IPAddress]) -> [UInt8] {
        addresses.flatMap { [$0.isV6 ? 6 : 4] + $0.octets }
    }

    private static func addresses(_ bytes: [UInt8], of name: String) throws -> [IPAddress] {
        var result: [IPAddress] = []
        var at = 0
        while at < bytes.count {
            let count = bytes[at] == 6 ? 16 : 4
            guard at + count < bytes.count, let address = IPAddress(octets: bytes[(at + 1)...(at + count)]) else {
                throw damaged(name)
            }
            result.append(address)
            at += count + 1
        }
        return result
    }

    private static func damaged(_ name: String) -> DatabaseError {
        DatabaseError(resultCode: .SQLITE_CORRUPT, message: "peer \(name) makes no sense")
    }
}
