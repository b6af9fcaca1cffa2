/// What a command tells, as programs read it: a page and an API tell the same. One table of fields says what is in its JSON, and
/// what of it is said in help, so that the two cannot drift. Each kind of report is a function, which makes that table of what is
/// told of, or of nothing for help:
///
///     static func route(_ route: Route?) -> Report {
///         Report([
///             Field("destination", .text(route?.destination)), Field("metric", "or null", .number(route?.metric)),
///         ])
///     }
///
///     Report.route(route).json        {"destination": "10.0.0.0/8", "metric": null}
///     Report.route(nil).help          destination, metric (or null)
public struct Report: Sendable {
    /// A key, and what stands under it.
    struct Field: Sendable {
        /// In snake case.
        let name: String
        /// A few words that stand in parentheses behind the name; empty where that says it.
        let help: String
        /// nil: it is left out.
        let json: JSON?
        /// Of a list of objects, their fields, without values.
        let parts: [Field]

        /// A field whose name says what it is.
        init(_ name: String, _ json: JSON?) { self.init(name, "", json) }

        /// A field with words for it.
        init(_ name: String, _ help: String, _ json: JSON?) {
            (self.name, self.help, self.json, parts) = (name, help, json, [])
        }

        /// A field that holds a list of objects, whose own fields are said in help.
        init<Items: Collection>(_ name: String, of items: Items?, _ report: (Items.Element?) -> Report) {
            (self.name, help) = (name, "")
            json = items.map { .reports($0, report) } ?? .array([])
            parts = report(nil).fields
        }
    }

    let fields: [Field]

    init(_ fields: [Field]) { self.fields = fields }

    /// The object.
    public var json: JSON {
        .object(fields.compactMap { field in field.json.map { (field.name, $0) } })
    }

    /// `revision (null for none), changes (a list of lines), notices`
    public var help: String { Self.help(fields) }

    /// One clause for all of them. What is said of several in a row stands behind the last, and a list of objects at the very end
    /// needs no parentheses; `isNested`: it stands in parentheses itself.
    private static func help(_ fields: [Field], isNested: Bool = false) -> String {
        var words: [String] = []
        for (i, field) in fields.enumerated() {
            let next = i + 1 < fields.count ? fields[i + 1] : nil
            let isSaidLater = next.map { field.parts.isEmpty && $0.parts.isEmpty && $0.help == field.help } ?? false
            let isBare = isNested || next == nil && !field.parts.isEmpty
            let said =
                field.parts.isEmpty ? field.help : "a list of objects with \(help(field.parts, isNested: !isBare))"
            words.append(
                isSaidLater || said.isEmpty
                    ? field.name : isBare ? "\(field.name): \(said)" : "\(field.name) (\(said))")
        }
        return words.joined(separator: ", ")
    }
}

extension JSON {
    /// A list of objects.
    public static func reports<Items: Collection>(_ items: Items, _ report: (Items.Element?) -> Report) -> JSON {
        .array(items.map { report($0).json })
    }
}
