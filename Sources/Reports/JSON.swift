internal import NetTypes

/// A JSON value that keeps its keys in the order in which they were written, so that output is stable. Written by hand:
/// Foundation's encoder costs more at the start than most commands take.
public enum JSON: Sendable {
    /// `null`
    case null
    /// `true`, `false`
    case bool(Bool)
    /// A whole number.
    case number(Int128)
    /// A string.
    case string(String)
    /// A list.
    case array([JSON])
    /// Keys and values in order.
    case object([(String, JSON)])

    /// A string, or null.
    public static func text(_ value: (some CustomStringConvertible)?) -> JSON {
        value.map { .string($0.description) } ?? .null
    }

    /// A number, or null.
    public static func number(_ value: (some BinaryInteger)?) -> JSON { value.map { .number(Int128($0)) } ?? .null }

    /// Strings.
    public static func texts(_ values: some Sequence<some CustomStringConvertible>) -> JSON {
        .array(values.map { .string($0.description) })
    }

    /// RFC 8259, indented by two, one line at the end.
    public var text: String {
        var out: [UInt8] = []
        write(to: &out, indent: 0)
        out.append(UInt8(ascii: "\n"))
        return String(decoding: out, as: UTF8.self)
    }

    /// RFC 8259 on one line, without its end.
    public var line: String {
        var out: [UInt8] = []
        write(to: &out, indent: nil)
        return String(decoding: out, as: UTF8.self)
    }

    /// `indent`: how far in it stands; nil: everything on one line.
    private func write(to out: inout [UInt8], indent: Int?) {
        switch self {
        case .null: out += "null".utf8
        case .bool(let value): out += (value ? "true" : "false").utf8
        case .number(let value): out += String(value).utf8
        case .string(let value): Self.write(value, to: &out)
        case .array(let values):
            Self.write("[", "]", values, to: &out, indent) { $0.write(to: &$1, indent: indent.map { $0 + 2 }) }
        case .object(let members):
            Self.write("{", "}", members, to: &out, indent) { member, out in
                Self.write(member.0, to: &out)
                out += ": ".utf8
                member.1.write(to: &out, indent: indent.map { $0 + 2 })
            }
        }
    }

    private static func write<Item>(
        _ open: String, _ close: String, _ items: [Item], to out: inout [UInt8], _ indent: Int?,
        _ body: (Item, inout [UInt8]) -> Void
    ) {
        out += open.utf8
        for (i, item) in items.enumerated() {
            if i > 0 { out += (indent == nil ? ", " : ",").utf8 }
            if let indent { startLine(&out, indent + 2) }
            body(item, &out)
        }
        if !items.isEmpty, let indent { startLine(&out, indent) }
        out += close.utf8
    }

    private static func startLine(_ out: inout [UInt8], _ indent: Int) {
        out.append(UInt8(ascii: "\n"))
        out += repeatElement(UInt8(ascii: " "), count: indent)
    }

    /// What a terminal would obey or not show is escaped as well: JSON is looked at, too.
    private static func write(_ text: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        defer { out.append(UInt8(ascii: "\"")) }
        if text.isPlain { return out += text.utf8 }
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\"".utf8
            case "\\": out += "\\\\".utf8
            case _ where scalar.isPrintable: out += UTF8.encode(scalar)!
            case _ where scalar.value > 0xffff:
                for unit in UTF16.encode(scalar)! { out += "\\u\(String(unit, radix: 16))".utf8 }
            default: out += scalar.escaped.utf8
            }
        }
    }
}
