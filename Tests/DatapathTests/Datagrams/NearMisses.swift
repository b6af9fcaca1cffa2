import CCrypto
import NetTypes

@testable import Datapath
@testable import WireGuardProtocol

/// Datagrams of which everything is right but one thing, for one gateway.
struct NearMisses {
    enum Kind: Int, CaseIterable {
        /// A header that is right, a counter that is new, and anything behind it.
        case wrongTag
        /// Sealed as it should be, and one bit of index, counter, ciphertext or tag is another.
        case dataBit
        /// Data that was taken before.
        case replay
        /// Sealed as it should be, under the keypair of another dialect.
        case foreignData
        /// Sealed as it should be, and cut or grown by some bytes, at its beginning or its end.
        case shiftedData
        /// A handshake message, and one bit of what mac1 covers or of mac1 is another.
        case handshakeBit
        /// A type and a size that are right, the index of a handshake of ours, and anything else.
        case wrongMAC
        /// A handshake message in the form of another dialect, with mac1 as in its own.
        case foreignMAC
        /// An answer to us in another dialect than we asked in, with mac1 as it should be there.
        case foreignAnswer
        /// A handshake message cut or grown by some bytes.
        case shiftedHandshake
        /// An answer whose mac1 is right, to the right handshake, and nothing else.
        case forgedAnswer
    }

    /// A handshake message by itself, and how it is to be dressed.
    private struct Dressed {
        let kind: Message.Kind
        let dialect: Dialect
        let message: [UInt8]
        let datagram: [UInt8]
    }

    private let gateway: StormGateway
    private let mac1Key: [UInt8]
    /// Never delivered: the bytes, and whose.
    private var sealed: [(bytes: [UInt8], session: Int)] = []
    private var replays: [[UInt8]] = []
    private var foreignData: [[UInt8]] = []
    private var handshakes: [Dressed] = []
    private var foreignMACs: [[UInt8]] = []
    private var foreignAnswers: [[UInt8]] = []
    private var forgedAnswers: [[UInt8]] = []
    private var kinds: [Kind] = []

    init(_ gateway: StormGateway) {
        self.gateway = gateway
        var key = [UInt8](repeating: 0, count: 32)
        MessageMACs.mac1Key(gateway.own.key.publicKey, into: &key)
        mac1Key = key
        let dialects = (0...gateway.sets.count).map { Dialect(rawValue: UInt8($0)) }
        for (number, session) in gateway.sessions.enumerated() {
            let form = gateway.forms.pointee[session.dialect]
            func seal(_ length: Int, _ form: UnsafePointer<WireForm>) -> [UInt8] {
                session.client.seal(
                    gateway.packet(session, length), session.keypair, counter: gateway.freshCounter(), in: form)
            }
            // Sizes of handshake messages are among them.
            for length in stride(from: 20, to: 276, by: 4) { sealed.append((seal(length, form), number)) }
            for length in 20..<36 {
                replays.append(seal(length, form))
                gateway.take(replays[replays.count - 1], from: session)
            }
            for other in dialects where !isAlike(.data, session.dialect, other) {
                for length in 20..<52 { foreignData.append(seal(length, gateway.forms.pointee[other])) }
            }
        }
        for (dialect, message) in gateway.initiations { addHandshake(.initiation, dialect, message) }
        for call in gateway.calls {
            addHandshake(.response, call.dialect, call.response)
            if !call.cookieReply.isEmpty { addHandshake(.cookieReply, call.dialect, call.cookieReply) }
        }
        for original in handshakes { for other in dialects { addForeign(original, other) } }
        kinds = Kind.allCases.filter { kind in
            switch kind {
            case .replay, .wrongTag, .dataBit, .shiftedData: !sealed.isEmpty
            case .foreignData: !foreignData.isEmpty
            case .foreignMAC: !foreignMACs.isEmpty
            case .foreignAnswer: !foreignAnswers.isEmpty
            default: true
            }
        }
    }

