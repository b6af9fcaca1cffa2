import CCrypto
import NetTypes
import Synchronization

/// Slots, and the three keypairs of a peer: previous, current and next. K noise.c.
extension Device {
    /// Takes a slot and gives it an index that it did not have last time; 0 where there is none left.
    func takeSlot(for peer: PeerIndex) -> KeypairSlot {
        let slot: KeypairSlot
        if let free = freeSlots.popLast() {
            slot = free
        } else if unusedSlot < 1 << KeypairIndex.slotBits {
            slot = unusedSlot
            unusedSlot += 1
        } else {
            return 0
        }
        let keypair = tables.keypair(slot)
        let old = keypair.pointee.index
        repeat {
            keypair.pointee.index = tables.keypairIndex.index(slot: slot, generation: randomUInt32())
        } while keypair.pointee.index == old || keypair.pointee.index == 0
        keypair.pointee.peer = peer
        return slot
    }

    /// Gives a slot back that no worker ever saw.
    func dropHandshakeSlot(of peer: PeerIndex) {
        let state = state(peer)
        guard state.pointee.handshakeSlot != 0 else { return }
        tables.keypair(state.pointee.handshakeSlot).pointee.peer = .none
        freeSlots.append(state.pointee.handshakeSlot)
        state.pointee.handshakeSlot = 0
    }

    /// The taken slot that an index from the wire names, 0 for none.
    func slot(named index: UInt32) -> KeypairSlot {
        let slot = tables.keypairIndex.slot(of: index)
        guard slot != 0, slot < unusedSlot else { return 0 }
        let keypair = tables.keypair(slot)
        return keypair.pointee.index == index && keypair.pointee.peer != .none ? slot : 0
    }

    /// Makes the handshake of the peer into a keypair in the slot that the handshake has.
    func beginSession(of peer: PeerIndex, isInitiator: Bool, now: Now, _ effects: inout Effects) {
        let state = state(peer)
        guard let handshake = state.pointee.handshake else { return }
        let slot = state.pointee.handshakeSlot
        let memory = UnsafeMutableRawPointer.allocate(byteCount: Keypair.memorySize, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: Keypair.memorySize)
        handshake.split(
            initiatorSends: isInitiator ? memory : memory + 32, initiatorReceives: isInitiator ? memory + 32 : memory)
        lastKeypairID += 1
        let keypair = tables.keypair(slot)
        keypair.pointee.install(
            memory: memory, remoteIndex: state.pointee.remoteIndex, isInitiator: isInitiator, birthdate: now.monotonic,
            id: lastKeypairID, dialect: state.pointee.handshakeDialect, times: keypairTimes(of: peer))
        state.pointee.handshakeSlot = 0
        state.pointee.handshakeState = .none
        handshake.deallocate()
        state.pointee.handshake = nil
        if isInitiator {
            addCurrent(slot, of: peer, now: now, &effects)
        } else {
            addNext(slot, of: peer, now: now, &effects)
        }
        keypair.pointee.receiveIndex.store(keypair.pointee.index, ordering: .releasing)
        effects.log(.keypairCreated, peer, keypair: lastKeypairID)
    }

    /// The initiator knows that the responder has the keys, and uses them at once.
    private func addCurrent(_ slot: KeypairSlot, of peer: PeerIndex, now: Now, _ effects: inout Effects) {
        let state = state(peer)
        publish(slot, asNext: false, of: peer, now: now, &effects)
        retireKeypair(state.pointee.previous, &effects)
        if state.pointee.next != 0 {
            // Our own keypair overtakes one that the peer asked for: that may still come into use on its side.
            retireKeypair(state.pointee.current, &effects)
            state.pointee.previous = state.pointee.next
        } else {
            state.pointee.previous = state.pointee.current
        }
        state.pointee.current = slot
        state.pointee.next = 0
    }

    /// The responder waits for the first message under the new keys.
    private func addNext(_ slot: KeypairSlot, of peer: PeerIndex, now: Now, _ effects: inout Effects) {
        let state = state(peer)
        publish(slot, asNext: true, of: peer, now: now, &effects)
        retireKeypair(state.pointee.next, &effects)
        retireKeypair(state.pointee.previous, &effects)
        state.pointee.next = slot
        state.pointee.previous = 0
    }

