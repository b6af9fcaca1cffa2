/// The commands of a line for the shell, as far as they are plain words: nothing here is ever run, and what a shell would have to
/// work out first (`$`, backticks, brackets, pipes, patterns) is no plain word.
struct ShellWords {
    /// One command of a line.
    struct Command {
        /// As it stands there, for people.
        let text: Substring
        /// nil where it is not plain.
        let words: [String]?
    }

    /// In the order of the line. Redirections to /dev/null and `|| true` behind a command are left out of its words: they change
    /// nothing of what it means.
    static func commands(of line: String) -> [Command] {
        var reader = ShellWords(line)
        while reader.readWord() {}
        reader.endCommand()
        return reader.commands
    }

    private let line: Substring
    private var at: Substring.UTF8View.Index
    private var start: Substring.UTF8View.Index
    private var words: [String] = []
    private var isPlain = true
    private var commands: [Command] = []

    private init(_ line: String) {
        self.line = Substring(line)
        at = self.line.startIndex
        start = at
    }

    private func isNext(_ text: String) -> Bool { line.utf8[at...].starts(with: text.utf8) }

    private mutating func skip(_ count: Int) { at = line.utf8.index(at, offsetBy: count) }

    /// One word or operator; false at the end.
    private mutating func readWord() -> Bool {
        while at < line.endIndex, line.utf8[at].isBlank { skip(1) }
        guard at < line.endIndex else { return false }
        for (sign, length) in [("&&", 2), (";", 1), ("||", 2)] where isNext(sign) {
            if sign == "||" {
                skip(length)
                orElse()
            } else {
                endCommand()
                skip(length)
                start = at
            }
            return true
        }
        readQuoted()
        return true
    }

    /// `|| true` forgives; anything else behind `||` is a command of a case.
    private mutating func orElse() {
        let rest = line[at...].trimmedOfBlanks
        for word in ["true", ":"] where rest.hasPrefix(word) {
            let end = rest.utf8.index(rest.startIndex, offsetBy: word.utf8.count)
            guard end == line.endIndex || line.utf8[end].isBlank || line.utf8[end] == UInt8(ascii: ";") else {
                continue
            }
            at = end
            return
        }
        isPlain = false
    }

    private mutating func readQuoted() {
        var word: [UInt8] = []
        var quote: UInt8?
        while at < line.endIndex {
            let c = line.utf8[at]
            if let open = quote {
                if c == open {
                    quote = nil
                } else {
                    if open == UInt8(ascii: "\""), "$`\\".utf8.contains(c) { isPlain = false }
                    word.append(c)
                }
            } else if c == UInt8(ascii: "'") || c == UInt8(ascii: "\"") {
                quote = c
            } else if c.isBlank || c == UInt8(ascii: ";") || isNext("&&") || isNext("||") {
                break
            } else {
                if "$`\\|&<(){}*?~!".utf8.contains(c) && !(c == UInt8(ascii: "!") && word.isEmpty) { isPlain = false }
                word.append(c)
            }
            skip(1)
        }
        if quote != nil { isPlain = false }
        words.append(String(decoding: word, as: UTF8.self))
    }

    private mutating func endCommand() {
        let text = line[start..<at].trimmedOfBlanks
        var plain = words
        plain.removeAll { [">/dev/null", "2>/dev/null", "&>/dev/null"].contains($0) }
        if plain.first == "sudo" { plain.removeFirst() }
        if !text.isEmpty { commands.append(Command(text: text, words: isPlain && !plain.isEmpty ? plain : nil)) }
        (words, isPlain) = ([], true)
    }
}
