internal import GRDB
internal import SiteModel

/// Checks in a text column: a line each, what is expected, from whom, to what, with tabs between.
enum CheckText {
    static func write(_ checks: [Check]) -> String? {
        if checks.isEmpty { return nil }
        return checks.map { "\($0.expect.rawValue)\t\($0.flow.from)\t\($0.flow.target)" }.joined(separator: "\n")
    }

    static func read(_ text: String?) throws -> [Check] {
        try (text ?? "").split(separator: "\n").map { line in
            let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard parts.count == 3, let expect = Check.Expectation(rawValue: String(parts[0])) else {
                throw ListText.damaged(String(line))
            }
            do { return Check(try Flow(from: parts[1], to: parts[2]), expect) } catch {
                throw ListText.damaged(String(line))
            }
        }
    }
}
