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
enum XMLText {
    /// The outermost element. Throws the first fault.
    static func parse(_ text: String, file: String) throws(ProfileErrors) -> XMLElement {
        var text = PlacedText(text, file: file)
        try text.skipMisc()
        return try text.element()
    }
}

extension PlacedText {
    private mutating func failure(_ fault: ForeignFault.XMLFault) -> ProfileErrors { failure(.xml(fault)) }

    private mutating func skipBlanks() { take(while: \.isBlank) }

    /// Goes behind the next `end`.
    private mutating func skip(past end: StaticString) throws(ProfileErrors) {
        while peek != nil {
            if take(end) { return }
            at += 1
        }
        throw failure(.end)
    }

    /// What may stand before the outermost element.
    fileprivate mutating func skipMisc() throws(ProfileErrors) {
        while true {
            skipBlanks()
            if starts("<?") { try skip(past: "?>") } else if starts("<!--") { try skip(past: "-->") } else { return }
        }
    }

    private mutating func name() throws(ProfileErrors) -> String {
        let name = take { !$0.isBlank && !"<>/=\"'".utf8.contains($0) }
        if name.isEmpty { throw failure(.noName) }
        return String(decoding: name, as: UTF8.self)
    }

    fileprivate mutating func element() throws(ProfileErrors) -> XMLElement {
        try enter()
        defer { leave() }
        let start = place()
        guard !starts("<!"), take("<") else { throw failure(.noElement) }
        let name = try name()
        var attributes: [String: String] = [:]
        while true {
            skipBlanks()
            if take("/>") { return XMLElement(name: name, attributes: attributes, place: start) }
            if take(">") { break }
            let key = try self.name()
            skipBlanks()
            guard take("=") else { throw failure(.noValue) }
            skipBlanks()
            guard let quote = peek, "\"'".utf8.contains(quote) else { throw failure(.unquotedValue) }
            at += 1
            let value = take { $0 != quote }
            if peek == nil { throw failure(.openValue) }
            attributes[key] = try undone(value)
            at += 1
        }
        var element = XMLElement(name: name, attributes: attributes, place: start)
        try content(of: &element)
        return element
    }

    private mutating func content(of element: inout XMLElement) throws(ProfileErrors) {
        var text = ""
        while peek != nil {
            if take("</") {
                let end = try name()
                skipBlanks()
                guard end == element.name, take(">") else { throw failure(.noEndTag(element.name)) }
                element.text = String(Substring(text).trimmedOfBlanks)
                return
            } else if starts("<!--") {
                try skip(past: "-->")
            } else if take("<![CDATA[") {
                let first = at
                try skip(past: "]]>")
                text += String(decoding: bytes[first..<at - 3], as: UTF8.self)
            } else if starts("<") {
                element.children.append(try self.element())
            } else {
                text += try undone(take { $0 != UInt8(ascii: "<") })
            }
        }
        throw failure(.noEndTag(element.name))
    }

    /// Without its entities.
    private mutating func undone(_ raw: ArraySlice<UInt8>) throws(ProfileErrors) -> String {
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
