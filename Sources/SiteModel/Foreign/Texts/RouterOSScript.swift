import NetTypes

/// What MikroTik's `export` prints: commands with their settings, under the path of a menu.
struct RouterOSScript {
    /// An `add` with its settings.
    struct Entry {
        let place: WgQuickConfig.Place
        fileprivate let settings: [String: String]

        /// nil where it is not set or empty.
        subscript(_ key: String) -> ForeignValue? {
            guard let text = settings[key], !text.isEmpty else { return nil }
            return ForeignValue(text: text, place: place)
        }
    }

    private var entries: [String: [Entry]] = [:]

    init(_ file: ForeignFiles.File) {
        var menu = ""
        var joined = ""
        var start = 1
        for (number, line) in WgQuickLine.lines(of: file.text.text).enumerated() {
            if joined.isEmpty { start = number + 1 }
            let text = joined.isEmpty ? line : line.drop { $0 == " " }
            // A line that is too long for it goes on in the next one.
            var end = text[...]
            while let last = end.last, last == "\r" || last == " " { end.removeLast() }
            if end.last == "\\" {
                joined += end.dropLast()
                continue
            }
            joined += text
            Self.read(joined, at: WgQuickConfig.Place(line: start, file: file.path), &menu, &entries)
            joined = ""
        }
    }

    /// Those of a menu: `/interface wireguard peers`.
    subscript(_ menu: String) -> [Entry] { entries[menu] ?? [] }

    private static func read(
        _ line: String, at place: WgQuickConfig.Place, _ menu: inout String, _ entries: inout [String: [Entry]]
    ) {
        var words = words(of: line)
        guard let first = words.first, !first.hasPrefix("#") else { return }
        if first.hasPrefix("/") {
            let path = words.prefix { $0 != "add" && $0 != "set" && !$0.contains("=") }
            menu = "/" + Substring(path.joined(separator: " ").replacing("/", with: " ")).trimmedOfBlanks
            words.removeFirst(path.count)
        }
        guard words.first == "add" else { return }
        var settings: [String: String] = [:]
        for word in words.dropFirst() {
            guard let sign = word.firstIndex(of: "=") else { continue }
            settings[String(word[..<sign])] = String(word[word.index(after: sign)...])
        }
        entries[menu, default: []].append(Entry(place: place, settings: settings))
    }

    /// Split at blanks outside of quotation marks, which go, with what is behind a backslash in them undone.
    private static func words(of line: String) -> [String] {
        var words: [String] = []
        var word = String.UnicodeScalarView()
        var isQuoted = false
        var hasWord = false
        var scalars = line.unicodeScalars.makeIterator()
        while let c = scalars.next() {
            switch c {
            case "\"":
                isQuoted.toggle()
                hasWord = true
            case "\\" where isQuoted:
                guard let escaped = scalars.next() else { break }
                word.append(undone(escaped) { scalars.next() })
            case " " where !isQuoted, "\t" where !isQuoted, "\r" where !isQuoted:
                if hasWord { words.append(String(word)) }
                (word, hasWord) = ("".unicodeScalars, false)
            default:
                word.append(c)
                hasWord = true
            }
        }
        if hasWord { words.append(String(word)) }
        return words
    }

    /// `\n`, `\_` for a blank, `\E4`: two hexadecimal digits.
    private static func undone(_ c: Unicode.Scalar, _ next: () -> Unicode.Scalar?) -> Unicode.Scalar {
        switch c {
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "_": return " "
        case "0"..."9", "A"..."F":
            guard let low = next(), let value = UInt8("\(c)\(low)", radix: 16) else { return c }
            return Unicode.Scalar(value)
        default: return c
        }
    }
}
