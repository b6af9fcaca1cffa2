import CCrypto
import NetTypes

/// Noise_IKpsk2, message by message, both roles. Whitepaper 5.4.2 and 5.4.3.
///
/// Pure: ephemeral keys, indices and timestamps are given, and the types of other dialects, which the hash does not contain. MACs are
/// not written here but by `MessageMACs`.
enum Handshake {
    /// Where things are in type 1.
    enum Initiation {
        static let sender = 4
        static let ephemeral = 8
        static let encryptedStatic = 40
        static let encryptedTimestamp = 88
        static let mac1 = 116
        static let mac2 = 132
    }

    /// Where things are in type 2.
    enum Response {
        static let sender = 4
        static let receiver = 8
        static let ephemeral = 12
        static let encryptedNothing = 44
        static let mac1 = 60
        static let mac2 = 76
    }

    /// Writes the first 116 bytes. `state.ephemeral` holds our ephemeral private key. False: a key is of small order.
    static func createInitiation(
        _ message: UnsafeMutableRawPointer, type: UInt32 = 1, _ state: NoiseState, index: UInt32,
        ownPublicKey: UnsafeRawPointer,
        remotePublicKey: UnsafeRawPointer, staticStatic: UnsafeRawPointer, timestamp: TAI64N
    ) -> Bool {
        writeHeader(message, type: type)
        writeIndex(message + Initiation.sender, index)
        state.start(responder: remotePublicKey)
        let ephemeral = message + Initiation.ephemeral
        wgc_x25519_public(ephemeral, state.ephemeral)
        state.mixEphemeral(ephemeral)
        guard state.mixDH(privateKey: state.ephemeral, publicKey: remotePublicKey) else { return false }
        state.seal(message + Initiation.encryptedStatic, ownPublicKey, 32)
        guard state.mixPrecomputedDH(staticStatic) else { return false }
        withUnsafeTemporaryAllocation(byteCount: TAI64N.byteCount, alignment: 8) { bytes in
            timestamp.write(bytes.baseAddress!)
            state.seal(message + Initiation.encryptedTimestamp, bytes.baseAddress!, TAI64N.byteCount)
        }
        return true
    }

    /// The first half of reading an initiation: who claims to send it; nil where it was not made for us.
    static func readInitiator(
        _ message: UnsafeRawPointer, _ state: NoiseState, privateKey: UnsafeRawPointer, ownPublicKey: UnsafeRawPointer
    ) -> PublicKey? {
        state.start(responder: ownPublicKey)
        state.remoteEphemeral.copyMemory(from: message + Initiation.ephemeral, byteCount: 32)
        state.mixEphemeral(state.remoteEphemeral)
        guard state.mixDH(privateKey: privateKey, publicKey: state.remoteEphemeral) else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { initiator in
            guard state.open(initiator.baseAddress!, message + Initiation.encryptedStatic, 32) else { return nil }
            return PublicKey(loading: UnsafeRawBufferPointer(initiator))
        }
    }

    /// The second half: when it was made; nil where the initiator does not have the private key. Replays are up to the caller.
    static func readTimestamp(
        _ message: UnsafeRawPointer, _ state: NoiseState, staticStatic: UnsafeRawPointer
    ) -> TAI64N? {
        guard state.mixPrecomputedDH(staticStatic) else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: TAI64N.byteCount, alignment: 8) { bytes in
            guard state.open(bytes.baseAddress!, message + Initiation.encryptedTimestamp, TAI64N.byteCount) else {
                return nil
            }
            return TAI64N(UnsafeRawPointer(bytes.baseAddress!))
        }
    }

    /// Writes the first 60 bytes, after an initiation was read. `state.ephemeral` holds our ephemeral private key.
    static func createResponse(
        _ message: UnsafeMutableRawPointer, type: UInt32 = 2, _ state: NoiseState, index: UInt32, remoteIndex: UInt32,
        remotePublicKey: UnsafeRawPointer, presharedKey: UnsafeRawPointer
    ) -> Bool {
        writeHeader(message, type: type)
        writeIndex(message + Response.sender, index)
        writeIndex(message + Response.receiver, remoteIndex)
        let ephemeral = message + Response.ephemeral
        wgc_x25519_public(ephemeral, state.ephemeral)
        state.mixEphemeral(ephemeral)
        guard state.mixDH(privateKey: state.ephemeral, publicKey: state.remoteEphemeral),
            state.mixDH(privateKey: state.ephemeral, publicKey: remotePublicKey)
        else { return false }
        state.mixPresharedKey(presharedKey)
        state.seal(message + Response.encryptedNothing, message, 0)
        return true
    }

    /// Reads a response to the initiation that `state` made; work on a copy, for a forged one must leave no trace.
    static func readResponse(
        _ message: UnsafeRawPointer, _ state: NoiseState, privateKey: UnsafeRawPointer, presharedKey: UnsafeRawPointer
    ) -> Bool {
        state.remoteEphemeral.copyMemory(from: message + Response.ephemeral, byteCount: 32)
        state.mixEphemeral(state.remoteEphemeral)
        guard state.mixDH(privateKey: state.ephemeral, publicKey: state.remoteEphemeral),
            state.mixDH(privateKey: privateKey, publicKey: state.remoteEphemeral)
        else { return false }
        state.mixPresharedKey(presharedKey)
        return withUnsafeTemporaryAllocation(byteCount: 16, alignment: 8) { nothing in
            state.open(nothing.baseAddress!, message + Response.encryptedNothing, 0)
        }
    }

    static func readIndex(_ at: UnsafeRawPointer) -> UInt32 { UInt32(littleEndian: at.loadUnaligned(as: UInt32.self)) }

    static func writeIndex(_ at: UnsafeMutableRawPointer, _ index: UInt32) {
        at.storeBytes(of: index.littleEndian, as: UInt32.self)
    }

    static func writeHeader(_ at: UnsafeMutableRawPointer, type: UInt32) {
        at.storeBytes(of: type.littleEndian, as: UInt32.self)
    }
}
