/// What SQLite has written to a database but not yet into its file (its format, chapter 4): a program that runs, or was killed, may
/// have nearly everything there.
struct WriteAheadLog {
    private let bytes: [UInt8]
    private let pageSize: Int
    private let isBigEndian: Bool

    private static let headerSize = 32
    private static let frameHeaderSize = 24

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        let magic = Self.word(bytes, 0)
        isBigEndian = magic == 0x377f_0683
        let size = Int(Self.word(bytes, 8))
        let isKnown = magic & ~1 == 0x377f_0682 && Self.word(bytes, 4) == 3_007_000
        pageSize = isKnown && (512...65536).contains(size) && size & (size - 1) == 0 ? size : 0
    }

    /// The database with every transaction that is whole, in the form of one that keeps no log.
    func applied(to database: [UInt8]) -> [UInt8] {
        var result = database
        var pending: [(page: Int, at: Int)] = []
        for frame in frames() where frame.page > 0 {
            pending.append((frame.page, frame.at))
            guard frame.pagesAfterCommit > 0 else { continue }
            let size = frame.pagesAfterCommit * pageSize
            // A page number is bounded by what its transaction leaves.
            guard size <= database.count + bytes.count else { break }
            if result.count < size { result += [UInt8](repeating: 0, count: size - result.count) }
            for (page, at) in pending where page * pageSize <= result.count {
                result.replaceSubrange((page - 1) * pageSize..<page * pageSize, with: bytes[at..<at + pageSize])
            }
            pending = []
            if result.count > size { result.removeLast(result.count - size) }
        }
        // Which versions of the format read and write it: 2 is with a log.
        for i in [18, 19] where result.count > i && result[i] == 2 { result[i] = 1 }
        return result
    }

    private struct Frame {
        let page: Int
        /// 0 where it is not the last of a transaction.
        let pagesAfterCommit: Int
        /// Where its page begins.
        let at: Int
    }

    /// Those that belong to this log and are whole: what comes behind is left from an earlier one.
    private func frames() -> [Frame] {
        guard pageSize > 0, bytes.count >= Self.headerSize else { return [] }
        var sum = checksum(0..<24, (0, 0))
        guard sum.0 == Self.word(bytes, 24), sum.1 == Self.word(bytes, 28) else { return [] }
        var frames: [Frame] = []
        var at = Self.headerSize
        while at + Self.frameHeaderSize + pageSize <= bytes.count {
            let start = at + Self.frameHeaderSize
            guard bytes[at + 8..<at + 16] == bytes[16..<24] else { break }
            sum = checksum(start..<start + pageSize, checksum(at..<at + 8, sum))
            guard sum.0 == Self.word(bytes, at + 16), sum.1 == Self.word(bytes, at + 20) else { break }
            frames.append(
                Frame(page: Int(Self.word(bytes, at)), pagesAfterCommit: Int(Self.word(bytes, at + 4)), at: start))
            at = start + pageSize
        }
        return frames
    }

    private func checksum(_ range: Range<Int>, _ start: (UInt32, UInt32)) -> (UInt32, UInt32) {
        var (a, b) = start
        for at in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
            a &+= order(Self.word(bytes, at)) &+ b
            b &+= order(Self.word(bytes, at + 4)) &+ a
        }
        return (a, b)
    }

    /// The log's checksums are made in the order of bytes of who began it.
    private func order(_ word: UInt32) -> UInt32 { isBigEndian ? word : word.byteSwapped }

    /// Big-endian; 0 beyond the end.
    private static func word(_ bytes: [UInt8], _ at: Int) -> UInt32 {
        guard at + 4 <= bytes.count else { return 0 }
        return UInt32(bytes[at]) << 24 | UInt32(bytes[at + 1]) << 16 | UInt32(bytes[at + 2]) << 8
            | UInt32(bytes[at + 3])
    }
}
