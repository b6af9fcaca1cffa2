/// A ZIP archive of small files, stored as they are (PKWARE's APPNOTE 6.3.10, 4.3). A library for it would bring four compressors
/// along for files of 400 bytes.
public struct ZipArchive {
    private var bytes: [UInt8] = []
    private var directory: [UInt8] = []
    private var count = 0

    /// An empty one.
    public init() {}

    /// Adds a file, 0600 where it is unpacked. `path` has no leading slash; at most 65,535 files, of 4 GB together.
    public mutating func add(_ path: String, _ content: [UInt8]) {
        let name = Array(path.utf8)
        let start = bytes.count
        // Version 2.0; names are UTF-8 (bit 11); stored; 1980-01-01 00:00, so that equal files make an equal archive.
        let shared =
            little(20, 2) + little(1 << 11, 2) + little(0, 2) + little(0, 2) + little(0x21, 2)
            + little(Int(crc32(content)), 4)
            + little(content.count, 4) + little(content.count, 4) + little(name.count, 2) + little(0, 2)
        bytes += little(0x0403_4b50, 4) + shared + name + content
        // Made on Unix, whose mode stands in the upper half of the external attributes: S_IFREG | 0600.
        directory +=
            little(0x0201_4b50, 4) + little(3 << 8 | 20, 2) + shared + little(0, 2) + little(0, 2) + little(0, 2)
        directory += little(0o100600 << 16, 4) + little(start, 4) + name
        count += 1
    }

    /// The whole file.
    public var file: [UInt8] {
        let end =
            little(0x0605_4b50, 4) + little(0, 4) + little(count, 2) + little(count, 2) + little(directory.count, 4)
            + little(bytes.count, 4) + little(0, 2)
        return bytes + directory + end
    }

    private func little(_ value: Int, _ size: Int) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}

/// CRC-32 of ISO-HDLC, as ZIP has it.
private func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { crc, byte in
        (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1 == 1 ? 0xedb8_8320 : 0) }
    }
}
