import NetTypes
import SiteModel
import Storage

/// The twin of the database: keeps every site whole, and its secrets as they are.
final class MemoryRevisions: Revisions {
    private var sites: [StoredSite] = []
    private var privateKeys: [PublicKey: PrivateKey] = [:]
    private var presharedKeys: [SecretID: PresharedKey] = [:]

    func newest() -> StoredSite? { sites.last }

    func newestID() -> Int? { sites.last?.revision.id }

    func revision(_ id: Int, beside known: StoredSite?) throws(StorageError) -> StoredSite {
        guard sites.indices.contains(id - 1) else { throw .noSuchRevision(id, newest: newestID()) }
        return sites[id - 1]
    }

    func about(_ id: Int) throws(StorageError) -> Revision { try revision(id).revision }

    func history(limit: Int) -> [Revision] { sites.suffix(limit).reversed().map(\.revision) }

    func tunnelInterface(of revision: Int?) -> String? {
        sites.last { revision == nil || $0.revision.id == revision }?.site.tunnel.interface
    }

    func formerAddresses() -> [IPAddress: Int] {
        var former: [IPAddress: Int] = [:]
        for stored in sites.dropLast() {
            for address in stored.site.peers.flatMap(\.addresses) { former[address] = stored.revision.id }
        }
        return former
    }

    func append(
        _ site: Site, _ note: RevisionNote, secrets: NewSecrets, after previous: StoredSite?
    ) throws(StorageError) -> StoredSite {
        guard newestID() == previous?.revision.id else {
            throw .movedOn(expected: previous?.revision.id, found: newestID())
        }
        for (publicKey, key) in secrets.privateKeys { privateKeys[publicKey] = key }
        for (id, key) in secrets.presharedKeys { presharedKeys[id] = key }
        let stored = StoredSite(revision: Revision(sites.count + 1, note, peers: site.peers.count), site: site)
        sites.append(stored)
        return stored
    }

    func name(of key: PresharedKey) -> SecretID {
        SecretID(rawValue: key.withBytes { $0.reduce(0) { $0 &* 0x0100_0000_01b3 ^ UInt64($1) } })
    }

    func privateKey(of publicKey: PublicKey) throws(StorageError) -> PrivateKey {
        if let key = privateKeys[publicKey] { return key }
        throw .secret(.privateKey(of: publicKey), .elsewhere)
    }

    func holdsPrivateKey(of publicKey: PublicKey) -> Bool { privateKeys[publicKey] != nil }

    func presharedKeys(_ ids: Set<SecretID>) throws(StorageError) -> [SecretID: PresharedKey] {
        if let missing = ids.first(where: { presharedKeys[$0] == nil }) {
            throw .secret(.presharedKey(missing), .missing)
        }
        return presharedKeys.filter { ids.contains($0.key) }
    }
}

/// Who keeps revisions. All of them pass the same tests.
enum Keeper: CaseIterable {
    case database, memory

    /// Opens the same revisions again and again.
    func opener(_ directory: TemporaryDirectory) -> () throws -> any Revisions {
        switch self {
        case .database: return { try Store(directory.state).revisions }
        case .memory:
            let revisions = MemoryRevisions()
            return { revisions }
        }
    }
}
