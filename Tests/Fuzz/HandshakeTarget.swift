// Handshake messages into a device: hostile ones, replayed ones, and real ones with a few bytes changed.

import NetTypes
import UAPI

@testable import WireGuardProtocol

/// An input is a list of steps: a byte that says which, and what that step takes. The oracle: who does not know the public key
/// gets no answer, and nothing that was changed is ever accepted.
struct HandshakeTarget {
    private let device = Node(seed: 1)
    private let other = Node(seed: 2)
    private let toOther: PeerIndex
    private let toDevice: PeerIndex
    private var source: SocketAddress
    private var underLoad = false
    /// The last handshake message of the device.
    private var lastSent: [UInt8]?

    static func run(_ input: Input) -> Int32 {
        var input = input
        var target = HandshakeTarget()
        var steps = 0
        while !input.isEmpty && steps < 24 {
            steps += 1
            target.step(&input)
            target.check()
        }
        return 0
    }

    private init() {
        source = other.address
        var random = SplitMix(state: 9)
        let psk = PresharedKey { random.fill($0) }
        toOther = device.add(other.publicKey, at: other.address, networks: ["10.0.0.0/8"], psk: psk)
        toDevice = other.add(device.publicKey, at: device.address, psk: psk)
    }

    private mutating func step(_ input: inout Input) {
        switch input.byte() % 12 {
        case 0: receiveForged(input.bytes(Int(input.byte())))
        case 1: receiveWithMAC(&input)
        case 2:
            other.begin(toDevice)
            if let message = other.sent { receiveChanged(message, &input) }
        case 3:
            if let lastSent, lastSent.count == Message.initiationSize {
                other.receive(lastSent, from: device.address)
                if let message = other.sent { receiveChanged(message, &input) }
            }
        case 4: receiveCookie(&input)
        case 5: pass(UInt64(input.word()) * 50_000_000)
        case 6: device.begin(toOther)
        case 7: underLoad.toggle()
        case 8: configure(input.byte())
        case 9: if let lastSent { receiveForged(lastSent) }
        case 10: source = SocketAddress(.v4(IPv4Address(rawValue: UInt32(input.word()))), port: UInt16(input.byte()))
        default:
            device.perform {
                $0.serve(PeerIndex(rawValue: UInt32(input.byte())), now: device.now, into: &device.effects)
            }
        }
        if let sent = device.sent { lastSent = sent }
    }

    /// Bytes that nobody made who has the key: they must not be answered, whatever they are.
    private func receiveForged(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return device.effects.removeAll() }
        device.receive(bytes, from: source, underLoad: underLoad)
        expect(!isAnswered, "an answer to \(bytes)")
    }

    /// Any content, but of the right size and with a good mac1: as from one who knows the public key and no more.
    private func receiveWithMAC(_ input: inout Input) {
        let isInitiation = input.byte() & 1 == 0
        let size = isInitiation ? Message.initiationSize : Message.responseSize
        var message: [UInt8] = [isInitiation ? 1 : 2, 0, 0, 0] + input.bytes(size - 4)
        while message.count < size { message.append(0) }
        if !isInitiation, let lastSent { message.replaceSubrange(8..<12, with: lastSent[4..<8]) }
        sign(&message)
        device.receive(message, from: source, underLoad: underLoad)
        expect(!isAccepted, "\(message) was accepted")
    }

    /// A real message with some bytes changed, and a good mac1 again if the input says so.
    private func receiveChanged(_ original: [UInt8], _ input: inout Input) {
        var message = original
        let flags = input.byte()
        for _ in 0..<(flags & 3) {
            let at = Int(input.byte()) % message.count
            message[at] ^= input.byte()
        }
        let signed = flags & 4 != 0
        if signed { sign(&message) }
        device.receive(message, from: source, underLoad: underLoad)
        let body = message.count - 32
        // The sender's index is covered by mac1 alone; the reserved bytes belong to the type.
        let isForged = message[..<4] != original[..<4] || message[8..<body] != original[8..<body]
        let isUnsigned = message[..<(body + 16)] != original[..<(body + 16)] && !signed
        if isForged || isUnsigned { expect(!isAccepted, "changed, and accepted: \(message)") }
        if isUnsigned { expect(!isAnswered, "changed, and answered: \(message)") }
        if flags & 8 != 0 {
            device.receive(message, from: source, underLoad: underLoad)
            expect(!isAccepted, "accepted twice: \(message)")
        }
    }

    private mutating func receiveCookie(_ input: inout Input) {
        guard let lastSent else { return }
        other.receive(lastSent, from: device.address, underLoad: true)
        guard var reply = other.reply else { return }
        for _ in 0..<(input.byte() & 3) { reply[Int(input.byte()) % reply.count] ^= input.byte() }
        device.receive(reply, from: source)
        expect(!isAnswered, "a cookie reply was answered")
    }

    private func pass(_ nanoseconds: UInt64) {
        let end = device.time + nanoseconds
        device.effects.removeAll()
        var ticks = 0
        while let due = device.device.nextDeadline, due <= end, ticks < 64 {
            device.time = max(device.time, due)
            device.perform { $0.tick(now: device.now, into: &device.effects) }
            check()
            ticks += 1
        }
        device.time = end
        other.time = end
        other.perform { $0.tick(now: other.now, into: &other.effects) }
    }

    private func configure(_ what: UInt8) {
        let node = device
        node.perform { device in
            switch what & 7 {
            case 0: device.down(into: &node.effects)
            case 1: device.up(now: node.now, into: &node.effects)
            case 2: device.setPrivateKey(nil, now: node.now, into: &node.effects)
            case 3: device.setPrivateKey(node.privateKey, now: node.now, into: &node.effects)
            case 4: device.removeAllPeers(into: &node.effects)
            default:
                var peer = PeerSection(other.publicKey)
                peer.remove = what & 7 == 5
                peer.persistentKeepalive = AWGRange(UInt16(what >> 3))
                peer.endpoint = other.address
                _ = try? device.configure(peer, now: node.now, into: &node.effects)
            }
        }
    }

    private func sign(_ message: inout [UInt8]) {
        let count = message.count
        withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { key in
            MessageMACs.mac1Key(device.publicKey, into: key.baseAddress!)
            message.withUnsafeMutableBytes {
                MessageMACs.write($0.baseAddress!, count: count, mac1Key: key.baseAddress!, cookie: nil)
            }
        }
    }

    private var isAnswered: Bool {
        device.effects.list.contains {
            switch $0 {
            case .send, .reply, .endpointIsSource, .sendKeepalive, .sendStaged: true
            default: false
            }
        }
    }

    private var isAccepted: Bool {
        device.effects.list.contains { if case .endpointIsSource = $0 { true } else { false } }
    }

    /// What holds after every call.
    private func check() {
        for effect in device.effects.list {
            switch effect {
            case .send(_, let message):
                expect([148, 92].contains(message.count), "\(message.count) bytes to send")
                expect(message.upperBound <= device.effects.bytes.count, "a message past the end")
            case .reply(let message):
                expect(message.count == 64, "a cookie reply of \(message.count) bytes")
                expect(message.upperBound <= device.effects.bytes.count, "a message past the end")
            default: break
            }
        }
    }
}
