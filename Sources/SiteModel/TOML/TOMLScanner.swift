import NetTypes

/// Reads TOML 1.0 into a `TOMLTableNode`.
///
/// It takes some text that is not TOML, such as two settings on a line or a number with a leading zero; TOMLKit, which is
/// asked afterwards, does not. It is asked only then, because it aborts on a header like `[.a]`.
struct TOMLScanner {
    /// Where the text stopped making sense, and why.
    struct Failure: Error {
        let offset: Int
        let fault: TOMLFault

        init(_ offset: Int, _ fault: TOMLFault) {
            self.offset = offset
            self.fault = fault
        }
    }

    private struct Key {
        let name: String
        let offset: Int
    }

    /// Parts of a dotted key and lists in lists; a profile has three. More would in the end overflow the stack.
    private static let maximumDepth = 64
    /// Tables that come of dotted keys, or of being in the header of another: toml++ goes through all of them at every other.
    private static let maximumUnheaded = 1_000
    /// Bytes of a part of a key; names have 63. Each fault below one names it anew.
    private static let maximumKey = 255

    let bytes: [UInt8]
    var at = 0
    private var depth = 0
    private var unheaded = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { at = 3 }
    }

    /// The whole document.
    mutating func document() throws(Failure) -> TOMLTableNode {
        let root = TOMLTableNode()
        var current = root
        while true {
            skipBlank()
            guard let c = peek else { return root }
            if c == UInt8(ascii: "[") {
                current = try header(root)
            } else {
                try pair(into: current)
            }
        }
    }

    // MARK: Tables

    private mutating func header(_ root: TOMLTableNode) throws(Failure) -> TOMLTableNode {
        try expect("[")
        let isArray = peek == UInt8(ascii: "[")
        if isArray { at += 1 }
        let path = try dottedKey()
        try expect("]")
        if isArray { try expect("]") }
        let parent = try descend(root, path.dropLast())
        let last = path.last!
        guard isArray else { return try child(of: parent, last) }
        let table = TOMLTableNode()
        let element = TOMLNode(keyOffset: last.offset, offset: last.offset, value: .table(table))
        if let old = parent.entries[last.name] {
            guard case .array(let list) = old.value else {
                throw Failure(last.offset, .noListOfTables(last.name))
            }
            list.elements.append(element)
        } else {
            parent.entries[last.name] = TOMLNode(
                keyOffset: last.offset, offset: last.offset, value: .array(TOMLListNode([element])))
        }
        return table
    }

    private mutating func descend(_ table: TOMLTableNode, _ path: ArraySlice<Key>) throws(Failure) -> TOMLTableNode {
        var table = table
        for key in path {
            if table.entries[key.name] == nil { unheaded += 1 }
            guard unheaded <= Self.maximumUnheaded else {
                throw Failure(key.offset, .manyUnheaded(most: Self.maximumUnheaded))
            }
            table = try child(of: table, key)
        }
        return table
    }

    /// The table of that name, made if need be; the newest element of an array of tables.
    private func child(of table: TOMLTableNode, _ key: Key) throws(Failure) -> TOMLTableNode {
        switch table.entries[key.name]?.value {
        case .table(let child): return child
        case .array(let list):
            guard case .table(let child)? = list.elements.last?.value else { throw isNoTable(key) }
            return child
        case nil:
            let child = TOMLTableNode()
            table.entries[key.name] = TOMLNode(keyOffset: key.offset, offset: key.offset, value: .table(child))
            return child
        default: throw isNoTable(key)
        }
    }

    private func isNoTable(_ key: Key) -> Failure { Failure(key.offset, .noTable(key.name)) }

    private mutating func pair(into table: TOMLTableNode) throws(Failure) {
        let path = try dottedKey()
        try expect("=")
        skipSpaces()
        let last = path.last!
        let target = try descend(table, path.dropLast())
        guard target.entries[last.name] == nil else { throw Failure(last.offset, .twice(last.name)) }
        let offset = at
        target.entries[last.name] = TOMLNode(keyOffset: last.offset, offset: offset, value: try value())
    }

    private mutating func inlineTable() throws(Failure) -> TOMLTableNode {
        try expect("{")
        let table = TOMLTableNode()
        while true {
            skipBlank()
            if peek == UInt8(ascii: "}") { break }
            try pair(into: table)
            skipBlank()
            guard peek == UInt8(ascii: ",") else { break }
            at += 1
        }
        try expect("}")
        return table
    }

    // MARK: Keys

    private mutating func dottedKey() throws(Failure) -> [Key] {
        var path: [Key] = []
        repeat {
            if !path.isEmpty { at += 1 }
            skipSpaces()
            let offset = at
            let name = try simpleKey()
            guard name.utf8.count <= Self.maximumKey else { throw Failure(offset, .longKey(most: Self.maximumKey)) }
            path.append(Key(name: name, offset: offset))
            skipSpaces()
            guard path.count <= Self.maximumDepth else { throw tooDeep(path[0].offset) }
        } while peek == UInt8(ascii: ".")
        return path
    }

    private mutating func simpleKey() throws(Failure) -> String {
        if peek == UInt8(ascii: "\"") || peek == UInt8(ascii: "'") { return try string() }
        let start = at
        while let c = peek, Self.isBareKey(c) { at += 1 }
        guard at > start else { throw Failure(at, .noKey) }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    static func isBareKey(_ c: UInt8) -> Bool { c.isLetterOrDigit || c == UInt8(ascii: "-") || c == UInt8(ascii: "_") }

    // MARK: Values

    private mutating func value() throws(Failure) -> TOMLNode.Value {
        guard depth < Self.maximumDepth else { throw tooDeep(at) }
        depth += 1
        defer { depth -= 1 }
        switch peek {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try string())
        case UInt8(ascii: "["): return .array(TOMLListNode(try array()))
        case UInt8(ascii: "{"): return .table(try inlineTable())
        default: return try bareValue()
        }
    }

    private mutating func array() throws(Failure) -> [TOMLNode] {
        try expect("[")
        var elements: [TOMLNode] = []
        while true {
            skipBlank()
            if peek == UInt8(ascii: "]") { break }
            let offset = at
            elements.append(TOMLNode(keyOffset: offset, offset: offset, value: try value()))
            skipBlank()
            guard peek == UInt8(ascii: ",") else { break }
            at += 1
        }
        try expect("]")
        return elements
    }

    private mutating func bareValue() throws(Failure) -> TOMLNode.Value {
        let start = at
        func isEnd(_ c: UInt8) -> Bool { c <= 32 || c == UInt8(ascii: "#") || [44, 93, 125].contains(c) }
        while let c = peek, !isEnd(c) { at += 1 }
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        switch text {
        case "": throw Failure(start, .noValue)
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        default: break
        }
        if let number = Self.integer(text) { return .integer(number) }
        let isDate = text.utf8.count == 10 && text.utf8.dropFirst(4).first == UInt8(ascii: "-")
        if isDate, peek == 32, at + 1 < bytes.count, (48...57).contains(bytes[at + 1]) {
            at += 1
            while let c = peek, !isEnd(c) { at += 1 }
        }
        return .other(isDate || text.contains(":") ? .moment : .fraction)
    }

    private static func integer(_ text: String) -> Int64? {
        let digits = text.filter { $0 != "_" }
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where digits.hasPrefix(prefix) {
            return Int64(digits.dropFirst(2), radix: radix)
        }
        return Int64(digits)
    }

    private func tooDeep(_ offset: Int) -> Failure { Failure(offset, .tooDeep(most: Self.maximumDepth)) }

    // MARK: Text

    var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    mutating func expect(_ c: Unicode.Scalar) throws(Failure) {
        guard peek == UInt8(ascii: c) else { throw Failure(at, .expected(c)) }
        at += 1
    }

    private mutating func skipSpaces() {
        while let c = peek, c == 32 || c == 9 { at += 1 }
    }

    /// White space, line ends and comments.
    private mutating func skipBlank() {
        while let c = peek {
            if c == UInt8(ascii: "#") {
                while let c = peek, c != 10 { at += 1 }
            } else if c == 32 || (9...13).contains(c) {
                at += 1
            } else {
                return
            }
        }
    }
}
