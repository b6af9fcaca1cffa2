import NetTypes

/// Rows under a head, aligned. The cells stand one behind another until all are known: a table has a hundred thousand.
struct Table {
    private let head: [String]
    private var widths: [Int]
    /// The text of all cells.
    private var text: [UInt8] = []
    /// Of each cell, where it ends in the text and how wide it is.
    private var cells: [(end: Int, width: Int)] = []

    init(_ head: [String]) {
        self.head = head
        widths = head.map(\.count)
    }

    /// Adds a row, of as many cells as the head has.
    mutating func add(_ row: [String]) {
        for (column, cell) in row.enumerated() {
            let start = text.count
            var cell = cell
            let isPlain = cell.withUTF8 { bytes in
                text.append(contentsOf: bytes)
                return bytes.allSatisfy { 32 <= $0 && $0 < 127 }
            }
            var width = text.count - start
            // Nearly all text here is ASCII; counting characters takes its time.
            if !isPlain {
                let printable = cell.printable
                text.replaceSubrange(start..., with: printable.utf8)
                width = printable.count
            }
            cells.append((text.count, width))
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
        var out = Array((Line(line, .bold).text + "\n").utf8)
        out.reserveCapacity(out.count + (cells.count / head.count) * (widths.reduce(0, +) + 2 * head.count))
        var start = 0
        var column = 0
        text.withUnsafeBytes { text in
            for (end, width) in cells {
                out.append(contentsOf: text[start..<end])
                start = end
                out.append(contentsOf: repeatElement(32, count: column < last ? widths[column] - width + 2 : 0))
                if column == last { out.append(UInt8(ascii: "\n")) }
                column = column == last ? 0 : column + 1
            }
        }
        return out
    }
}
