import NetTypes
import Repeats
import Testing

@testable import wggw

/// Tables for people, beside one that is made cell by cell.
@Suite struct TableTests {
    /// Each cell a text of its own, padded to the widest of its column.
    private static func plainly(_ head: [String], _ rows: [[String]]) -> String {
        let rows = [head] + rows.map { $0.map(\.printable) }
        let widths = head.indices.map { column in rows.map { $0[column].count }.max()! }
        return rows.map { row in
            row.enumerated().map { column, cell in
                column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count + 2)
            }.joined() + "\n"
        }.joined()
    }

    private static func table(_ head: [String], _ rows: [[String]]) -> String {
        var table = Table(head)
        for row in rows { table.add(row) }
        return String(decoding: table.bytes, as: UTF8.self)
    }

    @Test func `a table is as one that is made cell by cell`() {
        let cells = ["", "a", "10.64.0.1", "Grüße", "家", "a\u{301}", "\u{1b}[31m", "a\nb", "never", "🧑‍💻", "\u{7f}"]
        var random = SeededRandom(state: 7)
        for _ in 0..<300 {
            let columns = Int.random(in: 1...5, using: &random)
            let head = (0..<columns).map { "C\($0)" }
            let rows = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                (0..<columns).map { _ in cells.randomElement(using: &random)! }
            }
            #expect(Self.table(head, rows) == Self.plainly(head, rows))
        }
    }

    @Test func `nothing is padded behind the last column`() {
        #expect(Self.table(["A", "B"], [["x", "家"], ["longer", ""]]) == "A       B\nx       家\nlonger  \n")
    }
}
