import CCrypto
import NetTypes
import Synchronization

/// Handshake messages in and out. K receive.c, send.c, noise.c.
extension Device {
    // MARK: Receiving

    func receiveHandshake(
        _ message: UnsafeRawPointer, _ proposal: HandshakeProposal, from source: SocketAddress, underLoad: Bool,
        now: Now, _ own: (privateKey: PrivateKey, publicKey: PublicKey), _ effects: inout Effects
    ) {
        let count = proposal.kind.handshakeSize
        let withoutCookies = parameters(of: proposal.dialect)?.disableCookies ?? false
        switch cookies.check(
            message, count: count, from: source, underLoad: underLoad, withoutCookies: withoutCookies,
            now: now.monotonic, random: random)
        {
        case .invalid, .rateLimited: return effects.log(.invalidMAC)
        case .withoutCookie where underLoad:
            return sendCookieReply(to: message, proposal, source, now: now.monotonic, &effects)
        case .withoutCookie, .withCookie: break
        }
        let peer: PeerIndex
        if proposal.kind == .initiation {
            guard let initiator = consumeInitiation(message, own, now: now.monotonic) else {
                return effects.log(.invalidInitiation)
            }
            peer = initiator
            heard(proposal.dialect, from: peer)
            effects.append(.endpointIsSource(peer))
            effects.log(.receivingInitiation, peer)
            sendResponse(to: peer, now: now, &effects)
        } else {
            guard let responder = consumeResponse(message, in: proposal.dialect, own) else {
                return effects.log(.invalidResponse)
            }
            peer = responder
            heard(proposal.dialect, from: peer)
            effects.append(.endpointIsSource(peer))
            effects.log(.receivingResponse, peer)
            beginSession(of: peer, isInitiator: true, now: now, &effects)
            sessionDerived(peer, now: now.monotonic)
            handshakeCompleted(peer, now: now)
            // Whatever is sent now confirms the session to the responder.
            effects.append(.sendKeepalive(peer))
        }
        let record = tables.peer(peer)
        record.pointee.receivedBytes.add(UInt64(proposal.datagramSize), ordering: .relaxed)
        _ = record.pointee.noteReceived(data: false, now: now.monotonic)
        reschedule(peer, now: now.monotonic)
    }

    /// Who made the initiation, if it is new and they do not send too many; the peer then has consumed it.
    private func consumeInitiation(
        _ message: UnsafeRawPointer, _ own: (privateKey: PrivateKey, publicKey: PublicKey), now: UInt64
    ) -> PeerIndex? {
        NoiseState.withTemporary { scratch in
            let initiator = own.privateKey.withBytes { privateKey in
                own.publicKey.withBytes { publicKey in
                    Handshake.readInitiator(
                        message, scratch, privateKey: privateKey.baseAddress!, ownPublicKey: publicKey.baseAddress!)
                }
            }
            guard let initiator, let peer = peer(initiator) else { return nil }
            let state = state(peer)
            computeStaticStatic(of: peer)
            let timestamp = withUnsafeBytes(of: &state.pointee.staticStatic) {
                Handshake.readTimestamp(message, scratch, staticStatic: $0.baseAddress!)
            }
            let spacing = Limits.second / Limits.initiationsPerSecond
            guard let timestamp, timestamp > state.pointee.latestTimestamp,
                state.pointee.lastInitiationConsumed == 0 || state.pointee.lastInitiationConsumed + spacing <= now
            else { return nil }
            state.pointee.latestTimestamp = timestamp
            state.pointee.lastInitiationConsumed = now
            state.pointee.remoteIndex = Handshake.readIndex(message + Handshake.Initiation.sender)
            handshakeMemory(of: peer).copy(from: scratch)
            state.pointee.handshakeState = .consumedInitiation
            return peer
        }
    }

