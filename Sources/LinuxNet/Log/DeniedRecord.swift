public import BoxModel
import Glibc
internal import System

/// What the service keeps of refused packets: the last ones, in two files that take turns, readable by root alone.
///
/// Of the network namespace of the thread that asks. The files are in `/run`: they are gone with the next boot.
public struct DeniedRecord {
    /// Bytes of a file; the two together hold some 20,000 packets.
    static let limit = 1 << 20

    private let path: String
    private let limit: Int

    /// The record of this network namespace; nil where that cannot be told.
    public init?() {
        guard let namespace = networkNamespace() else { return nil }
        self.init(path: "\(runtimeDirectory)/denied-\(namespace)")
    }

    init(path: String, limit: Int = Self.limit) {
        self.path = path
        self.limit = limit
    }

    private var older: String { path + ".older" }

    /// Adds packets. Throws where they cannot be written.
    public func append(_ packets: [DeniedPacket]) throws(BoxError) {
        let operation = BoxError.Operation(.keep, .deniedRecord(path))
        let file = openRuntimeFile(path, O_WRONLY | O_APPEND)
        guard file >= 0 else { throw .system(operation) }
        defer { close(file) }
        let text = packets.map { "\($0)\n" }.joined()
        guard write(file, text, text.utf8.count) == text.utf8.count else { throw .system(operation) }
        if lseek(file, 0, SEEK_END) > limit { rename(path, older) }
    }

    /// Those that are kept since that moment, seconds since the epoch, in the order in which they came.
    public func packets(since moment: Int64) throws(BoxError) -> [DeniedPacket] {
        var packets: [DeniedPacket] = []
        for path in [older, path] {
            guard let bytes = readFile(path, upTo: 2 * limit) else {
                if errno == ENOENT { continue }
                throw .system(.init(.read, .deniedRecord(path)))
            }
            // A line that is only half there is being written.
            packets += bytes.split(separator: UInt8(ascii: "\n")).compactMap {
                DeniedPacket(String(decoding: $0, as: UTF8.self))
            }
        }
        return packets.filter { $0.seconds >= moment }
    }

    /// Takes the files away.
    public func remove() {
        unlink(path)
        unlink(older)
    }
}
