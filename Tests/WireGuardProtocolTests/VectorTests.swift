import CCrypto
import Foundation
import NetTypes
import Testing

@testable import WireGuardProtocol

/// `Vectors/handshake.json`: whole exchanges with every key and index given.
struct Vectors: Decodable {
    struct Handshake: Decodable {
        let initiatorPrivate, initiatorPublic, responderPrivate, responderPublic: String
        let initiatorEphemeralPrivate, responderEphemeralPrivate, presharedKey, tai64n: String
        let initiatorIndex, responderIndex: UInt32
        let initiation, response, initiatorSendKey, initiatorReceiveKey: String
        let transport: [Transport]
        let cookieSource, cookieSecret, cookie, cookieNonce, cookieReply, initiationWithMac2: String
    }
    struct Transport: Decodable {
        let counter: UInt64
        let plaintext, message: String
    }
    let handshakes: [Handshake]

    static let all: [Handshake] = {
        let url = Bundle.module.url(forResource: "handshake", withExtension: "json", subdirectory: "Vectors")!
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try! decoder.decode(Vectors.self, from: Data(contentsOf: url)).handshakes
    }()
}

func hex(_ text: String) -> [UInt8] {
    let digits = Array(text.utf8)
    return stride(from: 0, to: digits.count, by: 2).map {
        UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)!
    }
}

/// One side of a vector, with what it keeps.
private struct Side {
    let privateKey: PrivateKey
    let publicKey: PublicKey
    let state = NoiseState.allocate()

    init(_ privateHex: String, ephemeral: String) {
        privateKey = PrivateKey { $0.copyBytes(from: hex(privateHex)) }
        publicKey = privateKey.publicKey
        setEphemeral(ephemeral)
    }

    func setEphemeral(_ text: String) { state.ephemeral.copyMemory(from: hex(text), byteCount: 32) }

    func staticStatic(with other: PublicKey) -> [UInt8] {
        var shared = [UInt8](repeating: 0, count: 32)
        let valid = privateKey.withBytes { own in
            other.withBytes { wgc_x25519(&shared, own.baseAddress!, $0.baseAddress!) }
        }
        #expect(valid)
        return shared
    }
}

private func mac1Key(_ key: PublicKey) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 32)
    MessageMACs.mac1Key(key, into: &bytes)
    return bytes
}

@Suite struct VectorTests {
    @Test(arguments: 0..<4)
    func handshake(_ number: Int) throws {
        let vector = Vectors.all[number]
        let initiator = Side(vector.initiatorPrivate, ephemeral: vector.initiatorEphemeralPrivate)
        let responder = Side(vector.responderPrivate, ephemeral: vector.responderEphemeralPrivate)
        defer {
            initiator.state.deallocate()
            responder.state.deallocate()
        }
        #expect(initiator.publicKey.bytes == hex(vector.initiatorPublic))
        #expect(responder.publicKey.bytes == hex(vector.responderPublic))
        let shared = initiator.staticStatic(with: responder.publicKey)
        #expect(shared == responder.staticStatic(with: initiator.publicKey))

        var initiation = [UInt8](repeating: 0xee, count: Message.initiationSize)
        let created = initiator.publicKey.withBytes { own in
            responder.publicKey.withBytes { remote in
                Handshake.createInitiation(
                    &initiation, initiator.state, index: vector.initiatorIndex, ownPublicKey: own.baseAddress!,
                    remotePublicKey: remote.baseAddress!, staticStatic: shared, timestamp: TAI64N(hex(vector.tai64n)))
            }
        }
        #expect(created)
        MessageMACs.write(&initiation, count: initiation.count, mac1Key: mac1Key(responder.publicKey), cookie: nil)
        #expect(initiation == hex(vector.initiation))

        let claimed = responder.privateKey.withBytes { privateKey in
            responder.publicKey.withBytes {
                Handshake.readInitiator(
                    initiation, responder.state, privateKey: privateKey.baseAddress!, ownPublicKey: $0.baseAddress!)
            }
        }
        #expect(claimed == initiator.publicKey)
        let timestamp = Handshake.readTimestamp(initiation, responder.state, staticStatic: shared)
        #expect(timestamp == TAI64N(hex(vector.tai64n)))

        responder.setEphemeral(vector.responderEphemeralPrivate)
        var response = [UInt8](repeating: 0xee, count: Message.responseSize)
        let answered = initiator.publicKey.withBytes {
            Handshake.createResponse(
                &response, responder.state, index: vector.responderIndex, remoteIndex: vector.initiatorIndex,
                remotePublicKey: $0.baseAddress!, presharedKey: hex(vector.presharedKey))
        }
        #expect(answered)
        MessageMACs.write(&response, count: response.count, mac1Key: mac1Key(initiator.publicKey), cookie: nil)
        #expect(response == hex(vector.response))

        let accepted = initiator.privateKey.withBytes {
            Handshake.readResponse(
                response, initiator.state, privateKey: $0.baseAddress!, presharedKey: hex(vector.presharedKey))
        }
        #expect(accepted)
        for side in [initiator, responder] {
            var (sends, receives) = ([UInt8](repeating: 0, count: 32), [UInt8](repeating: 0, count: 32))
            sends.withUnsafeMutableBytes { s in
                receives.withUnsafeMutableBytes {
                    side.state.split(initiatorSends: s.baseAddress!, initiatorReceives: $0.baseAddress!)
                }
            }
            #expect(sends == hex(vector.initiatorSendKey))
            #expect(receives == hex(vector.initiatorReceiveKey))
        }
    }