    /// Whose initiation was answered; the peer then has consumed the response. A forged one changes nothing.
    private func consumeResponse(
        _ message: UnsafeRawPointer, in dialect: Dialect, _ own: (privateKey: PrivateKey, publicKey: PublicKey)
    ) -> PeerIndex? {
        let slot = slot(named: Handshake.readIndex(message + Handshake.Response.receiver))
        guard slot != 0 else { return nil }
        let peer = tables.keypair(slot).pointee.peer
        let state = state(peer)
        guard state.pointee.handshakeSlot == slot, state.pointee.handshakeState == .createdInitiation,
            state.pointee.handshakeDialect == dialect,
            let handshake = state.pointee.handshake
        else { return nil }
        return NoiseState.withTemporary { scratch in
            scratch.copy(from: handshake)
            let valid = own.privateKey.withBytes { privateKey in
                state.pointee.withPresharedKey { presharedKey in
                    Handshake.readResponse(
                        message, scratch, privateKey: privateKey.baseAddress!, presharedKey: presharedKey)
                }
            }
            guard valid else { return nil }
            handshake.copy(from: scratch)
            state.pointee.remoteIndex = Handshake.readIndex(message + Handshake.Response.sender)
            state.pointee.handshakeState = .consumedResponse
            return peer
        }
    }

    func receiveCookieReply(
        _ message: UnsafeRawPointer, in dialect: Dialect, now: UInt64, _ effects: inout Effects
    ) {
        let slot = slot(named: Handshake.readIndex(message + CookieReply.receiver))
        guard slot != 0 else { return }
        let state = state(tables.keypair(slot).pointee.peer)
        guard state.pointee.hasSentMAC1, state.pointee.handshakeDialect == dialect else { return }
        let valid = withUnsafeTemporaryAllocation(byteCount: 32 + MessageMACs.macSize, alignment: 8) { memory in
            let key = memory.baseAddress!
            MessageMACs.cookieKey(state.pointee.publicKey, into: key)
            defer { wgc_wipe(key, memory.count) }
            guard
                wgc_xopen(
                    key + 32, message + CookieReply.encryptedCookie, MessageMACs.macSize, &state.pointee.lastMAC1,
                    MessageMACs.macSize, message + CookieReply.nonce, key)
            else { return false }
            state.pointee.cookie = (key + 32).loadUnaligned(as: Peer.Words16.self)
            return true
        }
        guard valid else { return effects.log(.invalidCookieReply) }
        state.pointee.cookieBirthdate = now
        state.pointee.hasSentMAC1 = false
    }

    // MARK: Sending

    /// Starts a handshake, unless a handshake message was sent within the rekey timeout. `isRetry`: the retries go on counting.
    func sendInitiation(to peer: PeerIndex, isRetry: Bool, now: Now, _ effects: inout Effects) {
        let state = state(peer)
        let record = tables.peer(peer)
        if !isRetry { startRetries(of: peer) }
        guard record.pointee.handshakeRests(now: now.monotonic) else { return }
        record.pointee.lastHandshakeSent.store(now.monotonic, ordering: .relaxed)
        effects.log(.sendingInitiation, peer)
        guard let publicKey else { return }
        let dialect = dialect(of: peer)
        let message = write(.initiation, in: dialect, &effects) { message, type in
            let created = createInitiation(message, type: type, to: peer, from: publicKey, now: now)
            if created { addMACs(message, count: Message.initiationSize, to: peer, now: now.monotonic) }
            return created
        }
        guard let message else { return }
        state.pointee.handshakeState = .createdInitiation
        state.pointee.handshakeDialect = dialect
        sendFirst(to: peer, in: dialect, now: now, &effects)
        handshakeSent(peer, message, now: now.monotonic, &effects)
        state.pointee.retransmitAt = now.monotonic + draw(timers(of: peer).rekeyTimeout) + jitter()
    }

    private func createInitiation(
        _ message: UnsafeMutableRawPointer, type: UInt32, to peer: PeerIndex, from publicKey: PublicKey, now: Now
    ) -> Bool {
        let state = state(peer)
        dropHandshakeSlot(of: peer)
        state.pointee.handshakeState = .none
        let slot = takeSlot(for: peer)
        guard slot != 0 else { return false }
        state.pointee.handshakeSlot = slot
        let handshake = handshakeMemory(of: peer)
        let time = steadyWall.time(now)
        random(UnsafeMutableRawBufferPointer(start: handshake.ephemeral, count: 32))
        computeStaticStatic(of: peer)
        return publicKey.withBytes { own in
            state.pointee.publicKey.withBytes { remote in
                withUnsafeBytes(of: &state.pointee.staticStatic) { shared in
                    Handshake.createInitiation(
                        message, type: type, handshake, index: tables.keypair(slot).pointee.index,
                        ownPublicKey: own.baseAddress!, remotePublicKey: remote.baseAddress!,
                        staticStatic: shared.baseAddress!, timestamp: TAI64N(time))
                }
            }
        }
    }