    private mutating func addHandshake(_ kind: Message.Kind, _ dialect: Dialect, _ message: [UInt8]) {
        let datagram = gateway.own.dress(message, kind, in: gateway.forms.pointee[dialect])
        handshakes.append(Dressed(kind: kind, dialect: dialect, message: message, datagram: datagram))
        guard kind == .response else { return }
        // 32 bytes of ephemeral that are as good as any other, and nothing that they would have sealed.
        var forged = message
        for at in 12..<60 { forged[at] ^= UInt8(truncatingIfNeeded: at) | 1 }
        sign(&forged)
        forgedAnswers.append(gateway.own.dress(forged, kind, in: gateway.forms.pointee[dialect]))
    }

    private mutating func addForeign(_ original: Dressed, _ other: Dialect) {
        guard !isAlike(original.kind, original.dialect, other) else { return }
        let form = gateway.forms.pointee[other]
        let types = form.pointee.types(of: original.kind)
        for random in [0, UInt64.max / 3, .max] {
            var message = original.message
            withUnsafeBytes(of: types.pick(random).littleEndian) { message.replaceSubrange(0..<4, with: $0) }
            let isSame = message == original.message
            // Its mac1 covers another type; a cookie reply has none. Where the type is one of both, so is the message.
            if original.kind != .cookieReply && !isSame {
                foreignMACs.append(gateway.own.dress(message, original.kind, in: form))
            }
            guard original.kind != .initiation else { continue }
            if original.kind == .response { sign(&message) }
            foreignAnswers.append(gateway.own.dress(message, original.kind, in: form))
        }
    }

    private func sign(_ message: inout [UInt8]) {
        let count = message.count
        message.withUnsafeMutableBytes {
            MessageMACs.write($0.baseAddress!, count: count, mac1Key: mac1Key, cookie: nil)
        }
    }

    /// Whether a message in one dialect may be one in the other as well, by what is written down: then it is no miss.
    private func isAlike(_ kind: Message.Kind, _ one: Dialect, _ other: Dialect) -> Bool {
        let (a, b) = (gateway.parameters(of: one), gateway.parameters(of: other))
        guard one != other else { return true }
        guard a.headerProtectionKey == b.headerProtectionKey else { return false }
        switch kind {
        case .initiation:
            return a.prefixes.initiation == b.prefixes.initiation
                && a.types.initiation.intersection(b.types.initiation) != nil
        case .response:
            return a.prefixes.response == b.prefixes.response && a.types.response.intersection(b.types.response) != nil
        case .cookieReply:
            return a.prefixes.cookieReply == b.prefixes.cookieReply
                && a.types.cookieReply.intersection(b.types.cookieReply) != nil
        case .data: return a.prefixes.data == b.prefixes.data && a.types.data.intersection(b.types.data) != nil
        }
    }

    // MARK: Making one

    /// A kind that there is for this gateway. One in some hundreds costs a Diffie-Hellman.
    func draw(_ random: inout StormRandom) -> Kind {
        let kind = kinds[random.below(kinds.count)]
        return kind == .forgedAnswer && random.next() & 127 != 0 ? .wrongMAC : kind
    }

    /// Writes one; its size.
    func make(_ kind: Kind, _ place: UnsafeMutableRawPointer, _ random: inout StormRandom) -> Int {
        switch kind {
        case .wrongTag: return wrongTag(place, &random)
        case .dataBit: return dataBit(place, &random)
        case .replay: return copy(replays[random.below(replays.count)], place)
        case .foreignData: return copy(foreignData[random.below(foreignData.count)], place)
        case .shiftedData: return shift(sealed[random.below(sealed.count)].bytes, place, &random)
        case .handshakeBit: return handshakeBit(place, &random)
        case .wrongMAC: return wrongMAC(place, &random)
        case .foreignMAC: return copy(foreignMACs[random.below(foreignMACs.count)], place)
        case .foreignAnswer: return copy(foreignAnswers[random.below(foreignAnswers.count)], place)
        case .shiftedHandshake: return shiftedHandshake(place, &random)
        case .forgedAnswer: return copy(forgedAnswers[random.below(forgedAnswers.count)], place)
        }
    }

