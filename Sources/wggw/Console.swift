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
        var widths = head.map(\.count)
        for row in rows { for (i, cell) in row.enumerated() { widths[i] = max(widths[i], cell.count) } }
        func line(_ cells: [String]) -> String {
            cells.enumerated().map { i, cell in
                i == cells.count - 1 ? cell : cell + String(repeating: " ", count: widths[i] - cell.count + 2)
            }.joined()
        }
        return ([bold(line(head))] + rows.map(line)).joined(separator: "\n")
    }

    /// Asks on the terminal; false without one.
    static func asks(_ question: String) -> Bool {
        guard isatty(0) == 1 else { return false }
        write(2, question + " [Y/n] ")
        guard let answer = readLine() else { return false }
        return answer.isEmpty || answer.lowercased().hasPrefix("y")
    }
}
