import NetTypes

/// How values of one type are written: in a profile, after an option, in a column.
struct FieldForm<Value: Sendable>: Sendable {
    /// Out of a profile; nil where the key is not there, or the reader noted what is wrong with it.
    var read: @Sendable (inout ProfileReader, String, ProfileReader.Section) -> Value?
    /// As a line, or several, of a profile; the last is a comment.
    var write: @Sendable (inout ProfileWriter, String, Value, String?) -> Void
    /// Out of an option's words, at least one.
    var words: @Sendable ([String]) throws(ParseError) -> Value
    /// In a column.
    var stored: StoredForm<Value>

    /// The same, in a column otherwise.
    func stored(_ stored: StoredForm<Value>) -> Self {
        var form = self
        form.stored = stored
        return form
    }
}

// MARK: The usual ones

extension FieldForm where Value == String {
    /// Any text.
    static let text = FieldForm(
        read: { reader, key, section in reader.string(key, in: section)?.text },
        write: { $0.raw($1, tomlString($2), note: $3) }, words: { words throws(ParseError) in try theOnly(words) },
        stored: .text(write: { $0 }, read: { $0 }))
}

extension FieldForm where Value == Bool {
    /// `true` or `false`.
    static let boolean = FieldForm(
        read: { reader, key, section in reader.boolean(key, in: section) },
        write: { $0.raw($1, "\($2)", note: $3) },
        words: { words throws(ParseError) in
            let word = try theOnly(words)
            guard let value = Bool(word) else { throw ParseError(word, .noBoolean) }
            return value
        },
        stored: .integer(write: { $0 ? 1 : 0 }, read: { $0 != 0 }))
}

extension FieldForm where Value: FixedWidthInteger {
    /// A whole number of a range; in a profile, if `isHex`, as `0x1f`.
    static func number(_ range: ClosedRange<Int64>, isHex: Bool = false) -> FieldForm {
        FieldForm(
            read: { reader, key, section in reader.integer(key, in: section, range).map { Value($0) } },
            write: { $0.raw($1, isHex ? "0x" + String($2, radix: 16) : "\($2)", note: $3) },
            words: { words throws(ParseError) in
                let word = try theOnly(words)
                if let number = Int64(word), range.contains(number) { return Value(number) }
                throw ParseError(word, .notInRange(range))
            },
            stored: .integer(write: { Int($0) }, read: { Value(exactly: $0) }))
    }
}

extension FieldForm where Value: RawRepresentable<String> & CaseIterable {
    /// One of a few words.
    static var choice: FieldForm {
        FieldForm(
            read: { reader, key, section in reader.choice(key, in: section) },
            write: { $0.raw($1, tomlString($2.rawValue), note: $3) },
            words: { words throws(ParseError) in
                try ProfileReader.choice(parsing: try theOnly(words))
            },
            stored: .text(write: { $0.rawValue }, read: { Value(rawValue: $0) }))
    }
}

extension FieldForm where Value: ParsedText & CustomStringConvertible {
    /// What is read from a text; its `description` is the same again.
    static func value(_: Value.Type) -> FieldForm {
        FieldForm(
            read: { reader, key, section in reader.value(key, in: section) },
            write: { $0.raw($1, tomlString($2.description), note: $3) },
            words: { words throws(ParseError) in try Value(parsing: try theOnly(words)) },
            stored: .text(write: { $0.description }, read: { try? Value(parsing: $0) }))
    }
}

extension FieldForm {
    /// A list of such; in a column, a space between two.
    static func list<Element: ParsedText & LosslessStringConvertible>(
        of _: Element.Type
    ) -> FieldForm where Value == [Element] {
        FieldForm(
            read: { reader, key, section in reader.list(key, in: section) },
            write: { writer, key, values, _ in writer.list(key, values.map { $0.description }) },
            words: { words throws(ParseError) in
                try words.map { word throws(ParseError) in try Element(parsing: word) }
            },
            stored: .text(write: { ListText.write($0) }, read: { ListText.read($0) }))
    }
}

/// The word of an option that takes one.
private func theOnly(_ words: [String]) throws(ParseError) -> String {
    guard words.count == 1 else { throw ParseError(words.joined(separator: " "), .severalValues) }
    return words[0]
}
