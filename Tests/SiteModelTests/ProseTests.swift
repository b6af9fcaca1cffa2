import SiteModel
import Testing

/// Words with remedies in them.
@Suite struct ProseTests {
    private func told(_ prose: Prose) -> String { prose.told { $0 == .apply ? "[apply]" : "[other]" } }

    @Test func remediesStandWhereTheyAreWritten() {
        let name = "ä(\u{fffc})"
        let prose: Prose = "\(.apply) \(name), then \(.restore)"
        #expect(told(prose) == "[apply] ä(\u{fffc}), then [other]")
        #expect(prose.remedies == [.apply, .restore])
        #expect(told("") == "" && told("plain") == "plain" && told("\(.apply)") == "[apply]")
    }

    @Test func oneInTheOther() {
        let inner: Prose = "é \(.apply)"
        var outer: Prose = "ü \(inner); \(.restore)"
        outer += ", \(inner)"
        #expect(told(outer) == "ü é [apply]; [other], é [apply]")
    }

    @Test func longListsAreCut() {
        let items = (0..<30).map { Prose("\($0)") }
        #expect(abridged(items, "fault").count == 21 && told(abridged(items, "fault")[20]) == "and 10 faults more")
        #expect(abridged(Array(items.prefix(21)), "fault").count == 21)
    }
}
