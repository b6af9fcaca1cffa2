/// One line of a file, as both of its readers see it: wg-quick, a bash script, and behind it wg.
///
/// Both end a line at a line feed and a setting at the first `#`. wg-quick takes blanks away around a key and its value; wg takes
/// them away everywhere, so that to it `Public Key` is a key and `10.0.0.2 / 32` a network. A blank is one of C's (`isspace`):
/// what else looks like one is part of a word.
struct WgQuickLine {
    /// From 1.
    let number: Int
    /// All of it.
    let whole: Substring
    /// What stands before a `#`, without blanks around it; empty where there is nothing.
    let content: Substring
    /// What stands behind a `#`; nil without one.
    let comment: Substring?

    init(_ whole: Substring, number: Int) {
        self.number = number
        self.whole = whole
        let hash = whole.utf8.firstIndex(of: UInt8(ascii: "#"))
        content = whole[..<(hash ?? whole.endIndex)].trimmedOfBlanks
        comment = hash.map { whole[whole.utf8.index(after: $0)...] }
    }

    /// What PiVPN has put behind `#[disabled] `; nil for any other line.
    static func disabled(_ line: Substring) -> Substring? {
        let mark = "#[disabled] "
        return line.hasPrefix(mark) ? line.dropFirst(mark.count) : nil
    }

    /// A setting: KEY = VALUE; nil if it is none.
    var setting: (key: Substring, value: Substring)? {
        guard let sign = content.utf8.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        return (
            content[..<sign].trimmedOfBlanks, content[content.utf8.index(after: sign)...].trimmedOfBlanks
        )
    }

    /// Where a part of the line stands.
    func place(of part: Substring) -> WgQuickConfig.Place {
        WgQuickConfig.Place(line: number, column: whole.unicodeScalars[..<part.startIndex].count + 1)
    }

    /// The lines of a text. One that has no line feed at all is from a time or a program that ended lines with a carriage return.
    static func lines(of text: String) -> [Substring] {
        let feed = UInt8(ascii: "\n")
        let end = text.utf8.contains(feed) ? feed : UInt8(ascii: "\r")
        return text.utf8.split(separator: end, omittingEmptySubsequences: false).map {
            text[$0.startIndex..<$0.endIndex]
        }
    }
}

extension Substring {
    /// Without C's blanks at either end.
    var trimmedOfBlanks: Substring {
        var bytes = utf8[...]
        while let first = bytes.first, first.isBlank { bytes.removeFirst() }
        while let last = bytes.last, last.isBlank { bytes.removeLast() }
        return self[bytes.startIndex..<bytes.endIndex]
    }

    /// Without C's blanks anywhere.
    var withoutBlanks: String {
        String(decoding: utf8.lazy.filter { !$0.isBlank }, as: UTF8.self)
    }
}

extension UInt8 {
    /// `isspace` of the C locale.
    var isBlank: Bool { self == 32 || (9...13).contains(self) }
}
