import CCrypto
import NetTypes
import Synchronization
import Testing
import UAPI

@testable import WireGuardProtocol

private func publicKey(_ text: String) -> PublicKey { PublicKey(bytes: hex(text))! }
private func privateKey(_ text: String) -> PrivateKey { PrivateKey { $0.copyBytes(from: hex(text)) } }

private func mac1Key(_ key: PublicKey) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 32)
    MessageMACs.mac1Key(key, into: &bytes)
    return bytes
}

private func staticStatic(_ own: PrivateKey, _ other: PublicKey) -> [UInt8] {
    var shared = [UInt8](repeating: 0, count: 32)
    let isValid = own.withBytes { own in other.withBytes { wgc_x25519(&shared, own.baseAddress!, $0.baseAddress!) } }
    #expect(isValid)
    return shared
}

@Suite struct AWGVectorTests {
    static let sets = AWGVectors.all.indices

    /// The only handshake message that the datagram may be, and with the protection as in the file.
    private func only(_ kind: Message.Kind, _ wire: AWGVectors.Wire, _ forms: SomeForms) throws -> [UInt8] {
        let proposals = forms.proposals(hex(wire.datagram))
        try #require(proposals.count == 1)
        let size = hex(wire.datagram).count
        #expect(proposals[0].0 == HandshakeProposal(dialect: .first, kind: kind, datagramSize: size))
        if let message = wire.message { #expect(proposals[0].1 == hex(message)) }
        return proposals[0].1
    }

    /// A message as it was on the wire, made of what is between prefix and trailer.
    private func datagram(_ kind: Message.Kind, _ message: [UInt8], like wire: String, _ forms: SomeForms) -> [UInt8] {
        let form = forms.forms.pointee[.first]
        let prefix = form.pointee.prefix(of: kind)
        let (old, end) = (hex(wire), prefix + kind.handshakeSize)
        var datagram = Array(old[..<prefix]) + message + Array(old[end...])
        datagram.withUnsafeMutableBytes { form.pointee.protect(kind, $0.baseAddress!) }
        return datagram
    }

    @Test(arguments: sets) func handshakes(_ number: Int) throws {
        let set = AWGVectors.all[number]
        let forms = SomeForms([try set.parameters()])
        for handshake in set.handshakes {
            for before in handshake.before ?? [] {
                #expect(forms.proposals(hex(before)).isEmpty)
            }
            let isFromB = handshake.initiator == "b"
            let (own, other) = (privateKey(set.bPrivate), publicKey(set.aPublic))
            let initiation = try only(.initiation, handshake.initiation, forms)
            let response = try only(.response, handshake.response, forms)
            let state = NoiseState.allocate()
            defer { state.deallocate() }
            if isFromB {
                try initiate(set, handshake, own, other, initiation, response, state, forms)
            } else {
                try respond(set, handshake, own, other, initiation, response, state, forms)
            }
            var keys = [UInt8](repeating: 0, count: 64)
            keys.withUnsafeMutableBytes {
                state.split(initiatorSends: $0.baseAddress!, initiatorReceives: $0.baseAddress! + 32)
            }
            #expect(keys == hex(handshake.keys.initiatorSends + handshake.keys.responderSends))
        }
    }

    private func initiate(
        _ set: AWGVectors.Set, _ handshake: AWGVectors.Handshake, _ own: PrivateKey, _ other: PublicKey,
        _ initiation: [UInt8], _ response: [UInt8], _ state: NoiseState, _ forms: SomeForms
    ) throws {
        state.ephemeral.copyMemory(from: hex(try #require(handshake.initiatorEphemeralPrivate)), byteCount: 32)
        var message = [UInt8](repeating: 0xee, count: Message.initiationSize)
        let isCreated = own.publicKey.withBytes { own_ in
            other.withBytes { remote in
                Handshake.createInitiation(
                    &message, type: Handshake.readIndex(initiation), state, index: handshake.initiatorIndex,
                    ownPublicKey: own_.baseAddress!, remotePublicKey: remote.baseAddress!,
                    staticStatic: staticStatic(own, other), timestamp: TAI64N(hex(handshake.tai64n)))
            }
        }
        #expect(isCreated)
        MessageMACs.write(&message, count: message.count, mac1Key: mac1Key(other), cookie: nil)
        #expect(
            datagram(.initiation, message, like: handshake.initiation.datagram, forms)
                == hex(handshake.initiation.datagram))

        #expect(MessageMACs.mac1IsValid(response, count: response.count, key: mac1Key(own.publicKey)))
        #expect(Handshake.readIndex(Array(response[8...])) == handshake.initiatorIndex)
        let isRead = own.withBytes {
            Handshake.readResponse(response, state, privateKey: $0.baseAddress!, presharedKey: hex(set.psk))
        }
        #expect(isRead)
    }

    private func respond(
        _ set: AWGVectors.Set, _ handshake: AWGVectors.Handshake, _ own: PrivateKey, _ other: PublicKey,
        _ initiation: [UInt8], _ response: [UInt8], _ state: NoiseState, _ forms: SomeForms
    ) throws {
        #expect(MessageMACs.mac1IsValid(initiation, count: initiation.count, key: mac1Key(own.publicKey)))
        let claimed = own.withBytes { key in
            own.publicKey.withBytes {
                Handshake.readInitiator(initiation, state, privateKey: key.baseAddress!, ownPublicKey: $0.baseAddress!)
            }
        }
        #expect(claimed == other)
        let time = Handshake.readTimestamp(initiation, state, staticStatic: staticStatic(own, other))
        #expect(time == TAI64N(hex(handshake.tai64n)))
        state.ephemeral.copyMemory(from: hex(try #require(handshake.responderEphemeralPrivate)), byteCount: 32)
        var message = [UInt8](repeating: 0xee, count: Message.responseSize)
        let isCreated = other.withBytes {
            Handshake.createResponse(
                &message, type: Handshake.readIndex(response), state, index: handshake.responderIndex,
                remoteIndex: handshake.initiatorIndex, remotePublicKey: $0.baseAddress!, presharedKey: hex(set.psk))
        }
        #expect(isCreated)
        MessageMACs.write(&message, count: message.count, mac1Key: mac1Key(other), cookie: nil)
        #expect(
            datagram(.response, message, like: handshake.response.datagram, forms) == hex(handshake.response.datagram))
    }

    /// Opens each datagram, and makes it again: byte for byte the same.
    @Test(arguments: sets) func data(_ number: Int) throws {
        let set = AWGVectors.all[number]
        let forms = SomeForms([try set.parameters()])
        let form = forms.forms.pointee[.first]
        let aead = AEAD(.fastest)
        for handshake in set.handshakes {
            for data in handshake.data {
                let isFromInitiator = data.sender == handshake.initiator
                let key = hex(isFromInitiator ? handshake.keys.initiatorSends : handshake.keys.responderSends)
                let wire = hex(data.datagram)
                // Keepalives of amneziawg-go v0.2.13 to v0.2.17 have no prefix.
                let header = try #require(
                    forms.data(wire) ?? form.pointee.prefixlessKeepalive(wire, count: wire.count))
                #expect(header.index == (isFromInitiator ? handshake.responderIndex : handshake.initiatorIndex))
                #expect(header.counter == data.counter)
                let plain = hex(data.plaintext)
                #expect(wire.count == header.body + plain.count + Message.tagSize)
                var opened = [UInt8](repeating: 0, count: plain.count + 1)
                #expect(
                    aead.open(
                        &opened, from: Array(wire[header.body...]), length: plain.count, key: key, counter: data.counter
                    ))
                #expect(Array(opened.dropLast()) == plain)
                #expect(again(wire, header, plain, key, aead, form) == wire)
            }
        }
    }

    private func again(
        _ wire: [UInt8], _ header: WireForm.DataHeader, _ plain: [UInt8], _ key: [UInt8], _ aead: borrowing AEAD,
        _ form: UnsafePointer<WireForm>
    ) -> [UInt8] {
        let prefix = header.body - Message.dataHeaderSize
        var made = wire
        made.withUnsafeMutableBytes { bytes in
            let start = bytes.baseAddress! + prefix
            var mask: UInt128 = 0
            if form.pointee.protectsHeaders { form.pointee.masks(of: wire, count: 1, stride: 0, into: &mask) }
            let type = UInt32(truncatingIfNeeded: UInt128(Handshake.readIndex(start)) ^ mask)
            Message.writeDataHeader(start, type: type, receiver: header.index, counter: header.counter)
            aead.seal(start + 16, from: plain, length: plain.count, key: key, counter: header.counter)
            if form.pointee.protectsHeaders {
                form.pointee.protectData(bytes.baseAddress!, count: bytes.count, stride: bytes.count, masks: &mask)
            }
        }
        return made
    }

    @Test(arguments: sets) func cookies(_ number: Int) throws {
        let set = AWGVectors.all[number]
        guard let cookie = set.cookie else { return }
        let forms = SomeForms([try set.parameters()])
        // From a, to the initiation that b made last: its mac1 is what the reply answers.
        let reply = try only(.cookieReply, cookie.reply, forms)
        var key = [UInt8](repeating: 0, count: 32)
        MessageMACs.cookieKey(publicKey(set.aPublic), into: &key)
        let initiation = forms.proposals(hex(cookie.initiation))[0].1
        #expect(open(reply, answering: initiation, key) == hex(cookie.cookie))
        // From b to a, and a's next initiation has mac2.
        let first = forms.proposals(hex(cookie.given.first))[0].1
        let given = forms.proposals(hex(cookie.given.reply))[0].1
        MessageMACs.cookieKey(publicKey(set.bPublic), into: &key)
        #expect(open(given, answering: first, key) == hex(cookie.given.cookie))
        let next = forms.proposals(hex(cookie.given.next))[0].1
        #expect(MessageMACs.mac2IsValid(next, count: next.count, cookie: hex(cookie.given.cookie)))
        #expect(!MessageMACs.hasMAC2(first, count: first.count))
    }

    private func open(_ reply: [UInt8], answering message: [UInt8], _ key: [UInt8]) -> [UInt8] {
        var cookie = [UInt8](repeating: 0, count: 16)
        let isValid = wgc_xopen(
            &cookie, Array(reply[32...]), 16, Array(message[(message.count - 32)..<(message.count - 16)]), 16,
            Array(reply[8..<32]), key)
        #expect(isValid)
        return cookie
    }

    /// A device with a's keys and parameters: it answers b's initiation, and nothing that is refused. What is awkward is sorted well.
    @Test(arguments: sets) func aDeviceInTheirPlace(_ number: Int) throws {
        let set = AWGVectors.all[number]
        let wire = Wire()
        let node = Node("a", "192.0.2.1:51820", on: wire, seed: 1)
        node.perform { $0.setPrivateKey(privateKey(set.aPrivate), now: wire.now, into: &$1) }
        try node.device.setDialects([set.parameters()])
        var peer = PeerSection(publicKey(set.bPublic))
        peer.presharedKey = PresharedKey { $0.copyBytes(from: hex(set.psk)) }
        try node.perform { _ = try $0.configure(peer, now: wire.now, into: &$1) }
        let source = socketAddress("198.51.100.7:4000")
        func receive(_ bytes: [UInt8]) -> [Effect] {
            let datagram = Datagram(source: source, destination: node.address, bytes: bytes, time: wire.time)
            node.perform(from: datagram) { device, effects in
                bytes.withUnsafeBytes {
                    device.receive($0, from: source, underLoad: false, now: wire.now, into: &effects)
                }
            }
            return node.effects.list.filter { if case .log = $0 { false } else { true } }
        }
        // Of plain WireGuard, which here is spoken beside.
        for refused in set.refused ?? []
        where Message.kind(hex(refused.datagram), count: hex(refused.datagram).count) == nil {
            #expect(receive(hex(refused.datagram)).isEmpty, "\(refused.why)")
        }
        let handshake = try #require(set.handshakes.first { $0.initiator == "b" })
        let answer = receive(hex(handshake.initiation.datagram))
        #expect(answer.contains { if case .sendDisguised = $0 { true } else { false } })
        #expect(!answer.contains { if case .send = $0 { true } else { false } })
        #expect(receive(hex(handshake.initiation.datagram)).isEmpty, "a replay")
        try deliver(set, handshake, to: node)
    }

    /// Installs a keypair of the vector under a's index, and sorts and opens what came for it.
    private func deliver(_ set: AWGVectors.Set, _ handshake: AWGVectors.Handshake, to node: Node) throws {
        let tables = node.device.tables
        let slot = tables.keypairIndex.slot(of: handshake.responderIndex)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: Keypair.memorySize, alignment: 64)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: Keypair.memorySize)
        (memory + 32).copyMemory(from: hex(handshake.keys.initiatorSends), byteCount: 32)
        tables.keypair(slot).pointee.install(
            memory: memory, remoteIndex: 1, isInitiator: false, birthdate: 1, id: 1, dialect: .first,
            times: KeypairTimes(rekeyAfter: .max, rejectAfter: .max, lastMinute: .max))
        tables.keypair(slot).pointee.receiveIndex.store(handshake.responderIndex, ordering: .releasing)
        defer { tables.keypair(slot).pointee.receiveIndex.store(0, ordering: .releasing) }
        var datagrams = (set.tricky ?? []).map { ($0.why, $0.counter, hex($0.datagram)) }
        datagrams += handshake.data.filter { $0.sender == "b" }.map { ("data", $0.counter, hex($0.datagram)) }
        for (why, counter, bytes) in datagrams {
            let (found, header) = try #require(node.sortData(bytes), "\(why)")
            #expect(found == slot && header.counter == counter, "\(why)")
            let length = bytes.count - header.body - Message.tagSize
            var plain = [UInt8](repeating: 0, count: length + 1)
            #expect(
                node.aead.open(
                    &plain, from: Array(bytes[header.body...]), length: length,
                    key: tables.keypair(slot).pointee.receivingKey, counter: counter), "\(why)")
        }
    }
}
