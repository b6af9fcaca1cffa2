/// A JSON value with its place (RFC 8259), since what is wrong with one is told with line and column.
struct JSONNode: Sendable {
    indirect enum Value: Sendable {
        case object([(key: String, node: JSONNode)])
        case array([JSONNode])
        case string(String)
        /// As it is written.
        case number(String)
        case bool(Bool)
        case null
    }

    let value: Value
    let place: WgQuickConfig.Place

    /// A member of an object, of several that are called so the last, as programs take it.
    subscript(_ key: String) -> JSONNode? { members.last { $0.key == key }?.node }

    /// Of an object; else nothing.
    var members: [(key: String, node: JSONNode)] {
        if case .object(let members) = value { members } else { [] }
    }

    var isObject: Bool { if case .object = value { true } else { false } }

    /// nil for what is no boolean.
    var bool: Bool? { if case .bool(let value) = value { value } else { nil } }

    /// Of a string, or a number as it is written; nil for all else.
    var text: ForeignValue? {
        switch value {
        case .string(let text), .number(let text): ForeignValue(text: text, place: place)
        default: nil
        }
    }

    /// Of an array of strings; else nothing.
    var texts: [ForeignValue] { if case .array(let elements) = value { elements.compactMap(\.text) } else { [] } }
}

/// Reads JSON: one value, and nothing behind it.
enum JSONText {
    /// Throws the first fault.
    static func parse(_ text: String, file: String) throws(ProfileErrors) -> JSONNode {
        var text = PlacedText(text, file: file)
        let node = try text.node()
        text.skipBlanks()
        guard text.peek == nil else { throw text.failure(.trailing) }
        return node
    }
}

extension PlacedText {
    fileprivate mutating func failure(_ fault: ForeignFault.JSONFault) -> ProfileErrors { failure(.json(fault)) }

    fileprivate mutating func skipBlanks() { take { $0 == 32 || $0 == 9 || $0 == 10 || $0 == 13 } }

    fileprivate mutating func node() throws(ProfileErrors) -> JSONNode {
        skipBlanks()
        let start = place()
        return JSONNode(value: try value(), place: start)
    }

    private mutating func value() throws(ProfileErrors) -> JSONNode.Value {
        switch peek {
        case UInt8(ascii: "{"): return .object(try object())
        case UInt8(ascii: "["): return .array(try array())
        case UInt8(ascii: "\""): return .string(try string())
        case let c? where c == UInt8(ascii: "-") || (48...57).contains(c): return .number(number())
        default:
            if take("true") { return .bool(true) }
            if take("false") { return .bool(false) }
            if take("null") { return .null }
            throw failure(peek == nil ? .end : .noJSON)
        }
    }

    private mutating func object() throws(ProfileErrors) -> [(key: String, node: JSONNode)] {
        try enter()
        defer { leave() }
        at += 1
        var members: [(key: String, node: JSONNode)] = []
        skipBlanks()
        if take("}") { return members }
        while true {
            skipBlanks()
            guard starts("\"") else { throw failure(.noName) }
            let key = try string()
            skipBlanks()
            guard take(":") else { throw failure(.noColon) }
            members.append((key, try node()))
            skipBlanks()
            if take("}") { return members }
            guard take(",") else { throw failure(.noCommaInObject) }
        }
    }

    private mutating func array() throws(ProfileErrors) -> [JSONNode] {
        try enter()
        defer { leave() }
        at += 1
        var elements: [JSONNode] = []
        skipBlanks()
        if take("]") { return elements }
        while true {
            elements.append(try node())
            skipBlanks()
            if take("]") { return elements }
            guard take(",") else { throw failure(.noCommaInArray) }
        }
    }

    private mutating func number() -> String {
        String(decoding: take { (48...57).contains($0) || "-+.eE".utf8.contains($0) }, as: UTF8.self)
    }

    private mutating func string() throws(ProfileErrors) -> String {
        at += 1
        var units: [UInt8] = []
        while let c = peek {
            if c < 32 { throw failure(.openStringInLine) }
            at += 1
            switch c {
            case UInt8(ascii: "\""): return String(decoding: units, as: UTF8.self)
            case UInt8(ascii: "\\"): units += Array(try escaped().utf8)
            default: units.append(c)
            }
        }
        throw failure(.openString)
    }

    private mutating func escaped() throws(ProfileErrors) -> String {
        guard let c = peek else { throw failure(.end) }
        at += 1
        switch c {
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return String(UnicodeScalar(c))
        case UInt8(ascii: "u"):
            var units = [try unit()]
            // The other half of a character beyond 16 bits.
            while UTF16.isLeadSurrogate(units.last!), take("\\u") { units.append(try unit()) }
            return String(decoding: units, as: UTF16.self)
        default: throw failure(.escape)
        }
    }

    private mutating func unit() throws(ProfileErrors) -> UInt16 {
        let digits = String(decoding: bytes[at...].prefix(4), as: UTF8.self)
        guard digits.utf8.count == 4, digits.allSatisfy(\.isHexDigit), let unit = UInt16(digits, radix: 16) else {
            throw failure(.unicodeEscape)
        }
        at += 4
        return unit
    }
}
