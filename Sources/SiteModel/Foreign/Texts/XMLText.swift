import NetTypes

/// An element of XML, with its place.
struct XMLElement: Sendable {
    let name: String
    let attributes: [String: String]
    let place: WgQuickConfig.Place
    /// What stands in it besides elements, without blanks around it.
    fileprivate(set) var text = ""
    fileprivate(set) var children: [XMLElement] = []

    /// The first element of that name.
    subscript(_ name: String) -> XMLElement? { children.first { $0.name == name } }

    /// The text of the first element of that name; nil where it is empty.
    func value(_ name: String) -> ForeignValue? {
        self[name].flatMap { $0.text.isEmpty ? nil : ForeignValue(text: $0.text, place: $0.place) }
    }
}

/// Reads as much of XML 1.0 as configurations are written in: elements, attributes, text, comments, CDATA and the five entities. What
/// is declared in a document of its own (entities, DTDs) is refused, so nothing is fetched and nothing multiplies.
struct XMLText {
    private struct Failure: Error {
        let place: WgQuickConfig.Place
        let fault: ForeignFault.XMLFault
    }

    private static let maximumDepth = 64

    private let bytes: [UInt8]
    private let file: String
    private var at = 0
    private var counted = (at: 0, line: 1, column: 1)

    private init(_ text: String, file: String) {
        bytes = Array(text.utf8)
        self.file = file
    }

    /// The outermost element. Throws the first fault.
    static func parse(_ text: String, file: String) throws(ProfileErrors) -> XMLElement {
        var reader = XMLText(text, file: file)
        do throws(Failure) {
            try reader.skipMisc()
            return try reader.element(depth: 0)
        } catch {
            throw ProfileErrors([
                ProfileError(
                    file: file, line: error.place.line, column: error.place.column, .foreign(.xml(error.fault)))
            ])
        }
    }

    private mutating func place() -> WgQuickConfig.Place {
        for c in bytes[counted.at..<at] {
            if c == 10 {
                (counted.line, counted.column) = (counted.line + 1, 1)
            } else if c & 0xc0 != 0x80 {
                counted.column += 1
            }
        }
        counted.at = at
        return WgQuickConfig.Place(line: counted.line, column: counted.column, file: file)
    }

    private mutating func failure(_ fault: ForeignFault.XMLFault) -> Failure { Failure(place: place(), fault: fault) }

    private func starts(_ text: StaticString) -> Bool {
        bytes[at...].starts(with: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func skipBlanks() { while at < bytes.count, bytes[at].isBlank { at += 1 } }

    /// Goes behind the next `end`.
    private mutating func skip(past end: StaticString) throws(Failure) {
        while at < bytes.count {
            if starts(end) { return at += end.utf8CodeUnitCount }
            at += 1
        }
        throw failure(.end)
    }

    /// What may stand before the outermost element.
    private mutating func skipMisc() throws(Failure) {
        while true {
            skipBlanks()
            if starts("<?") { try skip(past: "?>") } else if starts("<!--") { try skip(past: "-->") } else { return }
        }
    }

    private mutating func name() throws(Failure) -> String {
        let start = at
        while at < bytes.count, !bytes[at].isBlank, ![0x3c, 0x3e, 0x2f, 0x3d, 0x22, 0x27].contains(bytes[at]) {
            at += 1
        }
        guard at > start else { throw failure(.noName) }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private mutating func element(depth: Int) throws(Failure) -> XMLElement {
        guard depth < Self.maximumDepth else { throw failure(.tooDeep(most: Self.maximumDepth)) }
        let start = place()
        guard starts("<"), !starts("<!") else { throw failure(.noElement) }
        at += 1
        let name = try name()
        var attributes: [String: String] = [:]
        while true {
            skipBlanks()
            if starts("/>") {
                at += 2
                return XMLElement(name: name, attributes: attributes, place: start)
            }
            if starts(">") { break }
            let key = try self.name()
            skipBlanks()
            guard starts("=") else { throw failure(.noValue) }
            at += 1
            skipBlanks()
            guard at < bytes.count, bytes[at] == 0x22 || bytes[at] == 0x27 else {
                throw failure(.unquotedValue)
            }
            let quote = bytes[at]
            at += 1
            let first = at
            while at < bytes.count, bytes[at] != quote { at += 1 }
            guard at < bytes.count else { throw failure(.openValue) }
            attributes[key] = try undone(bytes[first..<at])
            at += 1
        }
        at += 1
        var element = XMLElement(name: name, attributes: attributes, place: start)
        try content(of: &element, depth: depth)
        return element
    }

    private mutating func content(of element: inout XMLElement, depth: Int) throws(Failure) {
        var text = ""
        while at < bytes.count {
            if starts("</") {
                at += 2
                let end = try name()
                skipBlanks()
                guard end == element.name, starts(">") else { throw failure(.noEndTag(element.name)) }
                at += 1
                element.text = String(Substring(text).trimmedOfBlanks)
                return
            } else if starts("<!--") {
                try skip(past: "-->")
            } else if starts("<![CDATA[") {
                let first = at + 9
                try skip(past: "]]>")
                text += String(decoding: bytes[first..<at - 3], as: UTF8.self)
            } else if starts("<") {
                element.children.append(try self.element(depth: depth + 1))
            } else {
                let first = at
                while at < bytes.count, bytes[at] != 0x3c { at += 1 }
                text += try undone(bytes[first..<at])
            }
        }
        throw failure(.noEndTag(element.name))
    }

    /// Without its entities.
    private mutating func undone(_ raw: ArraySlice<UInt8>) throws(Failure) -> String {
        guard raw.contains(UInt8(ascii: "&")) else { return String(decoding: raw, as: UTF8.self) }
        var result = ""
        var rest = Substring(String(decoding: raw, as: UTF8.self))
        while let sign = rest.firstIndex(of: "&") {
            result += rest[..<sign]
            guard let end = rest[sign...].firstIndex(of: ";"), let c = Self.character(rest[sign..<end].dropFirst())
            else {
                throw failure(.entity)
            }
            result.unicodeScalars.append(c)
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }

    private static func character(_ entity: Substring) -> Unicode.Scalar? {
        switch entity {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default:
            guard entity.hasPrefix("#") else { return nil }
            let digits = entity.dropFirst()
            let value = digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
            return value.flatMap { Unicode.Scalar($0) }
        }
    }
}
