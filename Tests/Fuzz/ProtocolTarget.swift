// The protocol over a long life: handshakes, timers, transport keys and configuration, mixed by the input.

import CCrypto
import NetTypes
import Synchronization
import UAPI
import WireGuardProtocol

/// A device with a peer and a session, a peer of it that can be made to talk, and operations that the input picks: the state
/// machine, the replay window, the AEAD and the allowed IPs. What was made lives on for 4,096 inputs.
final class ProtocolTarget {
    // libFuzzer calls from one thread.
    nonisolated(unsafe) static let shared = ProtocolTarget()

    var seed: UInt64 = 1
    var time: UInt64 = 1_000_000_000
    var a: Device!
    var b: Device!
    var toB = PeerIndex.none
    var effects = Effects()
    var initiation: [UInt8] = []
    let keyB = PrivateKey { $0.storeBytes(of: 0x1234, as: UInt64.self) }
    let source = SocketAddress(.v4(IPv4Address(rawValue: 0xc000_0201)), port: 7)
    let aead = AEAD(.openSSL)
    var runs = 0

    var now: Now { Now(monotonic: time, wall: WallTime(seconds: Int64(time / 1_000_000_000), nanoseconds: 0)) }

    func setUp() {
        let fill: (UnsafeMutableRawBufferPointer) -> Void = { [unowned self] bytes in
            for i in bytes.indices {
                self.seed = self.seed &* 6_364_136_223_846_793_005 &+ 1
                bytes[i] = UInt8(truncatingIfNeeded: self.seed >> 33)
            }
        }
        a = Device(capacity: 32, random: fill)
        b = Device(capacity: 32, random: fill)
        let keyA = PrivateKey { $0.storeBytes(of: 0x99, as: UInt64.self) }
        a.setPrivateKey(keyA, now: now, into: &effects)
        b.setPrivateKey(keyB, now: now, into: &effects)
        a.up(now: now, into: &effects)
        b.up(now: now, into: &effects)
        toB = try! a.configure(PeerSection(keyB.publicKey), now: now, into: &effects)!
        _ = try! b.configure(PeerSection(keyA.publicKey), now: now, into: &effects)!
    }

    func run(_ input: Input) -> Int32 {
        if runs % 4096 == 0 { setUp() }
        runs += 1
        var input = input
        while !input.isEmpty {
            switch input.byte() % 8 {
            case 0: deliver(input.bytes(200), to: input.byte() & 1 == 0 ? a : b, load: false)
            case 1: shake(&input)
            case 2: forge(&input)
            case 3: transport(&input)
            case 4: configure(&input)
            case 5:
                time += UInt64(input.word32()) * 100
                effects.removeAll()
                a.tick(now: now, into: &effects)
                effects.removeAll()
                b.tick(now: now, into: &effects)
            case 6:
                effects.removeAll()
                let record = a.tables.peer(toB)
                _ = record.pointee.raise(PeerRequest(rawValue: UInt32(input.byte() & 7)))
                if input.byte() & 1 == 0 { _ = record.pointee.noteSent(data: true, now: time) }
                if input.byte() & 1 == 0 { _ = record.pointee.noteReceived(data: true, now: time) }
                a.serve(toB, now: now, into: &effects)
            default:
                for device in [a!, b!] { if let ticket = device.retire() { device.reclaim(ticket) } }
            }
        }
        return 0
    }

    func deliver(_ message: [UInt8], to device: Device, load: Bool) {
        effects.removeAll()
        message.withUnsafeBytes { device.receive($0, from: source, underLoad: load, now: now, into: &effects) }
    }

