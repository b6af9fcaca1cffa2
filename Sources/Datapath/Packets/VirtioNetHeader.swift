// The header before every packet that is read from or written to the TUN device, `linux/virtio_net.h`.

/// Ten bytes in host order: flags, gso_type, hdr_len, gso_size, csum_start, csum_offset.
struct VirtioNetHeader {
    static let size = 10
    /// The checksum at `checksumStart + checksumOffset` holds the pseudo header's sum and is to be completed.
    static let needsChecksum: UInt8 = 1
    /// The checksum was verified.
    static let checksumValid: UInt8 = 2

    static let gsoNone: UInt8 = 0
    static let gsoTCPv4: UInt8 = 1
    static let gsoTCPv6: UInt8 = 4
    static let gsoUDP: UInt8 = 5
    /// Or-ed in: the first segment carries CWR.
    static let gsoECN: UInt8 = 0x80

    var flags: UInt8 = 0
    var gsoType: UInt8 = 0
    var headerLength = 0
    var gsoSize = 0
    var checksumStart = 0
    var checksumOffset = 0

    @inline(__always) init() {}

    /// Reads the header at `bytes`.
    @inline(__always) init(_ bytes: UnsafeRawPointer) {
        flags = bytes.u8(0)
        gsoType = bytes.u8(1)
        headerLength = Int(bytes.raw16(2))
        gsoSize = Int(bytes.raw16(4))
        checksumStart = Int(bytes.raw16(6))
        checksumOffset = Int(bytes.raw16(8))
    }

    /// Writes the header to `bytes`.
    @inline(__always) func store(_ bytes: UnsafeMutableRawPointer) {
        bytes.set8(0, flags)
        bytes.set8(1, gsoType)
        bytes.setRaw16(2, UInt16(truncatingIfNeeded: headerLength))
        bytes.setRaw16(4, UInt16(truncatingIfNeeded: gsoSize))
        bytes.setRaw16(6, UInt16(truncatingIfNeeded: checksumStart))
        bytes.setRaw16(8, UInt16(truncatingIfNeeded: checksumOffset))
    }
}