    private func copy(_ bytes: [UInt8], _ place: UnsafeMutableRawPointer) -> Int {
        bytes.withUnsafeBytes { place.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        return bytes.count
    }

    private func flip(_ place: UnsafeMutableRawPointer, _ bit: Int) {
        let at = place + bit >> 3
        at.storeBytes(of: at.load(as: UInt8.self) ^ 1 << UInt8(bit & 7), as: UInt8.self)
    }

    private func wrongTag(_ place: UnsafeMutableRawPointer, _ random: inout StormRandom) -> Int {
        let session = gateway.sessions[random.below(gateway.sessions.count)]
        let form = gateway.forms.pointee[session.dialect]
        let size = form.pointee.dataOverhead + random.below(256)
        random.fill(place, size)
        let header = place + form.pointee.dataPrefix
        Message.writeDataHeader(
            header, type: form.pointee.dataTypes.pick(random.next()), receiver: session.keypair.pointee.remoteIndex,
            counter: UInt64(1 << 40 + random.below(1 << 30)))
        if form.pointee.protectsHeaders {
            var mask: UInt128 = 0
            form.pointee.protectData(place, count: size, stride: size, masks: &mask)
        }
        return size
    }

    /// Not of the prefix nor of the type, which are covered by nothing.
    private func dataBit(_ place: UnsafeMutableRawPointer, _ random: inout StormRandom) -> Int {
        let (bytes, number) = sealed[random.below(sealed.count)]
        let size = copy(bytes, place)
        let from = gateway.forms.pointee[gateway.sessions[number].dialect].pointee.dataPrefix + 4
        flip(place, from * 8 + random.below((size - from) * 8))
        return size
    }

    /// Not of the prefix, nor of mac2, which nobody looks at without load.
    private func handshakeBit(_ place: UnsafeMutableRawPointer, _ random: inout StormRandom) -> Int {
        let original = handshakes[random.below(handshakes.count)]
        let size = copy(original.datagram, place)
        let from = gateway.forms.pointee[original.dialect].pointee.prefix(of: original.kind)
        // A cookie reply has no mac1 but its own tag, and its type is covered by nothing.
        let (first, count) = original.kind == .cookieReply ? (4, 60) : (0, original.kind.handshakeSize - 16)
        flip(place, (from + first) * 8 + random.below(count * 8 - first * (original.kind == .cookieReply ? 0 : 8)))
        return size
    }

    private func wrongMAC(_ place: UnsafeMutableRawPointer, _ random: inout StormRandom) -> Int {
        let original = handshakes[random.below(handshakes.count)]
        let form = gateway.forms.pointee[original.dialect]
        let prefix = form.pointee.prefix(of: original.kind)
        let size = prefix + original.kind.handshakeSize
        random.fill(place, size)
        let message = place + prefix
        message.storeBytes(of: form.pointee.types(of: original.kind).pick(random.next()).littleEndian, as: UInt32.self)
        // The index of the call that is answered.
        if original.kind != .initiation {
            let at = original.kind == .response ? Handshake.Response.receiver : CookieReply.receiver
            original.message.withUnsafeBytes { (message + at).copyMemory(from: $0.baseAddress! + at, byteCount: 4) }
        }
        form.pointee.protect(original.kind, place)
        return size
    }

    private func shiftedHandshake(_ place: UnsafeMutableRawPointer, _ random: inout StormRandom) -> Int {
        let original = handshakes[random.below(handshakes.count)]
        // Behind these any bytes may stand: the beginning alone can be another.
        let hasTrailers = gateway.forms.pointee[original.dialect].pointee.hasTrailers
        return shift(original.datagram, place, &random, growsBehind: !hasTrailers)
    }

    private func shift(
        _ bytes: [UInt8], _ place: UnsafeMutableRawPointer, _ random: inout StormRandom, growsBehind: Bool = true
    ) -> Int {
        let by = 1 + random.below(min(60, bytes.count - 1))
        switch random.below(growsBehind ? 4 : 3) {
        case 0: return copy(bytes, place) - by
        case 1:
            random.fill(place, by)
            return by + copy(bytes, place + by)
        case 2:
            bytes.withUnsafeBytes { place.copyMemory(from: $0.baseAddress! + by, byteCount: $0.count - by) }
            return bytes.count - by
        default:
            let size = copy(bytes, place)
            random.fill(place + size, by)
            return size + by
        }
    }
}
