import Testing

@testable import Reports

/// The words of help that a table of fields makes.
@Suite struct ReportHelpTests {
    private static func road(_ length: Int?) -> Report {
        Report([.init("name", "or null", .null), .init("length", "metres", .number(length))])
    }

    private static func map(_ roads: [Int]?) -> Report {
        Report([
            .init("title", .string("map")), .init("width", "in pixels", .number(3)),
            .init("height", "in pixels", .number(4)), .init("scale", "left out", nil),
            .init("roads", of: roads, road), .init("ways", of: nil as [Int]?, road),
        ])
    }

    @Test func whatIsSaidOfSeveralIsSaidOnce() {
        #expect(
            Self.map(nil).help == "title, width, height (in pixels), scale (left out), "
                + "roads (a list of objects with name: or null, length: metres), "
                + "ways: a list of objects with name (or null), length (metres)")
    }

    @Test func aFieldWithoutAValueIsLeftOut() {
        #expect(
            Self.map([7]).json.line
                == #"{"title": "map", "width": 3, "height": 4, "roads": [{"name": null, "length": 7}], "ways": []}"#)
    }
}
