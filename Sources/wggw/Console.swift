import Glibc

/// Standard output for data, standard error for everything else.
enum Console {
    /// Whether standard output takes colours: a terminal, and nobody said NO_COLOR (no-color.org).
    static var hasColors: Bool { isatty(1) == 1 && !isSet("NO_COLOR") && !isDumb }

    private static var isDumb: Bool { getenv("TERM").map { String(cString: $0) == "dumb" } ?? false }

    private static func isSet(_ name: String) -> Bool { getenv(name).map { $0.pointee != 0 } ?? false }

    /// Data, with a line end.
    static func data(_ text: String) { write(1, text + "\n") }

    /// Data as it is.
    static func raw(_ text: String) { write(1, text) }

    /// What is no data.
    static func error(_ text: String) { write(2, text + "\n") }

    private static func write(_ descriptor: Int32, _ text: String) {
        var text = text
        text.withUTF8 { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, UnsafeBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0 && errno == EINTR { continue }
                // A reader that has gone away (`| head`) has seen what it wanted.
                if count <= 0 { return }
                rest = rest.dropFirst(count)
            }
        }
    }

    /// Colours a line of a plan by its first character, on a terminal.
    static func planLine(_ line: String) -> String {
        guard hasColors else { return line }
        switch line.first {
        case "+": return "\u{1b}[32m\(line)\u{1b}[0m"
        case "-": return "\u{1b}[31m\(line)\u{1b}[0m"
        case "~": return "\u{1b}[33m\(line)\u{1b}[0m"
        default: return line
        }
    }

    /// Bold, on a terminal.
    static func bold(_ text: String) -> String { hasColors ? "\u{1b}[1m\(text)\u{1b}[0m" : text }

    /// Rows under a head, aligned; the last column is not padded.
    static func table(_ head: [String], _ rows: [[String]]) -> String {
        var widths = head.map(width)
        for row in rows { for i in row.indices { widths[i] = max(widths[i], width(row[i])) } }
        var text: [UInt8] = []
        text.reserveCapacity((rows.count + 1) * (widths.reduce(0, +) + 2 * widths.count))
        func add(_ cells: [String]) {
            for (i, cell) in cells.enumerated() {
                text += cell.utf8
                if i < cells.count - 1 { text += repeatElement(UInt8(ascii: " "), count: widths[i] - width(cell) + 2) }
            }
        }
        add(head)
        text = Array(bold(String(decoding: text, as: UTF8.self)).utf8)
        for row in rows {
            text.append(UInt8(ascii: "\n"))
            add(row)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Columns on a terminal. Counting characters takes its time, and nearly all text here is ASCII.
    private static func width(_ text: String) -> Int {
        text.utf8.allSatisfy { $0 < 128 } ? text.utf8.count : text.count
    }

    /// Asks on the terminal; false without one.
    static func asks(_ question: String) -> Bool {
        guard isatty(0) == 1 else { return false }
        write(2, question + " [Y/n] ")
        guard let answer = readLine() else { return false }
        return answer.isEmpty || answer.lowercased().hasPrefix("y")
    }
}
