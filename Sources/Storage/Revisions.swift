public import NetTypes
public import SiteModel

/// A site as it was at some time: who made it, when and why. The site itself is loaded apart.
public struct Revision: Hashable, Sendable {
    /// What a revision came from.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A command that changes the site.
        case draft
        /// A profile or a wg-quick file.
        case imported = "import"
        /// An older revision, taken up again.
        case rollback
    }

    /// 1, 2, 3…
    public let id: Int
    /// What was noted down with it.
    public let note: RevisionNote
    /// How many peers it has.
    public let peers: Int

    /// Makes what is noted of a revision with so many peers.
    public init(_ id: Int, _ note: RevisionNote, peers: Int) {
        (self.id, self.note, self.peers) = (id, note, peers)
    }
}

/// What is noted down with a new revision.
public struct RevisionNote: Hashable, Sendable {
    /// A user's name.
    public var who: String
    /// What `-m` said, or what the command did.
    public var why: String
    /// What it came from.
    public var kind: Revision.Kind
    /// Seconds since the epoch.
    public var at: Int64
    /// The revision that a rollback took up again, followed back to one that is no rollback.
    public var source: Int?

    /// Makes a note.
    public init(who: String, why: String, kind: Revision.Kind = .draft, at: Int64, source: Int? = nil) {
        self.who = who
        self.why = why
        self.kind = kind
        self.at = at
        self.source = source
    }
}

/// A site together with the revision that it is.
public struct StoredSite: Equatable, Sendable {
    /// Which one.
    public let revision: Revision
    /// Whole, with its peers.
    public let site: Site

    /// Puts them together.
    public init(revision: Revision, site: Site) {
        self.revision = revision
        self.site = site
    }
}

/// Secrets on their way into the database, together with the revision that needs them.
public struct NewSecrets: Sendable {
    /// Private keys by the public keys that belong to them.
    public var privateKeys: [(publicKey: PublicKey, key: PrivateKey)] = []
    /// Preshared keys; each is named by `Revisions.name(of:)`.
    public var presharedKeys: [(id: SecretID, key: PresharedKey)] = []

    /// None.
    public init() {}

    /// Whether there is nothing to seal.
    public var isEmpty: Bool { privateKeys.isEmpty && presharedKeys.isEmpty }
}

/// A site's revisions, with the sealed secrets that they name: what gateways of one site share, and a backup holds.
///
/// What became of a revision on a box is that box's own, in its `BoxRecords`, and the two are written one after the other: a revision
/// is appended before a box's record names it, with its secrets or not at all, and none is ever changed or taken away. So wherever
/// a process is killed, a record leads to a revision that is there; one that no record names is a draft.
public protocol Revisions {
    /// The newest revision, or nil if there is none yet.
    func newest() throws(StorageError) -> StoredSite?

    /// The number of the newest revision.
    func newestID() throws(StorageError) -> Int?

    /// One revision. Throws `.noSuchRevision`.
    ///
    /// `known` is another one, if the caller has one already: of the peers, only those that differ from it may be read.
    func revision(_ id: Int, beside known: StoredSite?) throws(StorageError) -> StoredSite

    /// What is noted of one revision, without the site. Throws `.noSuchRevision`.
    func about(_ id: Int) throws(StorageError) -> Revision

    /// The newest `limit` revisions, newest first.
    func history(limit: Int) throws(StorageError) -> [Revision]

    /// The tunnel's interface in a revision, or in the newest; nil if there is no such revision.
    func tunnelInterface(of revision: Int?) throws(StorageError) -> String?

    /// Addresses that peers had in a revision before the newest and gave up, or were changed with; each with the last revision
    /// in which a peer had it so.
    func formerAddresses() throws(StorageError) -> [IPAddress: Int]

    /// Writes a new revision with the secrets that it needs, all or nothing. Returns when it is there after a power cut.
    ///
    /// `previous` is the newest revision as the caller read it: only peers that differ from it need to be written. Throws `.movedOn`
    /// if it is the newest no more.
    func append(
        _ site: Site, _ note: RevisionNote, secrets: NewSecrets, after previous: StoredSite?
    ) throws(StorageError) -> StoredSite

    // MARK: Secrets

    /// The name under which a preshared key is sealed here; makes the sealing key if there is none yet.
    func name(of key: PresharedKey) throws(StorageError) -> SecretID

    /// The private key that belongs to a public key. Throws `.secret` if it is not here.
    func privateKey(of publicKey: PublicKey) throws(StorageError) -> PrivateKey

    /// Whether the private key of a public key is here.
    func holdsPrivateKey(of publicKey: PublicKey) throws(StorageError) -> Bool

    /// The preshared keys of these names. Throws `.secret` if one is missing or does not open.
    func presharedKeys(_ ids: Set<SecretID>) throws(StorageError) -> [SecretID: PresharedKey]
}

extension Revisions {
    /// One revision. Throws `.noSuchRevision`.
    public func revision(_ id: Int) throws(StorageError) -> StoredSite { try revision(id, beside: nil) }

    /// Writes a new revision that needs no new secrets.
    public func append(
        _ site: Site, _ note: RevisionNote, after previous: StoredSite?
    ) throws(StorageError) -> StoredSite {
        try append(site, note, secrets: NewSecrets(), after: previous)
    }
}
