import Repeats
import SiteModel
import Testing

@testable import Gateway

@Suite struct OutputTests {
    @Test func jsonIsEscapedAndOrdered() {
        let value = JSON.object([
            ("z", .string("a\"b\\c\n\u{1}é")), ("a", .array([.number(-3), .unsigned(.max), .null, .bool(true)])),
            ("e", .array([])), ("o", .object([])),
        ])
        #expect(
            value.text == """
                {
                  "z": "a\\"b\\\\c\\n\\u0001é",
                  "a": [
                    -3,
                    18446744073709551615,
                    null,
                    true
                  ],
                  "e": [],
                  "o": {}
                }

                """)
        #expect(
            value.line
                == #"{"z": "a\"b\\c\n\u0001é", "a": [-3, 18446744073709551615, null, true], "e": [], "o": {}}"#)
    }

    /// Read back, it is the same; looked at, it does nothing to a terminal.
    @Test func jsonCanBeLookedAt() {
        let value = JSON.string("\u{7f}\u{9b}\u{202e}\u{2028}\u{200d}\u{e0041}🙂\u{ad}")
        #expect(value.line == #""\u007f\u009b\u202e\u2028\u200d\udb40\udc41🙂\u00ad""#)
    }

    @Test func aQRCodeHasItsFinderPatterns() throws {
        let code = try QRCode("wggw")
        #expect(code.width == 21)
        let lines = code.terminal(colors: false).split(separator: "\n")
        // Four light modules above, then the top edges of two finder patterns, seven dark modules each.
        #expect(lines.count == 15 && lines.allSatisfy { $0.count == 29 })
        #expect(lines[2].hasPrefix("████ ▄▄▄▄▄ ") && lines[2].hasSuffix(" ▄▄▄▄▄ ████"))
        #expect(Array(try code.png()[..<8]) == [137, 80, 78, 71, 13, 10, 26, 10])
    }

    @Test func tooMuchForAQRCodeIsRefused() {
        #expect(throws: GatewayError.self) { try QRCode(String(repeating: "x", count: 3000)) }
    }

    @Test func profilesAreComparedBySection() {
        func sections(_ site: String, _ peers: (String, [String])...) -> [ProfileSection] {
            [ProfileSection(title: "[site]", lines: ["name = \"\(site)\""])]
                + peers.map { ProfileSection(title: "[peers.\($0.0)]", lines: $0.1) }
        }
        let old = sections("a", ("x", ["keepalive = 5"]), ("y", []))
        let new = sections("b", ("y", []), ("z", ["keepalive = 7"]))
        #expect(
            ProfileDiff(old, new).sections == [
                .init(title: "[peers.x]", lines: [.removed("keepalive = 5")]),
                .init(title: "[site]", lines: [.removed("name = \"a\""), .added("name = \"b\"")]),
                .init(title: "[peers.z]", lines: [.added("keepalive = 7")]),
            ])
        #expect(ProfileDiff(old, old).sections.isEmpty)
    }

    @Test func comparingLongListsTakesTimeInProportion() {
        func profile(_ lines: Range<Int>) -> [ProfileSection] {
            [ProfileSection(title: "[peers.a]", lines: lines.map { "\"\($0)\"," })]
        }
        let ratio = growth(small: 500, large: 2000, limit: 9) { count in
            _ = ProfileDiff(profile(0..<count), profile(count..<2 * count))
        }
        #expect(ratio < 9)
    }
}