    /// Answers the initiation that the peer has consumed, and derives the keypair.
    private func sendResponse(to peer: PeerIndex, now: Now, _ effects: inout Effects) {
        let state = state(peer)
        tables.peer(peer).pointee.lastHandshakeSent.store(now.monotonic, ordering: .relaxed)
        effects.log(.sendingResponse, peer)
        dropHandshakeSlot(of: peer)
        let slot = takeSlot(for: peer)
        guard slot != 0 else { return }
        state.pointee.handshakeSlot = slot
        let handshake = handshakeMemory(of: peer)
        random(UnsafeMutableRawBufferPointer(start: handshake.ephemeral, count: 32))
        let message = write(.response, in: state.pointee.handshakeDialect, &effects) { message, type in
            let created = state.pointee.publicKey.withBytes { remote in
                state.pointee.withPresharedKey { presharedKey in
                    Handshake.createResponse(
                        message, type: type, handshake, index: tables.keypair(slot).pointee.index,
                        remoteIndex: state.pointee.remoteIndex, remotePublicKey: remote.baseAddress!,
                        presharedKey: presharedKey)
                }
            }
            if created { addMACs(message, count: Message.responseSize, to: peer, now: now.monotonic) }
            return created
        }
        guard let message else { return clearHandshake(of: peer) }
        beginSession(of: peer, isInitiator: false, now: now, &effects)
        sessionDerived(peer, now: now.monotonic)
        handshakeSent(peer, message, now: now.monotonic, &effects)
    }

    private func sendCookieReply(
        to message: UnsafeRawPointer, _ proposal: HandshakeProposal, _ source: SocketAddress, now: UInt64,
        _ effects: inout Effects
    ) {
        effects.log(.sendingCookieReply)
        let reply = write(.cookieReply, in: proposal.dialect, &effects) { reply, type in
            cookies.createReply(
                reply, type: type, to: message, count: proposal.kind.handshakeSize, from: source, now: now,
                random: random)
            return true
        }
        guard let reply else { return }
        effects.append(proposal.dialect == .plain ? .reply(message: reply) : .replyDisguised(datagram: reply))
    }

    /// mac1, and mac2 while a cookie of the peer is fresh.
    private func addMACs(_ message: UnsafeMutableRawPointer, count: Int, to peer: PeerIndex, now: UInt64) {
        let state = state(peer)
        let age = now - min(state.pointee.cookieBirthdate, now)
        let isFresh = state.pointee.cookieBirthdate != 0 && age < Limits.cookieSecretLifetime - Limits.cookieLatency
        withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { key in
            MessageMACs.mac1Key(state.pointee.publicKey, into: key.baseAddress!)
            withUnsafeBytes(of: &state.pointee.cookie) { cookie in
                MessageMACs.write(
                    message, count: count, mac1Key: key.baseAddress!, cookie: isFresh ? cookie.baseAddress! : nil)
            }
        }
        let mac1 = message + count - 2 * MessageMACs.macSize
        state.pointee.lastMAC1 = mac1.loadUnaligned(as: Peer.Words16.self)
        state.pointee.hasSentMAC1 = true
    }

    private func handshakeSent(_ peer: PeerIndex, _ message: Range<Int>, now: UInt64, _ effects: inout Effects) {
        let record = tables.peer(peer)
        _ = record.pointee.noteSent(data: false, now: now)
        record.pointee.lastHandshakeSent.store(now, ordering: .relaxed)
        let isPlain = parameters(of: state(peer).pointee.handshakeDialect) == nil
        effects.append(isPlain ? .send(peer, message: message) : .sendDisguised(peer, datagram: message))
    }

    // MARK: Memory

    private func handshakeMemory(of peer: PeerIndex) -> NoiseState {
        let state = state(peer)
        if let handshake = state.pointee.handshake { return handshake }
        let handshake = NoiseState.allocate()
        state.pointee.handshake = handshake
        return handshake
    }

    /// Zero where the peer's key is of small order or we have none; every use of it then fails.
    private func computeStaticStatic(of peer: PeerIndex) {
        let state = state(peer)
        guard !state.pointee.hasStaticStatic, let privateKey else { return }
        state.pointee.hasStaticStatic = true
        let valid = privateKey.withBytes { own in
            state.pointee.publicKey.withBytes { remote in
                wgc_x25519(&state.pointee.staticStatic, own.baseAddress!, remote.baseAddress!)
            }
        }
        if !valid { state.pointee.staticStatic = (0, 0, 0, 0) }
    }
}
