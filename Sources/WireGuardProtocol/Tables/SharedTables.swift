public import Synchronization

/// What workers read: records of peers, keypairs, allowed IPs. A handful of addresses, copied into each worker.
///
/// Reserved once for the most that a device can have, so nothing moves and nothing is published again. It lives as long
/// as the `Device`. `@unchecked Sendable`: shared fields are atomic, the others are written before they are published
/// and erased after an epoch.
@frozen public struct SharedTables: @unchecked Sendable {
    /// By `PeerIndex`.
    @usableFromInline let peers: UnsafeMutablePointer<PeerRecord>
    @usableFromInline let keypairs: UnsafeMutablePointer<Keypair>
    @usableFromInline let keypairIndex: KeypairIndex
    /// Where the forms of all dialects are.
    @usableFromInline let published: UnsafeMutablePointer<PublishedForms>
    /// Who may use which inner address.
    public let allowedIPs: AllowedIPsReader
    /// The most peers there can be; a `PeerIndex` is 1…capacity.
    public let capacity: Int

    init(
        peers: UnsafeMutablePointer<PeerRecord>, keypairs: UnsafeMutablePointer<Keypair>, keypairIndex: KeypairIndex,
        published: UnsafeMutablePointer<PublishedForms>, allowedIPs: AllowedIPsReader, capacity: Int
    ) {
        self.published = published
        self.peers = peers
        self.keypairs = keypairs
        self.keypairIndex = keypairIndex
        self.allowedIPs = allowedIPs
        self.capacity = capacity
    }

    /// What messages look like, in each dialect. A worker reads it between two epochs.
    @inlinable public var forms: UnsafePointer<WireForms> { published.pointee.address.load(ordering: .acquiring) }

    /// A peer's record.
    @inlinable public func peer(_ index: PeerIndex) -> UnsafeMutablePointer<PeerRecord> { peers + Int(index.rawValue) }

    /// The keypair in a slot.
    @inlinable public func keypair(_ slot: KeypairSlot) -> UnsafeMutablePointer<Keypair> { keypairs + Int(slot) }

    /// The keypair to send to a peer with; nil where there is none: stage the packets and raise `.session`.
    @inlinable public func currentKeypair(of peer: PeerIndex) -> UnsafeMutablePointer<Keypair>? {
        let slot = peers[Int(peer.rawValue)].currentKeypair()
        return slot == 0 ? nil : keypairs + Int(slot)
    }

    /// The slot of the keypair that a received index names, 0 for none: drop the message in silence.
    @inlinable public func slot(receiving index: UInt32) -> KeypairSlot {
        let slot = keypairIndex.slot(of: index)
        return index != 0 && keypairs[Int(slot)].receiveIndex.load(ordering: .acquiring) == index ? slot : 0
    }
}

/// Where `WireForms` are published. The control thread stores, and frees what was there before after an epoch.
@frozen @usableFromInline struct PublishedForms: ~Copyable {
    @usableFromInline let address: Atomic<UnsafePointer<WireForms>>

    init(_ forms: UnsafePointer<WireForms>) { address = Atomic(forms) }
}
