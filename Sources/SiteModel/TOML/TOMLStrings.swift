/// The four kinds of TOML string: basic and literal, on one line and on several.
extension TOMLScanner {
    mutating func string() throws(Failure) -> String {
        let start = at
        let quote = bytes[at]
        let isLong = bytes[at...].starts(with: [quote, quote, quote])
        at += isLong ? 3 : 1
        if isLong { skipLineEnd() }
        var text: [UInt8] = []
        while let c = peek {
            if c == quote {
                let run = quotes(quote)
                if !isLong {
                    at += 1
                    return String(decoding: text, as: UTF8.self)
                }
                if run >= 3 {
                    // Up to two quotes may stand right before the closing three.
                    text += Array(repeating: quote, count: min(run - 3, 2))
                    at += min(run, 5)
                    return String(decoding: text, as: UTF8.self)
                }
                text += Array(repeating: quote, count: run)
                at += run
            } else if c == UInt8(ascii: "\\") && quote == UInt8(ascii: "\"") {
                at += 1
                try escape(into: &text)
            } else if c == 10 && !isLong {
                throw Failure(start, .openString(onItsLine: true))
            } else {
                text.append(c)
                at += 1
            }
        }
        throw Failure(start, .openString(onItsLine: false))
    }

    private var notAnEscape: Failure { Failure(at - 1, .noEscape) }

    private func quotes(_ quote: UInt8) -> Int { bytes[at...].prefix { $0 == quote }.count }

    private mutating func skipLineEnd() {
        if peek == 13 && at + 1 < bytes.count && bytes[at + 1] == 10 { at += 1 }
        if peek == 10 { at += 1 }
    }

    private mutating func escape(into text: inout [UInt8]) throws(Failure) {
        guard let c = peek else { throw notAnEscape }
        let simple: [UInt8: UInt8] = [98: 8, 116: 9, 110: 10, 102: 12, 114: 13, 101: 27, 34: 34, 92: 92]
        if let byte = simple[c] {
            text.append(byte)
            at += 1
        } else if c == UInt8(ascii: "u") || c == UInt8(ascii: "U") {
            let count = c == UInt8(ascii: "u") ? 4 : 8
            let digits = String(decoding: bytes[at...].dropFirst().prefix(count), as: UTF8.self)
            guard digits.utf8.count == count, let value = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(value)
            else { throw notAnEscape }
            text += Array(String(Character(scalar)).utf8)
            at += 1 + count
        } else {
            // A backslash at the end of a line eats all white space up to the next character.
            guard c == 32 || (9...13).contains(c) else { throw notAnEscape }
            while let c = peek, c == 32 || (9...13).contains(c) { at += 1 }
        }
    }
}
