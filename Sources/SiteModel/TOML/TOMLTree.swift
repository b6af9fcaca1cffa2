/// What a TOML document says and where it says it: every value with the place of its key and its own.
///
/// TOMLKit judges whether the text is TOML, but keeps no positions of what it has read, and reaches each value through a
/// copy on the C heap that is never given back. So the text is read into this, and TOMLKit has to agree that it is TOML.
struct TOMLNode {
    enum Value {
        case string(String)
        case integer(Int64)
        case boolean(Bool)
        case array([TOMLNode])
        case table(TOMLTableNode)
        /// What no profile needs: a fraction, a date, a time; in words.
        case other(String)
    }

    /// Byte offset of the key, or of the value in an array.
    let keyOffset: Int
    /// Byte offset of the value; of the key for a table with a header or a dotted key.
    let offset: Int
    var value: Value

    /// `a string`, for messages.
    var typeName: String {
        switch value {
        case .string: "a string"
        case .integer: "a number"
        case .boolean: "true or false"
        case .array: "a list"
        case .table: "a table"
        case .other(let name): name
        }
    }
}

/// A table; a class, because headers and dotted keys come back to it.
final class TOMLTableNode {
    var entries: [String: TOMLNode] = [:]
}

/// Turns byte offsets into lines and columns, both counted from 1; a column is a Unicode scalar, as in compilers.
struct LineIndex {
    private let bytes: [UInt8]
    private let starts: [Int]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        starts = [0] + bytes.indices.lazy.filter { bytes[$0] == UInt8(ascii: "\n") }.map { $0 + 1 }
    }

    func position(of offset: Int) -> (line: Int, column: Int) {
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= offset { low = middle } else { high = middle }
        }
        let before = bytes[starts[low]..<min(offset, bytes.count)]
        return (low + 1, 1 + before.lazy.filter { $0 & 0xc0 != 0x80 }.count)
    }
}
