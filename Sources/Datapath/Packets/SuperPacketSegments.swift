// Cuts what TUN delivers (up to 64 KB, TSO or USO, or one packet with an unfinished checksum) into packets for the wire.

/// The packets of one super-packet, in order, each complete with its own headers and checksums, made in place: the headers of
/// packet i+1 are written over the tail of packet i, which the caller has consumed (sealed elsewhere) by then.
struct SuperPacketSegments {
    /// Headers longer than this are refused: 40 + 60 bytes, and room for IPv6 extension headers.
    static let maximumHeader = 256

    /// How many packets there are in all.
    let segmentCount: Int
    /// The longest packet, in bytes: the first.
    let segmentLength: Int

    private let packet: UnsafeMutableRawPointer
    private let count: Int
    private let template: UnsafeMutableRawPointer
    private let layer4: Int
    private let headerLength: Int
    private let mss: Int
    private let isV6: Bool
    private let isTCP: Bool
    private var at: Int
    private var sequence: UInt32
    private var identification: Int
    private let flags: UInt8
    /// Sums of the headers with every field zero that differs between packets.
    private let ipSum: UInt64
    private let layer4Sum: UInt64

    /// `packet` holds `count` bytes that follow `header`; `template` is scratch of `maximumHeader` bytes.
    /// nil if the header describes no packet that can be cut: nothing must be sent then.
    @inline(__always)
    init?(_ packet: UnsafeMutableRawPointer, _ count: Int, _ header: VirtioNetHeader, template: UnsafeMutableRawPointer)
    {
        let read = packet.reading
        guard count >= IPField.v4HeaderLength, count <= 65535, innerLength(read, count) != nil else { return nil }
        self.packet = packet
        self.count = count
        self.template = template
        isV6 = read.u8(0) >> 4 == 6
        if header.gsoType == VirtioNetHeader.gsoNone {
            if header.flags & VirtioNetHeader.needsChecksum != 0 {
                guard Self.completeChecksum(packet, count, header) else { return nil }
            }
            (segmentCount, segmentLength, mss, headerLength, layer4) = (1, count, 0, 0, 0)
            (isTCP, at, sequence, identification, flags, ipSum, layer4Sum) = (false, 0, 0, 0, 0, 0, 0)
            return
        }
        switch header.gsoType & ~VirtioNetHeader.gsoECN {
        case VirtioNetHeader.gsoTCPv4 where !isV6, VirtioNetHeader.gsoTCPv6 where isV6: isTCP = true
        case VirtioNetHeader.gsoUDP: isTCP = false
        default: return nil
        }
        layer4 = header.checksumStart
        mss = header.gsoSize
        let smallest = isV6 ? IPField.v6HeaderLength : IPField.v4HeaderLength
        let layer4Header = isTCP ? IPField.tcpHeaderLength : IPField.udpHeaderLength
        guard mss > 0, layer4 >= smallest, layer4 + layer4Header < count else { return nil }
        headerLength = layer4 + (isTCP ? Int(read.u8(layer4 + 12) >> 4) * 4 : layer4Header)
        guard headerLength >= layer4 + layer4Header, headerLength <= Self.maximumHeader, headerLength < count,
            isV6 || Int(read.u8(0) & 15) * 4 == layer4
        else { return nil }
        let payload = count - headerLength
        segmentCount = (payload + mss - 1) / mss
        segmentLength = headerLength + min(payload, mss)
        at = headerLength

        template.copyMemory(from: packet, byteCount: headerLength)
        sequence = isTCP ? read.net32(layer4 + 4) : 0
        flags = isTCP ? read.u8(layer4 + 13) : 0
        identification = isV6 ? 0 : read.net16(4)
        if isV6 {
            ipSum = 0
        } else {
            template.setRaw16(2, 0)
            template.setRaw16(4, 0)
            template.setRaw16(10, 0)
            ipSum = Checksum.sum(template, layer4)
        }
        if isTCP {
            template.setNet32(layer4 + 4, 0)
            template.set8(layer4 + 13, 0)
            template.setRaw16(layer4 + 16, 0)
        } else {
            template.setRaw16(layer4 + 4, 0)
            template.setRaw16(layer4 + 6, 0)
        }
        layer4Sum =
            Checksum.pseudo(template, isV6: isV6, proto: isTCP ? IPField.tcp : IPField.udp, length: 0)
            &+ Checksum.sum(template + layer4, headerLength - layer4)
    }

    /// The next packet: where it starts and its length; nil after the last. The bytes behind it belong to the packets to come.
    @inline(__always)
    mutating func next() -> (UnsafeMutableRawPointer, Int)? {
        if headerLength == 0 {
            guard at == 0 else { return nil }
            at = count
            return (packet, count)
        }
        let left = count - at
        guard left > 0 else { return nil }
        let payload = min(left, mss)
        let start = packet + (at - headerLength)
        let total = headerLength + payload
        start.copyMemory(from: template, byteCount: headerLength)
        writeLengths(start, total)
        writeLayer4(start, payload, isFirst: at == headerLength, isLast: left <= mss)
        at += payload
        return (start, total)
    }

    @inline(__always)
    private mutating func writeLengths(_ start: UnsafeMutableRawPointer, _ total: Int) {
        if isV6 {
            start.setNet16(4, total - IPField.v6HeaderLength)
        } else {
            start.setNet16(2, total)
            start.setNet16(4, identification)
            let sum = ipSum &+ Checksum.field(total) &+ Checksum.field(identification)
            start.setRaw16(10, ~Checksum.fold(sum))
            identification += 1
        }
    }

    @inline(__always)
    private mutating func writeLayer4(_ start: UnsafeMutableRawPointer, _ payload: Int, isFirst: Bool, isLast: Bool) {
        let length = headerLength - layer4 + payload
        var sum = layer4Sum &+ Checksum.field(length) &+ Checksum.sum(start + headerLength, payload)
        if isTCP {
            var own = flags
            if !isLast { own &= ~(IPField.finFlag | IPField.pshFlag) }
            if !isFirst { own &= ~IPField.cwrFlag }
            start.setNet32(layer4 + 4, sequence)
            start.set8(layer4 + 13, own)
            sum &+= UInt64(start.reading.raw32(layer4 + 4)) &+ Checksum.field(Int(own))
            start.setRaw16(layer4 + 16, ~Checksum.fold(sum))
            sequence &+= UInt32(payload)
        } else {
            start.setNet16(layer4 + 4, length)
            sum &+= Checksum.field(length)
            let checksum = ~Checksum.fold(sum)
            start.setRaw16(layer4 + 6, checksum == 0 ? 0xffff : checksum)
        }
    }

    /// One packet whose checksum field holds the pseudo header's sum (virtio 1.2, 5.1.6.2).
    @inline(__always)
    private static func completeChecksum(
        _ packet: UnsafeMutableRawPointer, _ count: Int, _ header: VirtioNetHeader
    ) -> Bool {
        let start = header.checksumStart
        let field = start + header.checksumOffset
        guard start >= IPField.v4HeaderLength, field + 2 <= count else { return false }
        var checksum = ~Checksum.fold(Checksum.sum(packet + start, count - start))
        // Of TCP and UDP only UDP has its checksum at 6, and there a zero means that there is none.
        if checksum == 0 && header.checksumOffset == 6 { checksum = 0xffff }
        packet.setRaw16(field, checksum)
        return true
    }
}
