import NetTypes

/// Rows under a head, aligned. The cells stand one behind another until all are known: a table has a hundred thousand.
struct Table {
    private let head: [String]
    private var widths: [Int]
    /// The text of all cells.
    private var text: [UInt8] = []
    /// Of each cell, where it ends in the text and how wide it is.
    private var cells: [(end: UInt32, width: UInt32)] = []

    init(_ head: [String]) {
        self.head = head
        widths = head.map(\.count)
    }

    /// Adds a row, of as many cells as the head has.
    mutating func add(_ row: [String]) {
        for (column, cell) in row.enumerated() {
            let start = text.count
            var cell = cell
            // One pass: copied, and looked at on the way.
            let isPlain = cell.withUTF8 { bytes in
                for byte in bytes {
                    guard 32 <= byte && byte < 127 else { return false }
                    text.append(byte)
                }
                return true
            }
            var width = text.count - start
            // Nearly all text here is ASCII; counting characters takes its time.
            if !isPlain {
                let printable = cell.printable
                text.replaceSubrange(start..., with: printable.utf8)
                width = printable.count
            }
            cells.append((UInt32(text.count), UInt32(width)))
            widths[column] = max(widths[column], width)
        }
    }

    /// Lines, the head bold; the last column is not padded.
    var bytes: [UInt8] {
        let last = head.count - 1
        var line = ""
        for (column, name) in head.enumerated() {
            line += name
            if column < last { line += String(repeating: " ", count: widths[column] - name.count + 2) }
        }
        let first = Array((Line(line, .bold).text + "\n").utf8)
        var padding = 0
        for index in cells.indices where index % head.count < last {
            padding += widths[index % head.count] - Int(cells[index].width) + 2
        }
        let size = first.count + text.count + padding + cells.count / head.count
        return [UInt8](unsafeUninitializedCapacity: size) { out, count in
            out.initialize(repeating: UInt8(ascii: " "))
            _ = out.update(fromContentsOf: first)
            var (at, start, column) = (first.count, 0, 0)
            for (end, width) in cells {
                for index in start..<Int(end) { out[at + index - start] = text[index] }
                at += Int(end) - start
                start = Int(end)
                if column < last {
                    at += widths[column] - Int(width) + 2
                    column += 1
                } else {
                    out[at] = UInt8(ascii: "\n")
                    (at, column) = (at + 1, 0)
                }
            }
            count = size
        }
    }
}
