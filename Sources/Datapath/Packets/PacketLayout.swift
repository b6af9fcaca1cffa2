// Loads, stores and sums on packet memory: the one file that reads inner packets through raw pointers.

import CLinux

extension UnsafeRawPointer {
    @inline(__always) func u8(_ at: Int) -> UInt8 { load(fromByteOffset: at, as: UInt8.self) }
    /// In memory order: for comparing and summing.
    @inline(__always) func raw16(_ at: Int) -> UInt16 { loadUnaligned(fromByteOffset: at, as: UInt16.self) }
    @inline(__always) func raw32(_ at: Int) -> UInt32 { loadUnaligned(fromByteOffset: at, as: UInt32.self) }
    /// From network order.
    @inline(__always) func net16(_ at: Int) -> Int { Int(UInt16(bigEndian: raw16(at))) }
    @inline(__always) func net32(_ at: Int) -> UInt32 { UInt32(bigEndian: raw32(at)) }
    @inline(__always) func net128(_ at: Int) -> UInt128 {
        let high = UInt64(bigEndian: loadUnaligned(fromByteOffset: at, as: UInt64.self))
        return UInt128(high) << 64 | UInt128(UInt64(bigEndian: loadUnaligned(fromByteOffset: at + 8, as: UInt64.self)))
    }
}

extension UnsafeMutableRawPointer {
    @inline(__always) var reading: UnsafeRawPointer { UnsafeRawPointer(self) }
    @inline(__always) func set8(_ at: Int, _ value: UInt8) { storeBytes(of: value, toByteOffset: at, as: UInt8.self) }
    /// In memory order.
    @inline(__always) func setRaw16(_ at: Int, _ value: UInt16) {
        storeBytes(of: value, toByteOffset: at, as: UInt16.self)
    }
    /// To network order; higher bits are cut off.
    @inline(__always) func setNet16(_ at: Int, _ value: Int) {
        setRaw16(at, UInt16(truncatingIfNeeded: value).bigEndian)
    }
    @inline(__always) func setNet32(_ at: Int, _ value: UInt32) {
        storeBytes(of: value.bigEndian, toByteOffset: at, as: UInt32.self)
    }
}

/// The Internet checksum (RFC 1071), summed in memory order, so that only whole fields that are added by hand need swapping.
enum Checksum {
    /// Sixteen bits of a sum of up to 64.
    @inline(__always) static func fold(_ sum: UInt64) -> UInt16 {
        var s = (sum >> 32) &+ (sum & 0xffff_ffff)
        s = (s >> 16) &+ (s & 0xffff)
        s = (s >> 16) &+ (s & 0xffff)
        s = (s >> 16) &+ (s & 0xffff)
        return UInt16(truncatingIfNeeded: s)
    }

    /// The sum of `count` bytes.
    @inline(__always) static func sum(_ bytes: UnsafeRawPointer, _ count: Int) -> UInt64 { inet_sum(bytes, count) }

    /// A number as it would be summed from a field in network order.
    @inline(__always) static func field(_ value: Int) -> UInt64 {
        UInt64(UInt16(truncatingIfNeeded: value).bigEndian)
    }

    /// The pseudo header's sum: both addresses, the protocol and the length of header and payload of layer 4.
    @inline(__always) static func pseudo(_ packet: UnsafeRawPointer, isV6: Bool, proto: UInt8, length: Int) -> UInt64 {
        var s = field(Int(proto)) &+ field(length)
        if isV6 {
            for at in stride(from: 8, to: 40, by: 4) { s &+= UInt64(packet.raw32(at)) }
        } else {
            s &+= UInt64(packet.raw32(12)) &+ UInt64(packet.raw32(16))
        }
        return s
    }
}

/// Packets of one flow that the kernel takes or gives as one.
enum SuperPacket {
    /// Bytes that one has at most, its own headers included if it is an IP packet, UDP's and IP's not if it is a payload. With
    /// those, and with the link's before them, it must stay below a device's gso_max_size of 65,536: one that is longer is cut
    /// in software on its way out, at half the speed.
    static let maximumBytes = 65_400
}

/// Field values of IP, TCP and UDP that the datapath needs by name.
enum IPField {
    static let tcp: UInt8 = 6
    static let udp: UInt8 = 17
    static let v4HeaderLength = 20
    static let v6HeaderLength = 40
    static let tcpHeaderLength = 20
    static let udpHeaderLength = 8
    static let finFlag: UInt8 = 0x01
    static let pshFlag: UInt8 = 0x08
    static let ackFlag: UInt8 = 0x10
    static let cwrFlag: UInt8 = 0x80
    /// Congestion experienced, RFC 3168.
    static let ecnMask: UInt8 = 3
    static let ecnCE: UInt8 = 3
    static let ecnECT0: UInt8 = 2
}

/// The inner packet's length by its own header, or nil if it has none that fits into `count` bytes.
/// What is longer is padding (whitepaper 5.4.6).
@inline(__always)
func innerLength(_ packet: UnsafeRawPointer, _ count: Int) -> Int? {
    guard count >= IPField.v4HeaderLength else { return nil }
    let length: Int
    switch packet.u8(0) >> 4 {
    case 4:
        length = packet.net16(2)
        guard length >= IPField.v4HeaderLength else { return nil }
    case 6:
        guard count >= IPField.v6HeaderLength else { return nil }
        length = IPField.v6HeaderLength + packet.net16(4)
    default: return nil
    }
    return length <= count ? length : nil
}

/// The inner TOS or traffic class.
@inline(__always)
func innerTrafficClass(_ packet: UnsafeRawPointer) -> UInt8 {
    packet.u8(0) >> 4 == 6 ? packet.u8(0) << 4 | packet.u8(1) >> 4 : packet.u8(1)
}
