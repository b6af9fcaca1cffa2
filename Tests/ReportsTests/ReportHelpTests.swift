import Testing

@testable import Reports

/// The words of help that a table of fields makes.
@Suite struct ReportHelpTests {
    private struct Road: Report {
        let length: Int

        static let fields: [ReportField<Self>] = [
            ReportField("name", "or null") { _ in .null }, ReportField("length", "metres") { .number($0.length) },
        ]
    }

    private struct Map: Report {
        let roads: [Road]

        static let fields: [ReportField<Self>] = [
            ReportField("title") { _ in .string("map") },
            ReportField("width", "in pixels") { _ in .number(3) },
            ReportField("height", "in pixels") { _ in .number(4) },
            ReportField("scale", "left out") { _ in nil },
            .list("roads", of: Road.self) { $0.roads }, .list("ways", of: Road.self) { $0.roads },
        ]
    }

    @Test func whatIsSaidOfSeveralIsSaidOnce() {
        #expect(
            Map.help == "title, width, height (in pixels), scale (left out), "
                + "roads (a list of objects with name: or null, length: metres), "
                + "ways: a list of objects with name (or null), length (metres)")
    }

    @Test func aFieldWithoutAValueIsLeftOut() {
        #expect(
            Map(roads: [Road(length: 7)]).json.line
                == #"{"title": "map", "width": 3, "height": 4, "roads": [{"name": null, "length": 7}], "ways": [{"name": null, "length": 7}]}"#
        )
    }
}