    /// Puts a new keypair into the record, in one go with what a worker may be confirming at this very moment: `state` knows
    /// then what the new one stands beside or in the place of.
    private func publish(
        _ slot: KeypairSlot, asNext: Bool, of peer: PeerIndex, now: Now, _ effects: inout Effects
    ) {
        let state = state(peer)
        let keypairs = tables.peer(peer)
        while true {
            confirmKeypair(of: peer, now: now, &effects)
            let known = PeerKeypairs(current: state.pointee.current, next: state.pointee.next)
            let wanted = PeerKeypairs(current: asNext ? known.current : slot, next: asNext ? slot : 0)
            if keypairs.pointee.replace(known, by: wanted) { return }
        }
    }

    /// The first message under the next keypair came, and a worker made it the current one: what follows from that.
    func confirmKeypair(of peer: PeerIndex, now: Now, _ effects: inout Effects) {
        let state = state(peer)
        guard state.pointee.next != 0, tables.peer(peer).pointee.currentKeypair() == state.pointee.next else { return }
        retireKeypair(state.pointee.previous, &effects)
        state.pointee.previous = state.pointee.current
        state.pointee.current = state.pointee.next
        state.pointee.next = 0
        handshakeCompleted(peer, now: now)
        effects.append(.sendStaged(peer))
    }

    func clearKeypairs(of peer: PeerIndex, _ effects: inout Effects) {
        let state = state(peer)
        tables.peer(peer).pointee.clearKeypairs()
        for slot in [state.pointee.next, state.pointee.previous, state.pointee.current] {
            retireKeypair(slot, &effects)
        }
        state.pointee.next = 0
        state.pointee.previous = 0
        state.pointee.current = 0
    }

    func clearHandshake(of peer: PeerIndex) {
        dropHandshakeSlot(of: peer)
        let state = state(peer)
        state.pointee.handshakeState = .none
        state.pointee.handshake?.deallocate()
        state.pointee.handshake = nil
    }

    /// The private key changed: what is there may still be received with, but nothing is sent with it any more.
    func expireKeypairs(of peer: PeerIndex) {
        clearHandshake(of: peer)
        tables.peer(peer).pointee.lastHandshakeSent.store(0, ordering: .relaxed)
        let state = state(peer)
        for slot in [state.pointee.current, state.pointee.next] where slot != 0 {
            tables.keypair(slot).pointee.sendingValid.store(false, ordering: .releasing)
        }
    }

    /// Nothing new is received with it; whoever is in the middle of using it may go on until the next epoch.
    private func retireKeypair(_ slot: KeypairSlot, _ effects: inout Effects) {
        guard slot != 0 else { return }
        let keypair = tables.keypair(slot)
        keypair.pointee.receiveIndex.store(0, ordering: .releasing)
        keypair.pointee.sendingValid.store(false, ordering: .releasing)
        effects.log(.keypairDestroyed, keypair.pointee.peer, keypair: keypair.pointee.id)
        retirement.slots.append(slot)
    }

    /// Wipes the keys and frees their memory.
    func eraseKeypair(_ slot: KeypairSlot) {
        let keypair = tables.keypair(slot)
        if let memory = keypair.pointee.memory {
            wgc_wipe(memory, Keypair.memorySize)
            memory.deallocate()
        }
        keypair.pointee.memory = nil
        keypair.pointee.peer = .none
    }
}

extension Keypair {
    /// Two keys and the replay window.
    static var memorySize: Int { 64 + ReplayWindow.byteCount }

    mutating func install(
        memory: UnsafeMutableRawPointer, remoteIndex: UInt32, isInitiator: Bool, birthdate: UInt64, id: UInt64,
        dialect: Dialect, times: KeypairTimes
    ) {
        self.dialect = dialect
        self.times = times
        self.memory = memory
        self.remoteIndex = remoteIndex
        self.isInitiator = isInitiator
        self.birthdate = birthdate
        self.id = id
        sendingCounter.store(0, ordering: .relaxed)
        sendingValid.store(true, ordering: .releasing)
    }
}

extension PeerRecord {
    /// False: a worker has confirmed the next keypair since.
    borrowing func replace(_ known: PeerKeypairs, by wanted: PeerKeypairs) -> Bool {
        keypairs.compareExchange(
            expected: known.rawValue, desired: wanted.rawValue, ordering: .acquiringAndReleasing
        ).exchanged
    }

    /// Nothing to send with; a worker that is about to confirm finds that there is nothing to confirm.
    borrowing func clearKeypairs() { keypairs.store(0, ordering: .sequentiallyConsistent) }
}
