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
