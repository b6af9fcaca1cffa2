/// What a TOML document says and where it says it: every value with the place of its key and its own.
///
/// TOMLKit judges whether the text is TOML, but keeps no positions of what it has read, and reaches each value through a
/// copy on the C heap that is never given back. So the text is read into this, and TOMLKit has to agree that it is TOML.
struct TOMLNode {
    enum Value {
        case string(String)
        case integer(Int64)
        case boolean(Bool)
        case array(TOMLListNode)
        case table(TOMLTableNode)
        /// What no profile needs: a fraction, a date, a time.
        case other(TOMLType)
    }

    /// Byte offset of the key, or of the value in an array.
    let keyOffset: Int
    /// Byte offset of the value; of the key for a table with a header or a dotted key.
    let offset: Int
    var value: Value

    var type: TOMLType {
        switch value {
        case .string: .string
        case .integer: .integer
        case .boolean: .boolean
        case .array: .list
        case .table: .table
        case .other(let type): type
        }
    }
}

/// A table; a class, because headers and dotted keys come back to it.
final class TOMLTableNode {
    var entries: [String: TOMLNode] = [:]
}

/// A list; a class, because `[[headers]]` add to it one by one.
final class TOMLListNode {
    var elements: [TOMLNode]

    init(_ elements: [TOMLNode]) { self.elements = elements }
}

/// Turns byte offsets into lines and columns, both counted from 1; a column is a Unicode scalar, as in compilers.
struct LineIndex {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func position(of offset: Int) -> (line: Int, column: Int) { positions(of: [offset])[0] }

    /// Of many offsets, in their order, by one pass over the text: a line may be as long as the text.
    func positions(of offsets: [Int]) -> [(line: Int, column: Int)] {
        var positions = [(line: Int, column: Int)](repeating: (1, 1), count: offsets.count)
        var at = 0
        var (line, column) = (1, 1)
        for index in offsets.indices.sorted(by: { offsets[$0] < offsets[$1] }) {
            let end = min(offsets[index], bytes.count)
            while at < end {
                if bytes[at] == UInt8(ascii: "\n") {
                    (line, column) = (line + 1, 1)
                } else if bytes[at] & 0xc0 != 0x80 {
                    column += 1
                }
                at += 1
            }
            positions[index] = (line, column)
        }
        return positions
    }
}
