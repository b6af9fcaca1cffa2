/// Reads well-formed TOML 1.0 into a `TOMLTableNode`.
///
/// It relies on TOMLKit's verdict and refuses what it does not follow, rather than guess.
struct TOMLScanner {
    /// Where the text stopped making sense.
    struct Failure: Error {
        let offset: Int
    }

    private struct Key {
        let name: String
        let offset: Int
    }

    let bytes: [UInt8]
    var at = 0

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
            guard case .array(let elements) = old.value else { throw Failure(offset: last.offset) }
            parent.entries[last.name]!.value = .array(elements + [element])
        } else {
            parent.entries[last.name] = TOMLNode(
                keyOffset: last.offset, offset: last.offset, value: .array([element]))
        }
        return table
    }

    private func descend(_ table: TOMLTableNode, _ path: ArraySlice<Key>) throws(Failure) -> TOMLTableNode {
        var table = table
        for key in path { table = try child(of: table, key) }
        return table
    }

    /// The table of that name, made if need be; the newest element of an array of tables.
    private func child(of table: TOMLTableNode, _ key: Key) throws(Failure) -> TOMLTableNode {
        switch table.entries[key.name]?.value {
        case .table(let child): return child
        case .array(let elements):
            guard case .table(let child)? = elements.last?.value else { throw Failure(offset: key.offset) }
            return child
        case nil:
            let child = TOMLTableNode()
            table.entries[key.name] = TOMLNode(keyOffset: key.offset, offset: key.offset, value: .table(child))
            return child
        default: throw Failure(offset: key.offset)
        }
    }

    private mutating func pair(into table: TOMLTableNode) throws(Failure) {
        let path = try dottedKey()
        try expect("=")
        skipSpaces()
        let last = path.last!
        let target = try descend(table, path.dropLast())
        guard target.entries[last.name] == nil else { throw Failure(offset: last.offset) }
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
            path.append(Key(name: "", offset: at))
            path[path.count - 1] = Key(name: try simpleKey(), offset: path[path.count - 1].offset)
            skipSpaces()
        } while peek == UInt8(ascii: ".")
        return path
    }

    private mutating func simpleKey() throws(Failure) -> String {
        if peek == UInt8(ascii: "\"") || peek == UInt8(ascii: "'") { return try string() }
        let start = at
        while let c = peek, Self.isBareKey(c) { at += 1 }
        guard at > start else { throw Failure(offset: at) }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    static func isBareKey(_ c: UInt8) -> Bool {
        (48...57).contains(c) || (65...90).contains(c) || (97...122).contains(c) || c == 45 || c == 95
    }

    // MARK: Values

    private mutating func value() throws(Failure) -> TOMLNode.Value {
        switch peek {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try string())
        case UInt8(ascii: "["): return .array(try array())
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
        case "": throw Failure(offset: start)
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
        return .other(isDate || text.contains(":") ? "a date or time" : "a fraction")
    }

    private static func integer(_ text: String) -> Int64? {
        let digits = text.filter { $0 != "_" }
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where digits.hasPrefix(prefix) {
            return Int64(digits.dropFirst(2), radix: radix)
        }
        return Int64(digits)
    }

    // MARK: Text

    var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    mutating func expect(_ c: Unicode.Scalar) throws(Failure) {
        guard peek == UInt8(ascii: c) else { throw Failure(offset: at) }
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