    @Test(arguments: 0..<4, [AEAD.Backend.fastest, .openSSL])
    func transport(_ number: Int, backend: AEAD.Backend) {
        let vector = Vectors.all[number]
        let aead = AEAD(backend)
        let key = hex(vector.initiatorSendKey)
        for transport in vector.transport {
            var padded = hex(transport.plaintext)
            let length = padded.count
            while padded.count % Limits.paddingMultiple != 0 { padded.append(0) }
            var message = [UInt8](repeating: 0xee, count: 16 + padded.count + 16)
            message.withUnsafeMutableBytes {
                Message.writeDataHeader($0.baseAddress!, receiver: vector.responderIndex, counter: transport.counter)
                aead.seal(
                    $0.baseAddress! + 16, from: padded, length: padded.count, key: key, counter: transport.counter)
            }
            #expect(message == hex(transport.message), "counter \(transport.counter)")
            #expect(Message.kind(message, count: message.count) == .data)
            #expect(Message.receiver(message) == vector.responderIndex)
            #expect(Message.counter(message) == transport.counter)
            let opened = message.withUnsafeMutableBytes {
                aead.open(
                    $0.baseAddress! + 16, from: $0.baseAddress! + 16, length: padded.count, key: key,
                    counter: transport.counter)
            }
            #expect(opened)
            #expect(Array(message[16..<16 + length]) == hex(transport.plaintext))
        }
    }

    @Test(arguments: 0..<4)
    func cookies(_ number: Int) throws {
        let vector = Vectors.all[number]
        let responder = Side(vector.responderPrivate, ephemeral: vector.responderEphemeralPrivate)
        defer { responder.state.deallocate() }
        let source = try #require(SocketAddress(vector.cookieSource))
        var checker = CookieChecker()
        checker.setPublicKey(responder.publicKey)
        checker.setSecret(hex(vector.cookieSecret), now: 1)
        let denied = hex(vector.initiation)
        let verdict = checker.check(denied, count: denied.count, from: source, underLoad: true, now: 2) { _ in }
        #expect(verdict == .withoutCookie)
        var reply = [UInt8](repeating: 0xee, count: Message.cookieReplySize)
        checker.createReply(&reply, to: denied, count: denied.count, from: source, now: 2) {
            $0.copyBytes(from: hex(vector.cookieNonce))
        }
        #expect(reply == hex(vector.cookieReply))

        var again = hex(vector.initiation)
        let size = again.count
        MessageMACs.write(&again, count: size, mac1Key: mac1Key(responder.publicKey), cookie: hex(vector.cookie))
        #expect(again == hex(vector.initiationWithMac2))
        let accepted = checker.check(again, count: again.count, from: source, underLoad: true, now: 3) { _ in }
        #expect(accepted == .withCookie)
        let elsewhere = SocketAddress(source.address, port: source.port ^ 1)
        let refused = checker.check(again, count: again.count, from: elsewhere, underLoad: true, now: 3) { _ in }
        #expect(refused == .withoutCookie)
    }
}
