// Joins packets that were received one after another into one super-packet for TUN, so that the kernel's stack handles them
// at once. The reverse of SuperPacketSegments.

/// One open super-packet in a fixed buffer. A packet is decrypted to `place(_:)`: so that its payload lands just behind what is
/// already there, with its headers over the last bytes of it, which are kept aside meanwhile and put back after the check.
/// Single owner: a worker.
struct SuperPacketJoiner: ~Copyable {
    /// What became of the packet that was placed.
    enum Outcome {
        /// It is in the open super-packet.
        case joined
        /// It opened a new super-packet; nothing else is open.
        case opened
        /// It fits not: write out what is open (`finish`), then call `openAside`.
        case aside
    }

    /// No super-packet has more packets: the kernel's limit for UDP, and enough for its bytes.
    static let maximumSegments = 128
    private static let headroom = 512
    private static let span = 1 << 17

    private let buffer: UnsafeMutableRawPointer
    /// Where a packet waits that could not be joined.
    private let aside: UnsafeMutableRawPointer
    private let keptTail: UnsafeMutableRawPointer
    private let joinsTCP: Bool
    private let joinsUDP: Bool

    private var count = 0
    private var segments = 0
    private var closed = true
    private var shape = Shape()
    private var placed: UnsafeMutableRawPointer
    private var asideShape = Shape()
    private var overlap = 0

    /// What of a packet decides whether the next one may follow it.
    private struct Shape {
        var length = 0
        var headerLength = 0
        var layer4 = 0
        var payload = 0
        var sequence: UInt32 = 0
        var identification = 0
        var isV6 = false
        var isUDP = false
        var isVerified = false
        var mayJoin = false
        var push = false
    }

    /// `joinsTCP`, `joinsUDP`: whether TUN takes super-packets of these.
    init(joinsTCP: Bool, joinsUDP: Bool) {
        buffer = .allocate(byteCount: Self.headroom + Self.span, alignment: 4096)
        aside = .allocate(byteCount: 1 << 16, alignment: 64)
        keptTail = .allocate(byteCount: 128, alignment: 64)
        buffer.initializeMemory(as: UInt8.self, repeating: 0, count: Self.headroom + Self.span)
        self.joinsTCP = joinsTCP
        self.joinsUDP = joinsUDP
        placed = buffer + Self.headroom
    }

    deinit {
        buffer.deallocate()
        aside.deallocate()
        keptTail.deallocate()
    }

    private var base: UnsafeMutableRawPointer { buffer + Self.headroom }

    /// Whether there is something to write out.
    var isOpen: Bool { segments > 0 }

    /// Whether a packet of `room` bytes, padding included, can be placed now; else write out first.
    @inline(__always)
    func fits(_ room: Int) -> Bool {
        segments == 0 || (!closed && segments < Self.maximumSegments && count + room <= SuperPacket.maximumBytes)
    }

    /// Where to decrypt a packet of `room` bytes; after `fits(room)`.
    @inline(__always)
    mutating func place(_ room: Int) -> UnsafeMutableRawPointer {
        if segments == 0 {
            overlap = 0
            placed = base
        } else {
            overlap = shape.headerLength
            placed = base + (count - overlap)
            keptTail.copyMemory(from: placed, byteCount: overlap)
        }
        return placed
    }

    /// The placed packet was not authentic or not allowed: the open super-packet is as it was.
    @inline(__always)
    mutating func discard() {
        if overlap > 0 { placed.copyMemory(from: keptTail, byteCount: overlap) }
    }

    /// Takes the placed packet, whose inner length is `length`.
    @inline(__always)
    mutating func accept(_ length: Int) -> Outcome {
        let new = examine(placed, length)
        if segments == 0 {
            open(new)
            return .opened
        }
        if new.mayJoin && follows(new) {
            placed.copyMemory(from: keptTail, byteCount: overlap)
            count += new.payload
            segments += 1
            shape.sequence &+= UInt32(truncatingIfNeeded: new.payload)
            shape.identification = new.identification
            if new.push { base.set8(shape.layer4 + 13, base.reading.u8(shape.layer4 + 13) | IPField.pshFlag) }
            closed = new.push || new.payload < shape.payload
            return .joined
        }
        aside.copyMemory(from: placed, byteCount: length)
        placed.copyMemory(from: keptTail, byteCount: overlap)
        asideShape = new
        return .aside
    }

    /// Makes the packet that was put aside the open one; after `finish`.
    @inline(__always)
    mutating func openAside() {
        base.copyMemory(from: aside, byteCount: asideShape.length)
        open(asideShape)
    }

    /// Closes what is open: virtio header and packet, ready for TUN. Valid until the next `place`.
    @inline(__always)
    mutating func finish() -> (UnsafeMutableRawPointer, Int) {
        let start = base - VirtioNetHeader.size
        var header = VirtioNetHeader()
        if segments > 1 {
            header = finishHeaders()
        } else if shape.isVerified {
            header.flags = VirtioNetHeader.checksumValid
        }
        header.store(start)
        let total = count + VirtioNetHeader.size
        segments = 0
        count = 0
        return (start, total)
    }

    @inline(__always)
    private mutating func open(_ new: Shape) {
        shape = new
        count = new.length
        segments = 1
        // What ends a burst of the sender's stack ends the super-packet too.
        closed = !new.mayJoin || new.push
        shape.sequence &+= UInt32(truncatingIfNeeded: new.payload)
    }

