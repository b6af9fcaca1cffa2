/// What a command tells, as programs read it: a page and an API tell the same. One table of fields says what is in its JSON, and
/// what of it is said in help, so that the two cannot drift.
///
///     struct RouteReport: Report {
///         let route: Route
///
///         static let fields: [ReportField<Self>] = [
///             ReportField("destination") { .text($0.route.destination) },
///             ReportField("metric", "or null") { .number($0.route.metric) },
///         ]
///     }
public protocol Report: SendableMetatype {
    /// What is in it, in the order in which it is written.
    static var fields: [ReportField<Self>] { get }
}

/// A field of a report.
public struct ReportField<Subject>: Sendable {
    let key: ReportKey
    /// nil: the field is left out.
    let json: @Sendable (Subject) -> JSON?

    /// A field of this name, in snake case. `help`: a few words that stand in parentheses behind the name; empty where that says it.
    init(_ name: String, _ help: String = "", json: @escaping @Sendable (Subject) -> JSON?) {
        key = ReportKey(name: name, help: help, parts: [])
        self.json = json
    }

    /// A field that holds a list of objects, whose own fields are said in help.
    static func list<Part: Report>(
        _ name: String, of part: Part.Type, json: @escaping @Sendable (Subject) -> [Part]
    ) -> Self {
        Self(key: ReportKey(name: name, help: "", parts: Part.keys)) { .reports(json($0)) }
    }

    private init(key: ReportKey, json: @escaping @Sendable (Subject) -> JSON?) {
        self.key = key
        self.json = json
    }
}

extension Report {
    /// The object.
    public var json: JSON {
        .object(
            Self.fields.compactMap { field in
                field.json(self).map { (field.key.name, $0) }
            })
    }

    /// `revision (null for none), changes (a list of lines), notices`
    public static var help: String { ReportKey.help(keys) }

    static var keys: [ReportKey] { fields.map(\.key) }
}

extension JSON {
    /// A list of objects.
    public static func reports(_ reports: [some Report]) -> JSON { .array(reports.map(\.json)) }
}
