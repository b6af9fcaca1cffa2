// ICMP errors into the tunnel's own side, for packets that no peer takes (the kernel's icmp_ndo_send).

import CLinux
import WireGuardProtocol

/// So many at once, and after that one every so often.
struct RateLimiter {
    private let burst: UInt64
    private let interval: UInt64
    private var credit: UInt64
    private var filledAt: UInt64 = 0

    /// `interval` in nanoseconds.
    init(burst: UInt64, interval: UInt64) {
        self.burst = burst
        self.interval = interval
        credit = burst
    }

    /// Whether one is allowed now.
    mutating func take(now: UInt64) -> Bool {
        let gained = (now &- filledAt) / interval
        if gained > 0 {
            credit = min(burst, credit + gained)
            filledAt = now
        }
        guard credit > 0 else { return false }
        credit -= 1
        return true
    }
}

/// Destination unreachable, RFC 792 and RFC 4443.
enum Unreachable {
    /// Bytes that `write` needs at most: what every IPv6 path carries.
    static let maximumBytes = 1280

    /// Writes the answer to `packet` behind a virtio header at `out`; its length in all, 0 if none may be sent: about an ICMP
    /// error, a later fragment, a multicast. The sender is the address that was not reached, since it is surely not ours.
    static func write(_ out: UnsafeMutableRawPointer, about packet: UnsafeRawPointer, _ length: Int) -> Int {
        VirtioNetHeader().store(out)
        let start = out + VirtioNetHeader.size
        let total = packet.u8(0) >> 4 == 6 ? writeV6(start, packet, length) : writeV4(start, packet, length)
        return total == 0 ? 0 : total + VirtioNetHeader.size
    }

    private static func writeV4(_ start: UnsafeMutableRawPointer, _ packet: UnsafeRawPointer, _ length: Int) -> Int {
        let header = Int(packet.u8(0) & 15) * 4
        guard header >= IPField.v4HeaderLength, length >= header, packet.net16(6) & 0x1fff == 0, packet.u8(16) < 224
        else { return 0 }
        if packet.u8(9) == 1 {
            guard length > header, packet.u8(header) == 8 || packet.u8(header) == 0 else { return 0 }
        }
        let quoted = min(length, 576 - 28)
        let total = 28 + quoted
        start.initializeMemory(as: UInt8.self, repeating: 0, count: 28)
        start.set8(0, 0x45)
        start.set8(1, 0xc0)
        start.setNet16(2, total)
        start.set8(8, 64)
        start.set8(9, 1)
        (start + 12).copyMemory(from: packet + 16, byteCount: 4)
        (start + 16).copyMemory(from: packet + 12, byteCount: 4)
        start.setRaw16(10, ~Checksum.fold(Checksum.sum(start, 20)))
        start.set8(20, 3)
        start.set8(21, 1)
        (start + 28).copyMemory(from: packet, byteCount: quoted)
        start.setRaw16(22, ~Checksum.fold(Checksum.sum(start + 20, total - 20)))
        return total
    }

    private static func writeV6(_ start: UnsafeMutableRawPointer, _ packet: UnsafeRawPointer, _ length: Int) -> Int {
        guard length >= IPField.v6HeaderLength, packet.u8(24) != 0xff else { return 0 }
        if packet.u8(6) == 58 {
            guard length > IPField.v6HeaderLength, packet.u8(IPField.v6HeaderLength) >= 128 else { return 0 }
        }
        let quoted = min(length, maximumBytes - 48)
        start.initializeMemory(as: UInt8.self, repeating: 0, count: 48)
        start.set8(0, 0x60)
        start.setNet16(4, 8 + quoted)
        start.set8(6, 58)
        start.set8(7, 64)
        (start + 8).copyMemory(from: packet + 24, byteCount: 16)
        (start + 24).copyMemory(from: packet + 8, byteCount: 16)
        start.set8(40, 1)
        start.set8(41, 3)
        (start + 48).copyMemory(from: packet, byteCount: quoted)
        let sum =
            Checksum.pseudo(start, isV6: true, proto: 58, length: 8 + quoted)
            &+ Checksum.sum(start + 40, 8 + quoted)
        start.setRaw16(42, ~Checksum.fold(sum))
        return 48 + quoted
    }
}

extension Worker {
    /// Tells the sender that nobody takes this packet: no peer has the address, or the peer has no endpoint yet.
    @inline(never)
    mutating func answerUnreachable(_ packet: UnsafeRawPointer, _ length: Int) {
        guard icmp.take(now: now) else { return }
        withUnsafeTemporaryAllocation(
            byteCount: Unreachable.maximumBytes + VirtioNetHeader.size, alignment: 16
        ) { scratch in
            guard let out = scratch.baseAddress else { return }
            let count = Unreachable.write(out, about: packet, length)
            if count > 0 { _ = queue.write(out, count) }
        }
    }
}
