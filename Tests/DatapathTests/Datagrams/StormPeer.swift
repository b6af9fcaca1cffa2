import NetTypes
import Repeats
import UAPI

@testable import WireGuardProtocol

/// One end without any datapath: a device, and what its last call wants to have sent.
final class StormPeer {
    static let time: UInt64 = 1_000_000_000_000
    let device: Device
    let key: PrivateKey
    let address: SocketAddress
    let aead = AEAD()
    private(set) var effects = Effects()
    private var random: RandomStream
    /// Later with every initiation: its timestamp has to be new.
    var time = StormPeer.time

    init(_ number: UInt32, seed: UInt64, sets: [AWGParameters]) throws {
        var seeded = SeededRandom(state: seed &* 1000 &+ UInt64(number))
        key = PrivateKey { for i in $0.indices { $0[i] = UInt8.random(in: 0...255, using: &seeded) } }
        address = SocketAddress(.v4(IPv4Address(rawValue: 0xc000_0200 + number)), port: 51820)
        device = Device(capacity: 16) { for i in $0.indices { $0[i] = UInt8.random(in: 0...255, using: &seeded) } }
        random = device.makeRandomStream()
        let key = key
        perform { $0.setPrivateKey(key, now: now, into: &effects) }
        perform { $0.up(now: now, into: &effects) }
        try device.setDialects(sets)
    }

    var now: Now {
        let wall = WallTime(
            seconds: Int64(1_700_000_000 + time / Limits.second), nanoseconds: UInt32(time % Limits.second))
        return Now(monotonic: time, wall: wall)
    }

    func perform(_ body: (Device) throws -> Void) rethrows {
        effects.removeAll()
        try body(device)
        if let ticket = device.retire() { device.reclaim(ticket) }
    }

    func add(_ other: StormPeer, allowed: String? = nil) throws -> PeerIndex {
        var section = PeerSection(other.key.publicKey)
        section.endpoint = other.address
        section.allowedIPs = [allowed].compactMap { $0.map { .init(IPPrefix($0)!) } }
        var peer: PeerIndex?
        try perform { peer = try $0.configure(section, now: now, into: &effects) }
        return peer!
    }

    /// Begins a handshake: the initiation, as it goes out.
    func begin(_ peer: PeerIndex) -> [UInt8] {
        time += 10 * Limits.second
        _ = device.tables.peer(peer).pointee.raise(.session)
        perform { $0.serve(peer, now: now, into: &effects) }
        return sent!
    }

    func receive(_ datagram: [UInt8], from other: StormPeer, underLoad: Bool = false) {
        perform { device in
            datagram.withUnsafeBytes {
                device.receive($0, from: other.address, underLoad: underLoad, now: now, into: &effects)
            }
        }
    }

    /// The handshake message or cookie reply that the last call wants to have sent; junk goes before.
    var sent: [UInt8]? {
        var found: [UInt8]?
        for effect in effects.list {
            switch effect {
            case .send(_, let range), .sendDisguised(_, let range), .reply(let range), .replyDisguised(let range):
                found = Array(effects.bytes[range])
            default: break
            }
        }
        return found
    }

    /// Data under a keypair, in whatever form.
    func seal(
        _ payload: [UInt8], _ keypair: UnsafeMutablePointer<Keypair>, counter: UInt64, in form: UnsafePointer<WireForm>
    ) -> [UInt8] {
        var message = [UInt8](repeating: 0, count: payload.count + form.pointee.dataOverhead)
        message.withUnsafeMutableBytes {
            let start = $0.baseAddress!
            form.pointee.writeData(start, receiver: keypair.pointee.remoteIndex, counter: counter, &random)
            aead.seal(
                start + form.pointee.dataPrefix + Message.dataHeaderSize, from: payload, length: payload.count,
                key: keypair.pointee.sendingKey, counter: counter)
            guard form.pointee.protectsHeaders else { return }
            var mask: UInt128 = 0
            form.pointee.protectData(start, count: $0.count, stride: $0.count, masks: &mask)
        }
        return message
    }

    /// A handshake message without prefix, protection and trailer, in another dialect's clothes; its type stays as it is.
    func dress(_ message: [UInt8], _ kind: Message.Kind, in form: UnsafePointer<WireForm>) -> [UInt8] {
        let prefix = form.pointee.prefix(of: kind)
        var datagram = [UInt8](repeating: 0, count: prefix) + message
        datagram.withUnsafeMutableBytes {
            random.fill($0.baseAddress!, prefix)
            form.pointee.protect(kind, $0.baseAddress!)
        }
        return datagram
    }

    /// The same undone.
    static func strip(_ datagram: [UInt8], _ kind: Message.Kind, of form: UnsafePointer<WireForm>) -> [UInt8] {
        var message = [UInt8](repeating: 0, count: kind.handshakeSize)
        form.pointee.strip(kind, datagram, into: &message)
        return message
    }
}
