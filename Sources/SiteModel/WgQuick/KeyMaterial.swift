import NetTypes

// A file of wg-quick is full of keys, and some stand where none belongs: in a comment, behind a wrong setting, in a command.

extension StringProtocol {
    /// Whether a key may be in it: so many characters of base64 in a row as no word and no name has. A key has 43 and a `=`, in
    /// hexadecimal 64; one that lost a few in copying is still nearly a secret.
    var mayHoldKey: Bool { !keyRanges(in: self).isEmpty }

    /// The text as a message can repeat it: what may be a key is not in it, and of a long one only the beginning.
    var quotable: String {
        var result = ""
        var at = startIndex
        for range in keyRanges(in: self) {
            result += self[at..<range.lowerBound] + "(a key)"
            at = range.upperBound
        }
        result += self[at...]
        let most = 160
        guard result.unicodeScalars.count > most else { return result }
        return String(String.UnicodeScalarView(result.unicodeScalars.prefix(most))) + "…"
    }
}

/// Where in the text there are 40 or more characters of base64 in a row, with the signs at their end.
private func keyRanges<Text: StringProtocol>(in text: Text) -> [Range<Text.Index>] {
    var ranges: [Range<Text.Index>] = []
    let bytes = text.utf8
    var at = bytes.startIndex
    while at < bytes.endIndex {
        guard isBase64(bytes[at]) else {
            at = bytes.index(after: at)
            continue
        }
        let start = at
        var count = 0
        while at < bytes.endIndex, isBase64(bytes[at]) {
            at = bytes.index(after: at)
            count += 1
        }
        if count < 40 { continue }
        while at < bytes.endIndex, bytes[at] == UInt8(ascii: "=") { at = bytes.index(after: at) }
        ranges.append(start..<at)
    }
    return ranges
}

private func isBase64(_ c: UInt8) -> Bool {
    c.isLetterOrDigit || c == UInt8(ascii: "+") || c == UInt8(ascii: "/")
}
