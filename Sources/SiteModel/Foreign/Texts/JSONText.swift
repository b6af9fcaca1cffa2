import NetTypes

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

    /// Of an array; else nothing.
    var elements: [JSONNode] {
        if case .array(let elements) = value { elements } else { [] }
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

    /// Of an array of strings.
    var texts: [ForeignValue] { elements.compactMap(\.text) }
}

/// Reads JSON: one value, and nothing behind it.
struct JSONText {
    struct Failure: Error {
        let place: WgQuickConfig.Place
        let fault: ForeignFault.JSONFault
    }

    /// More would in the end overflow the stack.
    private static let maximumDepth = 64

    private let bytes: [UInt8]
    private let file: String
    private var at = 0
    private var line = 1
    /// How far columns were counted: the file may be one line.
    private var counted = (at: 0, column: 1)
    private var depth = 0

    private init(_ text: String, file: String) {
        bytes = Array(text.utf8)
        self.file = file
    }

    /// Throws the first fault.
    static func parse(_ text: String, file: String) throws(ProfileErrors) -> JSONNode {
        var reader = JSONText(text, file: file)
        do throws(Failure) {
            let node = try reader.node()
            reader.skipBlanks()
            guard reader.at == reader.bytes.count else { throw reader.failure(.trailing) }
            return node
        } catch {
            throw ProfileErrors([
                ProfileError(
                    file: file, line: error.place.line, column: error.place.column, .foreign(.json(error.fault)))
            ])
        }
    }

    private mutating func place() -> WgQuickConfig.Place {
        counted = (at, counted.column + bytes[counted.at..<at].count { $0 & 0xc0 != 0x80 })
        return WgQuickConfig.Place(line: line, column: counted.column, file: file)
    }

    private mutating func failure(_ fault: ForeignFault.JSONFault) -> Failure { Failure(place: place(), fault: fault) }

    private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func skipBlanks() {
        while let c = peek, c == 32 || c == 9 || c == 10 || c == 13 {
            at += 1
            if c == 10 { (line, counted) = (line + 1, (at, 1)) }
        }
    }

    private mutating func take(_ c: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: c) else { return false }
        at += 1
        return true
    }

    private mutating func node() throws(Failure) -> JSONNode {
        skipBlanks()
        let start = place()
        return JSONNode(value: try value(), place: start)
    }

    private mutating func value() throws(Failure) -> JSONNode.Value {
        switch peek {
        case UInt8(ascii: "{"): return try nested { reader throws(Failure) in .object(try reader.object()) }
        case UInt8(ascii: "["): return try nested { reader throws(Failure) in .array(try reader.array()) }
        case UInt8(ascii: "\""): return .string(try string())
        case let c? where c == UInt8(ascii: "-") || (48...57).contains(c): return .number(number())
        default:
            for (word, value) in [("true", JSONNode.Value.bool(true)), ("false", .bool(false)), ("null", .null)]
            where bytes[at...].starts(with: word.utf8) {
                at += word.utf8.count
                return value
            }
            throw failure(at == bytes.count ? .end : .noJSON)
        }
    }

    private mutating func nested(
        _ body: (inout JSONText) throws(Failure) -> JSONNode.Value
    ) throws(Failure) -> JSONNode.Value {
        guard depth < Self.maximumDepth else { throw failure(.tooDeep(most: Self.maximumDepth)) }
        depth += 1
        defer { depth -= 1 }
        at += 1
        return try body(&self)
    }

    private mutating func object() throws(Failure) -> [(key: String, node: JSONNode)] {
        var members: [(key: String, node: JSONNode)] = []
        skipBlanks()
        if take("}") { return members }
        while true {
            skipBlanks()
            guard peek == UInt8(ascii: "\"") else { throw failure(.noName) }
            let key = try string()
            skipBlanks()
            guard take(":") else { throw failure(.noColon) }
            members.append((key, try node()))
            skipBlanks()
            if take("}") { return members }
            guard take(",") else { throw failure(.noCommaInObject) }
        }
    }

    private mutating func array() throws(Failure) -> [JSONNode] {
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
        let start = at
        while let c = peek,
            c == UInt8(ascii: "-") || c == UInt8(ascii: "+") || c == UInt8(ascii: ".") || c | 32 == UInt8(ascii: "e")
                || (48...57).contains(c)
        {
            at += 1
        }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private mutating func string() throws(Failure) -> String {
        at += 1
        var units: [UInt8] = []
        while let c = peek {
            at += 1
            switch c {
            case UInt8(ascii: "\""): return String(decoding: units, as: UTF8.self)
            case UInt8(ascii: "\\"): units += Array(try escaped().utf8)
            case 0..<32:
                at -= 1
                throw failure(.openStringInLine)
            default: units.append(c)
            }
        }
        throw failure(.openString)
    }

    private mutating func escaped() throws(Failure) -> String {
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
            while UTF16.isLeadSurrogate(units.last!), bytes[at...].starts(with: "\\u".utf8) {
                at += 2
                units.append(try unit())
            }
            return String(decoding: units, as: UTF16.self)
        default: throw failure(.escape)
        }
    }

    private mutating func unit() throws(Failure) -> UInt16 {
        let digits = String(decoding: bytes[at...].prefix(4), as: UTF8.self)
        guard digits.utf8.count == 4, digits.allSatisfy(\.isHexDigit), let unit = UInt16(digits, radix: 16) else {
            throw failure(.unicodeEscape)
        }
        at += 4
        return unit
    }
}
