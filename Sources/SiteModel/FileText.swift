/// The text of a file that people or programs of any kind have written, and what it was written in.
public struct FileText: Sendable {
    /// Character encodings that files of settings are found in.
    public enum Encoding: String, Sendable {
        /// With or without a byte order mark, which is no part of the text.
        case utf8 = "UTF-8"
        /// ISO 8859-1: any bytes that are no UTF-8.
        case latin1 = "Latin-1"
        /// What Windows calls Unicode; either byte order, with or without a mark.
        case utf16 = "UTF-16"
    }

    /// Without a byte order mark.
    public let text: String
    /// What the bytes were taken for.
    public let encoding: Encoding

    /// A text that is one already.
    public init(_ text: String) {
        self.text = text
        encoding = .utf8
    }

    /// Takes bytes for UTF-8, for UTF-16 where a mark or zeros in every other byte say so, and else for Latin-1.
    public init(decoding bytes: [UInt8]) {
        if let isBigEndian = Self.utf16Order(bytes) {
            let hasMark = bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff])
            let units = stride(from: hasMark ? 2 : 0, to: bytes.count - 1, by: 2).map { i in
                let (high, low) = isBigEndian ? (bytes[i], bytes[i + 1]) : (bytes[i + 1], bytes[i])
                return UInt16(high) << 8 | UInt16(low)
            }
            text = String(decoding: units, as: UTF16.self)
            encoding = .utf16
        } else if let text = String(validating: bytes.dropFirst(bytes.starts(with: Self.mark) ? 3 : 0), as: UTF8.self) {
            self.text = text
            encoding = .utf8
        } else {
            text = String(decoding: bytes.map { UInt16($0) }, as: UTF16.self)
            encoding = .latin1
        }
    }

    private static let mark: [UInt8] = [0xef, 0xbb, 0xbf]

    /// Whether the more significant byte comes first; nil where it is no UTF-16. Settings are ASCII for the most part.
    private static func utf16Order(_ bytes: [UInt8]) -> Bool? {
        if bytes.starts(with: [0xff, 0xfe]) { return false }
        if bytes.starts(with: [0xfe, 0xff]) { return true }
        let head = bytes.prefix(64)
        guard head.count >= 8, bytes.count.isMultiple(of: 2) else { return nil }
        let zeros = [0, 1].map { odd in head.enumerated().count { $0.offset % 2 == odd && $0.element == 0 } }
        let many = head.count / 2 * 3 / 4
        if zeros[0] == 0 && zeros[1] >= many { return false }
        return zeros[1] == 0 && zeros[0] >= many ? true : nil
    }
}