    private mutating func finishHeaders() -> VirtioNetHeader {
        let packet = base
        let layer4Length = count - shape.layer4
        var header = VirtioNetHeader()
        header.flags = VirtioNetHeader.needsChecksum
        header.gsoType =
            shape.isUDP
            ? VirtioNetHeader.gsoUDP : shape.isV6 ? VirtioNetHeader.gsoTCPv6 : VirtioNetHeader.gsoTCPv4
        header.headerLength = shape.headerLength
        header.gsoSize = shape.payload
        header.checksumStart = shape.layer4
        header.checksumOffset = shape.isUDP ? 6 : 16
        if shape.isV6 {
            packet.setNet16(4, count - IPField.v6HeaderLength)
        } else {
            packet.setNet16(2, count)
            packet.setRaw16(10, 0)
            packet.setRaw16(10, ~Checksum.fold(Checksum.sum(packet, shape.layer4)))
        }
        if shape.isUDP { packet.setNet16(shape.layer4 + 4, layer4Length) }
        let proto = shape.isUDP ? IPField.udp : IPField.tcp
        let sum = Checksum.pseudo(packet, isV6: shape.isV6, proto: proto, length: layer4Length)
        packet.setRaw16(shape.layer4 + header.checksumOffset, Checksum.fold(sum))
        return header
    }

    /// Reads what matters of a packet, and verifies its layer 4 checksum: joined packets get a new one, which would launder
    /// corruption.
    @inline(__always)
    private func examine(_ packet: UnsafeMutableRawPointer, _ length: Int) -> Shape {
        let p = packet.reading
        var s = Shape()
        s.length = length
        s.isV6 = p.u8(0) >> 4 == 6
        s.layer4 = s.isV6 ? IPField.v6HeaderLength : IPField.v4HeaderLength
        // IPv4 with options and fragments travel alone, and so does IPv6 with extension headers.
        if !s.isV6 && (p.u8(0) != 0x45 || p.net16(6) & 0x3fff != 0) { return s }
        let proto = s.isV6 ? p.u8(6) : p.u8(9)
        if proto == IPField.tcp, joinsTCP, length >= s.layer4 + IPField.tcpHeaderLength {
            s.headerLength = s.layer4 + Int(p.u8(s.layer4 + 12) >> 4) * 4
            guard s.headerLength >= s.layer4 + IPField.tcpHeaderLength, s.headerLength <= length else { return s }
            let flags = p.u8(s.layer4 + 13)
            s.push = flags & IPField.pshFlag != 0
            s.sequence = p.net32(s.layer4 + 4)
            // Byte 12 has a bit of accurate ECN in its low half; only a plain ACK may be joined.
            s.mayJoin =
                flags & ~IPField.pshFlag == IPField.ackFlag && p.u8(s.layer4 + 12) & 15 == 0 && length > s.headerLength
        } else if proto == IPField.udp, joinsUDP, length > s.layer4 + IPField.udpHeaderLength {
            s.isUDP = true
            s.headerLength = s.layer4 + IPField.udpHeaderLength
            s.mayJoin = p.raw16(s.layer4 + 6) != 0 && p.net16(s.layer4 + 4) == length - s.layer4
        }
        guard s.mayJoin else { return s }
        s.payload = length - s.headerLength
        s.identification = s.isV6 ? 0 : p.net16(4)
        let sum =
            Checksum.pseudo(p, isV6: s.isV6, proto: proto, length: length - s.layer4)
            &+ Checksum.sum(p + s.layer4, length - s.layer4)
        s.isVerified = Checksum.fold(sum) == 0xffff
        // The kernel writes a new IPv4 header checksum into every packet, so a wrong one must not come in either.
        s.mayJoin = s.isVerified && (s.isV6 || Checksum.fold(Checksum.sum(p, IPField.v4HeaderLength)) == 0xffff)
        return s
    }

    /// Whether the placed packet continues the open one.
    @inline(__always)
    private func follows(_ new: Shape) -> Bool {
        let a = base.reading
        let b = placed.reading
        guard new.isV6 == shape.isV6, new.isUDP == shape.isUDP, new.headerLength == shape.headerLength,
            new.payload <= shape.payload, a.raw32(shape.layer4) == b.raw32(shape.layer4)
        else { return false }
        if new.isV6 {
            // Version, traffic class and flow label; next header and hop limit; both addresses.
            guard a.raw32(0) == b.raw32(0), a.raw16(6) == b.raw16(6), Self.equal(a + 8, b + 8, 32) else { return false }
        } else {
            guard a.u8(1) == b.u8(1), a.raw16(6) == b.raw16(6), a.raw16(8) == b.raw16(8), Self.equal(a + 12, b + 12, 8)
            else { return false }
            // Without DF the number matters to whoever puts fragments together, and the kernel will count it up by one.
            let mayFragment = a.net16(6) & 0x4000 == 0
            if mayFragment && new.identification != (shape.identification + 1) & 0xffff { return false }
        }
        if new.isUDP { return true }
        let l4 = shape.layer4
        return new.sequence == shape.sequence && a.raw32(l4 + 8) == b.raw32(l4 + 8)
            && a.raw16(l4 + 14) == b.raw16(l4 + 14) && a.raw16(l4 + 18) == b.raw16(l4 + 18)
            && Self.equal(a + l4 + 20, b + l4 + 20, shape.headerLength - l4 - 20)
    }

    /// `count` is a multiple of four.
    @inline(__always)
    private static func equal(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ count: Int) -> Bool {
        var difference: UInt32 = 0
        var at = 0
        while at < count {
            difference |= a.raw32(at) ^ b.raw32(at)
            at += 4
        }
        return difference == 0
    }
}