    /// A true handshake, some of whose messages the input changes.
    func shake(_ input: inout Input) {
        time += 6_000_000_000
        effects.removeAll()
        _ = a.tables.peer(toB).pointee.raise(.session)
        a.serve(toB, now: now, into: &effects)
        guard effects.bytes.count == 148 else { return }
        initiation = effects.bytes
        var message = effects.bytes
        if input.byte() & 3 == 0 { message[Int(input.byte()) % 148] ^= input.byte() }
        deliver(message, to: b, load: input.byte() & 7 == 0)
        guard !effects.bytes.isEmpty else { return }
        message = effects.bytes
        if input.byte() & 3 == 0 { message[Int(input.byte()) % message.count] ^= input.byte() }
        deliver(message, to: a, load: input.byte() & 7 == 0)
    }

    /// An initiation with a right mac1 over whatever the input makes of it.
    func forge(_ input: inout Input) {
        guard initiation.count == 148 else { return }
        var message = initiation
        for _ in 0..<(input.byte() & 7) { message[8 + Int(input.byte()) % 108] ^= input.byte() }
        var key = [UInt8](repeating: 0, count: 32)
        let label = Array("mac1----".utf8)
        keyB.publicKey.withBytes { wgc_hash(&key, label, 8, $0.baseAddress!, 32) }
        message.withUnsafeMutableBytes { wgc_mac16($0.baseAddress! + 116, $0.baseAddress!, 116, key, 32) }
        deliver(message, to: b, load: input.byte() & 1 == 0)
    }

    /// What a worker does with a message under a keypair that is there.
    func transport(_ input: inout Input) {
        let index = input.word32()
        for device in [a!, b!] { precondition(index != 0 || device.tables.slot(receiving: index) == 0) }
        guard let keypair = a.tables.currentKeypair(of: toB) else { return }
        let counter = UInt64(input.word32()) << (UInt64(input.byte()) & 63)
        var message = input.bytes(100)
        let length = message.count
        message += [UInt8](repeating: 0, count: 16)
        let key = keypair.pointee.receivingKey
        message.withUnsafeMutableBytes {
            aead.seal($0.baseAddress!, from: $0.baseAddress!, length: length, key: key, counter: counter)
            precondition(aead.open($0.baseAddress!, from: $0.baseAddress!, length: length, key: key, counter: counter))
        }
        guard keypair.pointee.mayReceive(now: time) else { return }
        let first = keypair.pointee.replayWindow.accept(counter)
        precondition(!keypair.pointee.replayWindow.accept(counter))
        if first { precondition(keypair.pointee.replayWindow.next > counter) }
    }

    func configure(_ input: inout Input) {
        let number = UInt64(input.byte() % 40)
        var configuration = PeerSection(PrivateKey { $0.storeBytes(of: number << 8, as: UInt64.self) }.publicKey)
        let what = input.byte()
        configuration.remove = what & 7 == 0
        configuration.updateOnly = what & 8 != 0
        configuration.replaceAllowedIPs = what & 0x30 == 0
        if what & 0x40 != 0 { configuration.persistentKeepalive = AWGRange(UInt16(input.byte())) }
        for _ in 0..<(input.byte() & 7) {
            let isV6 = input.byte() & 1 == 0
            let word = input.word32()
            let prefix =
                isV6
                ? IPPrefix(
                    masking: .v6(IPv6Address(rawValue: UInt128(word & 0xff00_00ff) << (UInt128(input.byte()) & 127))),
                    length: Int(input.byte()) % 129)
                : IPPrefix(masking: .v4(IPv4Address(rawValue: word & 0xc300_f0f3)), length: Int(input.byte()) % 33)
            configuration.allowedIPs.append(.init(prefix, isRemoval: input.byte() & 3 == 0))
        }
        effects.removeAll()
        guard let peer = try? b.configure(configuration, now: now, into: &effects) else { return }
        for line in configuration.allowedIPs where !line.isRemoval {
            let found =
                switch line.prefix.address {
                case .v4(let address): b.tables.allowedIPs.lookup(v4: address.rawValue)
                case .v6(let address): b.tables.allowedIPs.lookup(v6: address.rawValue)
                }
            precondition(found != .none || configuration.allowedIPs.contains { $0.isRemoval })
        }
        precondition(b.peer(configuration.publicKey) == peer)
    }
}
