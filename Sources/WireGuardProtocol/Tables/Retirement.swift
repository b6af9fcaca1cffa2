/// What workers may still be looking at: kept until each of them has passed an epoch.
struct Retirement {
    private struct Batch {
        let ticket: UInt64
        let slots: [KeypairSlot]
        let peers: [PeerIndex]
        let blocks: [(block: UInt32, size: UInt32)]
        let forms: [UnsafePointer<WireForms>]
    }

    var slots: [KeypairSlot] = []
    var peers: [PeerIndex] = []
    var forms: [UnsafePointer<WireForms>] = []
    private var batches: [Batch] = []
    private var lastTicket: UInt64 = 0

    mutating func close(blocks: [(block: UInt32, size: UInt32)]) -> UInt64? {
        guard !slots.isEmpty || !peers.isEmpty || !blocks.isEmpty || !forms.isEmpty else { return nil }
        lastTicket += 1
        batches.append(Batch(ticket: lastTicket, slots: slots, peers: peers, blocks: blocks, forms: forms))
        slots = []
        peers = []
        forms = []
        return lastTicket
    }

    /// Everything up to and with this ticket.
    mutating func take(
        _ ticket: UInt64
    ) -> (
        slots: [KeypairSlot], peers: [PeerIndex], blocks: [(block: UInt32, size: UInt32)],
        forms: [UnsafePointer<WireForms>]
    ) {
        let due = batches.prefix { $0.ticket <= ticket }
        batches.removeFirst(due.count)
        return (due.flatMap(\.slots), due.flatMap(\.peers), due.flatMap(\.blocks), due.flatMap(\.forms))
    }

    /// At the end, when there are no workers: what nobody will reclaim any more.
    func freeForms() { for old in forms + batches.flatMap(\.forms) { WireForms.deallocate(old) } }
}

extension Device {
    /// Closes the batch of what was retired (keypairs, peers' indices, nodes of the allowed IPs, forms) and returns its ticket;
    /// nil where nothing was. Every worker must then pass an epoch before `reclaim`.
    public func retire() -> UInt64? { retirement.close(blocks: allowedIPs.arena.takeRetired()) }

    /// Every worker passed an epoch since `retire` returned this ticket: wipes and frees that batch and those before.
    public func reclaim(_ ticket: UInt64) {
        let (slots, peers, blocks, forms) = retirement.take(ticket)
        for old in forms { WireForms.deallocate(old) }
        allowedIPs.arena.release(blocks)
        for slot in slots {
            eraseKeypair(slot)
            freeSlots.append(slot)
        }
        for peer in peers {
            // What it still raised while it was being removed is forgotten with it.
            tables.peer(peer).initialize(to: PeerRecord())
            freePeers.append(peer)
        }
    }
}
