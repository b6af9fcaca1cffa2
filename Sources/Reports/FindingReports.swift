public import Gateway
public import SiteModel

extension Report {
    /// Something that `doctor` finds. `words`: how a remedy is told in a sentence; `commands`: by itself.
    public static func ailment(
        _ ailment: Ailment?, words: (Remedy) -> String = { _ in "" }, commands: (Remedy) -> String = { _ in "" }
    ) -> Report {
        Report([
            Field("severity", "error, warning or hint", .text(ailment?.severity.word)),
            Field("what", .text(ailment?.what.told(by: words))),
            Field("remedy", "or null", .text(ailment?.remedy?.told(by: commands))),
        ])
    }

    /// Something that `lint` finds.
    public static func finding(_ finding: Finding?) -> Report {
        Report([
            Field("file", .text(finding?.file)), Field("line", .number(finding?.line)),
            Field("column", .number(finding?.column)),
            Field("severity", "error or hint", .text(finding?.severity.rawValue)),
            Field("kind", "a word that stays the same", .text(finding?.name)), Field("what", .text(finding?.what)),
            Field("remedy", "null where what says it", .text(finding?.remedy)),
        ])
    }
}

extension Ailment.Severity {
    fileprivate var word: String {
        switch self {
        case .error: "error"
        case .warning: "warning"
        case .hint: "hint"
        }
    }
}
